"""What is kept of a person is shown to him, and erased; what he did stays, and the chain holds."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import select, text

from deploy.embedded import Servers
from services.api.audit.verification import last_link, not_linked, unproven, walked
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.deps.erased import ERASED
from services.api.identity.hand import LastAdministratorError
from services.api.privacy.commands import erase
from services.api.privacy.states import named_columns, pseudonym_of
from shared.db import Base, reader_of
from shared.models import Membership
from tests.api.conftest import Stage
from tests.cast import Person, make_cast
from tests.chain import committed_log, entry, linked_within
from tests.conftest import UndoneDatabase
from tests.factories import body, done

REASON = {"reason": "Theo yêu cầu của người đó"}


async def erased(stage: Stage, who: Person) -> Response:
    return await stage.client.post(
        f"/v1/users/{who.id}/erase", json=REASON, headers=stage.cast.admin.headers
    )


async def personal_data(stage: Stage, who: Person) -> dict[str, Any]:
    path = f"/v1/users/{who.id}/personal-data"
    return dict(body(await stage.client.get(path, headers=stage.cast.admin.headers)))


async def faults(stage: Stage) -> list[Any]:
    read = await reader_of(stage.connection)
    _, found = await walked(read, first=1, last=await last_link(read))
    return [*found, *await unproven(read), *[each async for each in not_linked(read)]]


async def names_left(stage: Stage, who: Person) -> dict[str, int]:
    """Look for a person's name, login and address in every column of every table."""
    columns = await stage.connection.execute(
        text(
            "SELECT table_name, string_agg(format('%I::text', column_name), ' || '' '' || ') FROM "
            "information_schema.columns JOIN information_schema.tables USING (table_schema, table_name) "
            "WHERE table_schema = 'public' AND table_type = 'BASE TABLE' GROUP BY table_name"
        )
    )
    left = {}
    for table, together in columns.all():
        whole = together.replace(" || ' ' || ", ", ' ', ")
        # Answers to repeated requests are kept for a day.
        if table == "idempotency_keys":
            continue
        rows = await stage.connection.scalar(
            text(
                f"SELECT count(*) FROM {table} WHERE concat({whole}) LIKE ANY(ARRAY[:name, :email])"  # noqa: S608
            ),
            {"name": f"%{who.name}%", "email": f"%{who.login}@example.org%"},
        )
        if rows:
            left[table] = rows
    return left


async def test_a_person_sees_what_is_kept_of_him_and_nobody_elses(stage: Stage) -> None:
    officer = stage.cast.officer
    path = f"/v1/users/{officer.id}/personal-data"
    answer = await stage.client.get(path, headers=officer.headers)
    data = body(answer)
    assert "attachment" in answer.headers["content-disposition"]
    assert data["account"]["login"] == "officer"
    (membership,) = data["memberships"]
    assert (membership["organisation"], membership["role"]) == ("so-gddt", "officer")
    assert len(data["sign_ins"]) == 1
    assert data["audit_entries"]["by"] > 0
    assert data["named_in"]["submissions.created_by_name"] > 0
    for other in (stage.cast.head, stage.cast.leader, stage.cast.coordinator):
        refused = await stage.client.get(path, headers=other.headers)
        assert refused.status_code == 403


async def test_contacts_and_reminders_are_found_by_the_accounts_address(stage: Stage) -> None:
    await stage.connection.execute(
        text("UPDATE users SET email = 'SO-GDDT@example.org' WHERE id = :id"),
        {"id": stage.cast.officer.id},
    )
    data = await personal_data(stage, stage.cast.officer)
    assert [contact["email"] for contact in data["contacts"]] == ["so-gddt@example.org"]
    assert (data["reminders"], data["mails"], data["suppressed_addresses"]) == (2, 1, [])
    gone = body(await erased(stage, stage.cast.officer))
    assert (gone["contacts"], gone["reminders"], gone["mails"]) == (1, 2, 1)
    rows = await stage.connection.execute(
        text("SELECT recipient, recipient_name FROM reminders WHERE recipient LIKE 'erased-%'")
    )
    assert rows.all() == 2 * [(pseudonym_of(stage.cast.officer.id), ERASED)]
    contacts = "/v1/organisations/so-gddt/contacts"
    shown = body(await stage.client.get(contacts, headers=stage.cast.coordinator.headers))
    assert all(contact["email"] != "so-gddt@example.org" for contact in shown["items"])


