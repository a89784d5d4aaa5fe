import asyncio

from httpx import AsyncClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.embedded import Servers
from shared.db import PooledDatabase
from shared.models import OutboxMessage
from tests.cast import Cast, make_cast
from tests.conftest import copied_database, serving, settings_for
from tests.factories import (
    PERIOD,
    act,
    assignment_of,
    attached,
    body,
    closed_period,
    done,
    drafted,
    drafted_period,
    officers_duty,
    opened_period,
    submitted,
)


async def test_opening_makes_a_duty_of_every_standing_responsibility(
    client: AsyncClient, cast: Cast
) -> None:
    draft = await drafted_period(client, cast)
    assert (draft["state"], draft["assignments"]) == ("draft", 0)
    opened = body(await client.post(f"/v1/periods/{PERIOD}/open", headers=cast.coordinator.headers))
    standing = await client.get("/v1/responsibilities?limit=200", headers=cast.viewer.headers)
    assert opened["state"] == "open"
    assert opened["assignments"] == len(body(standing)["items"]) >= 57
    assert opened["allowed_actions"] == ["edit", "open", "close", "load_panel"]


async def test_opening_again_adds_only_what_is_new(client: AsyncClient, cast: Cast) -> None:
    before = await opened_period(client, cast)
    path, headers = f"/v1/periods/{PERIOD}/open", cast.coordinator.headers
    same = body(await client.post(path, headers=headers))
    assert same == before
    duty = {
        "framework": 2024,
        "node": "2.1.1",
        "organisation": "so-nv",
        "role": "cooperating",
        "legal_basis": "QĐ",
        "valid_from": "2024-08-06",
    }
    body(await client.post("/v1/responsibilities", json=duty, headers=headers), 201)
    ended = duty | {"organisation": "so-tp", "valid_from": "2199-01-01"}
    body(await client.post("/v1/responsibilities", json=ended, headers=headers), 201)
    assert (
        body(await client.post(path, headers=headers))["assignments"] == before["assignments"] + 1
    )


async def test_a_drafts_deadline_may_move_and_its_duties_get_it(
    client: AsyncClient, cast: Cast
) -> None:
    await drafted_period(client, cast)
    headers = {**cast.coordinator.headers, "if-match": "*"}
    moved = {"due_on": "2031-05-05"}
    body(await client.patch(f"/v1/periods/{PERIOD}", json=moved, headers=headers))
    body(await client.post(f"/v1/periods/{PERIOD}/open", headers=cast.coordinator.headers))
    duties = body(await client.get("/v1/assignments", headers=cast.coordinator.headers))["items"]
    assert {duty["due_on"] for duty in duties} == {"2031-05-05"}


async def test_the_preview_shows_just_what_opening_makes(client: AsyncClient, cast: Cast) -> None:
    await drafted_period(client, cast)
    path, headers = f"/v1/periods/{PERIOD}", cast.coordinator.headers
    contact = {"name": "A", "email": "a@example.org"}
    body(
        await client.post("/v1/organisations/so-gddt/contacts", json=contact, headers=headers), 201
    )
    preview = body(await client.get(f"{path}/opening", headers=headers))
    assert (preview["can_open"], preview["existing"], preview["deadline"]) == (True, 0, None)
    assert "so-gddt" not in preview["unreachable"]
    assert "so-ct" in preview["unreachable"]
    body(await client.post(f"{path}/open", headers=headers))
    made = body(await client.get("/v1/assignments?limit=200", headers=headers))["items"]
    assert [
        (duty["indicator"]["code"], duty["organisation"]["code"], duty["kind"], duty["due_on"])
        for duty in made
    ] == [
        (duty["indicator"], duty["organisation"], duty["kind"], duty["due_on"])
        for duty in preview["to_create"]
    ]
    again = body(await client.get(f"{path}/opening", headers=headers))
    assert (again["to_create"], again["existing"]) == ([], len(made))


async def test_the_citys_deadline_is_proposed_from_the_ministrys_with_its_arithmetic(
    client: AsyncClient, cast: Cast
) -> None:
    headers = cast.coordinator.headers
    asked = "ministry_due_on=2026-08-31&working_days_before=3&span=half_year&on=2026-08-01"
    proposed = body(await client.get(f"/v1/period-proposals?{asked}", headers=headers))
    assert proposed["covers"] == {
        "span": "half_year",
        "covers_from": "2026-06-15",
        "covers_to": "2026-12-14",
    }
    assert proposed["deadline"]["proposed_due_on"] == "2026-08-26"
    assert proposed["deadline"]["calendar_confirmed"] is False
    week = [
        {"day": f"2026-08-{day}", "kind": "off", "name": "Nghỉ"} for day in (24, 25, 26, 27, 28)
    ]
    year = {"days": week, "confirmed": True, "decision": "QĐ 1"}
    body(await client.put("/v1/calendar/2026", json=year, headers={**headers, "if-match": "*"}))
    await drafted_period(client, cast)
    planning = {"ministry_due_on": "2026-08-31", "working_days_before": 3}
    match = {**headers, "if-match": "*"}
    body(await client.patch(f"/v1/periods/{PERIOD}", json=planning, headers=match))
    deadline = body(await client.get(f"/v1/periods/{PERIOD}/opening", headers=headers))["deadline"]
    assert (deadline["proposed_due_on"], deadline["days_off_passed_over"]) == ("2026-08-19", 9)
    assert deadline["calendar_confirmed"] is True


