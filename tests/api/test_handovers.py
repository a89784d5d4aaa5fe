"""A hand-over is planned, looked at, and carried out as one act."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.clock import today_in_hanoi
from services.notifier.plan import reasons
from services.notifier.plan.planning import plan_reminders
from shared.models import AuditEntry, HandoverMove, Membership, OutboxMessage, Reminder
from tests.api.handing import (
    BASIS,
    HANDOVERS,
    MERGE,
    NEW_BODY,
    add_contact,
    carry,
    codes,
    handed_over,
    plan,
    read,
    receipt,
)
from tests.cast import Cast
from tests.factories import (
    accepted,
    act,
    assignment_of,
    body,
    closed_period,
    done,
    drafted,
    opened_period,
    pointers,
    submitted,
)

TODAY = today_in_hanoi()


async def listed(client: AsyncClient, cast: Cast, path: str, **params: Any) -> list[dict[str, Any]]:
    found = await read(client, cast.coordinator, path, limit=200, **params)
    items: list[dict[str, Any]] = found["items"]
    return items


async def held(client: AsyncClient, cast: Cast, code: str, on: str) -> set[tuple[str, str]]:
    found = await listed(client, cast, "/v1/responsibilities", organisation=code, on=on)
    return {(item["node"], item["role"]) for item in found}


async def test_a_planned_hand_over_moves_nothing_and_says_what_it_would(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    await add_contact(client, cast, "so-gddt", "a@example.org")
    duty = await assignment_of(client, cast)
    draft = await drafted(client, cast.officer, duty["id"])
    planned = await plan(client, cast)
    assert planned["state"] == "planned"
    looked = planned["preview"]
    assert {name: number for name, number in looked["counts"].items() if number} == {
        "responsibilities": 3,
        "assignments": 3,
        "submissions": 1,
        "contacts": 1,
        "memberships": 2,
    }
    assert [move["id"] for move in looked["submissions"]] == [draft["id"]]
    both = {(move["from"], move["to"]) for move in looked["responsibilities"]}
    assert both == {("so-gddt", "so-nv")}
    assert looked["conflicts"] == []
    again = await read(client, cast.coordinator, f"{HANDOVERS}/{planned['id']}/preview")
    assert again == {**looked, "handover": planned["id"]}
    assert (await assignment_of(client, cast))["organisation"]["code"] == "so-gddt"


async def test_responsibilities_end_the_day_before_and_begin_on_the_day(
    client: AsyncClient, cast: Cast
) -> None:
    await handed_over(client, cast)
    three = {(f"2.1.{n}", "lead") for n in (1, 2, 3)}
    assert await held(client, cast, "so-gddt", "2025-02-28") == three
    assert await held(client, cast, "so-gddt", "2025-03-01") == set()
    assert three & await held(client, cast, "so-nv", "2025-02-28") == set()
    assert three < await held(client, cast, "so-nv", "2025-03-01")
    params = {"organisation": "so-nv", "indicator": "2.1.1"}
    (one,) = await listed(client, cast, "/v1/responsibilities", **params)
    assert one["legal_basis"] == f"{BASIS['title']} số 01/NQ ngày 20/02/2025"
    assert one["note"] == "tiếp nhận từ Sở Giáo dục và Đào tạo"


async def test_an_open_duty_moves_with_its_draft_and_the_draft_keeps_its_author(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    duty = await assignment_of(client, cast)
    draft = await drafted(client, cast.officer, duty["id"], nil_reason="chưa có")
    other = await assignment_of(client, cast, "2.1.2")
    sent = await submitted(client, cast.officer, other["id"])
    await handed_over(client, cast)
    moved = await assignment_of(client, cast, organisation="so-nv")
    assert moved["id"] == duty["id"]
    assert moved["legal_basis"].startswith(BASIS["title"])
    seen = await read(client, cast.officer, f"/v1/submissions/{draft['id']}")
    assert (seen["organisation"], seen["created_by"]) == ("so-nv", cast.officer.name)
    await done(client, cast.officer, draft["id"], "submit")
    taken = await done(client, cast.coordinator, sent["id"], "accept")
    assert taken["submitted_by"] == cast.officer.name


async def test_what_is_done_or_closed_stays_under_the_old_name(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast, code="ky-cu")
    old = await assignment_of(client, cast, period="ky-cu")
    figure = await accepted(client, cast, old["id"])
    await closed_period(client, cast, code="ky-cu")
    await opened_period(client, cast)
    duty = await assignment_of(client, cast)
    await accepted(client, cast, duty["id"])
    planned = await plan(client, cast)
    stays = planned["preview"]["stays"]
    assert (stays["closed_duties"], stays["accepted_figures"]) == (3, 1)
    assert [one["id"] for one in stays["done_duties"]] == [duty["id"]]
    body(await carry(client, cast, planned["id"]))
    assert (await assignment_of(client, cast))["id"] == duty["id"]
    assert (await assignment_of(client, cast, period="ky-cu"))["id"] == old["id"]
    seen = await read(client, cast.coordinator, f"/v1/submissions/{figure['id']}")
    assert seen["organisation_name_vi"] == "Sở Giáo dục và Đào tạo"
    told = await receipt(client, cast.coordinator, planned["id"])
    assert [one["object_id"] for one in told["stays"]] == [duty["id"]]


async def test_people_become_contacts_of_the_new_body_and_nobody_twice(
    client: AsyncClient, cast: Cast
) -> None:
    await add_contact(client, cast, "so-gddt", "a@example.org")
    await add_contact(client, cast, "so-gddt", "Chung@example.org")
    await add_contact(client, cast, "so-nv", "chung@example.org")
    both = await listed(client, cast, "/v1/organisations/so-gddt/contacts")
    (english,) = [one for one in both if one["email"] == "a@example.org"]
    headers = {**cast.coordinator.headers, "if-match": "*"}
    path = f"/v1/contacts/{english['id']}"
    body(await client.patch(path, json={"language": "en"}, headers=headers))
    await handed_over(client, cast)
    old = await listed(client, cast, "/v1/organisations/so-gddt/contacts")
    assert [one["active"] for one in old] == [False, False]
    new = await listed(client, cast, "/v1/organisations/so-nv/contacts")
    assert sorted(one["email"] for one in new if one["active"]) == [
        "a@example.org",
        "chung@example.org",
    ]
    assert [one["language"] for one in new if one["email"] == "a@example.org"] == ["en"]


async def test_accounts_follow_with_the_same_role_and_nobody_else_gains_a_right(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await session.execute(
        update(Membership)
        .where(Membership.user_id == cast.officer.id)
        .values(valid_from=date(2024, 1, 1))
    )
    await session.commit()
    before = {row.id: row for row in await session.scalars(select(Membership))}
    await handed_over(client, cast)
    session.expire_all()
    after = list(await session.scalars(select(Membership).order_by(Membership.valid_from)))
    mine = [row for row in after if row.user_id == cast.officer.id]
    assert [(row.role, row.valid_from, row.valid_to) for row in mine] == [
        ("officer", date(2024, 1, 1), date(2025, 2, 28)),
        ("officer", date(2025, 3, 1), None),
    ]
    others = {cast.officer.id, cast.head.id}
    assert len(after) == len(before) + 1
    assert all(row.id in before for row in after if row.user_id not in others)
    me = await read(client, cast.officer, "/v1/me")
    assert me["memberships"] == [{"role": "officer", "organisation": "so-nv"}]
    assert await read(client, cast.foreign_officer, HANDOVERS) == {"items": [], "next_cursor": None}


async def test_the_old_body_ends_and_each_names_the_other(client: AsyncClient, cast: Cast) -> None:
    made = await handed_over(client, cast, to=None, new_body=NEW_BODY)
    old = await read(client, cast.viewer, "/v1/organisations/so-gddt")
    assert (old["valid_to"], old["successors"][0]["organisation"]) == ("2025-02-28", "so-moi")
    assert old["successors"][0]["handover"] == made["id"]
    new = await read(client, cast.viewer, "/v1/organisations/so-moi")
    assert (new["valid_from"], new["predecessors"][0]["organisation"]) == ("2025-03-01", "so-gddt")
    now = {one["code"] for one in await listed(client, cast, "/v1/organisations")}
    then = {one["code"] for one in await listed(client, cast, "/v1/organisations", on="2025-02-28")}
    both = {
        one["code"] for one in await listed(client, cast, "/v1/organisations", include="former")
    }
    assert now ^ then == {"so-gddt", "so-moi"}
    assert both == now | then


async def test_an_ended_body_takes_no_new_responsibility(client: AsyncClient, cast: Cast) -> None:
    await handed_over(client, cast)
    asked = {
        "framework": 2024,
        "node": "2.2.1",
        "organisation": "so-gddt",
        "role": "cooperating",
        "legal_basis": "QĐ",
        "valid_from": "2025-03-01",
    }
    refused = await client.post(
        "/v1/responsibilities", json=asked, headers=cast.coordinator.headers
    )
    assert pointers(body(refused, 422)) == ["/organisation"]


async def test_an_exception_goes_to_another_body(client: AsyncClient, cast: Cast) -> None:
    await opened_period(client, cast)
    exception = {"node": "2.1.2", "from": "so-gddt", "to": "so-ct"}
    await handed_over(client, cast, exceptions=[exception])
    duty = await assignment_of(client, cast, "2.1.2", organisation="so-ct")
    assert duty["organisation"]["code"] == "so-ct"
    assert ("2.1.2", "lead") in await held(client, cast, "so-ct", "2025-03-01")
    assert ("2.1.2", "lead") not in await held(client, cast, "so-nv", "2025-03-01")
    me = await read(client, cast.officer, "/v1/me")
    assert me["memberships"] == [{"role": "officer", "organisation": "so-nv"}]


async def test_a_transfer_moves_single_duties_and_leaves_the_body_standing(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    await add_contact(client, cast, "so-gddt", "a@example.org")
    chosen = [{"node": "2.1.1", "from": "so-gddt"}]
    made = await handed_over(client, cast, kind="transfer", responsibilities=chosen)
    assert made["moved"] == {"responsibility": 1, "assignment": 1}
    assert await held(client, cast, "so-gddt", "2025-03-01") == {
        ("2.1.2", "lead"),
        ("2.1.3", "lead"),
    }
    standing = await read(client, cast.viewer, "/v1/organisations/so-gddt")
    assert (standing["valid_to"], standing["successors"], standing["reachable"]) == (None, [], True)


async def test_a_split_may_leave_the_body_standing_with_the_rest(
    client: AsyncClient, cast: Cast
) -> None:
    exceptions = [{"node": "2.1.3", "from": "so-gddt", "to": "so-ct"}]
    made = await handed_over(client, cast, kind="split", to="so-gddt", exceptions=exceptions)
    assert made["moved"] == {"responsibility": 1}
    assert (await read(client, cast.viewer, "/v1/organisations/so-gddt"))["valid_to"] is None


async def test_what_the_receiver_holds_already_is_not_doubled(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    planned = await plan(client, cast, **{"from": ["so-tp", "catp"]}, to="cuc-thads")
    assert codes(planned["preview"]) >= {"already_responsible", "double_assignment"}
    assert not planned["preview"]["blocked"]
    body(await carry(client, cast, planned["id"]))
    assert await held(client, cast, "cuc-thads", "2025-03-01") == {("1.1.2", "joint_lead")}
    params = {"organisation": "cuc-thads", "period": "ky-2024"}
    assert len(await listed(client, cast, "/v1/assignments", **params)) == 3


async def test_a_successor_without_a_contact_is_told_as_an_unreachable_owner(
    client: AsyncClient, cast: Cast
) -> None:
    planned = await plan(client, cast)
    assert codes(planned["preview"]) == {"unreachable_owner"}
    await add_contact(client, cast, "so-nv", "nv@example.org")
    looked = await read(client, cast.coordinator, f"{HANDOVERS}/{planned['id']}/preview")
    assert codes(looked) == set()


async def test_whoever_would_review_what_he_sent_is_named(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await opened_period(client, cast)
    duty = await assignment_of(client, cast)
    sent = await submitted(client, cast.officer, duty["id"])
    coordinating = select(Membership.organisation_id).where(
        Membership.user_id == cast.coordinator.id
    )
    session.add(
        Membership(
            user_id=cast.officer.id,
            organisation_id=await session.scalar(coordinating),
            role="coordinator",
        )
    )
    await session.commit()
    planned = await plan(client, cast, to="so-khcn")
    assert codes(planned["preview"]) >= {"own_review", "coordinator_reviews_own_body"}
    body(await carry(client, cast, planned["id"]))
    refused = await act(client, cast.officer, sent["id"], "accept")
    assert refused.json()["type"] == "urn:pii:problem:own-submission"


async def test_without_its_basis_it_is_planned_and_not_carried_out(
    client: AsyncClient, cast: Cast
) -> None:
    planned = await plan(client, cast, basis=None)
    assert "basis_missing" in codes(planned["preview"])
    refused = await carry(client, cast, planned["id"])
    assert body(refused, 409)["type"] == "urn:pii:problem:blocked"
    headers = {**cast.coordinator.headers, "if-match": "*"}
    path = f"{HANDOVERS}/{planned['id']}"
    changed = body(await client.patch(path, json={"basis": BASIS}, headers=headers))
    assert changed["basis"] == BASIS
    body(await carry(client, cast, planned["id"]))
    late = await client.patch(path, json={"basis": BASIS}, headers=headers)
    assert body(late, 409)["type"] == "urn:pii:problem:not-planned"


async def test_the_etag_of_the_planned_one_is_what_a_change_asks_for(
    client: AsyncClient, cast: Cast
) -> None:
    chosen = [{"node": "2.1.1", "from": "so-gddt"}]
    asked = {
        "kind": "transfer",
        "from": ["so-gddt"],
        "to": "so-nv",
        "effective_on": "2025-03-01",
        "responsibilities": chosen,
    }
    headers = cast.coordinator.headers
    made = await client.post(HANDOVERS, json=asked, headers=headers)
    path = f"{HANDOVERS}/{body(made, 201)['id']}"
    fresh = {**headers, "if-match": made.headers["etag"]}
    change = {"exceptions": [{"node": "2.1.1", "from": "so-gddt", "to": "so-ct"}]}
    changed = body(await client.patch(path, json=change, headers=fresh))
    assert [one["code"] for one in changed["receivers"]] == ["so-ct", "so-nv"]
    assert (await client.patch(path, json=change, headers=fresh)).status_code == 412
    stale = await client.post(f"{path}/carry-out", headers=fresh)
    assert stale.status_code == 412


@pytest.mark.parametrize(
    ("days", "values", "status"),
    [
        (31, {}, 409),
        (30, {}, 200),
        (1, {}, 200),
        (1, {"contact": True}, 409),
        (0, {"contact": True}, 200),
    ],
)
async def test_only_responsibilities_are_dated_ahead(
    client: AsyncClient, cast: Cast, days: int, values: dict[str, Any], status: int
) -> None:
    if values:
        await add_contact(client, cast, "nhcsxh-hn", "a@example.org")
    day = (TODAY + timedelta(days=days)).isoformat()
    planned = await plan(client, cast, **{"from": ["nhcsxh-hn"]}, effective_on=day)
    answer = await carry(client, cast, planned["id"])
    assert answer.status_code == status
    if status == 409:
        assert answer.json()["type"] == "urn:pii:problem:too-early"
        assert planned["preview"]["earliest_on"] in answer.json()["detail"]


async def test_a_cancelled_one_is_not_carried_out_and_may_be_planned_again(
    client: AsyncClient, cast: Cast
) -> None:
    planned = await plan(client, cast)
    path = f"{HANDOVERS}/{planned['id']}"
    headers = cast.coordinator.headers
    asked = {"kind": "merge", "from": ["so-gddt"], "to": "so-tc", "effective_on": "2025-03-01"}
    assert body(await client.post(HANDOVERS, json=asked, headers=headers), 409)
    gone = await client.post(f"{path}/cancel", json={"reason": "Nhập nhầm"}, headers=headers)
    assert body(gone)["state"] == "cancelled"
    assert (await carry(client, cast, planned["id"])).status_code == 409
    assert (await client.get(f"{path}/receipt", headers=headers)).status_code == 409
    body(await client.post(HANDOVERS, json=asked, headers=headers), 201)


async def test_the_receipt_names_every_thing_that_moved_and_both_sides_read_it(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await opened_period(client, cast)
    await add_contact(client, cast, "so-gddt", "a@example.org")
    chosen = [{"node": "2.1.1", "from": "so-gddt"}]
    made = await handed_over(client, cast, kind="transfer", to="so-ct", responsibilities=chosen)
    told = await receipt(client, cast.coordinator, made["id"])
    for side in (cast.officer, cast.head, cast.foreign_officer, cast.leader):
        seen = await receipt(client, side, made["id"])
        assert seen["items"] == told["items"]
    assert [item["kind"] for item in told["items"]] == ["responsibility", "assignment"]
    entries = await session.scalars(
        select(AuditEntry.object_id).where(
            AuditEntry.trace_id == told["trace_id"], AuditEntry.action == "handed_over"
        )
    )
    assert sorted(entries) == sorted(item["object_id"] for item in told["items"])


async def test_reminders_are_planned_anew_for_every_open_period(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    opened = await opened_period(client, cast)
    made = await handed_over(client, cast)
    events = await session.scalars(
        select(OutboxMessage.payload).where(OutboxMessage.event == "HandedOver")
    )
    assert list(events) == [{"period_id": opened["id"], "handover_id": made["id"]}]


async def test_what_was_moved_is_never_rewritten(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    made = await handed_over(client, cast)
    change = update(HandoverMove).where(HandoverMove.handover_id == UUID(made["id"]))
    with pytest.raises(DBAPIError, match="is history"):
        await session.execute(change.values(number=0))


async def test_the_coordinating_body_hands_over_that_it_coordinates(
    client: AsyncClient, cast: Cast
) -> None:
    await handed_over(client, cast, **{"from": ["so-khcn"]}, to=None, new_body=NEW_BODY)
    new = await read(client, cast.viewer, "/v1/organisations/so-moi")
    old = await read(client, cast.viewer, "/v1/organisations/so-khcn")
    assert (new["is_coordinator"], old["is_coordinator"]) == (True, False)
    me = await read(client, cast.coordinator, "/v1/me")
    assert me["memberships"] == [{"role": "coordinator", "organisation": "so-moi"}]


async def test_the_same_request_carries_out_once(client: AsyncClient, cast: Cast) -> None:
    planned = await plan(client, cast)
    headers = {**cast.coordinator.headers, "idempotency-key": "ban-giao-1"}
    path = f"{HANDOVERS}/{planned['id']}/carry-out"
    first = await client.post(path, headers=headers)
    again = await client.post(path, headers=headers)
    assert body(again) == body(first)
    assert again.headers["idempotency-replayed"] == "true"


async def test_a_duty_that_is_reopened_after_its_body_ended_is_transferred(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    duty = await assignment_of(client, cast)
    taken = await accepted(client, cast, duty["id"])
    await handed_over(client, cast)
    await done(client, cast.coordinator, taken["id"], "reopen", "Sai số liệu")
    assert (await assignment_of(client, cast))["status"] == "open"
    chosen = [{"node": "2.1.1", "from": "so-gddt"}]
    made = await handed_over(client, cast, kind="transfer", responsibilities=chosen)
    assert made["moved"] == {"assignment": 1}
    moved = await assignment_of(client, cast, organisation="so-nv")
    assert (moved["id"], moved["legal_basis"].startswith(BASIS["title"])) == (duty["id"], True)
    # It has the receiver's own responsibility, so opening the period once more makes no second duty.
    again = await client.post("/v1/periods/ky-2024/open", headers=cast.coordinator.headers)
    assert body(again)["assignments"] == 58


async def test_opening_again_makes_no_second_duty_for_what_is_done(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    duty = await assignment_of(client, cast)
    await accepted(client, cast, duty["id"])
    await handed_over(client, cast)
    again = await client.post("/v1/periods/ky-2024/open", headers=cast.coordinator.headers)
    assert body(again)["assignments"] == 58


async def test_a_body_sees_of_an_act_of_several_what_it_gives_or_gets(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    await add_contact(client, cast, "so-ct", "ct@example.org")
    duty = await assignment_of(client, cast, "5.2.3", organisation="so-ct")
    await accepted_by_another(client, cast, duty["id"])
    planned = await plan(client, cast, **{"from": ["so-gddt", "so-ct"]}, to="so-tp")
    seen = await read(client, cast.officer, f"{HANDOVERS}/{planned['id']}/preview")
    whole = planned["preview"]
    assert whole["counts"]["responsibilities"] == 7
    assert seen["counts"]["responsibilities"] == 3
    assert seen["contacts"] == []
    assert (len(whole["stays"]["done_duties"]), seen["stays"]["done_duties"]) == (1, [])


async def accepted_by_another(client: AsyncClient, cast: Cast, duty: str) -> None:
    sent = await submitted(client, cast.foreign_officer, duty)
    await done(client, cast.coordinator, sent["id"], "accept")


async def test_a_key_of_one_body_hands_nothing_over(client: AsyncClient, cast: Cast) -> None:
    asked = {
        "name": "k",
        "scopes": ["plan:write", "periods:write", "handovers:read", "plan:read"],
        "organisation": "so-gddt",
        "expires_on": "2030-01-01",
    }
    made = await client.post("/v1/api-keys", json=asked, headers=cast.admin.headers)
    headers = {"authorization": f"Bearer {body(made, 201)['key']}"}
    refused = await client.post(HANDOVERS, json=MERGE, headers=headers)
    assert refused.status_code == 403
    planned = await plan(client, cast)
    assert "key_left" in codes(planned["preview"])


async def test_a_period_that_was_limited_to_a_body_that_ends_is_named(
    client: AsyncClient, cast: Cast
) -> None:
    new = {
        "code": "rieng", "name": "Riêng", "framework": 2024, "reference_year": 2025,
        "due_on": "2030-06-30", "scope": {"organisations": [MERGE["from"][0]]},
    }  # fmt: skip
    body(await client.post("/v1/periods", json=new, headers=cast.coordinator.headers), 201)
    planned = await plan(client, cast)
    (told,) = (one for one in planned["preview"]["conflicts"] if one["code"] == "scope_left")
    assert (told["blocks"], "rieng" in told["message_en"]) == (False, True)


async def test_of_two_plans_for_the_same_bodies_each_names_the_other(
    client: AsyncClient, cast: Cast
) -> None:
    planned = await plan(client, cast)
    chosen = [{"node": "2.1.1", "from": "so-gddt"}]
    other = await plan(client, cast, kind="transfer", to="so-ct", responsibilities=chosen)
    for one in (planned, other):
        looked = await read(client, cast.coordinator, f"{HANDOVERS}/{one['id']}/preview")
        assert "planned_elsewhere" in codes(looked)
    body(await carry(client, cast, other["id"]))
    body(await carry(client, cast, planned["id"]))
    assert ("2.1.1", "lead") in await held(client, cast, "so-ct", "2025-03-01")
    assert ("2.1.1", "lead") not in await held(client, cast, "so-nv", "2025-03-01")


async def test_nothing_is_handed_over_to_a_body_that_has_ended(
    client: AsyncClient, cast: Cast
) -> None:
    await handed_over(client, cast)
    planned = await plan(client, cast, **{"from": ["so-ct"]}, to="so-gddt")
    assert "body_not_standing" in codes(planned["preview"])
    refused = body(await carry(client, cast, planned["id"]), 409)
    assert refused["type"] == "urn:pii:problem:blocked"


async def test_what_begins_on_the_day_or_later_changes_hands_as_it_is(
    client: AsyncClient, cast: Cast
) -> None:
    later = await responsibility(client, cast, "7.2.3", "so-gddt", "2025-06-01")
    made = await handed_over(client, cast)
    told = await receipt(client, cast.coordinator, made["id"])
    (item,) = [one for one in told["items"] if one["object_id"] == later]
    assert (item["action"], item["new_object_id"]) == ("in_place", None)
    now = await read(client, cast.viewer, f"/v1/responsibilities/{later}")
    assert (now["organisation"], now["valid_from"]) == ("so-nv", "2025-06-01")
    assert now["note"] == "tiếp nhận từ Sở Giáo dục và Đào tạo"


@pytest.mark.parametrize(
    ("node", "role", "giver_from"),
    [("2.1.1", "lead", None), ("7.2.3", "cooperating", "2025-06-01")],
)
async def test_a_responsibility_that_both_would_hold_for_a_while_stands_against_it(
    client: AsyncClient, cast: Cast, node: str, role: str, giver_from: str | None
) -> None:
    if giver_from:
        await responsibility(client, cast, node, "so-gddt", giver_from)
    await responsibility(client, cast, node, "so-nv", "2025-09-01", role=role)
    planned = await plan(client, cast)
    assert "overlapping_responsibility" in codes(planned["preview"])
    assert planned["preview"]["blocked"]
    body(await carry(client, cast, planned["id"]), 409)
    assert (await read(client, cast.viewer, "/v1/organisations/so-gddt"))["valid_to"] is None


async def responsibility(
    client: AsyncClient,
    cast: Cast,
    node: str,
    code: str,
    valid_from: str,
    *,
    role: str = "cooperating",
) -> str:
    asked = {
        "framework": 2024,
        "node": node,
        "organisation": code,
        "role": role,
        "legal_basis": "Quyết định thử",
        "valid_from": valid_from,
    }
    made = await client.post("/v1/responsibilities", json=asked, headers=cast.coordinator.headers)
    return str(body(made, 201)["id"])


async def test_whoever_no_longer_answers_is_not_reminded_and_the_ledger_says_why(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    now = datetime.now(UTC)
    await opened_period(client, cast, due_on=TODAY.isoformat())
    await add_contact(client, cast, "so-gddt", "cu@example.org")
    await add_contact(client, cast, "so-ct", "moi@example.org")
    await plan_reminders(session, period_id=None, now=now)
    await session.commit()
    chosen = [{"node": "2.1.1", "from": "so-gddt"}]
    planned = await plan(client, cast, kind="transfer", to="so-ct", responsibilities=chosen)
    assert planned["preview"]["counts"]["reminders"] > 0
    body(await carry(client, cast, planned["id"]))
    await plan_reminders(session, period_id=None, now=now)
    duty = await assignment_of(client, cast, organisation="so-ct")
    rows = await session.execute(
        select(Reminder.recipient, Reminder.state, Reminder.reason)
        .where(Reminder.assignment_id == duty["id"], Reminder.audience == "officer")
        .distinct()
    )
    assert set(map(tuple, rows)) == {
        ("cu@example.org", "skipped", reasons.PASSED_ON),
        ("moi@example.org", "planned", None),
    }


async def test_history_keeps_no_person_and_the_receipt_names_them_while_they_are_known(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await opened_period(client, cast)
    await add_contact(client, cast, "so-gddt", "rieng@example.org")
    duty = await assignment_of(client, cast)
    await drafted(client, cast.officer, duty["id"])
    made = await handed_over(client, cast)
    columns = (HandoverMove.old, HandoverMove.new, HandoverMove.facts)
    kept = str((await session.execute(select(*columns))).all())
    for words in ("rieng@example.org", "Đầu mối so-gddt", cast.officer.name, cast.officer.login):
        assert words not in kept.replace("'role': 'officer'", "")
    told = await receipt(client, cast.coordinator, made["id"])
    names = {one["facts"]["name"] for one in told["items"] if "name" in one["facts"]}
    assert names == {"Đầu mối so-gddt", cast.officer.name, cast.head.name}


async def test_each_side_reads_in_the_receipt_what_it_gave_or_got(
    client: AsyncClient, cast: Cast
) -> None:
    chosen = [{"node": "2.1.1", "from": "so-gddt"}, {"node": "5.2.3", "from": "so-ct"}]
    givers = {"from": ["so-gddt", "so-ct"]}
    made = await handed_over(client, cast, kind="transfer", responsibilities=chosen, **givers)
    for who, nodes in (
        (cast.coordinator, {"2.1.1", "5.2.3"}),
        (cast.officer, {"2.1.1"}),
        (cast.foreign_officer, {"5.2.3"}),
    ):
        told = await receipt(client, who, made["id"])
        assert {item["facts"]["node"] for item in told["items"]} == nodes
        assert told["counts"] == {"responsibility": len(nodes)}
