"""Two who change the same thing with one ETag at the same instant: exactly one does, over connections that commit."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from starlette.requests import Request

from services.api.deps.caller import authenticate
from services.api.deps.latest import about, tell_change
from services.api.errors import PreconditionFailedError
from shared.models import AuditEntry
from tests.api.conftest import Real
from tests.api.handing import add_contact, plan
from tests.api.scene import WEBHOOK
from tests.cast import Cast, Person
from tests.factories import assignment_of, body, drafted, opened_period
from tests.waiting import until_waiting

DOCUMENT = json.loads(Path("docs/api/openapi.json").read_text())
SETTINGS = {
    "opens_at": "08:00",
    "closes_at": "17:30",
    "digest_at": "08:00",
    "paused": False,
    "pause_reason": "",
    "usual_factor": 5,
    "calendar_required": True,
    "summary_weekday": 1,
    "operator_email": "",
    "silent_hours": 2,
    "unsent_minutes": 60,
}
# Each with what two people send, and with the row for which both wait.
CHANGES: dict[str, tuple[str, str, tuple[Any, Any], str]] = {
    "changePeriod": (
        "PATCH",
        "/v1/periods/ky-2024",
        ({"name": "Kỳ một"}, {"name": "Kỳ hai"}),
        "periods WHERE code = 'ky-2024'",
    ),
    "setPeriodDeadlines": (
        "PUT",
        "/v1/periods/ky-2024/deadlines",
        (
            {"deadlines": [{"node": "2", "due_on": "2030-05-01"}]},
            {"deadlines": [{"node": "3", "due_on": "2030-05-01"}]},
        ),
        "periods WHERE code = 'ky-2024'",
    ),
    "changeFramework": (
        "PATCH",
        "/v1/frameworks/2024",
        ({"name_en": "One"}, {"name_en": "Two"}),
        "frameworks WHERE year = 2024",
    ),
    "changeNode": (
        "PATCH",
        "/v1/frameworks/2024/nodes/2.1.1",
        ({"note": "Một"}, {"note": "Hai"}),
        "frameworks WHERE year = 2024",
    ),
    "changeOrganisation": (
        "PATCH",
        "/v1/organisations/so-gddt",
        ({"name_en": "One"}, {"name_en": "Two"}),
        "organisations WHERE code = 'so-gddt'",
    ),
    "changeResponsibility": (
        "PATCH",
        "/v1/responsibilities/{responsibility}",
        ({"note": "Một", "reason": "Gõ nhầm"}, {"note": "Hai", "reason": "Gõ nhầm"}),
        "responsibilities WHERE id = '{responsibility}'",
    ),
    "changeContact": (
        "PATCH",
        "/v1/contacts/{contact}",
        ({"name": "Một"}, {"name": "Hai"}),
        "contacts WHERE id = '{contact}'",
    ),
    "changeUser": (
        "PATCH",
        "/v1/users/{user}",
        ({"name": "Một"}, {"name": "Hai"}),
        "users WHERE id = '{user}'",
    ),
    "changeAssignment": (
        "PATCH",
        "/v1/assignments/{duty}",
        (
            {"due_on": "2030-07-01", "reason": "Bộ lùi hạn"},
            {"due_on": "2030-07-02", "reason": "Bộ lùi hạn"},
        ),
        "assignments WHERE id = '{duty}'",
    ),
    "changeSubmission": (
        "PATCH",
        "/v1/submissions/{draft}",
        ({"value": 1}, {"value": 2}),
        "assignments WHERE id = '{duty}'",
    ),
    "changeHandover": (
        "PATCH",
        "/v1/handovers/{handover}",
        ({"note": "Một"}, {"note": "Hai"}),
        "handovers WHERE id = '{handover}'",
    ),
    "setIndicatorRules": (
        "PUT",
        "/v1/indicators/2.1.1/rules",
        ({"scale": 10.0}, {"scale": 100.0}),
        "nodes WHERE code = '2.1.1'",
    ),
    "setReviewRule": (
        "PUT",
        "/v1/review-rules/so-gddt",
        ({"kind": "second_reviewer"}, {"kind": "reviewing_body", "reviewer": "so-nv"}),
        "organisations WHERE code = 'so-gddt'",
    ),
    "setCalendar": (
        "PUT",
        "/v1/calendar/2026",
        ({"days": [], "decision": "QĐ 1"}, {"days": [], "decision": "QĐ 2"}),
        "calendar_years WHERE year = 2026",
    ),
    "changeReminderPolicy": (
        "PATCH",
        "/v1/reminder-policies/{policy}",
        ({"name": "Một"}, {"name": "Hai"}),
        "reminder_policies WHERE id = '{policy}'",
    ),
    "changeReminderTemplate": (
        "PATCH",
        "/v1/reminder-templates/khan",
        ({"name": "Một"}, {"name": "Hai"}),
        "reminder_templates WHERE code = 'khan'",
    ),
    "setReminderSettings": (
        "PUT",
        "/v1/reminder-settings",
        (SETTINGS | {"most_mails": 100}, SETTINGS | {"most_mails": 200}),
        "reminder_settings WHERE id = 1",
    ),
    "changeWebhook": (
        "PATCH",
        "/v1/webhooks/{webhook}",
        ({"description": "Một"}, {"description": "Hai"}),
        "webhook_endpoints WHERE id = '{webhook}'",
    ),
}


@dataclass
class Office:
    client: AsyncClient
    cast: Cast
    things: dict[str, str]

    def who(self, operation: str) -> Person:
        special = {"changeUser": self.cast.admin, "changeSubmission": self.cast.officer}
        return special.get(operation, self.cast.coordinator)


@pytest.fixture
async def office(real: Real) -> Office:
    client, cast = real.client, real.cast
    await opened_period(client, cast)
    contact = await add_contact(client, cast, "so-gddt", "a@example.org")
    duty = await assignment_of(client, cast)
    draft = await drafted(client, cast.officer, duty["id"])
    handover = await plan(client, cast)
    filled = await client.post("/v1/calendar/2026/fill", headers=cast.coordinator.headers)
    body(filled)
    headers = cast.coordinator.headers
    policies = body(await client.get("/v1/reminder-policies", headers=headers))
    hook = body(await client.post("/v1/webhooks", json=WEBHOOK, headers=headers), 201)
    template = {"code": "khan", "name": "Khẩn", "words_vi": "Đề nghị làm ngay."}
    body(await client.post("/v1/reminder-templates", json=template, headers=headers), 201)
    held = await client.get("/v1/responsibilities?limit=1", headers=headers)
    things = {
        "responsibility": body(held)["items"][0]["id"],
        "policy": policies["items"][0]["id"],
        "webhook": hook["id"],
        "contact": contact["id"],
        "duty": duty["id"],
        "draft": draft["id"],
        "handover": handover["id"],
        "user": str(cast.viewer.id),
    }
    return Office(client, cast, things)


def test_every_change_that_takes_an_etag_is_tried_here() -> None:
    takes = {
        operation["operationId"]
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
        if method in {"patch", "put"}
        if "If-Match" in {one["name"] for one in operation.get("parameters", ())}
    }
    assert takes == CHANGES.keys()


@pytest.mark.parametrize("operation", CHANGES)
async def test_of_two_changes_with_one_etag_at_once_one_is_made(
    real: Real, office: Office, operation: str
) -> None:
    method, path, sent, row = CHANGES[operation]
    client, headers = office.client, office.who(operation).headers
    path = path.format_map(office.things)
    read = await client.get(path, headers=headers)
    match = {**headers, "if-match": read.headers["etag"]}
    async with real.database.transaction() as holder:
        held = f"SELECT 1 FROM {row.format_map(office.things)} FOR UPDATE"  # noqa: S608 our own
        await holder.execute(text(held))
        changing = [
            asyncio.create_task(client.request(method, path, json=content, headers=match))
            for content in sent
        ]
        await until_waiting(real.database, len(sent))
    answers = [await task for task in changing]
    assert sorted(answer.status_code for answer in answers) == [200, 412], [
        answer.text for answer in answers
    ]
    (made,) = (answer for answer in answers if answer.is_success)
    (refused,) = (answer for answer in answers if not answer.is_success)
    told, was, now = refused.json(), read.json(), made.json()
    assert told["current_etag"] == made.headers["etag"]
    assert told["last_change"]["by"] == office.who(operation).name
    changed = told["last_change"]["changes"]
    assert changed, told
    assert changed.keys() <= now.keys()
    for name, change in changed.items():
        seen = (was[name], now[name])
        # Of a year's days the log keeps how many there were.
        expected = tuple(map(len, seen)) if name == "days" else seen
        assert (change["old"], change["new"]) == expected, name
    left = await client.get(path, headers=headers)
    assert left.headers["etag"] == made.headers["etag"]


async def test_nothing_is_told_of_a_change_that_the_caller_is_not_shown(
    real: Real, office: Office
) -> None:
    path = f"/v1/submissions/{office.things['draft']}"
    async with real.database.transaction() as session:
        entry = AuditEntry(
            actor_kind="user",
            actor_name="Ai đó",
            action="edited",
            object_type="submission",
            object_id=office.things["draft"],
            changes={"value": [1, 2], "of_the_office": ["a", "b"], "value_of_others": 3},
            trace_id="",
        )
        session.add(entry)
    for key in ({}, {"idempotency-key": "mot-lan"}):
        headers = {**office.cast.officer.headers, "if-match": '"old"', **key}
        refused = await office.client.post(f"{path}/withdraw", headers=headers)
        assert refused.status_code == 412
        assert refused.json()["last_change"]["changes"] == {"value": {"old": 1, "new": 2}}
        read = await office.client.get(path, headers=office.cast.officer.headers)
        assert refused.json()["current_etag"] == read.headers["etag"]
    foreign = {**office.cast.foreign_officer.headers, "if-match": '"old"'}
    unseen = await office.client.post(f"{path}/withdraw", headers=foreign)
    assert unseen.status_code == 404
    assert "last_change" not in unseen.json()


async def test_only_who_may_read_the_log_is_told_a_name_that_the_thing_does_not_show(
    real: Real, office: Office
) -> None:
    duty, officer = office.things["duty"], office.cast.officer
    path = f"/v1/assignments/{duty}"
    moved = {"due_on": "2030-07-09", "reason": "Bộ lùi hạn"}
    match = {**office.cast.coordinator.headers, "if-match": "*"}
    body(await office.client.patch(path, json=moved, headers=match))
    for person, name in ((officer, None), (office.cast.coordinator, office.cast.coordinator.name)):
        async with real.database.reading() as read:
            caller = await authenticate(read, person.headers["authorization"])
            scope = {"type": "http", "headers": [], "path_params": {}}
            error = PreconditionFailedError()
            about(error, "assignment", duty, {"due_on": "2030-07-09"})
            await tell_change(Request(scope), error, read, caller)
        told = error.members["last_change"]
        assert told["by"] == name
        assert told["changes"] == {"due_on": {"old": "2030-06-30", "new": "2030-07-09"}}
