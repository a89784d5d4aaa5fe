"""Gives a file back as it came, with a column that says what is wrong with each row. Pure."""

import csv
import io
from collections.abc import Mapping
from typing import BinaryIO

import openpyxl
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from services.api.deps.cells import FORMULA
from services.api.deps.tables import packed, storable
from services.api.figures.columns import ERROR, ERROR_HEADING
from services.api.figures.commands import RowDone
from services.api.sheets.faults import Said
from services.api.sheets.numbers import written_number
from services.api.sheets.tables import Sheet
from shared.errors import InvalidError


class NotGivenBackError(InvalidError):
    """The workbook holds what cannot be written again: ask for JSON, or fill in a fresh export.

    Bảng tính có nội dung không ghi lại được: hãy yêu cầu JSON, hoặc điền vào tệp xuất mới.
    """


_RED = PatternFill("solid", fgColor="FFFDE2E0")
MOST_WRITTEN = 8_000  # characters of a cell; a spreadsheet takes 32,767


def words_of(rows: list[RowDone]) -> dict[int, str]:
    """Word what is wrong or odd, by the number of the row in the file, in Vietnamese and English."""
    told = {}
    for row in rows:
        lines = [_joined(row.sent.place(wrong.member).words, wrong.said) for wrong in row.wrong]
        lines += [f"Cảnh báo / Warning: {odd['vi']} / {odd['en']}" for odd in row.unexplained]
        if lines:
            told[row.sent.number] = "\n".join(lines)[:MOST_WRITTEN]
    return told


def _joined(place: Said, said: Said) -> str:
    # The row is where the words stand.
    vi, en = (words.partition(", ")[2] for words in (place.vietnamese, place.english))
    return f"{f'{vi}: ' if vi else ''}{said.vietnamese} / {f'{en}: ' if en else ''}{said.english}"


def marked_csv(sheet: Sheet, told: Mapping[int, str]) -> bytes:
    column = _error_column(sheet)
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=";" if sheet.comma else ",", lineterminator="\r\n")
    for row in (sheet.heading, *sheet.rows):
        cells = [_harmless(str(cell or "")) for cell in row.cells]
        cells += [""] * (column + 1 - len(cells))
        is_heading = row.number == sheet.heading.number
        cells[column] = ERROR_HEADING if is_heading else told.get(row.number, "")
        writer.writerow(cells)
    return written.getvalue().encode("utf-8-sig")


def _harmless(cell: str) -> str:
    """Keep numbers and what has its apostrophe; other text must not be run as a formula."""
    if not cell.startswith(FORMULA):
        return cell
    ways = (written_number(cell.strip(), comma=comma) for comma in (True, False))
    return f"'{cell}" if all(isinstance(way, Said) for way in ways) else cell


def _error_column(sheet: Sheet) -> int:
    """Find the column of an earlier round, or the first one that is free."""
    for name in (ERROR, ERROR_HEADING):
        if name in sheet.names:
            return sheet.names.index(name)
    return max(len(row.cells) for row in (sheet.heading, *sheet.rows))


def marked_xlsx(file: BinaryIO, name: str, sheet: Sheet, told: Mapping[int, str]) -> bytes:
    """Write into the workbook itself: formulas, formats and validations stay."""
    book = _opened(file)
    page = next((one for one in book.worksheets if one.title.strip().lower() == name), None)
    page = page or book.worksheets[0]
    column = _error_column(sheet) + 1
    for merged in list(page.merged_cells.ranges):
        if merged.max_col >= column:
            page.unmerge_cells(str(merged))
    above = max(sheet.heading.number - 1, 1)
    for number, text in {**told, above: ERROR_HEADING, sheet.heading.number: ERROR}.items():
        cell = page.cell(number, column)
        cell.value = storable(text)
        cell.data_type = "s"
        if number in told:
            cell.fill, cell.alignment = _RED, Alignment(wrap_text=True, vertical="top")
        else:
            cell.font = Font(bold=True)
    for row in sheet.rows:
        if row.number not in told:
            page.cell(row.number, column).value = None
    page.column_dimensions[get_column_letter(column)].width = 60
    return packed(book)


def _opened(file: BinaryIO) -> openpyxl.Workbook:
    file.seek(0)
    try:
        return openpyxl.load_workbook(file)
    except Exception as error:
        # Its figures could be read, but openpyxl raises whatever the rest of a strange file leads its code into.
        raise NotGivenBackError from error
