"""The week in short: when it goes out, to whom, and that its numbers are those of the board."""

import random
from collections import Counter
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest

from services.notifier.plan.schedule import HANOI
from services.notifier.sending.office import Office
from services.notifier.sending.rounds import send_due
from services.notifier.summary import plan_summaries, summary
from shared.models import Assignment, Mail
from tests.notifier.cast import COORDINATOR, DOMAIN, DUE, Clock, World, at
from tests.notifier.post import PostOffice

MONDAY = date(2026, 12, 7)


def morning(day: date, hour: int = 9) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=HANOI)


async def tick(world: World, now: datetime) -> int:
    async with world.database.transaction() as session:
        return await plan_summaries(session, now=now, domain=DOMAIN)


async def test_it_goes_out_once_to_each_reader_on_its_weekday(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.settings(summary_weekday=1)
    await world.contact("so-khcn", COORDINATOR.title(), name="Viết hoa", role="head")
    await world.contact("so-khcn", "hai@khcn.example.vn")
    assert await tick(world, morning(MONDAY, 7)) == 0
    assert await tick(world, morning(MONDAY)) == 2
    assert await tick(world, morning(MONDAY, 10)) == 0
    clock.now = morning(MONDAY, 11)
    await send_due(office)
    assert post.to() == [COORDINATOR, "hai@khcn.example.vn"]
    assert await tick(world, morning(MONDAY + timedelta(days=1))) == 0
    assert await tick(world, morning(MONDAY + timedelta(days=7))) == 2


async def test_two_spellings_of_one_address_are_one_reader(world: World) -> None:
    await world.settings(summary_weekday=1)
    await world.body("so-2", "Sở nữa", coordinator=True)
    await world.contact("so-2", COORDINATOR.title())
    assert [await tick(world, morning(MONDAY)), await tick(world, morning(MONDAY, 10))] == [1, 0]


async def test_on_a_holiday_it_waits_for_the_next_worked_day_of_its_week(world: World) -> None:
    await world.settings(summary_weekday=1)
    await world.add_day(MONDAY, "off")
    assert await tick(world, morning(MONDAY)) == 0
    assert await tick(world, morning(MONDAY + timedelta(days=1))) == 1
    for day in range(14, 19):
        await world.add_day(date(2026, 12, day), "off")
    assert sum([await tick(world, morning(date(2026, 12, day))) for day in range(14, 21)]) == 0


async def test_after_a_downtime_on_its_day_it_goes_out_later_in_the_week(world: World) -> None:
    await world.settings(summary_weekday=1)
    assert await tick(world, morning(MONDAY + timedelta(days=2))) == 1
    await world.contact("so-khcn", "hai@khcn.example.vn")  # who came after this week's went out
    assert await tick(world, morning(MONDAY + timedelta(days=3))) == 0


async def test_in_a_pause_and_when_switched_off_there_is_none(world: World) -> None:
    assert await tick(world, morning(MONDAY)) == 0
    await world.settings(summary_weekday=1, paused=True)
    assert await tick(world, morning(MONDAY)) == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_its_numbers_add_up_to_what_is_expected(world: World, seed: int) -> None:
    chance, day = random.Random(seed), at(0).date()
    expected = Counter[str]()
    for place in range(25):
        due = DUE + timedelta(days=chance.randint(-5, 5))
        asked = chance.random() < 0.2
        duty = await world.duty(
            "so-gddt", f"1.{place}", due_on=due, role="requested" if asked else "lead"
        )
        last = due
        if chance.random() < 0.3:
            last = due + timedelta(days=chance.randint(1, 6))
            await world.change(Assignment, duty, extended_due_on=last)
        states = chance.choice(
            [[], ["draft"], ["submitted"], ["returned"], ["returned", "submitted"], ["accepted"],
             ["accepted", "draft"], ["superseded", "accepted"]]
        )  # fmt: skip
        sent_on = DUE + timedelta(days=chance.randint(-8, 0))
        for revision, state in enumerate(states, start=1):
            await world.submission(
                duty, state, revision=revision,
                submitted_at=None if state == "draft" else morning(sent_on, 23),
                decided_at=morning(sent_on, 23) if state in ("returned", "accepted") else None,
            )  # fmt: skip
        is_in = bool({"submitted", "accepted"} & set(states))
        if chance.random() < 0.2:
            await world.change(
                Assignment, duty, excused_at=at(-5), excused_by=uuid4(), excused_reason="x"
            )
            expected["excused"] += 1
        elif is_in:
            expected["received"] += 1
            expected["accepted"] += "accepted" in states
            expected["late"] += sent_on > last and not asked
        elif asked:
            expected["asked"] += 1
        else:
            expected["overdue" if last < day else "to_come"] += 1
    async with world.database.transaction() as session:
        (board,) = (await summary(session, day))["periods"]
    counts = ("received", "accepted", "late", "overdue", "asked", "excused")
    counted = {name: number for name, number in board.items() if name in counts}
    assert counted == {name: expected[name] for name in counted}
    assert (
        board["expected"]
        == 25
        == sum(expected[name] for name in ("received", "overdue", "asked", "excused", "to_come"))
    )
    was_due = expected["received"] + expected["overdue"]
    assert board["on_time"] == (expected["received"] - expected["late"]) / was_due


async def test_it_says_what_changed_in_the_week_before_it_by_hanoi_days(world: World) -> None:
    first = MONDAY - timedelta(days=7)
    for place, (when, state) in enumerate(
        [
            (datetime(first.year, first.month, first.day, 0, 1, tzinfo=HANOI), "returned"),
            (datetime(first.year, first.month, first.day, 0, 1, tzinfo=HANOI) - timedelta(minutes=2), "returned"),
            (morning(MONDAY, 0) - timedelta(minutes=1), "accepted"),
            (morning(MONDAY, 0), "accepted"),
        ]
    ):  # fmt: skip
        duty = await world.duty("so-gddt", f"1.{place}")
        await world.submission(duty, state, decided_at=when, submitted_at=when)
    async with world.database.transaction() as session:
        facts = await summary(session, MONDAY)
    assert facts["changes"] == {"submitted": 2, "accepted": 1, "returned": 1, "extensions": 0}
    assert (facts["week_from"], facts["week_to"]) == ("2026-11-30", "2026-12-06")


async def test_the_key_of_a_summary_is_its_week(world: World) -> None:
    await world.settings(summary_weekday=1)
    await tick(world, morning(MONDAY))
    mails: list[Mail] = await world.mails()
    assert [mail.key for mail in mails] == [f"summary:2026-W50:{COORDINATOR}"]
