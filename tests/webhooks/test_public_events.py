"""What others may hear of: every act writes its event once, thin, with its shape as agreed."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.scoring.commands import recalculate
from shared import outbox
from shared.events import SubmissionAccepted
from shared.models import Organisation, PublicEvent, Run
from shared.public import PING, TYPES, schemas
from tests.api.handing import handed_over
from tests.api.scene import PANEL
from tests.cast import Cast
from tests.factories import (
    PERIOD,
    accepted,
    assignment_of,
    body,
    closed_period,
    done,
    drafted_period,
    officers_duty,
    opened_period,
    submitted,
)

SNAPSHOT = Path("docs/api/webhook-events.json")
FIGURE = 6.789123


def test_the_shape_of_every_public_event_is_the_agreed_one() -> None:
    """After a change that is meant, raise the version and write it anew: others' programs read it."""
    assert json.loads(SNAPSHOT.read_text("utf-8")) == json.loads(json.dumps(schemas()))


async def told(session: AsyncSession) -> dict[str, dict[str, Any]]:
    """Take what was written since the last look, each once and of its agreed shape."""
    rows = (await session.scalars(select(PublicEvent).order_by(PublicEvent.type))).all()
    await session.execute(delete(PublicEvent))
    codes = select(Organisation.id, Organisation.code)
    known = {found: code for found, code in await session.execute(codes)}  # noqa: C416
    await session.commit()
    for row in rows:
        TYPES[row.type].model_validate(row.data)
        assert row.version == 1
        assert str(FIGURE) not in json.dumps(row.data)
        assert not any("name" in key or "email" in key for key in row.data)
    assert len({row.type for row in rows}) == len(rows)
    return {
        row.type: row.data | {"bodies": sorted(known[one] for one in row.organisation_ids)}
        for row in rows
    }


