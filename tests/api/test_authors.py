"""Nobody accepts what he had a hand in, whichever way his hand got into it and whichever account he uses."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from tests.cast import Cast, Person
from tests.factories import PDF, PERIOD, act, attached, body, done, drafted, officers_duty

OTHER_PDF = PDF + b"\n% 2"
Hand = Callable[[AsyncClient, Person, dict[str, Any]], Awaitable[None]]


async def joined(client: AsyncClient, cast: Cast, person: Person) -> None:
    """Let a coordinator be an officer of the body that answers for the figure."""
    body(
        await client.post(
            f"/v1/users/{person.id}/memberships",
            json={"organisation": "so-gddt", "role": "officer"},
            headers=cast.admin.headers,
        ),
        201,
    )


async def edits(client: AsyncClient, person: Person, draft: dict[str, Any]) -> None:
    headers = {**person.headers, "if-match": "*"}
    body(
        await client.patch(
            f"/v1/submissions/{draft['id']}", json={"note": "đã sửa"}, headers=headers
        )
    )


async def imports(client: AsyncClient, person: Person, draft: dict[str, Any]) -> None:
    path = f"/v1/periods/{PERIOD}/figures"
    listed = body(await client.get(path, headers=person.headers))["items"]
    (row,) = (one for one in listed if one["assignment"] == draft["assignment"])
    sent = {"assignment": row["assignment"], "version": row["version"], "note": "đã sửa"}
    body(await client.post(f"{path}/import", json={"rows": [sent]}, headers=person.headers))


async def attaches(client: AsyncClient, person: Person, draft: dict[str, Any]) -> None:
    await attached(client, person, draft["id"], filename="b.pdf", content=OTHER_PDF)


async def detaches(client: AsyncClient, person: Person, draft: dict[str, Any]) -> None:
    piece = await attached(client, person, draft["id"], filename="c.pdf", content=OTHER_PDF)
    path = f"/v1/submissions/{draft['id']}/evidence/{piece['id']}"
    assert (await client.delete(path, headers=person.headers)).status_code == 204


@pytest.mark.parametrize("hand", [edits, imports, attaches, detaches])
async def test_whoever_had_a_hand_in_a_draft_does_not_accept_it(
    client: AsyncClient, cast: Cast, hand: Hand
) -> None:
    duty = await officers_duty(client, cast)
    await joined(client, cast, cast.coordinator)
    draft = await drafted(client, cast.officer, duty["id"])
    await attached(client, cast.officer, draft["id"])
    await hand(client, cast.coordinator, draft)
    await done(client, cast.officer, draft["id"], "submit")
    await _refused(client, cast.coordinator, draft["id"])
    shown = await client.get(f"/v1/submissions/{draft['id']}", headers=cast.coordinator.headers)
    assert "accept" not in body(shown)["allowed_actions"]
    taken = await done(client, cast.second_coordinator, draft["id"], "accept")
    assert taken["state"] == "accepted"


async def _refused(client: AsyncClient, person: Person, submission_id: str) -> None:
    refused = await act(client, person, submission_id, "accept")
    assert refused.status_code == 403, refused.text
    assert refused.json()["type"] == "urn:pii:problem:own-submission"
    many = await client.post(
        "/v1/submissions/decisions",
        json={
            "items": [{"id": submission_id, "evidence_seen": True}],
            "action": "accept",
            "mode": "each",
        },
        headers=person.headers,
    )
    (one,) = body(many)["items"]
    assert (one["done"], one["problem"]["status"]) == (False, 403)


async def test_whoever_edited_is_neither_the_first_nor_the_last_of_two_who_accept(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    headers = {**cast.coordinator.headers, "if-match": "*"}
    rule = {"kind": "second_reviewer", "reviewer": None}
    body(await client.put("/v1/review-rules/so-gddt", json=rule, headers=headers))
    await joined(client, cast, cast.coordinator)
    draft = await drafted(client, cast.officer, duty["id"])
    await attached(client, cast.officer, draft["id"])
    await edits(client, cast.coordinator, draft)
    await done(client, cast.officer, draft["id"], "submit")
    await _refused(client, cast.coordinator, draft["id"])
    first = await done(client, cast.second_coordinator, draft["id"], "accept")
    assert first["state"] == "submitted"
    await _refused(client, cast.coordinator, draft["id"])


async def test_two_accounts_of_one_address_are_one_person(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    duty = await officers_duty(client, cast)
    await session.execute(
        text("UPDATE users SET email = 'Officer@Example.org' WHERE login = 'coordinator'")
    )
    await session.commit()
    draft = await drafted(client, cast.officer, duty["id"])
    await attached(client, cast.officer, draft["id"])
    await done(client, cast.officer, draft["id"], "submit")
    await _refused(client, cast.coordinator, draft["id"])
    taken = await done(client, cast.second_coordinator, draft["id"], "accept")
    assert taken["state"] == "accepted"


async def test_who_has_no_address_is_nobody_else(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    duty = await officers_duty(client, cast)
    await session.execute(text("UPDATE users SET email = ''"))
    await session.commit()
    draft = await drafted(client, cast.officer, duty["id"])
    await attached(client, cast.officer, draft["id"])
    await done(client, cast.officer, draft["id"], "submit")
    taken = await done(client, cast.coordinator, draft["id"], "accept")
    assert taken["state"] == "accepted"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE submissions SET state = 'accepted', decided_by = written_by[1]",
        "UPDATE submissions SET first_accepted_by = written_by[1]",
    ],
)
async def test_the_database_takes_no_acceptance_by_whoever_wrote(
    client: AsyncClient, cast: Cast, session: AsyncSession, statement: str
) -> None:
    duty = await officers_duty(client, cast)
    await joined(client, cast, cast.coordinator)
    draft = await drafted(client, cast.officer, duty["id"])
    await edits(client, cast.coordinator, draft)
    with pytest.raises(IntegrityError, match="its_writer"):
        async with session.begin_nested():
            await session.execute(text(statement.replace("[1]", "[2]")))
