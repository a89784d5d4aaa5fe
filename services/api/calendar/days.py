"""What cannot be a special day of a year, whichever way it comes in; pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from services.api.calendar.schemas import CalendarDay
from services.api.sheets.faults import Said
from shared.calendar import SATURDAY

NO_DAY_OFF = Said(
    "A year without a single day off is not confirmed: enter its holidays, or fill them from the library.",
    "Không xác nhận năm chưa có ngày nghỉ nào: hãy nhập ngày nghỉ lễ, hoặc điền từ thư viện.",
)
_OTHER_YEAR = Said("This day is of another year.", "Ngày này thuộc năm khác.")
_TWICE = Said("This day stands here twice.", "Ngày này bị lặp.")
_WEEKDAY = Said(
    "A weekday is worked anyway: only a Saturday or a Sunday can be made one.",
    "Ngày thường vốn là ngày làm việc: chỉ hoán đổi được thứ Bảy hoặc Chủ nhật.",
)


def misplaced(year: int, days: Sequence[CalendarDay]) -> Iterator[tuple[int, Said]]:
    """Give the place of each day that cannot stand in the year, and why."""
    seen: set[date] = set()
    for place, entry in enumerate(days):
        wrong = None
        if entry.day.year != year:
            wrong = _OTHER_YEAR
        elif entry.day in seen:
            wrong = _TWICE
        elif entry.kind == "worked" and entry.day.weekday() < SATURDAY:
            wrong = _WEEKDAY
        seen.add(entry.day)
        if wrong:
            yield place, wrong


def has_day_off(days: Iterable[Mapping[str, object]]) -> bool:
    """Tell it: no year is without a holiday, and mail would go out at Tết in one that was emptied by mistake."""
    return any(day["kind"] == "off" for day in days)
