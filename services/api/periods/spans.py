"""Which days a report covers and when the city's figures are due: pure arithmetic with its words."""

from dataclasses import dataclass
from datetime import date

from shared.calendar import Calendar

MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
FIRST_DAY, LAST_DAY = 15, 14  # of the month before, and of the last month


def covered(span: str, on: date) -> tuple[date, date]:
    """Give the first and the last day of the reporting span in which ``on`` lies.

    Decree 09/2019/NĐ-CP, article 12: a month from the 15th of the month before to the 14th; half a year
    from 15/12 to 14/6 and from 15/6 to 14/12; a year from 15/12 to 14/12; a quarter likewise.
    """
    number = on.year * 12 + on.month - 1 + (on.day >= FIRST_DAY)  # months since the year 0
    length = MONTHS[span]
    first = number - number % length
    return _day(first - 1, FIRST_DAY), _day(first + length - 1, LAST_DAY)


def _day(number: int, day: int) -> date:
    return date(number // 12, number % 12 + 1, day)


@dataclass(frozen=True)
class Planned:
    """The city's deadline, and how it was counted back from the ministry's."""

    ministry_due_on: date
    working_days_before: int
    proposed_due_on: date
    passed_over: int  # days in between on which nobody works
    calendar_confirmed: bool

    @property
    def arithmetic(self) -> dict[str, str]:
        ministry, city = self.ministry_due_on, self.proposed_due_on
        vi = (
            f"Hạn của Bộ {ministry:%d/%m/%Y} lùi {self.working_days_before} ngày làm việc, bỏ qua "
            f"{self.passed_over} ngày nghỉ: {city:%d/%m/%Y}."
        )
        en = (
            f"The ministry's {ministry:%Y-%m-%d} less {self.working_days_before} working days, passing over "
            f"{self.passed_over} days off: {city:%Y-%m-%d}."
        )
        if not self.calendar_confirmed:
            vi += " Lịch nghỉ của năm chưa được xác nhận."
            en += " The year's calendar is not confirmed."
        return {"vi": vi, "en": en}


def planned_back(calendar: Calendar, ministry_due_on: date, working_days: int) -> Planned:
    """Count back from the ministry's last day; with 0 it is that day, or the last working day before it."""
    day = calendar.not_after(ministry_due_on)
    if working_days:
        day = calendar.add(ministry_due_on, -working_days)
    between = range(day.toordinal() + 1, ministry_due_on.toordinal() + 1)
    return Planned(
        ministry_due_on=ministry_due_on,
        working_days_before=working_days,
        proposed_due_on=day,
        passed_over=sum(not calendar.is_working(date.fromordinal(number)) for number in between),
        calendar_confirmed=calendar.confirms(day, ministry_due_on),
    )
