"""The safety stop: what is held, who is asked, and what a person's decision does."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from services.notifier.plan import reasons
from services.notifier.plan.schedule import HANOI
from services.notifier.sending.office import Office
from services.notifier.sending.rounds import send_due
from shared.holds import discarded_because
from shared.models import CalendarYear, Hold, Mail, Reminder
from tests.notifier.cast import COORDINATOR, DUE, OFFICER, Clock, World, at
from tests.notifier.post import PostOffice

DISCARDED = discarded_because("Danh mục nhập nhầm")


async def decide(world: World, state: str, now: datetime) -> None:
    """Write what the API writes when a person decides."""
    async with world.database.transaction() as session:
        await session.execute(
            update(Hold)
            .where(Hold.state == "waiting")
            .values(state=state, decided_at=now, decided_by=uuid4(), decided_by_name="Bình")
        )
        becomes = {"state": "planned"}
        if state == "discarded":
            becomes = {"state": "skipped", "reason": DISCARDED}
        await session.execute(
            update(Reminder).where(Reminder.state == "held").values(hold_id=None, **becomes)
        )


async def history(world: World, mails: int, sent_at: datetime) -> None:
    for _ in range(mails):
        key = uuid4().hex
        await world.add(
            Mail(
                id=uuid4(), key=key, kind="digest", recipient="x@x.vn", recipient_name="",
                day=sent_at.date(), message_id=key, state="sent", next_at=sent_at, sent_at=sent_at,
                trace_id="",
            )
        )  # fmt: skip


async def confirm(world: World, *, confirmed: bool, year: int = 2026) -> None:
    async with world.database.transaction() as session:
        await session.execute(
            update(CalendarYear).where(CalendarYear.year == year).values(confirmed=confirmed)
        )


FACTS: dict[str, dict[str, Any]] = {
    "hold": {
        "hold_id": "0", "kind": "too_many", "mails": 9, "recipients": 9, "limit": 5, "usual": 1,
        "year": None,
    },
    "alarm": {"alarms": []},
    "test": {"by": "Bình"},
    "summary": {
        "week_from": "2026-11-30", "week_to": "2026-12-06", "periods": [], "longest_late": [],
        "changes": {"submitted": 0, "accepted": 0, "returned": 0, "extensions": 0},
        "unreachable": [], "dead_addresses": [], "holds": [],
    },
}  # fmt: skip


async def test_a_run_of_too_many_mails_is_held_and_the_coordinator_asked_once(
    world: World, office: Office, post: PostOffice
) -> None:
    await world.crowd(6)
    await world.policy(0)
    await world.settings(most_mails=5)
    await world.plan(at(0))
    await send_due(office)
    await send_due(office)
    assert post.to() == [COORDINATOR]
    assert {state for _, state in await world.states()} == {"held"}
    (mail,) = await world.mails()
    assert (mail.kind, mail.facts["mails"], mail.facts["limit"]) == ("hold", 6, 5)
    await world.watch(at(0))
    (alarm,) = await world.alarms()
    assert (alarm.kind, alarm.subject, alarm.cleared_at) == ("hold", mail.facts["hold_id"], None)


async def test_what_is_released_goes_out_and_is_not_held_again_that_day(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.crowd(6)
    await world.policy(0)
    await world.policy(1)
    await world.settings(most_mails=5)
    await world.plan(at(0))
    await send_due(office)
    await decide(world, "released", at(0, minutes=5))
    await world.plan(at(0, minutes=6))
    clock.now = at(0, minutes=7)
    assert (await send_due(office)).sent == 6
    await world.watch(clock.now)
    assert [alarm.cleared_at for alarm in await world.alarms()] == [clock.now]
    clock.now = at(1)
    assert (await send_due(office)).sent == 1  # a new day, a new question
    assert post.to().count(COORDINATOR) == 2


async def test_what_is_discarded_is_skipped_for_good(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.crowd(6)
    await world.policy(0)
    await world.settings(most_mails=5)
    await world.plan(at(0))
    await send_due(office)
    await decide(world, "discarded", at(0, minutes=5))
    clock.now = at(0, minutes=6)
    await world.plan(clock.now)
    assert (await send_due(office)).sent == 0
    assert {row.reason for row in await world.ledger()} == {DISCARDED}
    assert post.to() == [COORDINATOR]


async def waiting(world: World) -> Hold:
    async with world.database.transaction() as session:
        held: Hold = (await session.scalars(select(Hold).where(Hold.state == "waiting"))).one()
        return held


async def test_a_run_that_grows_while_it_waits_says_so(
    world: World, office: Office, clock: Clock
) -> None:
    await world.duty("so-gddt", "1.1.1")
    await world.policy(0)
    await world.policy(1, "head")
    await confirm(world, confirmed=False)
    await world.plan(at(0))
    await send_due(office)
    first = await waiting(world)
    assert [first.detail[name] for name in ("mails", "lines", "recipients", "year")] == [
        1,
        1,
        1,
        2026,
    ]
    await world.duty("so-gddt", "1.1.2")
    clock.now = at(1)
    await world.plan(clock.now)
    await send_due(office)
    grown = await waiting(world)
    assert grown.id == first.id
    assert [grown.detail[name] for name in ("mails", "lines", "recipients", "year")] == [
        2,
        4,
        2,
        2026,
    ]
    await confirm(world, confirmed=True)
    clock.now = at(1, minutes=5)
    await send_due(office)
    async with world.database.transaction() as session:
        over = await session.get_one(Hold, first.id)
    assert over.detail["decided"] == {"rows": 4, "mails": 2, "recipients": 2}


async def test_many_mails_to_one_person_are_many_mails(world: World, office: Office) -> None:
    await world.many_duties("so-gddt", 6)
    await world.policy(0, separate=True)
    await world.settings(most_mails=5)
    await world.plan(at(0))
    await send_due(office)
    assert {state for _, state in await world.states()} == {"held"}
    (hold,) = await world.mails(kind="hold")
    assert (hold.facts["mails"], hold.facts["recipients"]) == (6, 1)


async def test_mails_that_come_little_by_little_are_counted_by_the_day(
    world: World, office: Office, clock: Clock
) -> None:
    await history(world, 5, at(0))
    await world.settings(most_mails=5)
    await world.policy(0)
    await world.duty("so-gddt")
    await world.plan(at(0))
    clock.now = at(0, minutes=5)
    await send_due(office)
    assert await world.states() == [(0, "held")]


@pytest.mark.parametrize(("usual", "becomes"), [(11, "held"), (12, "sent")])
async def test_a_run_is_unusual_against_the_greatest_day_of_late(
    world: World, office: Office, usual: int, becomes: str
) -> None:
    await history(world, usual, at(-10))
    await history(world, 100, at(-40))  # too long ago to count
    await world.crowd(60)
    await world.policy(0)
    await world.plan(at(0))
    await send_due(office)
    assert {state for _, state in await world.states()} == {becomes}


async def test_an_unconfirmed_calendar_holds_steps_and_lets_go_by_itself_when_confirmed(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.duty("so-gddt")
    await world.policy(0)
    await confirm(world, confirmed=False)
    await world.plan(at(0))
    await send_due(office)
    clock.now = at(0, minutes=10)
    await send_due(office)
    assert await world.states() == [(0, "held")]
    assert post.to() == [COORDINATOR]
    assert (await world.mails())[0].facts["year"] == 2026
    await confirm(world, confirmed=True)
    clock.now = at(0, minutes=20)
    assert (await send_due(office)).sent == 1
    assert await world.states() == [(0, "sent")]


async def test_steps_released_under_an_unconfirmed_calendar_are_not_held_again_that_day(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.duty("so-gddt")
    await world.policy(0)
    await confirm(world, confirmed=False)
    await world.plan(at(0))
    await send_due(office)
    await decide(world, "released", at(0, minutes=5))
    clock.now = at(0, minutes=6)
    await world.plan(clock.now)
    assert (await send_due(office)).sent == 1
    assert post.to() == [COORDINATOR, OFFICER]


async def test_a_year_that_was_never_loaded_is_held(
    world: World, office: Office, clock: Clock
) -> None:
    due = date(2027, 1, 4)
    await world.duty("so-gddt", due_on=due)
    await world.policy(-1)
    await world.policy(0)
    await world.plan(datetime(2026, 12, 20, 1, tzinfo=UTC))
    clock.now = datetime(
        2026, 12, 31, 8, tzinfo=HANOI
    )  # the last working day before, as far as known
    await world.plan(clock.now)
    await send_due(office)
    assert await world.states() == [
        (-1, "planned"),
        (0, "planned"),
    ]  # the 1st is a Friday like others
    clock.now = datetime(2027, 1, 4, 8, 1, tzinfo=HANOI)
    await world.plan(clock.now)
    await send_due(office)
    assert await world.states() == [(-1, "held"), (0, "held")]
    async with world.database.transaction() as session:
        session.add(CalendarYear(year=2027, confirmed=True, decision="QĐ 9"))
    clock.now += timedelta(minutes=1)
    await send_due(office)
    assert await world.states() == [(-1, "skipped"), (0, "sent")]


async def test_a_duty_done_while_it_is_held_is_skipped(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    duty = await world.duty("so-gddt")
    await world.policy(0)
    await confirm(world, confirmed=False)
    await world.plan(at(0))
    await send_due(office)
    await world.submission(duty, "submitted", when=at(0, minutes=5))
    await world.plan(at(0, minutes=6))
    (row,) = await world.ledger()
    assert (row.state, row.reason, row.hold_id) == ("skipped", reasons.DUTY_DONE, None)
    await decide(world, "released", at(0, minutes=7))
    clock.now = at(0, minutes=8)
    await send_due(office)
    assert post.to() == [COORDINATOR]


async def test_after_a_long_hold_only_the_newest_step_goes_out(
    world: World, office: Office, clock: Clock
) -> None:
    await world.duty("so-gddt")
    for day in (-3, -2, 0, 3):
        await world.policy(day)
    await confirm(world, confirmed=False)
    for day in (-3, -2, 0):
        clock.now = at(day)
        await world.plan(clock.now)
        await send_due(office)
    await confirm(world, confirmed=True)
    clock.now = at(1)
    await world.plan(clock.now)
    await send_due(office)
    assert await world.states() == [(-3, "skipped"), (-2, "skipped"), (0, "sent"), (3, "planned")]


async def test_in_a_pause_nothing_goes_out_but_what_a_person_waits_for(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.duty("so-gddt")
    await world.policy(0)
    await world.plan(at(0))
    await world.settings(paused=True)
    for kind in ("hold", "alarm", "test", "summary"):
        await world.add(
            Mail(
                id=uuid4(), key=kind, kind=kind, recipient=f"{kind}@x.vn", recipient_name="",
                facts=FACTS[kind],
                day=DUE, message_id=f"<{kind}@x>", state="waiting", next_at=at(0), trace_id="",
            )
        )  # fmt: skip
    await send_due(office)
    assert post.to() == ["alarm@x.vn", "hold@x.vn", "test@x.vn"]
    await world.settings(paused=False)
    clock.now = at(0, minutes=5)
    await send_due(office)
    assert post.to() == ["alarm@x.vn", OFFICER, "hold@x.vn", "summary@x.vn", "test@x.vn"]


async def test_at_night_nothing_goes_out_but_what_a_person_waits_for(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    clock.now = at(0, minutes=-120)
    for kind in ("hold", "summary"):
        await world.add(
            Mail(
                id=uuid4(), key=kind, kind=kind, recipient=f"{kind}@x.vn", recipient_name="",
                facts=FACTS[kind],
                day=DUE, message_id=f"<{kind}@x>", state="waiting", next_at=clock.now, trace_id="",
            )
        )  # fmt: skip
    await send_due(office)
    assert post.to() == ["hold@x.vn"]


async def test_what_is_counted_back_over_a_year_nobody_confirmed_is_held_until_somebody_does(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    january = date(2027, 1, 8)
    await world.duty("so-gddt", "1.1.1")
    await world.duty("so-gddt", "1.1.2", due_on=january)
    await world.policy(-7)
    # One mail is of this year alone, the other is counted over New Year.
    for due_on, held in ((DUE, []), (january, ["held"])):
        clock.now = at(-7, due_on=due_on)
        await world.plan(clock.now)
        await send_due(office)
        await send_due(office)
        assert [row.state for row in await world.ledger() if row.state == "held"] == held
    assert sorted(post.to()) == [COORDINATOR, OFFICER]
    (hold,) = await world.mails(kind="hold")
    assert (hold.facts["kind"], hold.facts["year"]) == ("calendar", 2027)
    async with world.database.transaction() as session:
        session.add(CalendarYear(year=2027, confirmed=True, decision="QĐ 2"))
    await send_due(office)
    assert sorted(post.to()) == [COORDINATOR, OFFICER, OFFICER]


async def test_without_the_rule_an_unconfirmed_next_year_holds_nothing(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    january = date(2027, 1, 8)
    await world.settings(calendar_required=False)
    await world.duty("so-gddt", due_on=january)
    await world.policy(-7)
    clock.now = at(-7, due_on=january)
    await world.plan(clock.now)
    await send_due(office)
    assert post.to() == [OFFICER]
