"""A duty is told as due on its last day and as overdue after it: once each, after a stand-still too."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from services.notifier.webhooks.clockwork import announce_days
from shared.models import Assignment, Organisation, Period, PublicEvent
from shared.public import TYPES
from tests.api.conftest import Real
from tests.factories import assignment_of, opened_period, submitted

DUE = date(2030, 6, 30)
NOON = datetime(2030, 6, 30, 5, 0, tzinfo=UTC)  # of that day in Hanoi


async def told(real: Real, now: datetime) -> int:
    async with real.database.transaction() as session:
        return await announce_days(session, now=now)


async def kinds(real: Real, duty: str) -> list[tuple[str, str]]:
    async with real.database.transaction() as session:
        found = await session.execute(
            select(PublicEvent.type, PublicEvent.data["due_on"].astext)
            .where(PublicEvent.data["assignment"].astext == duty, PublicEvent.key.is_not(None))
            .order_by(PublicEvent.occurred_at)
        )
        return [(kind, day) for kind, day in found]


async def duties(real: Real) -> int:
    async with real.database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(Assignment)) or 0


@pytest.fixture
async def duty(real: Real) -> str:
    await opened_period(real.client, real.cast)
    found: str = (await assignment_of(real.client, real.cast))["id"]
    return found


async def test_each_duty_is_told_once_on_its_day_and_once_after_it(real: Real, duty: str) -> None:
    number = await duties(real)
    assert await told(real, NOON - timedelta(days=1)) == 0
    assert await told(real, NOON) == number
    assert await told(real, NOON + timedelta(hours=1)) == 0
    # The court is asked, not ordered: of all bodies it alone is never overdue.
    assert await told(real, NOON + timedelta(days=1)) == number - 1
    assert await told(real, NOON + timedelta(days=9)) == 0
    assert await kinds(real, duty) == [
        ("assignment.due", "2030-06-30"),
        ("assignment.overdue", "2030-06-30"),
    ]
    async with real.database.transaction() as session:
        row = await session.scalar(
            select(PublicEvent).where(PublicEvent.data["assignment"].astext == duty).limit(1)
        )
        assert row is not None
        body = await session.scalar(select(Organisation.id).where(Organisation.code == "so-gddt"))
    assert row.organisation_ids == [body]
    TYPES[row.type].model_validate(row.data)


async def test_the_day_is_hanois(real: Real, duty: str) -> None:
    assert await told(real, datetime(2030, 6, 29, 16, 59, tzinfo=UTC)) == 0
    assert await told(real, datetime(2030, 6, 29, 17, 0, tzinfo=UTC)) > 0
    assert [kind for kind, _ in await kinds(real, duty)] == ["assignment.due"]


async def test_after_a_stand_still_only_what_is_still_true_is_told(real: Real, duty: str) -> None:
    assert await told(real, NOON + timedelta(days=5)) == await duties(real) - 1
    assert [kind for kind, _ in await kinds(real, duty)] == ["assignment.overdue"]


async def test_what_is_done_or_excused_or_closed_is_not_told(real: Real, duty: str) -> None:
    await submitted(real.client, real.cast.officer, duty, value=5)
    other = await assignment_of(real.client, real.cast, "2.1.2")
    excused = await real.client.post(
        f"/v1/assignments/{other['id']}/excuse",
        json={"reason": "Không còn thuộc phạm vi"},
        headers=real.cast.coordinator.headers,
    )
    assert excused.status_code == 200, excused.text
    assert await told(real, NOON) == await duties(real) - 2
    assert await kinds(real, duty) == await kinds(real, other["id"]) == []
    async with real.database.transaction() as session:
        await session.execute(update(Period).values(state="closed", closed_at=NOON))
    assert await told(real, NOON + timedelta(days=1)) == 0


async def test_an_extension_starts_anew(real: Real, duty: str) -> None:
    await told(real, NOON)
    async with real.database.transaction() as session:
        found = await session.get_one(Assignment, UUID(duty))
        found.extended_due_on = date(2030, 7, 10)
    await told(real, NOON + timedelta(days=1))
    await told(real, NOON + timedelta(days=10))
    await told(real, NOON + timedelta(days=11))
    assert await kinds(real, duty) == [
        ("assignment.due", "2030-06-30"),
        ("assignment.due", "2030-07-10"),
        ("assignment.overdue", "2030-07-10"),
    ]


async def test_two_notifiers_tell_it_once(real: Real, duty: str) -> None:
    both = await asyncio.gather(told(real, NOON), told(real, NOON))
    assert sum(both) == await duties(real)
    assert len(await kinds(real, duty)) == 1


async def test_where_there_is_nothing_to_tell_nothing_is_written(real: Real, duty: str) -> None:
    assert duty
    async with real.database.transaction() as session:
        await announce_days(session, now=NOON - timedelta(days=1))
        written = await session.scalar(text("SELECT pg_current_xact_id_if_assigned() IS NOT NULL"))
    assert written is False
