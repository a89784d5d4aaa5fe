from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.schedule import (
    HANOI,
    HORIZON,
    LONGEST_PAUSE,
    Policy,
    pause_after,
    send_at,
    steps,
    today_in_hanoi,
)

POLICIES = st.lists(
    st.builds(
        lambda offset, repeat, audience: Policy(offset, repeat[0], repeat[1], audience),
        st.integers(-365, 365),
        st.one_of(st.just((None, None)), st.tuples(st.integers(1, 365), st.integers(1, 100))),
        st.sampled_from(["officer", "head", "coordinator"]),
    ),
    max_size=5,
)
DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))
MOMENTS = DAYS.flatmap(
    lambda day: st.times().map(lambda time: datetime.combine(day, time, tzinfo=UTC))
)


@given(POLICIES, DAYS, MOMENTS)
def test_every_step_is_at_eight_in_hanoi_on_its_own_day_within_the_horizon(
    policies: list[Policy], due_on: date, now: datetime
) -> None:
    for step in steps(policies, due_on=due_on, now=now):
        local = step.send_at.astimezone(HANOI)
        assert (local.date() - due_on).days == step.step_days
        assert (local.hour, local.minute, local.second) == (8, 0, 0)
        assert step.send_at.utcoffset() == timedelta(0)
        assert step.send_at <= now + HORIZON


@given(POLICIES, DAYS, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_time_only_adds_steps(
    policies: list[Policy], due_on: date, now: datetime, later: timedelta
) -> None:
    before = steps(policies, due_on=due_on, now=now)
    after = steps(policies, due_on=due_on, now=now + later)
    assert set(before) <= set(after)
    assert len(after) == len(set(after))


def test_a_repeated_step_comes_again_so_often() -> None:
    weekly = Policy(3, 7, 2, "officer")
    found = steps([weekly], due_on=date(2026, 12, 10), now=datetime(2027, 6, 1, tzinfo=UTC))
    assert [step.step_days for step in found] == [3, 10, 17]


def test_a_step_given_twice_is_one_step() -> None:
    twice = [Policy(3, 7, 2, "officer"), Policy(10, None, None, "officer")]
    found = steps(twice, due_on=date(2026, 12, 10), now=datetime(2027, 6, 1, tzinfo=UTC))
    assert [step.step_days for step in found] == [3, 10, 17]


@pytest.mark.parametrize(
    ("due_on", "days", "expected"),
    [
        (date(2026, 12, 31), 1, datetime(2027, 1, 1, 1, tzinfo=UTC)),
        (date(2027, 1, 1), -1, datetime(2026, 12, 31, 1, tzinfo=UTC)),
        (date(2028, 2, 28), 1, datetime(2028, 2, 29, 1, tzinfo=UTC)),
        (date(2028, 3, 1), -1, datetime(2028, 2, 29, 1, tzinfo=UTC)),
        (date(2027, 3, 1), -1, datetime(2027, 2, 28, 1, tzinfo=UTC)),
    ],
)
def test_steps_cross_the_ends_of_years_and_februaries(
    due_on: date, days: int, expected: datetime
) -> None:
    assert send_at(due_on, days) == expected


def test_the_day_changes_at_midnight_in_hanoi() -> None:
    assert today_in_hanoi(datetime(2026, 12, 10, 16, 59, 59, tzinfo=UTC)) == date(2026, 12, 10)
    assert today_in_hanoi(datetime(2026, 12, 10, 17, 0, 0, tzinfo=UTC)) == date(2026, 12, 11)


@given(st.uuids())
def test_pauses_grow_to_an_hour(reminder_id: UUID) -> None:
    pauses = [pause_after(attempts, reminder_id) for attempts in range(1, 12)]
    assert timedelta(seconds=48) <= pauses[0] <= timedelta(minutes=1)
    assert all(earlier <= later for earlier, later in pairwise(pauses))
    assert timedelta(minutes=48) <= pauses[-1] <= LONGEST_PAUSE
