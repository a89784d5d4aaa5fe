"""Reads one sheet of an XLSX, after the ZIP that it is was looked at from outside."""

import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

import openpyxl
from openpyxl.cell.read_only import EMPTY_CELL

from services.api.sheets.faults import Place, Said
from services.api.sheets.tables import MOST_COLUMNS, MOST_ROWS, Cell, Row, Sheet, filled

MOST_PARTS = 1_000
MOST_UNPACKED = 48 * 1024 * 1024  # bytes; a full panel, one figure in a row, takes 20 MiB
MOST_RATIO = 120  # unpacked to packed; sheets come to 5 to 50
WIDEST = 1_024  # cells of a row, empty ones that are formatted among them
_DOCTYPE = re.compile(rb"<!DOCTYPE", re.IGNORECASE)
# How XML begins that a parser takes for UTF-16, UTF-32 or EBCDIC, in which none of our signs would be found.
_FOREIGN = (
    b"\xff\xfe",
    b"\xfe\xff",
    b"<\0",
    b"\0<",
    b"\0\0\0<",
    b"\0\0\xfe\xff",
    b"\x4c\x6f\xa7\x94",
)
_ENCODING = re.compile(rb"""^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?encoding\s*=\s*["']([^"']*)""")
_OURS = {b"utf-8", b"utf8", b"us-ascii"}
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")


class UnreadableError(Exception):
    """A file that cannot be read at all, and why."""

    def __init__(self, english: str, vietnamese: str) -> None:
        self.place = Place("")
        self.said = Said(english, vietnamese)
        super().__init__(english)


def read_workbook(
    file: BinaryIO, *, name: str, most_unpacked: int = MOST_UNPACKED, dates: bool = False
) -> Sheet:
    """Take the sheet of this name, or else the first, with the results that formulas had when it was saved.

    ``dates``: a cell with a day is its ISO text; otherwise a date is told of, as it stands for a spoilt code.
    """
    try:
        has_formulas = _look_from_outside(file, most_unpacked)
        rows = list(_rows(file, name, dates=dates))
        if has_formulas:
            rows = _without_unknown(rows, _formulas(file, name))
    except UnreadableError:
        raise
    except Exception as error:
        # openpyxl raises whatever a strange file leads its code into.
        raise UnreadableError(
            "the workbook cannot be read: save it again as XLSX",
            "không đọc được bảng tính: hãy lưu lại dạng XLSX",
        ) from error
    rows = [row for row in rows if any(map(filled, row.cells))]
    if not rows:
        raise UnreadableError("the sheet is empty", "trang tính rỗng")
    return Sheet(rows[0], rows[1:], typed=True)


def _look_from_outside(file: BinaryIO, most_unpacked: int) -> bool:
    """Refuse what would unpack to too much or has its own entities; tell whether there are formulas.

    ``zipfile`` unpacks no more than the directory says, so that the directory can be believed.
    """
    formulas = False
    with zipfile.ZipFile(file) as archive:
        _check_directory(archive.infolist(), most_unpacked)
        for name in archive.namelist():
            # A part is what others say it is, not what it is called.
            content = archive.read(name)
            _check_part(content)
            formulas = formulas or _FORMULA.search(content) is not None
    return formulas


def _check_part(content: bytes) -> None:
    declared = _ENCODING.match(content)
    if content.startswith(_FOREIGN) or (declared and declared[1].lower() not in _OURS):
        raise UnreadableError("the workbook is not in UTF-8", "bảng tính không ở dạng UTF-8")
    if _DOCTYPE.search(content):
        raise UnreadableError("the workbook has a DOCTYPE", "bảng tính có DOCTYPE")


def _check_directory(parts: list[zipfile.ZipInfo], most_unpacked: int) -> None:
    unpacked = sum(part.file_size for part in parts)
    most = min(most_unpacked, MOST_RATIO * max(sum(part.compress_size for part in parts), 1))
    if len(parts) > MOST_PARTS or unpacked > most:
        raise UnreadableError("the workbook unpacks to too much", "bảng tính giải nén ra quá lớn")
    if len({part.filename for part in parts}) < len(parts):
        raise UnreadableError("the workbook has a part twice", "bảng tính có thành phần bị lặp")


def _cells(file: BinaryIO, name: str, *, results: bool) -> Iterator[tuple[int, tuple[Any, ...]]]:
    file.seek(0)
    book = openpyxl.load_workbook(file, read_only=True, data_only=results, keep_links=False)
    sheets = book.worksheets
    sheet: Any = next((sheet for sheet in sheets if sheet.title.strip().lower() == name), sheets[0])
    # What a sheet says of its own size may be wrong; without it a row is as wide as what it holds.
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(max_row=MOST_ROWS + 2), start=1):
        too_wide = len(row) > WIDEST or any(cell.value is not None for cell in row[MOST_COLUMNS:])
        if too_wide or number > MOST_ROWS + 1:
            raise UnreadableError(
                f"more than {MOST_ROWS} rows or {MOST_COLUMNS} columns",
                f"quá {MOST_ROWS} dòng hoặc {MOST_COLUMNS} cột",
            )
        yield number, row


def _rows(file: BinaryIO, name: str, *, dates: bool) -> Iterator[Row]:
    for number, row in _cells(file, name, results=True):
        yield Row(
            number, [None if cell is EMPTY_CELL else _cell(cell, dates=dates) for cell in row]
        )


def _cell(cell: Any, *, dates: bool) -> Cell:
    value = cell.value
    if dates and (day := _day(value)):
        return day
    if cell.data_type == "e":
        return Said(f"has the error {value}", f"có lỗi {value}")
    if isinstance(value, bool):
        return Said("is true or false, not a number", "là đúng/sai, không phải là số")
    if isinstance(value, date | datetime | time | timedelta):
        return Said(
            "is a date: format the cell as a number, or as text where it is a code",
            "là ngày tháng: hãy định dạng ô là số, hoặc là văn bản nếu là mã",
        )
    if value is None and cell.data_type == "str":
        return ""  # a formula whose result is an empty text
    return value if isinstance(value, str | int | float | None) else str(value)


def _day(value: Any) -> str | None:
    """Write a day; a workbook has it as its midnight."""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else None
    return value.isoformat() if isinstance(value, date) else None


def _formulas(file: BinaryIO, name: str) -> set[tuple[int, int]]:
    return {
        (number, column)
        for number, row in _cells(file, name, results=False)
        for column, cell in enumerate(row)
        if cell.data_type == "f"
    }


def _without_unknown(rows: list[Row], formulas: set[tuple[int, int]]) -> list[Row]:
    """Say so where a formula has no stored result: it must not pass for an empty cell."""
    return [
        Row(
            row.number,
            [
                _NO_RESULT if cell is None and (row.number, column) in formulas else cell
                for column, cell in enumerate(row.cells)
            ],
        )
        for row in rows
    ]


_NO_RESULT = Said(
    "is a formula without a stored result: open and save the file in a spreadsheet program",
    "là công thức chưa có kết quả: hãy mở và lưu lại tệp bằng phần mềm bảng tính",
)
