"""The workbook that a department fills in: locked but for its own cells, with what it needs beside them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import openpyxl
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties

from services.api.deps.fields import MOST_FIGURE
from services.api.deps.tables import packed, storable
from services.api.figures.columns import COLUMNS, NUMBERS, Column, cells_of
from services.api.figures.guide import GUIDE, MADE_UP, TITLE
from services.api.submissions.words import ANSWERS

SHEET = "figures"
TITLE_ROW, HEADING_ROW, NAMES_ROW, FIRST_ROW = 1, 2, 3, 4
FROZEN = "E4"  # body, its name, indicator and its name stay in sight
LOCALE = "[$-42A]"  # Vietnamese
DAY = "dd/mm/yyyy"
TEXT = "@"  # what is typed there stays text, whatever it begins with
_MOST = {"prose": 4000, "line": 300, "reason": 2000}
_FIGURES = frozenset(
    {*NUMBERS, "lower_bound", "upper_bound", "expected_low", "expected_high", "last_year_value"}
)
_HEAD = PatternFill("solid", fgColor="FFD9E2F3")
_LOCKED = PatternFill("solid", fgColor="FFF2F2F2")
_OPEN = PatternFill("solid", fgColor="FFFFFBE6")
_WARNING = Font(bold=True, color="FFC00000", size=12)
_BOLD, _PLAIN = Font(bold=True), Font()
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_LINE = Side("thin", color="FFBFBFBF")
_BOX = Border(_LINE, _LINE, _LINE, _LINE)
_FREE, _FIXED = Protection(locked=False), Protection(locked=True)


def template(period: Mapping[str, Any], rows: Sequence[dict[str, Any]]) -> bytes:
    """Write the workbook; ``period`` names the period and says whether it is made up."""
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = SHEET
    _headings(sheet, period)
    for number, row in enumerate(rows, start=FIRST_ROW):
        cells = cells_of(row, words=True)
        for place, column in enumerate(COLUMNS, start=1):
            _fill(sheet.cell(number, place), column, cells[column.name], row)
    _validate(sheet, rows)
    _furnish(sheet)
    _instruct(book.create_sheet("Hướng dẫn - Guide"), period)
    return packed(book)


def _headings(sheet: Any, period: Mapping[str, Any]) -> None:
    title = sheet.cell(TITLE_ROW, 1)
    _write(title, f"{TITLE} {period['code']} – {period['name']}")
    title.font = Font(bold=True, size=13)
    if period["made_up"]:
        _write(sheet.cell(TITLE_ROW, 5), MADE_UP)
        sheet.cell(TITLE_ROW, 5).font = _WARNING
    for place, column in enumerate(COLUMNS, start=1):
        cell = sheet.cell(HEADING_ROW, place)
        _write(cell, column.vi)
        cell.font, cell.border, cell.alignment = _BOLD, _BOX, _WRAPPED
        cell.fill = _OPEN if column.fill else _HEAD
        _write(sheet.cell(NAMES_ROW, place), column.name)
        sheet.column_dimensions[get_column_letter(place)].width = column.width
    sheet.row_dimensions[HEADING_ROW].height = 32
    sheet.row_dimensions[NAMES_ROW].hidden = True


def _fill(cell: Any, column: Column, value: Any, row: Mapping[str, Any]) -> None:
    free = bool(column.fill) and row["writable"]
    _write(cell, _said(value))
    cell.number_format = _format(column.name, row)
    cell.protection = _FREE if free else _FIXED
    cell.fill = _OPEN if free else _LOCKED
    cell.alignment, cell.border = _WRAPPED, _BOX


def _format(name: str, row: Mapping[str, Any]) -> str:
    if name in _FIGURES:
        return number_format(row)
    return {"revision": "0", "due_on": DAY}.get(name, TEXT)


def _said(value: Any) -> Any:
    if isinstance(value, bool):
        return "có" if value else "không"
    if value is None or isinstance(value, int | float | date):
        return value
    return storable(str(value))


def _write(cell: Any, value: Any) -> None:
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"  # never a formula


def number_format(row: Mapping[str, Any]) -> str:
    """Group thousands, and show the decimals that the indicator takes."""
    if row["integer_only"]:
        return f"{LOCALE}#,##0"
    if row["decimals"] is not None:
        return f"{LOCALE}#,##0" + (f".{'0' * row['decimals']}" if row["decimals"] else "")
    return f"{LOCALE}#,##0.00#############"


def _validate(sheet: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Let the program refuse at once what the import would refuse; rows with the same bounds share one rule."""
    if not rows:
        return
    last = FIRST_ROW + len(rows) - 1
    for place, column in enumerate(COLUMNS, start=1):
        letter = get_column_letter(place)
        whole = f"{letter}{FIRST_ROW}:{letter}{last}"
        if column.fill == "answer":
            _add(sheet, _answers(), [whole])
        elif column.name == "value":
            for bounds, cells in _by_bounds(rows, letter).items():
                _add(sheet, _bounded(*bounds), cells)
        elif column.fill == "number":
            _add(sheet, _bounded(None, None, whole=False), [whole])
        elif column.fill:
            _add(sheet, _short(_MOST[column.fill]), [whole])


