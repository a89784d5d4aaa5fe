from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.plan.schedule import (
    HANOI,
    HORIZON,
    LONGEST_PAUSE,
    Rule,
    pause_after,
    steps,
    today_in_hanoi,
)
from shared.calendar import Calendar, day_of
from tests.notifier.cast import hours

POLICY = uuid4()


def rule(
    offset: int,
    days: str = "calendar",
    every: int | None = None,
    count: int | None = None,
    audience: str = "officer",
) -> Rule:
    return Rule(POLICY, offset, days, every, count, audience, separate=False)


RULES = st.lists(
    st.builds(
        lambda offset, days, repeat, audience: rule(offset, days, repeat[0], repeat[1], audience),
        st.integers(-60, 60),
        st.sampled_from(["working", "calendar"]),
        st.one_of(st.just((None, None)), st.tuples(st.integers(1, 60), st.integers(1, 20))),
        st.sampled_from(["officer", "deputy", "head", "coordinator"]),
    ),
    max_size=5,
)
DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))
MOMENTS = DAYS.flatmap(
    lambda day: st.times().map(lambda clock: datetime.combine(day, clock, tzinfo=UTC))
)
CALENDARS = st.builds(
    lambda off, worked: Calendar(
        off=frozenset(off), worked=frozenset(day for day in worked if day.weekday() > 4)
    ),
    st.sets(DAYS, max_size=30),
    st.sets(DAYS, max_size=30),
)


@given(RULES, DAYS, MOMENTS, CALENDARS)
def test_every_step_is_at_eight_in_hanoi_on_a_working_day_within_the_horizon(
    rules: list[Rule], due_on: date, now: datetime, calendar: Calendar
) -> None:
    for step in steps(rules, due_on=due_on, hours=hours(calendar), now=now):
        local = step.send_at.astimezone(HANOI)
        assert calendar.is_working(local.date())
        assert (local.date(), local.time()) == (step.day, time(8))
        assert step.send_at.utcoffset() == timedelta(0)
        assert step.send_at <= now + HORIZON


@given(RULES, DAYS, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_time_only_adds_steps(
    rules: list[Rule], due_on: date, now: datetime, later: timedelta
) -> None:
    before = steps(rules, due_on=due_on, hours=hours(), now=now)
    after = steps(rules, due_on=due_on, hours=hours(), now=now + later)
    assert set(before) <= set(after)
    assert len({(step.audience, step.day) for step in after}) == len(after)


@pytest.mark.parametrize(
    ("days", "names"), [("calendar", ["+3c", "+10c", "+17c"]), ("working", ["+3w", "+10w", "+17w"])]
)
def test_a_repeated_step_comes_again_so_often(days: str, names: list[str]) -> None:
    weekly = rule(3, days, 7, 2)
    found = steps(
        [weekly], due_on=date(2026, 12, 10), hours=hours(), now=datetime(2027, 6, 1, tzinfo=UTC)
    )
    assert [step.step for step in found] == names


def test_of_two_steps_on_one_day_the_later_stands_for_both() -> None:
    sunday = date(2026, 12, 13)
    found = steps(
        [rule(-1), rule(0), rule(-1, audience="head")],
        due_on=sunday,
        hours=hours(),
        now=datetime(2027, 1, 1, tzinfo=UTC),
    )
    assert [(step.audience, step.step, step.day) for step in found] == [
        ("head", "-1c", date(2026, 12, 11)),
        ("officer", "+0c", date(2026, 12, 11)),
    ]


TET = Calendar(
    off=frozenset(date(2027, 2, day) for day in range(4, 11)), worked=frozenset({date(2027, 2, 13)})
)


@pytest.mark.parametrize(
    ("due_on", "offset", "days", "expected"),
    [
        (date(2026, 12, 31), 1, "working", date(2027, 1, 1)),
        (date(2027, 1, 1), -1, "working", date(2026, 12, 31)),
        (date(2028, 2, 28), 1, "calendar", date(2028, 2, 29)),
        (date(2028, 3, 1), -1, "working", date(2028, 2, 29)),
        (date(2027, 3, 1), -1, "calendar", date(2027, 2, 26)),  # a Sunday: before
        (date(2026, 12, 12), 0, "working", date(2026, 12, 11)),  # due on a Saturday
        (date(2026, 12, 11), 1, "calendar", date(2026, 12, 14)),  # a Saturday: after
        (date(2027, 2, 11), -1, "working", date(2027, 2, 3)),  # over Tet
        (date(2027, 2, 11), -5, "calendar", date(2027, 2, 3)),
        (date(2027, 2, 3), 1, "calendar", date(2027, 2, 11)),
        (date(2027, 2, 12), 1, "working", date(2027, 2, 13)),  # the swapped Saturday
    ],
)
def test_steps_fall_on_working_days(due_on: date, offset: int, days: str, expected: date) -> None:
    assert day_of(due_on, offset, days, TET) == expected


def test_the_day_changes_at_midnight_in_hanoi() -> None:
    assert today_in_hanoi(datetime(2026, 12, 10, 16, 59, 59, tzinfo=UTC)) == date(2026, 12, 10)
    assert today_in_hanoi(datetime(2026, 12, 10, 17, 0, 0, tzinfo=UTC)) == date(2026, 12, 11)


@given(st.uuids())
def test_pauses_grow_to_an_hour(reminder_id: UUID) -> None:
    pauses = [pause_after(attempts, reminder_id) for attempts in range(1, 12)]
    assert timedelta(seconds=48) <= pauses[0] <= timedelta(minutes=1)
    assert all(earlier <= later for earlier, later in pairwise(pauses))
    assert timedelta(minutes=48) <= pauses[-1] <= LONGEST_PAUSE
    longest = timedelta(hours=4)
    assert pause_after(9, reminder_id, longest=longest) > pauses[-1]
    assert (
        timedelta(hours=3, minutes=12) <= pause_after(99, reminder_id, longest=longest) <= longest
    )
