"""The coordinator keeps the calendar; a year is confirmed by a decision."""

import asyncio
from datetime import UTC, date, datetime

from httpx import AsyncClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.embedded import Servers
from services.api.calendar.commands import fill_year
from services.api.deps.caller import NOBODY
from shared.db import PooledDatabase
from shared.models import AuditEntry, CalendarDay
from tests.cast import Cast, make_cast
from tests.conftest import copied_database, serving, settings_for
from tests.factories import body

YEAR = "/v1/calendar/2026"
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
    made = body(await client.put(YEAR, json=confirmed, headers=headers))
    assert (made["confirmed"], made["decision"], made["days"]) == (True, "QĐ 1/2025", DAYS)
    assert made["working_days"] == 261
    less = body(await client.put(YEAR, json={"days": DAYS[1:]}, headers=headers))
    assert (less["confirmed"], less["working_days"]) == (False, 260)
    body(await client.put(YEAR, json={"days": DAYS[1:]}, headers=headers))
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
    body(await client.put(YEAR, json={"days": DAYS}, headers=headers))
    stale = {**headers, "if-match": read.headers["etag"]}
    answer = await client.put(YEAR, json={"days": []}, headers=stale)
    assert answer.status_code == 412


async def test_a_first_fill_is_a_start_and_overwrites_nothing(session: AsyncSession) -> None:
    holidays = {date(2026, 9, 2): "Quốc khánh", date(2027, 1, 1): "của năm khác"}
    now = datetime.now(UTC)
    assert await fill_year(session, NOBODY, 2026, holidays=holidays, now=now)
    assert not await fill_year(session, NOBODY, 2026, holidays={}, now=now)
    await session.flush()
    days = (await session.scalars(select(CalendarDay))).all()
    assert [(day.day, day.kind, day.name) for day in days] == [
        (date(2026, 9, 2), "off", "Quốc khánh")
    ]


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
                *(client.put(YEAR, json=one, headers=cast.coordinator.headers) for one in wanted)
            )
            assert {answer.status_code for answer in answers} == {200}
            left = body(await client.get(YEAR, headers=cast.coordinator.headers))
            assert {"days": left["days"], "decision": left["decision"]} in wanted
        await database.close()