async def test_deadlines_differ_by_body_and_node_on_opening_and_when_they_are_applied(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await drafted_period(client, cast)
    path, headers = f"/v1/periods/{PERIOD}", cast.coordinator.headers
    match = {**headers, "if-match": "*"}
    rules = [
        {"organisation": None, "node": "2", "due_on": "2030-05-01"},
        {"organisation": "so-gddt", "node": "2.1.1", "due_on": "2030-04-01"},
    ]
    set_ = body(await client.put(f"{path}/deadlines", json={"deadlines": rules}, headers=match))
    assert set_["deadlines"] == [rules[1], rules[0]]
    body(await client.post(f"{path}/open", headers=headers))
    for node, due_on in (("2.1.1", "2030-04-01"), ("2.1.2", "2030-05-01")):
        assert (await assignment_of(client, cast, node))["due_on"] == due_on
    finished = await assignment_of(client, cast, "2.1.2")
    await submitted(client, cast.officer, finished["id"])
    later = [{"organisation": "so-gddt", "due_on": "2030-07-01"}]
    body(await client.put(f"{path}/deadlines", json={"deadlines": later}, headers=match))
    dry = await client.post(f"{path}/deadlines/apply", json={"dry_run": True}, headers=headers)
    would = body(dry)["moved"]
    assert (await assignment_of(client, cast, "2.1.1"))["due_on"] == "2030-04-01"
    moved = body(await client.post(f"{path}/deadlines/apply", headers=headers))["moved"]
    assert moved == would
    mine = {move["indicator"] for move in moved if move["organisation"] == "so-gddt"}
    assert mine == {"2.1.1", "2.1.3"}  # 2.1.2 is done
    assert {move["new_due_on"] for move in moved} == {"2030-06-30", "2030-07-01"}
    told = await session.scalars(
        select(OutboxMessage.payload).where(OutboxMessage.event == "DeadlineMoved")
    )
    assert {event["assignment_id"] for event in told} == {move["assignment"] for move in moved}
    assert body(await client.post(f"{path}/deadlines/apply", headers=headers))["moved"] == []


async def test_a_closed_period_is_locked_unless_late_figures_are_allowed(
    client: AsyncClient, cast: Cast
) -> None:
    duty = await officers_duty(client, cast)
    draft = await drafted(client, cast.officer, duty["id"])
    await attached(client, cast.officer, draft["id"])
    await closed_period(client, cast)
    assert (await act(client, cast.officer, draft["id"], "submit")).status_code == 409
    headers = {**cast.coordinator.headers, "if-match": "*"}
    path = f"/v1/periods/{PERIOD}"
    renamed = await client.patch(path, json={"name": "Khác"}, headers=headers)
    assert renamed.status_code == 409
    body(await client.patch(path, json={"late_allowed": True}, headers=headers))
    sent = await done(client, cast.officer, draft["id"], "submit")
    assert sent["allowed_actions"] == ["withdraw"]
    assert (await done(client, cast.coordinator, sent["id"], "accept"))["state"] == "accepted"


async def test_a_progress_report_asks_for_no_figures(client: AsyncClient, cast: Cast) -> None:
    new = {
        "code": "thang-11",
        "name": "Báo cáo tháng 11",
        "framework": 2024,
        "reference_year": 2024,
        "due_on": "2030-11-20",
        "kind": "progress",
        "span": "month",
        "covers_from": "2030-10-15",
        "covers_to": "2030-11-14",
    }
    headers = cast.coordinator.headers
    body(await client.post("/v1/periods", json=new, headers=headers), 201)
    body(await client.post("/v1/periods/thang-11/open", headers=headers))
    duties = body(await client.get("/v1/assignments?limit=200", headers=headers))["items"]
    assert {duty["kind"] for duty in duties} == {"report"}
    match = {**headers, "if-match": "*"}
    annual = {"kind": "annual", "span": None}
    changed = await client.patch("/v1/periods/thang-11", json=annual, headers=match)
    assert changed.status_code == 409


async def test_deadlines_are_replaced_only_by_who_has_read_them(
    client: AsyncClient, cast: Cast
) -> None:
    await drafted_period(client, cast)
    path, headers = f"/v1/periods/{PERIOD}/deadlines", cast.coordinator.headers
    rules = {"deadlines": [{"node": "2", "due_on": "2030-05-01"}]}
    read = await client.get(path, headers=headers)
    assert (await client.put(path, json=rules, headers=headers)).status_code == 428
    match = {**headers, "if-match": read.headers["etag"]}
    body(await client.put(path, json=rules, headers=match))
    lost = await client.put(path, json={"deadlines": []}, headers=match)
    assert lost.status_code == 412
    assert len(body(await client.get(path, headers=headers))["deadlines"]) == 1


async def test_of_many_who_open_at_once_each_duty_is_made_once(
    servers: Servers, template: str
) -> None:
    async with copied_database(servers, template) as url:
        settings = settings_for(servers, url)
        database = PooledDatabase(settings.database_url)
        async with database.transaction() as session:
            cast = await make_cast(session)
        async with serving(settings) as client:
            await drafted_period(client, cast)
            path = f"/v1/periods/{PERIOD}/open"
            answers = await asyncio.gather(
                *(client.post(path, headers=cast.coordinator.headers) for _ in range(6))
            )
            assert {body(answer)["assignments"] for answer in answers} == {
                body(answers[0])["assignments"]
            }
        await database.close()
