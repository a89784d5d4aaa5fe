"""Which days the city works: pure arithmetic over days off, worked Saturdays and confirmed years."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

SATURDAY = 5
DAY = timedelta(days=1)
LONGEST_CLOSURE = 60  # days in a row without a working day; more is a calendar that makes no sense


@dataclass(frozen=True)
class Calendar:
    """Monday to Friday, but for ``off`` (public holidays, compensatory days) and ``worked`` (swapped weekends).

    Swaps are decided anew every year, so a year counts as known only when it is ``confirmed``.
    """

    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()
    confirmed: frozenset[int] = frozenset()

    def is_working(self, day: date) -> bool:
        """Tell whether offices are open; a day that is both off and worked is worked."""
        return day in self.worked or (day.weekday() < SATURDAY and day not in self.off)

    def add(self, day: date, working_days: int) -> date:
        """Go that many working days forward, or back when negative; 0 gives the day itself.

        The day itself never counts, whether it is worked or not.
        """
        step = DAY if working_days > 0 else -DAY
        left = abs(working_days)
        while left:
            day += step
            left -= self.is_working(day)
        return day

    def between(self, first: date, last: date) -> int:
        """Count the working days after ``first`` up to and with ``last``; negative when ``last`` comes before."""
        if last < first:
            return -self.between(last - DAY, first - DAY)
        return sum(self.is_working(day) for day in days(first + DAY, last))

    def not_after(self, day: date) -> date:
        """Give the day itself where it is worked, or else the last working day before it."""
        while not self.is_working(day):
            day -= DAY
        return day

    def confirms(self, first: date, last: date) -> bool:
        """Tell whether every year from one day to the other is confirmed."""
        return not self.unconfirmed(first, last)

    def unconfirmed(self, *marks: date) -> list[int]:
        """List the years from the earliest of these days to the latest that nobody has confirmed."""
        years = range(min(marks).year, max(marks).year + 1)
        return [year for year in years if year not in self.confirmed]


def days(first: date, last: date) -> Iterator[date]:
    """Give every day from ``first`` to ``last``, both included; none when ``last`` comes before."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def next_working(day: date, calendar: Calendar) -> date:
    """Give the day itself where it is worked, or else the next that is."""
    for _ in range(LONGEST_CLOSURE):
        if calendar.is_working(day):
            return day
        day += DAY
    return day


def day_of(due_on: date, offset: int, days: str, calendar: Calendar) -> date:
    """Give the working day on which a step is sent.

    Working days are counted from the deadline, which itself never counts. What falls on a day off goes out
    before it when it announces the deadline, and after it when the deadline has passed.
    """
    if days == "working" and offset:
        return calendar.add(due_on, offset)
    day = due_on + timedelta(days=offset)
    return calendar.not_after(day) if offset <= 0 else next_working(day, calendar)
