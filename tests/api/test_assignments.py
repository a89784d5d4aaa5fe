from datetime import timedelta

from httpx import AsyncClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.clock import today_in_hanoi
from services.api.periods.opening import kind_of_duty
from shared.models import OutboxMessage
from tests.cast import Cast
from tests.factories import (
    accepted,
    assignment_of,
    attached,
    body,
    done,
    drafted,
    officers_duty,
    opened_period,
)


async def test_duties_are_found_by_each_filter(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    await accepted(client, cast, duty["id"])
    for query, found in {
        "organisation=so-gddt": 3,
        "organisation=so-gddt&status=open": 2,
        "organisation=so-gddt&status=accepted": 1,
        "organisation=so-gddt&status=overdue": 0,
        "indicator=3.2.1": 4,
        "indicator=1.1.2": 4,
        "indicator=2.1": 3,
        "due_before=2030-06-30": 0,
        "organisation=so-gddt&due_before=2030-07-01": 3,
    }.items():
        listed = await client.get(f"/v1/assignments?{query}", headers=cast.coordinator.headers)
        assert len(body(listed)["items"]) == found, query


async def test_a_duty_is_overdue_from_the_day_after_its_deadline_in_hanoi(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    path, headers = f"/v1/assignments/{duty['id']}", {**cast.coordinator.headers, "if-match": "*"}
    for days, overdue, late in ((0, False, 0), (1, True, 1), (3, True, 3)):
        due = today_in_hanoi() - timedelta(days=days)
        moved = body(
            await client.patch(
                path, json={"due_on": str(due), "reason": "Bộ lùi hạn"}, headers=headers
            )
        )
        assert (moved["overdue"], moved["days_late"]) == (overdue, late)
    listed = await client.get("/v1/assignments?status=overdue", headers=cast.coordinator.headers)
    assert [item["id"] for item in body(listed)["items"]] == [duty["id"]]


async def test_the_list_of_what_is_overdue_has_what_says_so_of_itself_at_every_stage(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    path = f"/v1/assignments/{duty['id']}"
    headers = cast.coordinator.headers
    past = {"due_on": str(today_in_hanoi() - timedelta(days=2)), "reason": "Bộ lùi hạn"}
    body(await client.patch(path, json=past, headers={**headers, "if-match": "*"}))
    seen = []

    async def look() -> None:
        shown = body(await client.get(path, headers=headers))
        listed = body(await client.get("/v1/assignments?status=overdue", headers=headers))
        assert [item["id"] for item in listed["items"]] == [duty["id"]] * shown["overdue"]
        seen.append((shown["status"], shown["overdue"]))

    await look()
    for decision in ("return", "reject", "withdraw", "accept"):
        draft = await drafted(client, cast.officer, duty["id"])
        await attached(client, cast.officer, draft["id"])
        await look()
        await done(client, cast.officer, draft["id"], "submit")
        await look()
        if decision == "withdraw":
            await done(client, cast.officer, draft["id"], decision)
        else:
            await done(client, cast.coordinator, draft["id"], decision, "Thiếu trang 2")
        await look()
    # A newer revision beside what is in force, then none in force.
    newer = await drafted(client, cast.officer, duty["id"])
    await look()
    await done(client, cast.officer, newer["id"], "withdraw")
    await look()
    await done(client, cast.coordinator, draft["id"], "reopen", "Sai số liệu")
    await look()
    body(await client.post(f"{path}/excuse", json={"reason": "Không còn nguồn"}, headers=headers))
    await look()
    assert set(seen) == {
        ("open", True),
        ("submitted", False),
        ("returned", True),
        ("accepted", False),
        ("excused", False),
    }


async def test_a_moved_deadline_is_announced_once(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    duty = await officers_duty(client, cast)
    path, headers = f"/v1/assignments/{duty['id']}", {**cast.coordinator.headers, "if-match": "*"}
    for _ in range(2):
        body(
            await client.patch(
                path, json={"due_on": "2031-01-01", "reason": "Bộ lùi hạn"}, headers=headers
            )
        )
    events = await session.scalars(
        select(OutboxMessage.payload).where(OutboxMessage.event == "DeadlineMoved")
    )
    assert [payload["assignment_id"] for payload in events] == [duty["id"]]


async def test_components_and_joint_leads_are_duties_of_their_own(
    client: AsyncClient, cast: Cast
) -> None:
    await opened_period(client, cast)
    power = await assignment_of(client, cast, "3.2.1.dien-nang", organisation="so-ct")
    assert (power["role"], power["kind"]) == ("lead", "figure")
    court = await assignment_of(client, cast, "1.1.2", organisation="tand-tp")
    assert (court["role"], court["kind"]) == ("requested", "report")


def test_leads_owe_figures_unless_central_bodies_supply_them() -> None:
    figures = {
        (role, supply)
        for role in ("lead", "joint_lead", "cooperating", "requested")
        for supply in ("local", "central", "unknown", None)
        if kind_of_duty(role=role, supply=supply) == "figure"
    }
    leads = ("lead", "joint_lead")
    assert figures == {(role, supply) for role in leads for supply in ("local", "unknown", None)}


async def test_a_deadline_a_century_away_is_taken_for_a_slip(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    path, headers = f"/v1/assignments/{duty['id']}", cast.coordinator.headers
    read = await client.get(path, headers=headers)
    for day in ("2000-01-01", "2199-12-31"):
        moved = await client.patch(
            path,
            json={"due_on": day, "reason": "Bộ lùi hạn"},
            headers={**headers, "if-match": read.headers["etag"]},
        )
        assert moved.status_code == 422
        assert moved.json()["errors"][0]["pointer"] == "/due_on"


async def test_a_nil_return_that_was_accepted_is_a_status_of_its_own(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    await accepted(client, cast, duty["id"], nil_reason="Chưa đến kỳ điều tra")
    headers = cast.coordinator.headers
    listed = body(await client.get("/v1/assignments?status=nil", headers=headers))["items"]
    assert [(item["id"], item["status"]) for item in listed] == [(duty["id"], "nil")]
    assert body(await client.get("/v1/assignments?status=accepted", headers=headers))["items"] == []


async def test_an_excused_duty_is_not_owed_until_the_excuse_is_lifted(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    duty = await officers_duty(client, cast)
    path, headers = f"/v1/assignments/{duty['id']}", cast.coordinator.headers
    match = {**headers, "if-match": "*"}
    past = {"due_on": str(today_in_hanoi() - timedelta(days=3)), "reason": "Bộ lùi hạn"}
    body(await client.patch(path, json=past, headers=match))
    why = {"reason": "Không còn thu thập"}
    excused = body(await client.post(f"{path}/excuse", json=why, headers=headers))
    assert (excused["status"], excused["overdue"]) == ("excused", False)
    assert excused["excused"]["reason"] == why["reason"]
    assert excused["allowed_actions"] == ["edit", "lift_excuse"]
    new = await client.post(f"{path}/submissions", json={"value": 5}, headers=cast.officer.headers)
    assert new.status_code == 409
    assert (await client.post(f"{path}/excuse", json=why, headers=headers)).status_code == 409
    lifted = body(await client.post(f"{path}/lift-excuse", json=why, headers=headers))
    assert (lifted["status"], lifted["overdue"], lifted["excused"]) == ("open", True, None)
    events = await session.scalars(
        select(OutboxMessage.event).where(OutboxMessage.event == "DutyExcused")
    )
    assert len(events.all()) == 2


async def test_what_was_done_is_not_excused(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    await accepted(client, cast, duty["id"])
    why = {"reason": "Không còn thu thập"}
    path = f"/v1/assignments/{duty['id']}/excuse"
    answer = await client.post(path, json=why, headers=cast.coordinator.headers)
    assert answer.status_code == 409


async def test_what_came_after_the_last_day_is_marked_late(client: AsyncClient, cast: Cast) -> None:
    duty = await officers_duty(client, cast)
    path, headers = f"/v1/assignments/{duty['id']}", {**cast.coordinator.headers, "if-match": "*"}
    past = {"due_on": str(today_in_hanoi() - timedelta(days=1)), "reason": "Bộ lùi hạn"}
    body(await client.patch(path, json=past, headers=headers))
    taken = await accepted(client, cast, duty["id"])
    assert taken["late"] is True
    shown = body(await client.get(path, headers=cast.officer.headers))
    assert (shown["late"], shown["overdue"], shown["status"]) == (True, False, "accepted")
    listed = body(await client.get("/v1/assignments?status=late", headers=headers))["items"]
    assert [item["id"] for item in listed] == [duty["id"]]


async def test_a_body_with_a_part_in_an_indicator_sees_what_others_do_there_and_may_contribute(
    client: AsyncClient, cast: Cast
) -> None:
    helping = {
        "framework": 2024,
        "node": "2.1.1",
        "organisation": "so-ct",
        "role": "cooperating",
        "legal_basis": "QĐ",
        "valid_from": "2024-08-06",
    }
    coordinator = cast.coordinator.headers
    body(await client.post("/v1/responsibilities", json=helping, headers=coordinator), 201)
    duty = await officers_duty(client, cast)
    path, helper = f"/v1/assignments/{duty['id']}", cast.foreign_officer.headers
    assert body(await client.get(path, headers=helper))["allowed_actions"] == []
    own = body(await client.get("/v1/assignments?limit=200", headers=helper))["items"]
    assert duty["id"] not in {item["id"] for item in own}
    more = await client.get("/v1/assignments?limit=200&concerned=true", headers=helper)
    assert duty["id"] in {item["id"] for item in body(more)["items"]}
    draft = await drafted(client, cast.officer, duty["id"])
    unseen = await client.get(f"/v1/submissions/{draft['id']}", headers=helper)
    assert unseen.status_code == 404
    await attached(client, cast.officer, draft["id"])
    sent = await done(client, cast.officer, draft["id"], "submit")
    seen = body(await client.get(f"/v1/submissions/{draft['id']}", headers=helper))
    assert (seen["state"], seen["allowed_actions"]) == ("submitted", [])
    listed = await client.get(f"/v1/submissions?assignment={duty['id']}", headers=helper)
    assert [item["id"] for item in body(listed)["items"]] == [sent["id"]]
    note = {"note": "Số liệu của ngành công thương kèm theo"}
    added = body(await client.post(f"{path}/contributions", json=note, headers=helper), 201)
    assert [item["organisation"] for item in added["items"]] == ["so-ct"]
    read = body(await client.get(f"{path}/contributions", headers=cast.officer.headers))
    assert read == added
    refused = await client.post(f"{path}/contributions", json=note, headers=cast.officer.headers)
    assert refused.status_code == 403
    foreign = await assignment_of(client, cast, "2.1.2")
    hidden = await client.get(f"/v1/assignments/{foreign['id']}", headers=helper)
    assert hidden.status_code == 404


async def test_contributions_come_a_page_at_a_time(client: AsyncClient, cast: Cast) -> None:
    await opened_period(client, cast)
    court = await assignment_of(client, cast, "1.1.2", organisation="tand-tp")
    path = f"/v1/assignments/{court['id']}/contributions"
    empty = body(await client.get(f"{path}?limit=1", headers=cast.coordinator.headers))
    assert empty == {"items": [], "next_cursor": None}
