"""A year's days as a table: its columns, and how they are read back; pure."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from services.api.calendar.days import NO_DAY_OFF, has_day_off, misplaced
from services.api.calendar.schemas import MOST_DAYS, CalendarDay, DayKind
from services.api.deps.cells import plain_text
from services.api.deps.fields import Day, Line, OptionalLine
from services.api.sheets.faults import Faults, Said, said_of
from services.api.sheets.tables import Row, Sheet, Table, cell_at, check_heading

SHEET = "calendar"
_CELLS: dict[str, TypeAdapter[Any]] = {
    "day": TypeAdapter(Day),
    "kind": TypeAdapter(DayKind),
    "name": TypeAdapter(Line),
    "decision": TypeAdapter(OptionalLine),
}
COLUMNS = tuple(_CELLS)
_REQUIRED = COLUMNS[:3]


def read_days(table: Table, *, year: int, confirmed: bool) -> tuple[list[CalendarDay], Faults]:
    """Read and check all of it; what is wrong comes back beside it, none of it raised."""
    sheet, faults = table.sheet, table.faults
    if sheet is None:
        return [], faults
    columns = _columns(sheet, faults)
    read = [(row, day) for row in sheet.rows if (day := _day(sheet, columns, row, faults))]
    days = [day for _, day in read]
    for place, said in misplaced(year, days):
        faults.add(sheet.place(read[place][0].number, columns["day"]), said)
    if confirmed and not faults and not has_day_off(day.model_dump() for day in days):
        faults.add(sheet.place(sheet.heading.number), NO_DAY_OFF)
    return days, faults


def _columns(sheet: Sheet, faults: Faults) -> dict[str, int]:
    """Find the columns; where they are not those of a calendar no row is read."""
    head = sheet.heading.number
    columns = {name.lower(): at for name, at in check_heading(sheet, faults).items()}
    for name in [name for name in columns if name not in COLUMNS]:
        faults.add(sheet.place(head, columns[name]), _UNKNOWN)
    if any(name not in columns for name in _REQUIRED):
        faults.add(sheet.place(head), _HEADING)
        return {}
    if len(sheet.rows) > MOST_DAYS:
        faults.add(sheet.place(sheet.rows[MOST_DAYS].number), _TOO_MANY)
        return {}
    return columns


def _day(sheet: Sheet, columns: dict[str, int], row: Row, faults: Faults) -> CalendarDay | None:
    """Read a row; every cell of it that is wrong is named."""
    if not columns:
        return None
    before = faults.total
    told: dict[str, Any] = {}
    for name in [name for name in COLUMNS if name in columns]:
        value = _cell(sheet, row, name, columns[name])
        if isinstance(value, Said):
            faults.add(sheet.place(row.number, columns[name]), value)
        told[name] = value
    return CalendarDay(**told) if faults.total == before else None


def _cell(sheet: Sheet, row: Row, name: str, column: int) -> Any:
    words = sheet.words(cell_at(row, column))
    if isinstance(words, Said):
        return words
    try:
        # In a workbook text is text; in CSV an apostrophe may keep it from being run.
        return _CELLS[name].validate_python(words if sheet.typed else plain_text(words))
    except ValidationError as error:
        return said_of(error.errors()[0])


_UNKNOWN = Said("there is no such column", "không có cột nào tên như vậy")
_HEADING = Said(
    "the heading needs day, kind and name; decision may follow",
    "tiêu đề cần có day, kind và name; có thể thêm decision",
)
_TOO_MANY = Said(f"there are more than {MOST_DAYS} rows", f"có quá {MOST_DAYS} dòng")
