"""What is kept of a contact who has no account is listed and erased; and no column with personal data is forgotten."""

import re
from typing import Any
from uuid import UUID

from sqlalchemy import Text, text

from services.api.deps.erased import ERASED
from services.api.privacy.schemas import ContactData, PersonalData
from services.api.privacy.states import KEPT, named_columns, pseudonym_of
from shared.db import Base
from tests.api.conftest import Stage
from tests.api.test_privacy import REASON, faults
from tests.chain import linked_within
from tests.factories import body

MAY_BE_PERSONAL = re.compile(r"name|email|phone|login|recipient|address|owner|subject|reason")
# Of these no person is the subject: what a thing is called, and why something was decided about a thing.
OF_NO_PERSON = frozenset(
    {
        "api_keys.name",
        "assignments.excused_reason",
        "audit_log.reason",
        "calendar_days.name",
        "evidence.filename",
        "extensions.decision_reason",
        "extensions.reason",
        "framework_versions.reason",
        "frameworks.name_en",
        "frameworks.name_vi",
        "holds.decision_reason",
        "localities.name",
        "mails.reason",
        "nodes.name_en",
        "nodes.name_vi",
        "organisations.name_en",
        "organisations.name_vi",
        "periods.name",
        "reminder_policies.name",
        "reminder_templates.name",
        "reminder_settings.pause_reason",
        "reminders.reason",
        "run_nodes.reason",
        "submissions.decision_reason",
        "submissions.nil_reason",
        "webhook_deliveries.reason",
        "webhook_endpoints.disabled_reason",
    }
)


def test_no_column_that_may_hold_personal_data_is_left_out_of_both_listings() -> None:
    named = {f"{table.name}.{name}" for table, _, name in named_columns()}
    found = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Text) and MAY_BE_PERSONAL.search(column.name)
    }
    assert found == named | KEPT.keys() | OF_NO_PERSON
    shown = PersonalData.model_fields.keys() | ContactData.model_fields.keys()
    assert set(KEPT.values()) <= shown


async def planted(stage: Stage, email: str) -> None:
    for statement in (
        "UPDATE webhook_endpoints SET owner_email = :email",
        "UPDATE reminder_settings SET operator_email = :email",
        (
            "INSERT INTO suppressed_addresses (id, address, reason) "
            "VALUES (gen_random_uuid(), upper(:email), '550')"
        ),
    ):
        await stage.connection.execute(text(statement), {"email": email})


async def kept(stage: Stage, path: str) -> Any:
    data = await stage.client.get(f"{path}/personal-data", headers=stage.cast.admin.headers)
    return body(data)


async def test_a_contact_without_an_account_is_listed_and_erased(stage: Stage) -> None:
    contact = stage.mine["contact"]
    path, email = f"/v1/contacts/{contact}", "so-gddt@example.org"
    await planted(stage, email)
    await linked_within(stage.connection)
    data = await kept(stage, path)
    assert [(one["email"], one["active"]) for one in data["contacts"]] == [(email, True)]
    assert (data["reminders"], data["mails"]) == (2, 1)
    assert data["audit_entries"]["about"] >= 1
    assert "reminder-settings" in data["looks_after"]
    assert len(data["suppressed_addresses"]) == 1
    gone = body(
        await stage.client.post(f"{path}/erase", json=REASON, headers=stage.cast.admin.headers)
    )
    assert (gone["pseudonym"], gone["contacts"]) == (pseudonym_of(UUID(contact)), 1)
    assert (gone["reminders"], gone["mails"], gone["suppressed_addresses"]) == (2, 1, 1)
    assert gone["audit_places"] >= 1
    after = await kept(stage, path)
    (shown,) = after["contacts"]
    assert (shown["name"], shown["email"], shown["active"]) == (ERASED, "", False)
    assert (after["looks_after"], after["suppressed_addresses"]) == ([], [])
    assert await faults(stage) == []
    again = await stage.client.post(f"{path}/erase", json=REASON, headers=stage.cast.admin.headers)
    assert body(again)["audit_places"] == 0


async def test_who_signs_in_with_the_address_is_erased_by_the_account(stage: Stage) -> None:
    await stage.connection.execute(
        text("UPDATE users SET email = 'so-gddt@example.org' WHERE id = :id"),
        {"id": stage.cast.officer.id},
    )
    path = f"/v1/contacts/{stage.mine['contact']}"
    refused = await stage.client.post(
        f"{path}/erase", json=REASON, headers=stage.cast.admin.headers
    )
    assert body(refused, 409)["type"] == "urn:pii:problem:contact-has-account"


async def test_why_somebody_stood_in_is_kept_of_both_and_erased(stage: Stage) -> None:
    officer, head = stage.cast.officer, stage.cast.head
    reason = "Nghỉ ốm dài ngày"
    await stage.connection.execute(
        text(
            "INSERT INTO deputies (id, membership_id, deputy_id, valid_from, valid_to, reason) "
            "SELECT gen_random_uuid(), id, :deputy, '2030-01-01', '2030-01-31', :reason "
            "FROM memberships WHERE user_id = :holder"
        ),
        {"deputy": head.id, "holder": officer.id, "reason": reason},
    )
    for who, stood_in in ((officer, False), (head, True)):
        data = await kept(stage, f"/v1/users/{who.id}")
        told = [(one["stood_in"], one["reason"]) for one in data["deputies"]]
        assert (stood_in, reason) in told
    path = f"/v1/users/{officer.id}/erase"
    gone = body(await stage.client.post(path, json=REASON, headers=stage.cast.admin.headers))
    assert gone["deputies"] >= 1
    data = await kept(stage, f"/v1/users/{head.id}")
    assert reason not in {one["reason"] for one in data["deputies"]}
