"""A hand-over is taken back by a counter-act; nothing that was written is unwritten."""

from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.clock import today_in_hanoi
from shared.models import HandoverMove
from tests.api.handing import (
    HANDOVERS,
    NEW_BODY,
    add_contact,
    carry,
    handed_over,
    plan,
    read,
    receipt,
    reverse,
)
from tests.cast import Cast
from tests.factories import accepted, assignment_of, body, drafted, opened_period, pointers

TODAY = today_in_hanoi().isoformat()


async def held(client: AsyncClient, cast: Cast, code: str, on: str) -> set[tuple[str, str, str]]:
    params = {"organisation": code, "on": on, "limit": 200}
    found = await read(client, cast.viewer, "/v1/responsibilities", **params)
    return {(one["node"], one["role"], one["legal_basis"]) for one in found["items"]}


async def emails(client: AsyncClient, cast: Cast, code: str) -> list[str]:
    found = await read(client, cast.coordinator, f"/v1/organisations/{code}/contacts")
    return sorted(one["email"] for one in found["items"] if one["active"])


@pytest.mark.parametrize("effective_on", ["2025-03-01", "2025-09-01", TODAY])
async def test_all_that_was_moved_goes_back(
    client: AsyncClient, cast: Cast, effective_on: str
) -> None:
    await opened_period(client, cast)
    await add_contact(client, cast, "so-gddt", "a@example.org")
    await add_contact(client, cast, "so-nv", "nv@example.org")
    duty = await assignment_of(client, cast)
    draft = await drafted(client, cast.officer, duty["id"])
    before = await held(client, cast, "so-gddt", TODAY), await held(client, cast, "so-nv", TODAY)
    made = await handed_over(client, cast)
    back = await reverse(client, cast, made["id"], effective_on=effective_on)
    assert (back["kind"], back["reverses"], back["to"]["code"]) == (
        "reversal",
        made["id"],
        "so-gddt",
    )
    now = await held(client, cast, "so-gddt", TODAY), await held(client, cast, "so-nv", TODAY)
    assert now == before
    again = await assignment_of(client, cast)
    assert (again["id"], again["legal_basis"]) == (duty["id"], duty["legal_basis"])
    assert await emails(client, cast, "so-gddt") == ["a@example.org"]
    assert await emails(client, cast, "so-nv") == ["nv@example.org"]
    for person in (cast.officer, cast.head):
        me = await read(client, person, "/v1/me")
        assert [one["organisation"] for one in me["memberships"]] == ["so-gddt"]
    assert (await read(client, cast.officer, f"/v1/submissions/{draft['id']}"))["state"] == "draft"
    standing = await read(client, cast.viewer, "/v1/organisations/so-gddt")
    assert standing["valid_to"] is None
    assert [one["kind"] for one in standing["successors"]] == ["merge"]
    assert [one["kind"] for one in standing["predecessors"]] == ["reversal"]
    first = await read(client, cast.coordinator, f"{HANDOVERS}/{made['id']}")
    assert (first["state"], first["reversed_by"]) == ("carried_out", back["id"])
    assert first["allowed_actions"] == []


