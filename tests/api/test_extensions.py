"""More time: asked and decided with reasons; the original day is kept, and the lock is lifted."""

import asyncio
from datetime import timedelta
from typing import Any

from httpx import AsyncClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.embedded import Servers
from services.api.deps.clock import today_in_hanoi
from shared.db import PooledDatabase
from shared.models import OutboxMessage
from tests.cast import Cast, Person, make_cast
from tests.conftest import copied_database, serving, settings_for
from tests.factories import act, attached, body, closed_period, done, drafted, officers_duty

WHY = {"reason": "Chờ kết quả điều tra"}


async def asked(
    client: AsyncClient, person: Person, duty: str, wished_on: str = "2030-07-10"
) -> dict[str, Any]:
    answer = await client.post(
        f"/v1/assignments/{duty}/extensions",
        json={**WHY, "wished_on": wished_on},
        headers=person.headers,
    )
    extension: dict[str, Any] = body(answer, 201)
    return extension


async def test_a_granted_extension_moves_the_last_day_and_keeps_the_original(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    duty = await officers_duty(client, cast)
    extension = await asked(client, cast.officer, duty["id"])
    assert (extension["state"], extension["due_on"]) == ("asked", "2030-06-30")
    assert extension["allowed_actions"] == ["withdraw"]
    path, headers = f"/v1/extensions/{extension['id']}", cast.coordinator.headers
    seen = body(await client.get(path, headers=headers))
    assert seen["allowed_actions"] == ["grant", "refuse"]
    decision = {**WHY, "until": "2030-07-05"}
    granted = body(await client.post(f"{path}/grant", json=decision, headers=headers))
    assert (granted["state"], granted["granted_until"]) == ("granted", "2030-07-05")
    shown = body(await client.get(f"/v1/assignments/{duty['id']}", headers=headers))
    assert (shown["due_on"], shown["effective_due_on"]) == ("2030-06-30", "2030-07-05")
    assert "edit" not in shown["allowed_actions"]
    match = {**headers, "if-match": "*"}
    moved = await client.patch(
        f"/v1/assignments/{duty['id']}",
        json={"due_on": "2030-08-01", "reason": "Bộ lùi hạn"},
        headers=match,
    )
    assert moved.status_code == 409
    told = await session.scalars(
        select(OutboxMessage.payload).where(OutboxMessage.event == "DeadlineMoved")
    )
    assert [event["assignment_id"] for event in told] == [duty["id"]]
    again = await asked(client, cast.officer, duty["id"], "2030-08-01")
    assert again["due_on"] == "2030-07-05"


async def test_a_refused_or_withdrawn_extension_changes_nothing_and_another_may_be_asked(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    for who, step, content in (
        (cast.coordinator, "refuse", WHY),
        (cast.officer, "withdraw", None),
    ):
        extension = await asked(client, cast.officer, duty["id"])
        path = f"/v1/extensions/{extension['id']}/{step}"
        body(await client.post(path, json=content, headers=who.headers))
        assert (await client.post(path, json=content, headers=who.headers)).status_code == 409
    shown = body(await client.get(f"/v1/assignments/{duty['id']}", headers=cast.officer.headers))
    assert (shown["extended"], shown["effective_due_on"]) == (False, "2030-06-30")
    path = f"/v1/assignments/{duty['id']}/extensions"
    listed = body(await client.get(path, headers=cast.officer.headers))["items"]
    assert {item["state"] for item in listed} == {"refused", "withdrawn"}


async def test_whoever_asks_does_not_grant(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    extension = await asked(client, cast.coordinator, duty["id"])
    path = f"/v1/extensions/{extension['id']}/grant"
    own = await client.post(path, json=WHY, headers=cast.coordinator.headers)
    assert own.status_code == 403
    body(await client.post(path, json=WHY, headers=cast.second_coordinator.headers))


async def test_an_extension_lifts_the_lock_of_a_closed_period(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"])
    await attached(client, cast.officer, draft["id"])
    await closed_period(client, cast)
    assert (await act(client, cast.officer, draft["id"], "submit")).status_code == 409
    extension = await asked(client, cast.officer, duty["id"])
    path = f"/v1/extensions/{extension['id']}/grant"
    body(await client.post(path, json=WHY, headers=cast.coordinator.headers))
    sent = await done(client, cast.officer, draft["id"], "submit")
    assert sent["late"] is False
    taken = await done(client, cast.coordinator, draft["id"], "accept")
    assert taken["state"] == "accepted"


async def test_an_overdue_duty_is_not_overdue_until_the_day_that_was_granted(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    today = today_in_hanoi()
    path, headers = f"/v1/assignments/{duty['id']}", cast.coordinator.headers
    past = {"due_on": str(today - timedelta(days=9)), "reason": "Bộ lùi hạn"}
    body(await client.patch(path, json=past, headers={**headers, "if-match": "*"}))
    extension = await asked(client, cast.officer, duty["id"], str(today))
    assert body(await client.get(path, headers=headers))["overdue"] is True
    granted = f"/v1/extensions/{extension['id']}/grant"
    body(await client.post(granted, json=WHY, headers=headers))
    assert body(await client.get(path, headers=headers))["overdue"] is False


async def test_extensions_are_found_by_state_and_body(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    extension = await asked(client, cast.officer, duty["id"])
    for person, query, found in (
        (cast.coordinator, "state=asked", 1),
        (cast.coordinator, "state=granted", 0),
        (cast.coordinator, "organisation=so-gddt&period=ky-2024", 1),
        (cast.officer, "", 1),
        (cast.foreign_officer, "", 0),
    ):
        listed = await client.get(f"/v1/extensions?{query}", headers=person.headers)
        ids = [item["id"] for item in body(listed)["items"]]
        assert ids == [extension["id"]] * found, (person.login, query)


async def test_of_those_who_ask_and_of_those_who_decide_at_once_one_succeeds(
    servers: Servers, template: str
) -> None:
    async with copied_database(servers, template) as url:
        settings = settings_for(servers, url)
        database = PooledDatabase(settings.database_url)
        async with database.transaction() as session:
            cast = await make_cast(session)
        async with serving(settings) as client:
            duty = await officers_duty(client, cast)
            path = f"/v1/assignments/{duty['id']}/extensions"
            new = {**WHY, "wished_on": "2030-07-10"}
            answers = await asyncio.gather(
                *(client.post(path, json=new, headers=cast.officer.headers) for _ in range(5))
            )
            assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
            (made,) = (answer.json() for answer in answers if answer.status_code == 201)
            decide = f"/v1/extensions/{made['id']}"
            answers = await asyncio.gather(
                *(
                    client.post(f"{decide}/{step}", json=WHY, headers=who.headers)
                    for step in ("grant", "refuse")
                    for who in (cast.coordinator, cast.second_coordinator)
                )
            )
            assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
        await database.close()
