"""Somebody of the same body stands in on the days that were named; no circle closes."""

import asyncio
from datetime import timedelta
from typing import Any

from httpx import AsyncClient
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.embedded import Servers
from services.api.deps.clock import today_in_hanoi
from shared.db import PooledDatabase
from shared.models import Deputy, Membership, Organisation, User
from tests.cast import Cast, Person, make_cast
from tests.conftest import copied_database, serving, settings_for
from tests.factories import body, drafted, officers_duty

TODAY = today_in_hanoi()


async def joined(session: AsyncSession, person: Person, code: str, role: str = "viewer") -> None:
    """Make a person a member of a body."""
    organisation = await session.scalar(select(Organisation.id).where(Organisation.code == code))
    await session.execute(
        insert(Membership).values(user_id=person.id, organisation_id=organisation, role=role)
    )
    await session.commit()


def window(deputy: str, first: int = 0, last: int = 3, **more: Any) -> dict[str, Any]:
    """Name the days from today."""
    days = (str(TODAY + timedelta(days=number)) for number in (first, last))
    return {"deputy": deputy, **dict(zip(("valid_from", "valid_to"), days, strict=True)), **more}


async def name(client: AsyncClient, person: Person, content: dict[str, Any]) -> Any:
    return await client.post("/v1/deputies", json=content, headers=person.headers)


async def test_a_deputy_may_do_what_the_officer_may_until_it_ends(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    duty = await officers_duty(client, cast)
    await joined(session, cast.viewer, "so-gddt")
    path = f"/v1/assignments/{duty['id']}"
    assert (await client.get(path, headers=cast.viewer.headers)).status_code == 403
    named = body(await name(client, cast.officer, window("viewer")), 201)
    assert (named["principal_login"], named["deputy_login"]) == ("officer", "viewer")
    assert (named["active"], named["allowed_actions"]) == (True, ["end"])
    draft = await drafted(client, cast.viewer, duty["id"])
    assert draft["created_by"] == cast.viewer.name
    ended = await client.post(f"/v1/deputies/{named['id']}/end", headers=cast.head.headers)
    assert body(ended)["active"] is False
    assert (await client.get(path, headers=cast.viewer.headers)).status_code == 403
    again = await client.post(f"/v1/deputies/{named['id']}/end", headers=cast.head.headers)
    assert again.status_code == 409


async def test_rights_begin_and_end_with_the_days_and_with_the_people(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    duty = await officers_duty(client, cast)
    await joined(session, cast.viewer, "so-gddt")
    path = f"/v1/assignments/{duty['id']}"
    body(await name(client, cast.officer, window("viewer", 1, 2)), 201)
    tomorrow = await client.get(path, headers=cast.viewer.headers)
    assert tomorrow.status_code == 403
    await session.execute(update(Deputy).values(valid_from=TODAY))
    await session.commit()
    assert (await client.get(path, headers=cast.viewer.headers)).status_code == 200
    for change, undo in (
        (
            update(User).where(User.id == cast.officer.id).values(active=False),
            update(User).where(User.id == cast.officer.id).values(active=True),
        ),
        (
            update(Membership)
            .where(Membership.user_id == cast.viewer.id)
            .values(valid_from=TODAY - timedelta(days=9), valid_to=TODAY - timedelta(days=1)),
            update(Membership).where(Membership.user_id == cast.viewer.id).values(valid_to=None),
        ),
    ):
        await session.execute(change)
        await session.commit()
        assert (await client.get(path, headers=cast.viewer.headers)).status_code == 403
        await session.execute(undo)
        await session.commit()
        assert (await client.get(path, headers=cast.viewer.headers)).status_code == 200


async def test_rights_are_lent_once_and_no_circle_closes(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await joined(session, cast.viewer, "so-gddt", "officer")
    body(await name(client, cast.officer, window("head")), 201)
    for person, content in (
        (cast.head, window("officer")),  # a circle
        (cast.head, window("viewer", 2, 9)),  # a chain
        (cast.viewer, window("officer", 3, 5)),  # to somebody who is away
        (cast.officer, window("viewer", 1, 1)),  # a second deputy
    ):
        assert (await name(client, person, content)).status_code == 409
    body(await name(client, cast.head, window("officer", 4, 9)), 201)
    body(await name(client, cast.viewer, window("head", 0, 1)), 201)


async def test_a_deputy_lends_nothing_of_what_is_lent_to_him(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await joined(session, cast.viewer, "so-gddt")
    body(await name(client, cast.officer, window("viewer")), 201)
    refused = await name(client, cast.viewer, window("head", 5, 6))
    assert refused.status_code == 403


async def test_whoever_writes_for_two_bodies_says_for_which(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await joined(session, cast.officer, "so-ct", "officer")
    refused = await name(client, cast.officer, window("head"))
    assert refused.json()["errors"][0]["pointer"] == "/organisation"
    body(await name(client, cast.officer, window("head", organisation="so-gddt")), 201)
    listed = await client.get(f"/v1/deputies?on={TODAY}", headers=cast.coordinator.headers)
    assert [item["organisation"] for item in body(listed)["items"]] == ["so-gddt"]
    none = await client.get("/v1/deputies?organisation=so-ct", headers=cast.officer.headers)
    assert body(none)["items"] == []


async def test_of_two_who_name_each_other_at_once_one_is_refused(
    servers: Servers, template: str
) -> None:
    async with copied_database(servers, template) as url:
        settings = settings_for(servers, url)
        database = PooledDatabase(settings.database_url)
        async with database.transaction() as session:
            cast = await make_cast(session)
        async with serving(settings) as client:
            answers = await asyncio.gather(
                name(client, cast.officer, window("head")),
                name(client, cast.head, window("officer")),
            )
            assert sorted(answer.status_code for answer in answers) == [201, 409]
        await database.close()
