"""Which days a report covers by decree 09/2019, and the deadline that is counted back from the ministry's."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.periods.opening import Deadlines, Rule
from services.api.periods.spans import MONTHS, covered, planned_back
from shared.calendar import Calendar, days


@pytest.mark.parametrize(
    ("span", "on", "first", "last"),
    [
        ("month", "2026-11-14", "2026-10-15", "2026-11-14"),
        ("month", "2026-11-15", "2026-11-15", "2026-12-14"),
        ("month", "2026-12-15", "2026-12-15", "2027-01-14"),
        ("quarter", "2026-01-01", "2025-12-15", "2026-03-14"),
        ("quarter", "2026-03-15", "2026-03-15", "2026-06-14"),
        ("half_year", "2026-06-14", "2025-12-15", "2026-06-14"),
        ("half_year", "2026-06-15", "2026-06-15", "2026-12-14"),
        ("year", "2026-12-14", "2025-12-15", "2026-12-14"),
        ("year", "2026-12-15", "2026-12-15", "2027-12-14"),
    ],
)
def test_reports_cover_the_days_of_the_decree(span: str, on: str, first: str, last: str) -> None:
    expected = (date.fromisoformat(first), date.fromisoformat(last))
    assert covered(span, date.fromisoformat(on)) == expected


@given(st.sampled_from(sorted(MONTHS)), st.dates(date(2001, 1, 1), date(2199, 1, 1)))
def test_spans_follow_one_another_without_a_gap_and_without_a_day_in_two(
    span: str, on: date
) -> None:
    first, last = covered(span, on)
    assert first <= on <= last
    assert covered(span, first) == covered(span, last) == (first, last)
    assert covered(span, last + timedelta(days=1))[0] == last + timedelta(days=1)


def test_the_citys_deadline_passes_over_days_off_and_says_when_the_year_is_not_confirmed() -> None:
    week_off = frozenset(days(date(2026, 8, 24), date(2026, 8, 28)))
    calendar = Calendar(off=week_off, confirmed=frozenset({2026}))
    planned = planned_back(calendar, date(2026, 8, 31), 3)
    assert (planned.proposed_due_on, planned.passed_over) == (date(2026, 8, 19), 9)
    assert planned.calendar_confirmed
    assert (
        "31/08/2026 lùi 3 ngày làm việc, bỏ qua 9 ngày nghỉ: 19/08/2026" in planned.arithmetic["vi"]
    )
    unknown = planned_back(Calendar(off=week_off), date(2026, 8, 31), 3)
    assert unknown.arithmetic["en"].endswith("The year's calendar is not confirmed.")
    assert planned_back(calendar, date(2026, 8, 30), 0).proposed_due_on == date(2026, 8, 21)


def test_the_nearest_deadline_holds() -> None:
    body, other, pillar, leaf, apart = (UUID(int=number) for number in range(5))
    default, own, all_bodies, mine, alone = (date(2030, 1, day) for day in range(1, 6))
    rules = [
        Rule(body, leaf, own),
        Rule(None, leaf, all_bodies),
        Rule(body, pillar, mine),
        Rule(body, None, alone),
    ]
    deadlines = Deadlines(default, rules, {leaf: pillar, pillar: None, apart: None})
    assert deadlines.of(body, leaf) == own
    assert deadlines.of(other, leaf) == all_bodies
    assert deadlines.of(body, pillar) == mine
    assert deadlines.of(body, apart) == alone
    assert deadlines.of(other, apart) == default