async def test_an_address_that_gets_no_mail_is_kept_of_a_person_and_erased(stage: Stage) -> None:
    officer = stage.cast.officer
    for statement in (
        (
            "INSERT INTO suppressed_addresses (id, address, reason, lifted_at) "
            "VALUES (gen_random_uuid(), 'Officer@example.org', '550 officer@example.org', now())"
        ),
        (
            "INSERT INTO alarms (id, kind, subject, detail) VALUES (gen_random_uuid(), 'suppressed', "
            "'officer@example.org', 'Không gửi tới officer@example.org')"
        ),
        (
            "INSERT INTO mails (id, key, kind, recipient, recipient_name, day, message_id, subject, facts, "
            "next_at, state, trace_id) VALUES (gen_random_uuid(), 'test:officer@example.org', 'test', "
            "'officer@example.org', 'officer (thử nghiệm)', now(), 'x', 's', "
            "'{\"to\": \"officer@example.org\"}', now(), 'waiting', '')"
        ),
    ):
        await stage.connection.execute(text(statement))
    assert (await names_left(stage, officer)).keys() >= {"alarms", "mails"}
    (kept,) = (await personal_data(stage, officer))["suppressed_addresses"]
    assert (kept["address"], kept["reason"]) == ("Officer@example.org", "550 officer@example.org")
    gone = body(await erased(stage, officer))
    assert (gone["mails"], gone["suppressed_addresses"]) == (1, 1)
    assert (
        not {"alarms", "mails", "suppressed_addresses"} & (await names_left(stage, officer)).keys()
    )


async def test_who_is_erased_is_named_nowhere_and_what_he_did_stays(stage: Stage) -> None:
    officer = stage.cast.foreign_officer
    await linked_within(stage.connection)
    await done(
        stage.client, stage.cast.coordinator, stage.foreign["waiting"], "accept"
    )  # not linked yet
    headers = stage.cast.admin.headers | {"if-match": "*"}
    mail = {"name": officer.name, "email": "foreign_officer@example.org"}
    for values in ({"name": "Khác"}, mail):
        body(await stage.client.patch(f"/v1/users/{officer.id}", json=values, headers=headers))
    assert (await names_left(stage, officer)).keys() >= {"users", "audit_log", "submissions"}
    before = await personal_data(stage, officer)

    gone = body(await erased(stage, officer))

    assert gone["pseudonym"] == pseudonym_of(officer.id)
    assert gone["audit_places"] > before["audit_entries"]["by"]
    assert await names_left(stage, officer) == {}
    after = await personal_data(stage, officer)
    assert after["account"]["name"] == ERASED
    assert (after["account"]["active"], after["account"]["email"]) == (False, "")
    assert after["named_in"] == before["named_in"]  # the acts stay with the pseudonym
    assert after["memberships"] == []
    assert (await stage.client.get("/v1/me", headers=officer.headers)).status_code == 401
    assert await faults(stage) == []
    await linked_within(stage.connection)
    assert await faults(stage) == []


async def test_the_log_tells_of_the_erasure_and_names_nobody(stage: Stage) -> None:
    officer = stage.cast.officer
    await linked_within(stage.connection)
    body(await erased(stage, officer))
    path = "/v1/audit?action=personal_data_erased"
    (told,) = body(await stage.client.get(path, headers=stage.cast.leader.headers))["items"]
    assert (told["object_id"], told["reason"]) == (str(officer.id), REASON["reason"])
    assert told["actor_name"] == stage.cast.admin.name
    assert told["changes"].keys() == {"places", "digest"}
    path = f"/v1/audit?actor={officer.id}"
    entries = body(await stage.client.get(path, headers=stage.cast.leader.headers))["items"]
    assert {each["actor_name"] for each in entries} == {ERASED}


async def test_an_erasure_may_be_repeated_and_takes_what_came_late(stage: Stage) -> None:
    officer = stage.cast.officer
    body(await erased(stage, officer))
    assert body(await erased(stage, officer))["audit_places"] == 0
    async with UndoneDatabase(stage.connection).transaction() as session:
        session.add(entry(actor_id=officer.id, actor_name=officer.name))
    assert body(await erased(stage, officer))["audit_places"] == 1
    await linked_within(stage.connection)
    assert await faults(stage) == []