async def test_what_was_changed_since_stays_and_is_listed(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await opened_period(client, cast)
    await add_contact(client, cast, "so-gddt", "a@example.org")
    made = await handed_over(client, cast)
    headers = {**cast.coordinator.headers, "if-match": "*"}
    # One responsibility ends, one figure is accepted, and the contact has another address.
    params = {"organisation": "so-nv", "indicator": "2.1.3"}
    (ended,) = (await read(client, cast.viewer, "/v1/responsibilities", **params))["items"]
    end = f"/v1/responsibilities/{ended['id']}/end"
    body(await client.post(end, json={"valid_to": "2027-12-31"}, headers=headers))
    duty = await assignment_of(client, cast, organisation="so-nv")
    await accepted(client, cast, duty["id"])
    (contact,) = (await read(client, cast.coordinator, "/v1/organisations/so-nv/contacts"))["items"]
    change = {"email": "b@example.org"}
    body(await client.patch(f"/v1/contacts/{contact['id']}", json=change, headers=headers))
    moves = await session.scalar(select(func.count()).select_from(HandoverMove))
    back = await reverse(client, cast, made["id"], effective_on=TODAY)
    told = await receipt(client, cast.coordinator, back["id"])
    stayed = {(one["kind"], one["object_id"], one["reason"]) for one in told["stays"]}
    assert stayed == {
        ("responsibility", ended["id"], "changed"),
        ("assignment", duty["id"], "done"),
        ("contact", contact["id"], "changed"),
    }
    assert await emails(client, cast, "so-nv") == ["b@example.org"]
    assert {one[0] for one in await held(client, cast, "so-gddt", TODAY)} == {"2.1.1", "2.1.2"}
    after = await session.scalar(select(func.count()).select_from(HandoverMove))
    assert after == (moves or 0) + len(told["items"])


async def test_a_body_that_was_made_ends_again_when_nothing_is_left_there(
    client: AsyncClient, cast: Cast
) -> None:
    made = await handed_over(client, cast, to=None, new_body=NEW_BODY)
    await reverse(client, cast, made["id"], effective_on=TODAY)
    yesterday = (today_in_hanoi() - timedelta(days=1)).isoformat()
    assert (await read(client, cast.viewer, "/v1/organisations/so-moi"))["valid_to"] == yesterday


async def test_what_had_joined_begins_again_where_it_was(client: AsyncClient, cast: Cast) -> None:
    await opened_period(client, cast)
    await add_contact(client, cast, "so-tp", "chung@example.org")
    await add_contact(client, cast, "cuc-thads", "chung@example.org")
    made = await handed_over(client, cast, **{"from": ["so-tp", "catp"]}, to="cuc-thads")
    back = await reverse(client, cast, made["id"], effective_on="2025-03-01")
    assert back["to"] is None
    for code in ("so-tp", "catp", "cuc-thads"):
        roles = {one[:2] for one in await held(client, cast, code, TODAY)}
        assert roles == {("1.1.2", "joint_lead")}
        duty = await assignment_of(client, cast, "1.1.2", organisation=code)
        assert duty["role"] == "joint_lead"
    assert await emails(client, cast, "so-tp") == ["chung@example.org"]
    assert await emails(client, cast, "cuc-thads") == ["chung@example.org"]


async def test_a_counter_act_may_be_taken_back_and_nothing_twice(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    made = await handed_over(client, cast)
    back = await reverse(client, cast, made["id"], effective_on="2025-06-01")
    twice = await reverse(client, cast, made["id"], effective_on="2025-06-01", status=409)
    assert twice["type"] == "urn:pii:problem:already-reversed"
    await reverse(client, cast, back["id"], effective_on="2025-06-01")
    duty = await assignment_of(client, cast, organisation="so-nv")
    assert duty["organisation"]["code"] == "so-nv"
    ended = await read(client, cast.viewer, "/v1/organisations/so-gddt")
    assert ended["valid_to"] is not None


async def test_it_is_not_taken_back_before_its_day_nor_ahead_of_time(
    client: AsyncClient, cast: Cast
) -> None:
    planned = await plan(client, cast)
    refused = await reverse(client, cast, planned["id"], effective_on=TODAY, status=409)
    assert refused["type"] == "urn:pii:problem:not-carried-out"
    body(await carry(client, cast, planned["id"]))
    early = await reverse(client, cast, planned["id"], effective_on="2025-02-28", status=422)
    assert pointers(early) == ["/effective_on"]
    day = (today_in_hanoi() + timedelta(days=2)).isoformat()
    later: dict[str, Any] = await reverse(client, cast, planned["id"], effective_on=day, status=409)
    assert later["type"] == "urn:pii:problem:too-early"