def _add(sheet: Any, rule: DataValidation, cells: Iterable[str]) -> None:
    for cell in cells:
        rule.add(cell)
    sheet.add_data_validation(rule)


def _by_bounds(
    rows: Sequence[Mapping[str, Any]], letter: str
) -> dict[tuple[float | None, float | None, bool], list[str]]:
    found: dict[tuple[float | None, float | None, bool], list[str]] = {}
    for number, row in enumerate(rows, start=FIRST_ROW):
        bounds = (row["lower_bound"], row["upper_bound"], row["integer_only"])
        found.setdefault(bounds, []).append(f"{letter}{number}")
    return found


def _answers() -> DataValidation:
    rule = DataValidation("list", formula1=f'"{",".join(ANSWERS.values())}"', allow_blank=True)
    rule.errorTitle, rule.error = "Loại trả lời", "Chọn trong danh sách. / Choose from the list."
    return rule


def _bounded(low: float | None, high: float | None, whole: bool) -> DataValidation:  # noqa: FBT001
    ends = (low if low is not None else -MOST_FIGURE, high if high is not None else MOST_FIGURE)
    rule = DataValidation(
        "whole" if whole and ends == (low, high) else "decimal",
        operator="between",
        formula1=f"{ends[0]!r}".upper(),
        formula2=f"{ends[1]!r}".upper(),
        allow_blank=True,
    )
    told = " – ".join("…" if bound is None else f"{bound:g}" for bound in (low, high))
    rule.errorTitle = "Số liệu"
    rule.error = f"Cần là số trong giới hạn {told}. / A number within {told}."
    return rule


def _short(most: int) -> DataValidation:
    rule = DataValidation(
        "textLength", operator="lessThanOrEqual", formula1=str(most), allow_blank=True
    )
    rule.errorTitle, rule.error = (
        "Quá dài",
        f"Nhiều nhất {most} ký tự. / At most {most} characters.",
    )
    return rule


def _furnish(sheet: Any) -> None:
    sheet.freeze_panes = FROZEN
    _protect(sheet)
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", "9"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = f"{HEADING_ROW}:{HEADING_ROW}"


def _protect(sheet: Any) -> None:
    """Lock against mistakes, without a password; widths and heights may be changed."""
    protection = sheet.protection
    protection.sheet = True
    protection.formatColumns = protection.formatRows = False


def _instruct(sheet: Any, period: Mapping[str, Any]) -> None:
    lines: list[tuple[str, str]] = [(MADE_UP, "")] if period["made_up"] else []
    lines += [*GUIDE, ("", ""), ("Cột / Column", "")]
    for number, (vi, en) in enumerate(lines, start=1):
        _write(sheet.cell(number, 1), vi)
        _write(sheet.cell(number, 2), en)
        sheet.cell(number, 1).alignment = sheet.cell(number, 2).alignment = _WRAPPED
    if period["made_up"]:
        sheet.cell(1, 1).font = _WARNING
    for number, column in enumerate(COLUMNS, start=len(lines) + 1):
        name = f"{column.vi} ({column.name})"
        for place, text in enumerate((name, column.en, "✎" if column.fill else ""), start=1):
            _write(sheet.cell(number, place), text)
    for letter, width in (("A", 70), ("B", 70), ("C", 4)):
        sheet.column_dimensions[letter].width = width
    _protect(sheet)
