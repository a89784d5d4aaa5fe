"""Working days: public holidays, compensatory days, worked Saturdays, and years nobody has confirmed."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendar import Calendar, days

# Made for the tests: a holiday of a week from Monday, 16 February 2026, and the Saturday before it worked.
MADE = Calendar(
    off=frozenset(days(date(2026, 2, 16), date(2026, 2, 20))),
    worked=frozenset({date(2026, 2, 14)}),
    confirmed=frozenset({2026}),
)
A_YEAR = st.dates(date(2025, 1, 1), date(2027, 12, 31))
CALENDARS = st.builds(
    Calendar, off=st.frozensets(A_YEAR, max_size=40), worked=st.frozensets(A_YEAR, max_size=10)
)


@pytest.mark.parametrize(
    ("start", "working_days", "arrives"),
    [
        ("2026-11-23", 0, "2026-11-23"),
        ("2026-11-23", 5, "2026-11-30"),
        ("2026-11-29", 1, "2026-11-30"),
        ("2026-11-29", -1, "2026-11-27"),
        ("2026-02-13", 1, "2026-02-14"),
        ("2026-02-13", 2, "2026-02-23"),
        ("2026-02-23", -2, "2026-02-13"),
        ("2026-02-18", -1, "2026-02-14"),
    ],
)
def test_working_days_pass_over_weekends_and_holidays_and_count_worked_saturdays(
    start: str, working_days: int, arrives: str
) -> None:
    assert MADE.add(date.fromisoformat(start), working_days) == date.fromisoformat(arrives)


def test_a_year_is_confirmed_from_its_first_day_to_its_last() -> None:
    assert MADE.confirms(date(2026, 1, 1), date(2026, 12, 31))
    assert not MADE.confirms(date(2026, 12, 31), date(2027, 1, 1))
    assert not MADE.confirms(date(2026, 1, 1), date(2025, 12, 31))


def test_the_last_working_day_is_found_before_a_day_off() -> None:
    assert MADE.not_after(date(2026, 2, 22)) == date(2026, 2, 14)
    assert MADE.not_after(date(2026, 2, 23)) == date(2026, 2, 23)


@given(CALENDARS, A_YEAR, st.integers(-60, 60))
def test_what_was_added_is_counted_between(calendar: Calendar, start: date, number: int) -> None:
    end = calendar.add(start, number)
    if number:
        assert calendar.is_working(end)
    if number >= 0:
        assert calendar.between(start, end) == number
    else:  # counted back: the start does not count, the end does
        assert calendar.between(start, end) == number
        assert sum(map(calendar.is_working, days(end, start - timedelta(days=1)))) == -number


@given(CALENDARS, A_YEAR, st.integers(0, 30), st.integers(0, 30))
def test_steps_may_be_taken_one_after_the_other(
    calendar: Calendar, start: date, first: int, second: int
) -> None:
    assert calendar.add(calendar.add(start, first), second) == calendar.add(start, first + second)
    assert calendar.add(calendar.add(start, -first), -second) == calendar.add(
        start, -first - second
    )
