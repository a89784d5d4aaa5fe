"""Tables as CSV (RFC 4180) and XLSX: nothing in them is run as a formula, and the same rows make the same bytes."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from services.api.deps.cells import safe_text

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_NO_CHARACTERS = dict.fromkeys((0xFFFE, 0xFFFF))
_THEN = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)

_EXACT = 2.0**53  # up to it every whole number is a float
_CREATED = re.compile(rb"<dcterms:created[^>]*>([^<]*)")
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")

Rows = Iterable[Mapping[str, Any]]


def as_csv(columns: Sequence[str], rows: Rows) -> bytes:
    """Write UTF-8 with a byte order mark, without which Excel misreads Vietnamese; n/a is an empty cell."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_plain(row.get(name)) for name in columns] for row in rows)
    return written.getvalue().encode("utf-8-sig")


def _plain(value: Any) -> Any:
    """Put an apostrophe before text that would be run as a formula; a number stays a number."""
    value = _simple(value)
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)  # 1200, where Python would write 1200.0
    return "" if value is None else value


def _simple(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, int | float | str):
        return value
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def as_xlsx(sheets: Mapping[str, tuple[Sequence[str], Rows]]) -> bytes:
    """Write sheets by name, each its columns and rows. Text is stored as text, so that no cell is a formula."""
    book = openpyxl.Workbook(write_only=True)
    for name, (columns, rows) in sheets.items():
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        sheet.append([_cell(sheet, column, bold=True) for column in columns])
        for row in rows:
            sheet.append([_cell(sheet, row.get(column)) for column in columns])
    return packed(book)


def packed(book: openpyxl.Workbook) -> bytes:
    """Save a workbook; the same content makes the same bytes."""
    book.properties.created = _THEN
    written = io.BytesIO()
    book.save(written)
    return without_times(written.getvalue())


def _cell(sheet: Any, value: Any, *, bold: bool = False) -> Any:
    value = _simple(value)
    if isinstance(value, str):
        value = storable(value)
    # Written out here: openpyxl would keep sixteen of a float's seventeen digits.
    cell = WriteOnlyCell(sheet, repr(value) if isinstance(value, float) else value)
    if isinstance(value, str):
        cell.data_type = "s"
    elif isinstance(value, float):
        cell.data_type = "n"
    if bold:
        cell.font = Font(bold=True)
    return cell


def storable(text: str) -> str:
    """Leave out what XML cannot hold."""
    return ILLEGAL_CHARACTERS_RE.sub("", text).translate(_NO_CHARACTERS)


def without_times(saved: bytes) -> bytes:
    """Pack again with one date for all members: the ETag must not change with the clock.

    The date of the last change becomes that of creation: openpyxl puts the clock's there whatever one says.
    """
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(saved)) as old,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml" and (created := _CREATED.search(content)):
                content = _MODIFIED.sub(rb"\g<1>" + created[1], content)
            new.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()