async def test_a_period_is_opened_and_closed(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await drafted_period(client, cast)
    assert await told(session) == {}
    open_it = f"/v1/periods/{PERIOD}/open"
    body(await client.post(open_it, headers=cast.coordinator.headers))
    link = f"/v1/periods/{PERIOD}"
    assert await told(session) == {
        "period.opened": {"period": PERIOD, "state": "open", "link": link, "bodies": []}
    }
    # Once more, for responsibilities that came later, is no opening.
    body(await client.post(open_it, headers=cast.coordinator.headers))
    assert await told(session) == {}
    await closed_period(client, cast)
    assert await told(session) == {
        "period.closed": {"period": PERIOD, "state": "closed", "link": link, "bodies": []}
    }


async def test_every_step_of_a_figure_is_told(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    duty = await officers_duty(client, cast)
    await told(session)
    sent = await submitted(client, cast.officer, duty["id"], value=FIGURE)
    expected = {
        "submission": sent["id"],
        "assignment": duty["id"],
        "period": PERIOD,
        "organisation": "so-gddt",
        "indicator": "2.1.1",
        "link": f"/v1/submissions/{sent['id']}",
        "bodies": ["so-gddt"],
    }

    async def step(action: str, state: str) -> dict[str, dict[str, Any]]:
        who = cast.officer if action == "withdraw" else cast.coordinator
        await done(client, who, sent["id"], action, "" if action in QUIET else "sai trang 2")
        found = await told(session)
        assert found.pop(f"submission.{state}") == expected | {"state": state}
        return found

    assert await told(session) == {
        "submission.submitted": expected | {"state": "submitted"},
    }
    others = await step("accept", "accepted")
    assert others == {
        "assignment.done": {
            "assignment": duty["id"],
            "period": PERIOD,
            "organisation": "so-gddt",
            "indicator": "2.1.1",
            "due_on": "2030-06-30",
            "state": "done",
            "link": f"/v1/assignments/{duty['id']}",
            "bodies": ["so-gddt"],
        }
    }
    assert await step("reopen", "reopened") == {}


QUIET = {"accept", "withdraw"}


@pytest.mark.parametrize(
    ("action", "state"), [("return", "returned"), ("reject", "rejected"), ("withdraw", "withdrawn")]
)
async def test_a_figure_that_is_not_taken_is_told(
    client: AsyncClient, cast: Cast, session: AsyncSession, action: str, state: str
) -> None:
    duty = await officers_duty(client, cast)
    sent = await submitted(client, cast.officer, duty["id"], value=FIGURE)
    await told(session)
    who = cast.officer if action == "withdraw" else cast.coordinator
    await done(client, who, sent["id"], action, "" if action in QUIET else "sai trang 2")
    found = await told(session)
    assert {name: event["state"] for name, event in found.items()} == {f"submission.{state}": state}


async def test_a_run_is_told_once_and_only_when_it_is_stored(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    period = UUID((await opened_period(client, cast))["id"])
    panel = client.put(f"/v1/panels/{PERIOD}", json=PANEL, headers=cast.coordinator.headers)
    body(await panel)
    duty = await assignment_of(client, cast)
    await accepted(client, cast, duty["id"], value=FIGURE)
    await told(session)
    now = datetime.now(UTC)
    run = await recalculate(session, period, now=now, trigger="event")
    assert run is not None
    await session.commit()
    assert await told(session) == {
        "index.recalculated": {
            "run": str(run.id),
            "number": 1,
            "period": PERIOD,
            "link": f"/v1/index/runs/{run.id}",
            "bodies": [],
        }
    }
    assert await recalculate(session, period, now=now, trigger="sweep") is None
    await session.commit()
    assert await told(session) == {}
    assert len((await session.scalars(select(Run))).all()) == 1


async def test_a_question_and_its_answer_are_told(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    duty = await officers_duty(client, cast)
    await told(session)
    asked = body(
        await client.post(
            "/v1/explanations",
            json={"assignment": duty["id"], "question": "Vì sao giảm?", "due_on": "2030-07-10"},
            headers=cast.coordinator.headers,
        ),
        201,
    )
    expected = {
        "explanation": asked["id"],
        "assignment": duty["id"],
        "period": PERIOD,
        "organisation": "so-gddt",
        "indicator": "2.1.1",
        "due_on": "2030-07-10",
        "link": f"/v1/explanations/{asked['id']}",
        "bodies": ["so-gddt"],
    }
    assert await told(session) == {"explanation.asked": expected | {"state": "asked"}}
    path = f"/v1/explanations/{asked['id']}/answer"
    body(await client.post(path, json={"answer": "Đổi cách tính"}, headers=cast.officer.headers))
    assert await told(session) == {"explanation.answered": expected | {"state": "answered"}}


async def test_a_hand_over_is_told_once_to_both_sides_however_many_periods_are_open(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await opened_period(client, cast)
    await opened_period(client, cast, code="ky-2025")
    await session.execute(delete(PublicEvent))
    act = await handed_over(client, cast)
    assert await told(session) == {
        "handover.carried_out": {
            "handover": act["id"],
            "kind": "merge",
            "from": ["so-gddt"],
            "to": ["so-nv"],
            "effective_on": "2025-03-01",
            "state": "carried_out",
            "link": f"/v1/handovers/{act['id']}",
            "bodies": ["so-gddt", "so-nv"],
        }
    }


async def test_a_body_that_a_hand_over_founds_is_named(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    new = {"code": "so-moi", "name_vi": "Sở Mới", "name_en": "New", "kind": "department"}
    await handed_over(client, cast, to=None, new_body=new)
    assert (await told(session))["handover.carried_out"]["to"] == ["so-moi"]


async def test_a_ping_has_its_shape(client: AsyncClient, cast: Cast, session: AsyncSession) -> None:
    asked = {"url": "https://1.1.1.1/", "event_types": ["*"], "owner_email": "a@example.org"}
    headers = cast.coordinator.headers
    hook = body(await client.post("/v1/webhooks", json=asked, headers=headers), 201)["id"]
    await session.execute(delete(PublicEvent))
    body(await client.post(f"/v1/webhooks/{hook}/ping", headers=headers), 201)
    row = (await session.scalars(select(PublicEvent))).one()
    assert row.type == PING
    TYPES[PING].model_validate(row.data)


async def test_an_event_of_what_is_not_there_stops_nobody(session: AsyncSession) -> None:
    event = SubmissionAccepted(period_id=uuid4(), submission_id=uuid4(), assignment_id=uuid4())
    outbox.emit(session, event)
    await session.commit()
    rows = (await session.scalars(select(PublicEvent))).all()
    assert [(row.data, row.organisation_ids) for row in rows] == [({}, []), ({}, [])]
