"""Deadlines, policies, calendars, webhooks, deputies and documents go along, or are named as left behind."""

from datetime import date, timedelta
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.clock import today_in_hanoi
from shared.models import AuditEntry, Deputy, Membership, Organisation
from tests.api.handing import HANDOVERS, NEW_BODY, carry, handed_over, plan, read, receipt, reverse
from tests.api.scene import WEBHOOK
from tests.cast import Cast
from tests.factories import (
    PERIOD,
    accepted,
    assignment_of,
    attached,
    body,
    done,
    drafted,
    drafted_period,
    opened_period,
    pointers,
)

TODAY = today_in_hanoi()
RENAME: dict[str, Any] = {"kind": "rename", "to": None, "new_body": NEW_BODY}
TRANSFER: dict[str, Any] = {
    "kind": "transfer",
    "responsibilities": [{"node": "2.1.1", "from": "so-gddt"}],
}
STEPS = [{"offset_days": -5, "audience": "officer"}]


async def deadlines_set(client: AsyncClient, cast: Cast, *rules: dict[str, Any]) -> None:
    path = f"/v1/periods/{PERIOD}/deadlines"
    headers = {**cast.coordinator.headers, "if-match": "*"}
    body(await client.put(path, json={"deadlines": list(rules)}, headers=headers))


async def deadlines(client: AsyncClient, cast: Cast) -> set[tuple[str | None, str | None, str]]:
    found = await read(client, cast.coordinator, f"/v1/periods/{PERIOD}/deadlines")
    return {(one["organisation"], one["node"], one["due_on"]) for one in found["deadlines"]}


def of(day: str, node: str | None = None, code: str = "so-gddt") -> dict[str, Any]:
    return {"organisation": code, "node": node, "due_on": day}


async def policy(client: AsyncClient, cast: Cast, **scope: Any) -> dict[str, Any]:
    content = {"name": "Riêng", "organisation": "so-gddt", "steps": STEPS, **scope}
    made: dict[str, Any] = body(
        await client.post("/v1/reminder-policies", json=content, headers=cast.coordinator.headers),
        201,
    )
    return made


async def policy_of(client: AsyncClient, cast: Cast, made: dict[str, Any]) -> str:
    found = await read(client, cast.coordinator, f"/v1/reminder-policies/{made['id']}")
    return str(found["organisation"])


async def webhook(client: AsyncClient, cast: Cast) -> dict[str, Any]:
    content = WEBHOOK | {"organisation": "so-gddt", "description": "Trục liên thông"}
    made: dict[str, Any] = body(
        await client.post("/v1/webhooks", json=content, headers=cast.admin.headers), 201
    )
    return made


def left(preview: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (one["kind"], one["object_id"])
        for one in preview["conflicts"]
        if one["code"] == "left_behind" and not one["blocks"]
    }


@pytest.mark.parametrize("act", [RENAME, {}, TRANSFER])
async def test_a_deadline_of_an_indicator_goes_with_it_and_comes_back(
    client: AsyncClient, cast: Cast, act: dict[str, Any]
) -> None:
    await drafted_period(client, cast)
    await deadlines_set(client, cast, of("2030-05-01", "2.1.1"))
    made = await handed_over(client, cast, **act)
    to = made["to"]["code"]
    assert await deadlines(client, cast) == {(to, "2.1.1", "2030-05-01")}
    await reverse(client, cast, made["id"], effective_on=str(TODAY))
    assert await deadlines(client, cast) == {("so-gddt", "2.1.1", "2030-05-01")}


