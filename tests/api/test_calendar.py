"""The coordinator keeps the calendar; a year is confirmed by a decision."""

import asyncio
from datetime import UTC, date, datetime

import pytest
from httpx import AsyncClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.embedded import Servers
from deploy.seed import fill_calendar
from services.api.calendar.library import FIRST_YEAR, LAST_YEAR, SOURCE, library_days
from services.api.calendar.schemas import CalendarYear as YearSent
from shared.db import PooledDatabase
from shared.models import AuditEntry, CalendarYear
from tests.api.conftest import Real
from tests.cast import Cast, make_cast
from tests.conftest import copied_database, serving, settings_for
from tests.factories import body, drafted_period

YEAR = "/v1/calendar/2026"
ANY = {"if-match": "*"}
DAYS = [
    {"day": "2026-02-14", "kind": "worked", "name": "Làm bù", "decision": "QĐ 1"},
    {"day": "2026-02-16", "kind": "off", "name": "Nghỉ bù", "decision": "QĐ 1"},
]


async def test_a_year_that_nobody_entered_is_empty_and_not_confirmed(
    client: AsyncClient, cast: Cast
) -> None:
    shown = body(await client.get(YEAR, headers=cast.officer.headers))
    assert (shown["confirmed"], shown["days"], shown["allowed_actions"]) == (False, [], [])
    assert shown["working_days"] == 261  # every Monday to Friday


