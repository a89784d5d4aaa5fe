from datetime import timedelta

from httpx import AsyncClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.clock import today_in_hanoi
from services.api.periods.opening import kind_of_duty
from shared.models import OutboxMessage
from tests.cast import Cast
from tests.factories import accepted, assignment_of, body, officers_duty, opened_period


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
        "period=ky-1999": 0,
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
        moved = body(await client.patch(path, json={"due_on": str(due)}, headers=headers))
        assert (moved["overdue"], moved["days_late"]) == (overdue, late)
    listed = await client.get("/v1/assignments?status=overdue", headers=cast.coordinator.headers)
    assert [item["id"] for item in body(listed)["items"]] == [duty["id"]]


async def test_a_moved_deadline_is_announced_once(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    duty = await officers_duty(client, cast)
    path, headers = f"/v1/assignments/{duty['id']}", {**cast.coordinator.headers, "if-match": "*"}
    for _ in range(2):
        body(await client.patch(path, json={"due_on": "2031-01-01"}, headers=headers))
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
            path, json={"due_on": day}, headers={**headers, "if-match": read.headers["etag"]}
        )
        assert moved.status_code == 422
        assert moved.json()["errors"][0]["pointer"] == "/due_on"
