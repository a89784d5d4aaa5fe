"""Days at the edge: midnight in Hanoi, the leap day, the turn of a year that nobody entered."""

from datetime import date, datetime, timedelta

import pytest

from services.notifier.sending.office import Office
from services.notifier.sending.rounds import send_due
from shared.models import CalendarYear
from tests.notifier.cast import OFFICER, Clock, World
from tests.notifier.oracle import HANOI
from tests.notifier.post import PostOffice


def hanoi(year: int, month: int, day: int, hour: int = 8, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=HANOI)


async def year(world: World, number: int) -> None:
    async with world.database.transaction() as session:
        session.add(CalendarYear(year=number, confirmed=True, decision="QĐ"))


async def steps_of(world: World, due: date, *steps: int, now: datetime) -> list[datetime]:
    await world.duty("so-gddt", due_on=due)
    for step in steps:
        await world.policy(step)
    await world.plan(now)
    return [row.send_at.astimezone(HANOI) for row in await world.ledger()]


async def test_midnight_in_hanoi_begins_the_day(world: World, office: Office, clock: Clock) -> None:
    """23:59 is 16:59 UTC of the same day, 00:00 is 17:00 UTC of the day before."""
    await world.duty("so-gddt")
    await world.policy(0)
    await world.plan(hanoi(2026, 12, 9, 23, 59))
    for moment in (
        hanoi(2026, 12, 9, 23, 59),
        hanoi(2026, 12, 10, 0, 0),
        hanoi(2026, 12, 10, 7, 59),
    ):
        clock.now = moment
        assert (await send_due(office)).sent == 0
    clock.now = hanoi(2026, 12, 10)
    assert (await send_due(office)).sent == 1
    assert [mail.day for mail in await world.mails()] == [date(2026, 12, 10)]


@pytest.mark.parametrize(("minute", "sent"), [(29, 1), (30, 0)])
async def test_the_closing_hour_itself_is_outside(
    world: World, office: Office, clock: Clock, minute: int, sent: int
) -> None:
    await world.duty("so-gddt")
    await world.policy(0)
    clock.now = hanoi(2026, 12, 10, 17, minute)
    await world.plan(clock.now)
    assert (await send_due(office)).sent == sent


async def test_the_leap_day_is_a_day(world: World) -> None:
    await year(world, 2028)
    assert await steps_of(world, date(2028, 2, 29), -1, 0, 1, now=hanoi(2028, 2, 20)) == [
        hanoi(2028, 2, 28), hanoi(2028, 2, 29), hanoi(2028, 3, 1),
    ]  # fmt: skip


async def test_steps_cross_the_turn_of_the_year_over_its_holiday(world: World) -> None:
    await year(world, 2027)
    await world.add_day(date(2027, 1, 1), "off")
    assert await steps_of(world, date(2027, 1, 4), -2, -1, 0, now=hanoi(2026, 12, 20)) == [
        hanoi(2026, 12, 30), hanoi(2026, 12, 31), hanoi(2027, 1, 4),
    ]  # fmt: skip


async def test_a_holiday_entered_late_moves_what_was_planned_over_it(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    """The next year is loaded after its steps were planned: the 1st was a Friday like others."""
    assert await steps_of(world, date(2027, 1, 4), -1, now=hanoi(2026, 12, 20)) == [
        hanoi(2027, 1, 1)
    ]
    await year(world, 2027)
    await world.add_day(date(2027, 1, 1), "off")
    clock.now = hanoi(2026, 12, 31, 8, 5)
    await world.plan(clock.now)
    assert (await send_due(office)).sent == 1
    assert post.to() == [OFFICER]


async def test_on_the_last_day_of_a_confirmed_year_mail_goes_out_though_the_next_is_unknown(
    world: World, office: Office, clock: Clock
) -> None:
    await world.duty("so-gddt", due_on=date(2026, 12, 31))
    await world.policy(0)
    await world.policy(1)
    clock.now = hanoi(2026, 12, 31, 8, 5)
    await world.plan(clock.now)
    assert (await send_due(office)).sent == 1
    clock.now = hanoi(2027, 1, 1, 8, 5)
    await world.plan(clock.now)
    await send_due(office)
    assert await world.states() == [(0, "sent"), (1, "held")]


async def test_a_digest_of_the_last_day_is_another_than_that_of_the_first(
    world: World, office: Office, clock: Clock
) -> None:
    await year(world, 2027)
    await world.duty("so-gddt", due_on=date(2026, 12, 31))
    await world.policy(0)
    await world.policy(1)
    for clock.now in (hanoi(2026, 12, 31, 17, 29), hanoi(2027, 1, 1, 8, 1) + timedelta(minutes=1)):
        await world.plan(clock.now)
        await send_due(office)
    assert [mail.key for mail in await world.mails()] == [
        f"digest:{OFFICER}:2026-12-31",
        f"digest:{OFFICER}:2027-01-01",
    ]