async def test_a_year_is_replaced_whole_and_each_day_that_changed_is_written_down(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    headers = cast.coordinator.headers
    confirmed = {"days": DAYS, "confirmed": True, "decision": "QĐ 1/2025"}
    made = body(await client.put(YEAR, json=confirmed, headers=headers | ANY))
    assert (made["confirmed"], made["decision"], made["days"]) == (True, "QĐ 1/2025", DAYS)
    assert made["working_days"] == 261
    less = body(await client.put(YEAR, json={"days": DAYS[1:]}, headers=headers | ANY))
    assert (less["confirmed"], less["working_days"]) == (False, 260)
    body(await client.put(YEAR, json={"days": DAYS[1:]}, headers=headers | ANY))
    entries = await session.scalars(
        select(AuditEntry.changes)
        .where(AuditEntry.object_type == "calendar")
        .order_by(AuditEntry.id)
    )
    first, second = entries.all()
    assert first["days"] == [0, 2]
    assert second["2026-02-14"] == [DAYS[0], None]


async def test_a_year_that_has_changed_since_it_was_read_is_not_overwritten(
    client: AsyncClient, cast: Cast
) -> None:
    headers = cast.coordinator.headers
    read = await client.get(YEAR, headers=headers)
    body(await client.put(YEAR, json={"days": DAYS}, headers=headers | ANY))
    stale = {**headers, "if-match": read.headers["etag"]}
    answer = await client.put(YEAR, json={"days": []}, headers=stale)
    assert answer.status_code == 412


async def test_a_first_fill_is_a_start_that_says_so_and_overwrites_nothing(
    client: AsyncClient, cast: Cast
) -> None:
    headers = cast.coordinator.headers
    untouched = body(await client.get(YEAR, headers=headers))
    assert (untouched["allowed_actions"], untouched["note"]) == (["edit", "fill"], None)
    filled = body(await client.post(f"{YEAR}/fill", headers=headers))
    kinds = {day["day"]: day["kind"] for day in filled["days"]}
    # The first day of the year of the Horse, and what is worked for a long National Day.
    assert kinds["2026-02-17"] == "off"
    assert (kinds["2026-08-31"], kinds["2026-08-22"]) == ("off", "worked")
    assert filled["confirmed"] is False
    assert filled["decision"] == SOURCE
    assert filled["note"]["en"].startswith("Not confirmed: a first fill from a library")
    assert filled["allowed_actions"] == ["edit"]
    again = await client.post(f"{YEAR}/fill", headers=headers)
    assert body(again, 409)["type"] == "urn:pii:problem:calendar-entered"
    # It is confirmed by a decision's number only, and says then that it is one.
    confirmed = {"days": filled["days"], "confirmed": True, "decision": "QĐ 1/2025"}
    decided = body(await client.put(YEAR, json=confirmed, headers=headers | ANY))
    assert (decided["confirmed"], decided["note"]) == (True, None)


async def test_seeding_fills_this_year_the_next_and_those_of_deadlines_once(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await drafted_period(client, cast, due_on="2031-06-30")
    kept = {"days": DAYS, "decision": "QĐ 1"}
    body(await client.put(YEAR, json=kept, headers=cast.coordinator.headers | ANY))
    today, now = date(2026, 11, 24), datetime.now(UTC)
    assert await fill_calendar(session, today=today, now=now) == [2027, 2031]
    assert await fill_calendar(session, today=today, now=now) == []
    await session.commit()
    shown = body(await client.get(YEAR, headers=cast.coordinator.headers))
    assert shown["days"] == DAYS
    years = await session.scalars(select(CalendarYear.year).where(CalendarYear.confirmed))
    assert years.all() == []


@pytest.mark.parametrize("year", [FIRST_YEAR, 2012, 2026, 2033, LAST_YEAR])
def test_the_library_knows_a_years_holidays_and_stays_within_it(year: int) -> None:
    days = library_days(year)
    assert YearSent(days=days, decision=SOURCE).days == days
    assert len({day.day for day in days}) == len(days) >= 9
    assert {day.day.year for day in days} == {year}
    assert all(day.day.weekday() >= 5 for day in days if day.kind == "worked")
    # Tết's first day, by the moon, lies between these two.
    (tet,) = [day.day for day in days if day.name == "Tết Nguyên Đán"]
    assert date(year, 1, 20) < tet < date(year, 2, 22)


async def test_of_two_who_fill_a_year_at_once_one_does(real: Real) -> None:
    headers = real.cast.coordinator.headers
    filling = (real.client.post(f"{YEAR}/fill", headers=headers) for _ in range(4))
    codes = [answer.status_code for answer in await asyncio.gather(*filling)]
    assert sorted(codes) == [200, 409, 409, 409]


async def test_of_two_who_replace_a_year_at_once_one_wins_whole(
    servers: Servers, template: str
) -> None:
    async with copied_database(servers, template) as url:
        settings = settings_for(servers, url)
        database = PooledDatabase(settings.database_url)
        async with database.transaction() as session:
            cast = await make_cast(session)
        async with serving(settings) as client:
            wanted = [{"days": [day], "decision": str(n)} for n, day in enumerate(DAYS * 4)]
            answers = await asyncio.gather(
                *(
                    client.put(YEAR, json=one, headers=cast.coordinator.headers | ANY)
                    for one in wanted
                )
            )
            assert {answer.status_code for answer in answers} == {200}
            left = body(await client.get(YEAR, headers=cast.coordinator.headers))
            assert {"days": left["days"], "decision": left["decision"]} in wanted
        await database.close()


async def test_a_year_is_only_replaced_by_whoever_read_it(client: AsyncClient, cast: Cast) -> None:
    headers = cast.coordinator.headers
    answer = await client.put(YEAR, json={"days": DAYS}, headers=headers)
    assert body(answer, 428)["type"] == "urn:pii:problem:precondition-required"
    assert body(await client.get(YEAR, headers=headers))["days"] == []


async def test_a_year_is_confirmed_without_sending_its_days_again(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    headers = cast.coordinator.headers | ANY
    body(await client.put(YEAR, json={"days": DAYS}, headers=headers))
    confirmed = {"confirmed": True, "decision": "QĐ 1/2025"}
    made = body(await client.put(YEAR, json=confirmed, headers=headers))
    assert (made["confirmed"], made["decision"], made["days"]) == (True, "QĐ 1/2025", DAYS)
    changes = (
        await session.scalars(
            select(AuditEntry.changes)
            .where(AuditEntry.object_type == "calendar")
            .order_by(AuditEntry.id.desc())
            .limit(1)
        )
    ).one()
    assert changes == {"confirmed": [False, True], "decision": ["", "QĐ 1/2025"]}


@pytest.mark.parametrize("days", [{"days": []}, {"days": DAYS[:1]}, {}])
async def test_a_year_without_a_day_off_is_not_confirmed(
    client: AsyncClient, cast: Cast, days: dict[str, object]
) -> None:
    wanted = {"confirmed": True, "decision": "QĐ 1/2025", **days}
    answer = await client.put(YEAR, json=wanted, headers=cast.coordinator.headers | ANY)
    assert [error["pointer"] for error in body(answer, 422)["errors"]] == ["/days"]


async def test_a_year_that_was_emptied_is_filled_again(client: AsyncClient, cast: Cast) -> None:
    headers = cast.coordinator.headers | ANY
    body(await client.put(YEAR, json={"days": DAYS}, headers=headers))
    emptied = body(await client.put(YEAR, json={"days": []}, headers=headers))
    assert emptied["allowed_actions"] == ["edit", "fill"]
    filled = body(await client.post(f"{YEAR}/fill", headers=headers))
    assert len(filled["days"]) >= 9
    assert filled["allowed_actions"] == ["edit"]
