"""Which days the city works: pure arithmetic over days off, worked Saturdays and confirmed years."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

SATURDAY = 5
DAY = timedelta(days=1)


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
        years = range(min(first, last).year, max(first, last).year + 1)
        return self.confirmed.issuperset(years)


def days(first: date, last: date) -> Iterator[date]:
    """Give every day from ``first`` to ``last``, both included; none when ``last`` comes before."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