async def test_a_name_that_was_taken_away_without_an_erasure_is_found(stage: Stage) -> None:
    body(await erased(stage, stage.cast.officer))
    await linked_within(stage.connection)
    assert await faults(stage) == []
    statements = (
        """UPDATE audit_personal SET salt = NULL, erased_by = (SELECT max(erased_by) FROM audit_personal)
        WHERE place = '/actor_name' AND audit_id = :id""",
        "UPDATE audit_log SET actor_name = '(đã xóa / erased)' WHERE id = :id",
    )
    chosen = text("SELECT id FROM audit_log WHERE actor_id = :id LIMIT 1")
    number = await stage.connection.scalar(chosen, {"id": stage.cast.foreign_officer.id})
    for statement in statements:  # the database lets it pass: it looks like an erasure
        await stage.connection.execute(text(statement), {"id": number})
    (fault,) = await faults(stage)
    assert fault.problem == "erasure_unproven"


async def test_nobody_erases_himself_or_whom_there_is_not(stage: Stage) -> None:
    refused = await erased(stage, stage.cast.admin)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:pii:problem:own-erasure")
    unknown = "/v1/users/00000000-0000-0000-0000-000000000001/erase"
    headers = stage.cast.admin.headers
    assert (await stage.client.post(unknown, json=REASON, headers=headers)).status_code == 404
    path = "/v1/users/00000000-0000-0000-0000-000000000001/personal-data"
    assert (await stage.client.get(path, headers=headers)).status_code == 404
    short = await stage.client.post(
        f"/v1/users/{stage.cast.head.id}/erase", json={"reason": ""}, headers=headers
    )
    assert short.status_code == 422


async def test_two_administrators_cannot_erase_each_other(servers: Servers, template: str) -> None:
    """Who asks is one himself, so only two at once could leave none."""
    async with committed_log(servers, template) as database:
        async with database.transaction() as session:
            cast = await make_cast(session)
            body_id = await session.scalar(select(Membership.organisation_id).limit(1))
            session.add(Membership(user_id=cast.leader.id, organisation_id=body_id, role="admin"))

        async def try_to(who: Person, whom: Person) -> str:
            caller = Caller(who.id, "user", who.name, who.login, (), {})
            try:
                async with database.transaction() as session:
                    await erase(
                        session,
                        caller,
                        whom.id,
                        reason="x",
                        now=datetime.now(UTC),
                        today=today_in_hanoi(),
                    )
            except LastAdministratorError:
                return "refused"
            return "erased"

        tried = await asyncio.gather(
            try_to(cast.admin, cast.leader), try_to(cast.leader, cast.admin)
        )
        assert sorted(tried) == ["erased", "refused"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET actor_name = 'x' WHERE id = :id",
        "UPDATE audit_log SET actor_name = '(đã xóa / erased)' WHERE id = :id",
        "UPDATE audit_log SET reason = 'x' WHERE id = :id",
        "UPDATE audit_log SET changes = '{}' WHERE id = :id",
        """UPDATE audit_log SET changes = changes || '{"email": ["(đã xóa / erased)", "(đã xóa / erased)"]}' WHERE id = :id""",
        """UPDATE audit_log SET changes = changes || '{"weight": ["(đã xóa / erased)", "(đã xóa / erased)"]}' WHERE id = :id""",
        "UPDATE audit_log SET id = id WHERE id = :id",
        "DELETE FROM audit_log WHERE id = :id",
        "UPDATE audit_personal SET salt = NULL, erased_by = :id WHERE audit_id = :id",
        "UPDATE panels SET source = 'x'",
        "UPDATE panels SET loaded_by_name = 'x'",
        "UPDATE panels SET loaded_by_name = '(đã xóa / erased)', revision = revision + 1",
        "UPDATE framework_versions SET created_by_name = 'x'",
        "UPDATE framework_versions SET hash = 'x', created_by_name = '(đã xóa / erased)'",
    ],
)
async def test_nothing_else_of_history_is_changed(stage: Stage, statement: str) -> None:
    async with UndoneDatabase(stage.connection).transaction() as session:
        made = entry()
        session.add(made)
    await linked_within(stage.connection)
    values = {"id": made.id} if ":id" in statement else {}
    with pytest.raises(Exception, match="is history"):
        async with stage.connection.begin_nested():
            await stage.connection.execute(text(statement), values)


def test_every_column_that_names_who_did_something_has_his_id_beside_it() -> None:
    known = {f"{table.name}.{name}" for table, _, name in named_columns()}
    named = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_by_name")
    }
    assert known == named
    assert len(known) >= 8
