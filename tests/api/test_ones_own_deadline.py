"""Who asks for more time does not give it to himself, neither by the deadline nor by another account."""

from typing import Any

from httpx import AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.cast import Cast, Person
from tests.factories import body, officers_duty

WHY = {"reason": "Chờ kết quả điều tra"}


async def asked(client: AsyncClient, person: Person, duty: str) -> str:
    answer = await client.post(
        f"/v1/assignments/{duty}/extensions",
        json={**WHY, "wished_on": "2030-07-10"},
        headers=person.headers,
    )
    return str(body(answer, 201)["id"])


async def moved(client: AsyncClient, person: Person, duty: str) -> Response:
    return await client.patch(
        f"/v1/assignments/{duty}",
        json={"due_on": "2030-07-09", **WHY},
        headers={**person.headers, "if-match": "*"},
    )


async def actions(client: AsyncClient, person: Person, duty: str) -> list[str]:
    shown: dict[str, Any] = body(
        await client.get(f"/v1/assignments/{duty}", headers=person.headers)
    )
    listed = body(await client.get("/v1/assignments?limit=200", headers=person.headers))["items"]
    (same,) = (one for one in listed if one["id"] == duty)
    assert same["allowed_actions"] == shown["allowed_actions"]
    return list(shown["allowed_actions"])


async def test_a_deadline_stays_while_more_time_is_asked_for(
    client: AsyncClient, cast: Cast
) -> None:
    duty = (await officers_duty(client, cast))["id"]
    await asked(client, cast.coordinator, duty)
    for person in (cast.coordinator, cast.second_coordinator):
        refused = await moved(client, person, duty)
        assert refused.status_code == 409
        assert refused.json()["type"] == "urn:pii:problem:extension-asked"
        assert "edit" not in await actions(client, person, duty)


async def test_after_a_refusal_another_moves_the_deadline_and_not_who_asked(
    client: AsyncClient, cast: Cast
) -> None:
    duty = (await officers_duty(client, cast))["id"]
    extension = await asked(client, cast.coordinator, duty)
    decided = await client.post(
        f"/v1/extensions/{extension}/refuse", json=WHY, headers=cast.second_coordinator.headers
    )
    body(decided)
    assert (await moved(client, cast.coordinator, duty)).status_code == 409
    assert "edit" not in await actions(client, cast.coordinator, duty)
    assert "edit" in await actions(client, cast.second_coordinator, duty)
    body(await moved(client, cast.second_coordinator, duty))


async def test_another_account_of_the_same_address_grants_nothing(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    duty = (await officers_duty(client, cast))["id"]
    extension = await asked(client, cast.officer, duty)
    await session.execute(
        text("UPDATE users SET email = 'OFFICER@example.org' WHERE login = 'coordinator'")
    )
    await session.commit()
    path = f"/v1/extensions/{extension}"
    shown = body(await client.get(path, headers=cast.coordinator.headers))
    assert "grant" not in shown["allowed_actions"]
    granted = await client.post(f"{path}/grant", json=WHY, headers=cast.coordinator.headers)
    assert granted.status_code == 403
    assert granted.json()["type"] == "urn:pii:problem:own-extension"
