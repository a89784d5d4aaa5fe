"""The public holidays that a library knows, as the first fill of a year that nobody has entered."""

from datetime import date
from importlib.metadata import version

from services.api.calendar.schemas import CalendarDay

# The first and the last year for which the library knows the lunar days.
FIRST_YEAR, LAST_YEAR = 2000, 2099
# Stands in the place of a decision's number, so that nobody takes the days for decided.
FIRST_FILL = "Chưa có quyết định, điền ban đầu từ thư viện"
SOURCE = f"{FIRST_FILL} holidays {version('holidays')} (VN)"
NOTE = {
    "vi": "Năm chưa xác nhận: mới điền ban đầu từ thư viện, cần đối chiếu với quyết định của năm.",
    "en": "Not confirmed: a first fill from a library, to be checked against the year's decision.",
}
_SWAPPED = "Ngày làm việc hoán đổi"


def library_days(year: int) -> list[CalendarDay]:
    """List the year's holidays, the days off in their place, and the weekends worked for them."""
    import holidays  # noqa: PLC0415 four megabytes, for a year's first fill

    known = holidays.country_holidays("VN", years=year, language="vi")
    # What the library has of this year only: swaps may reach over New Year.
    days: dict[date, CalendarDay] = {
        day: CalendarDay(day=day, kind="off", name=name)
        for day, name in known.items()
        if day.year == year
    }
    for day in known.weekend_workdays:
        if day.year == year:
            days[day] = CalendarDay(day=day, kind="worked", name=_SWAPPED)
    return [days[day] for day in sorted(days)]