async def test_a_deadline_of_the_body_alone_goes_to_a_new_name_and_else_is_left_behind_and_named(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    await deadlines_set(client, cast, of("2030-05-01"), of("2030-06-01", code="so-ct"))
    planned = await plan(client, cast)
    ((kind, thing),) = left(planned["preview"])
    assert kind == "deadline"
    body(await carry(client, cast, planned["id"]))
    stays = (await receipt(client, cast.coordinator, planned["id"]))["stays"]
    assert [(one["kind"], one["object_id"], one["reason"]) for one in stays] == [
        ("deadline", thing, "left_behind")
    ]
    # The receiver's duties keep the deadline that they had.
    assert (await deadlines(client, cast)) == {
        ("so-gddt", None, "2030-05-01"),
        ("so-ct", None, "2030-06-01"),
    }
    renamed: dict[str, Any] = RENAME | {"from": ["so-ct"]}
    await handed_over(client, cast, **renamed)
    assert ("so-moi", None, "2030-06-01") in await deadlines(client, cast)


async def test_the_receivers_own_deadline_stays(client: AsyncClient, cast: Cast) -> None:
    await opened_period(client, cast)
    await deadlines_set(client, cast, of("2030-05-01", "2.1.1"), of("2030-04-01", "2.1.1", "so-nv"))
    planned = await plan(client, cast)
    assert [kind for kind, _ in left(planned["preview"])] == ["deadline"]
    assert planned["preview"]["deadlines"] == []
    body(await carry(client, cast, planned["id"]))
    assert ("so-nv", "2.1.1", "2030-04-01") in await deadlines(client, cast)


async def test_a_deadline_is_not_given_back_where_another_stands_by_then(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    await deadlines_set(client, cast, of("2030-05-01", "2.1.1"))
    made = await handed_over(client, cast, **TRANSFER)
    path = f"/v1/periods/{PERIOD}/deadlines"
    headers = {**cast.coordinator.headers, "if-match": "*"}
    both = [of("2030-05-01", "2.1.1", "so-nv"), of("2030-05-02", "2.1.1")]
    body(await client.put(path, json={"deadlines": both}, headers=headers))
    back = await reverse(client, cast, made["id"], effective_on=str(TODAY))
    stays = (await receipt(client, cast.coordinator, back["id"]))["stays"]
    assert [one["kind"] for one in stays] == ["deadline"]
    assert len(await deadlines(client, cast)) == 2


async def test_a_policy_for_an_indicator_goes_with_it_and_one_for_the_body_is_named(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await opened_period(client, cast)
    one = await policy(client, cast, indicator="2.1.1")
    whole = await policy(client, cast, name="Của cả sở")
    planned = await plan(client, cast)
    assert left(planned["preview"]) == {("policy", whole["id"])}
    body(await carry(client, cast, planned["id"]))
    assert await policy_of(client, cast, one) == "so-nv"
    assert await policy_of(client, cast, whole) == "so-gddt"
    entry = await session.scalar(
        select(AuditEntry).where(
            AuditEntry.object_id == one["id"], AuditEntry.action == "handed_over"
        )
    )
    assert entry is not None
    assert entry.changes["organisation"] == ["so-gddt", "so-nv"]
    await reverse(client, cast, planned["id"], effective_on=str(TODAY))
    assert await policy_of(client, cast, one) == "so-gddt"


async def test_all_of_a_renamed_body_goes_along(client: AsyncClient, cast: Cast) -> None:
    whole = await policy(client, cast)
    hook = await webhook(client, cast)
    made = await handed_over(client, cast, **RENAME)
    assert await policy_of(client, cast, whole) == "so-moi"
    shown = await read(client, cast.admin, f"/v1/webhooks/{hook['id']}")
    assert shown["organisation"] == "so-moi"
    assert (made["moved"]["policy"], made["moved"]["webhook"]) == (1, 1)


async def test_a_webhook_hears_nothing_of_a_body_that_others_are_in_and_is_named(
    client: AsyncClient, cast: Cast
) -> None:
    hook = await webhook(client, cast)
    planned = await plan(client, cast)
    assert left(planned["preview"]) == {("webhook", hook["id"])}
    (told,) = [one for one in planned["preview"]["conflicts"] if one["kind"] == "webhook"]
    assert "Trục liên thông" in told["message_vi"]
    body(await carry(client, cast, planned["id"]))
    shown = await read(client, cast.admin, f"/v1/webhooks/{hook['id']}")
    assert shown["organisation"] == "so-gddt"
    headers = {**cast.coordinator.headers, "accept": "text/html"}
    page = await client.get(f"{HANDOVERS}/{planned['id']}/receipt", headers=headers)
    assert "Trục liên thông" in page.text


async def test_a_key_that_is_not_moved_stands_in_the_receipt(
    client: AsyncClient, cast: Cast
) -> None:
    content = {"name": "hệ thống", "scopes": ["plan:read"], "expires_on": "2030-01-01"}
    key = await client.post(
        "/v1/api-keys", json={**content, "organisation": "so-gddt"}, headers=cast.admin.headers
    )
    made = await handed_over(client, cast)
    stays = (await receipt(client, cast.coordinator, made["id"]))["stays"]
    assert [(one["kind"], one["object_id"]) for one in stays] == [("api_key", body(key, 201)["id"])]


async def test_a_calendar_shows_the_duties_of_the_new_body(client: AsyncClient, cast: Cast) -> None:
    await opened_period(client, cast)
    asked = {"organisation": "so-gddt"}
    feed = body(await client.post("/v1/feeds", json=asked, headers=cast.officer.headers), 201)
    made = await handed_over(client, cast)
    shown = await read(client, cast.officer, f"/v1/feeds/{feed['id']}")
    assert (shown["organisation"], shown["active"]) == ("so-nv", True)
    (told,) = [
        one
        for one in (await receipt(client, cast.coordinator, made["id"]))["items"]
        if one["kind"] == "feed"
    ]
    assert told["facts"]["name"] == cast.officer.name
    await reverse(client, cast, made["id"], effective_on=str(TODAY))
    assert (await read(client, cast.officer, f"/v1/feeds/{feed['id']}"))[
        "organisation"
    ] == "so-gddt"


async def test_who_stands_in_for_somebody_does_so_in_the_new_body_and_after_it_is_taken_back(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await opened_period(client, cast)
    # They are of the body since before the day, so that their memberships end and begin anew.
    await session.execute(
        update(Membership)
        .where(Membership.user_id.in_((cast.officer.id, cast.head.id)))
        .values(valid_from=date(2024, 1, 1))
    )
    await session.commit()
    days = {"valid_from": str(TODAY), "valid_to": str(TODAY + timedelta(days=3))}
    named = body(
        await client.post(
            "/v1/deputies", json={"deputy": "head", **days}, headers=cast.officer.headers
        ),
        201,
    )
    made = await handed_over(client, cast)
    assert made["moved"]["deputy"] == 1
    shown = await read(client, cast.head, f"/v1/deputies/{named['id']}")
    assert (shown["organisation"], shown["active"]) == ("so-nv", True)
    await reverse(client, cast, made["id"], effective_on=str(TODAY))
    back = await read(client, cast.head, f"/v1/deputies/{named['id']}")
    assert (back["organisation"], back["active"]) == ("so-gddt", True)


async def test_who_stood_in_for_somebody_of_both_bodies_stands_in_for_him_again(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    """The receiver's own membership is joined, and the old one begins again when it is taken back."""
    other = await session.scalar(select(Organisation.id).where(Organisation.code == "so-nv"))
    first = date(2024, 1, 1)
    await session.execute(
        update(Membership)
        .where(Membership.user_id.in_((cast.officer.id, cast.head.id)))
        .values(valid_from=first)
    )
    session.add(
        Membership(user_id=cast.officer.id, organisation_id=other, role="officer", valid_from=first)
    )
    account = await session.scalar(
        select(Membership.id).where(
            Membership.user_id == cast.officer.id, Membership.organisation_id != other
        )
    )
    assert account is not None
    deputy = Deputy(
        membership_id=account,
        deputy_id=cast.head.id,
        valid_from=TODAY,
        valid_to=TODAY,
        reason="nghỉ phép",
    )
    session.add(deputy)
    await session.commit()
    named = deputy.id
    made = await handed_over(client, cast)
    shown = await read(client, cast.coordinator, f"/v1/deputies/{named}")
    assert shown["organisation"] == "so-nv"
    await reverse(client, cast, made["id"], effective_on=str(TODAY))
    shown = await read(client, cast.coordinator, f"/v1/deputies/{named}")
    assert (shown["organisation"], shown["active"]) == ("so-gddt", True)


async def test_the_document_of_a_moved_draft_proves_another_figure_of_the_new_body(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    duty = await assignment_of(client, cast)
    draft = await drafted(client, cast.officer, duty["id"])
    document = await attached(client, cast.officer, draft["id"])
    made = await handed_over(client, cast, to="so-ct")
    other = await assignment_of(client, cast, "2.1.2", organisation="so-ct")
    second = await drafted(client, cast.foreign_officer, other["id"])
    path, asked = f"/v1/submissions/{second['id']}/evidence", {"evidence": document["id"]}
    used = body(await client.post(path, json=asked, headers=cast.foreign_officer.headers), 201)
    assert {one["submission"] for one in used["uses"]} == {draft["id"], second["id"]}
    assert used["organisation"] == "so-gddt"
    # What goes back takes the right along.
    await done(client, cast.foreign_officer, second["id"], "withdraw")
    await reverse(client, cast, made["id"], effective_on=str(TODAY))
    own = await assignment_of(client, cast, "5.2.3", organisation="so-ct")
    third = await drafted(client, cast.foreign_officer, own["id"])
    refused = await client.post(
        f"/v1/submissions/{third['id']}/evidence", json=asked, headers=cast.foreign_officer.headers
    )
    assert pointers(body(refused, 422)) == ["/evidence"]


async def test_a_document_that_proves_history_is_used_but_not_removed(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    duty = await assignment_of(client, cast)
    taken = await accepted(client, cast, duty["id"])
    shown = await read(client, cast.officer, f"/v1/submissions/{taken['id']}")
    document = shown["evidence"][0]["id"]
    other = await assignment_of(client, cast, "2.1.2")
    draft = await drafted(client, cast.officer, other["id"])
    path = f"/v1/submissions/{draft['id']}/evidence"
    body(await client.post(path, json={"evidence": document}, headers=cast.officer.headers), 201)
    await handed_over(client, cast, to="so-ct")
    seen = await read(client, cast.foreign_officer, f"/v1/evidence/{document}")
    assert [one["submission"] for one in seen["uses"]] == [draft["id"]]
    assert seen["allowed_actions"] == ["download"]
    gone = await client.delete(f"/v1/evidence/{document}", headers=cast.foreign_officer.headers)
    assert gone.status_code in {403, 404, 409}
