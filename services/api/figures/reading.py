"""Reads a sheet of figures, or the same rows as JSON; a row's faults stay with the row. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import ValidationError

from services.api.deps.cells import plain_text
from services.api.errors import pointer_to
from services.api.figures.columns import (
    BY_NAME,
    ERROR,
    ERROR_HEADING,
    INPUTS,
    KEYS,
    STATEMENT,
    Column,
    column_of,
)
from services.api.figures.schemas import MOST_FIGURES, FigureShown, SentFigure
from services.api.sheets.faults import Faults, Place, Said, said_of, shown
from services.api.sheets.numbers import written_number
from services.api.sheets.tables import Cell, Row, Sheet, Table, cell_at, check_heading
from services.api.submissions.words import ANSWERS
from shared.text import fold

TITLES = 5  # rows above the names of the columns
_ANSWER_OF = {fold(word): name for name, said in ANSWERS.items() for word in (name, said)}
_MEMBERS = {column.member.split("/")[0] for column in INPUTS}


class Wrong(NamedTuple):
    """What is wrong with a row; ``member`` as in a submission, "" for the row."""

    member: str
    said: Said


@dataclass(slots=True)
class SentRow:
    number: int
    pointer: str
    assignment: UUID | None = None
    keys: dict[str, str] = field(default_factory=dict)
    content: dict[str, Any] = field(default_factory=dict)  # only the members that the file has
    wrong: list[Wrong] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        # What a document states is not the row's answer: emptied, the row deletes nothing.
        answers = {name: told for name, told in self.content.items() if name not in STATEMENT}
        told = (answers or self.content).values()
        return not self.wrong and not any(one is not None and one not in ("", {}) for one in told)

    @property
    def in_sheet(self) -> bool:
        return self.pointer.count("/") == 1

    def place(self, member: str) -> Place:
        """Point at what is wrong as people see it: a cell of a sheet, a member of JSON."""
        if not self.in_sheet:
            return Place(self.pointer + (f"/{member}" if member else ""))
        name = column_of(member)
        column = (f", column {name}", f", cột {BY_NAME[name].vi}") if name else ("", "")
        words = Said(f"row {self.number}{column[0]}", f"dòng {self.number}{column[1]}")
        return Place(self.pointer + (pointer_to(name) if name else ""), words)


class FiguresRead(NamedTuple):
    """The rows, what is wrong with the file as a whole, and its sheet from the names of the columns on."""

    rows: list[SentRow]
    faults: Faults
    sheet: Sheet | None = None


def read_figures(table: Table) -> FiguresRead:
    if table.faults:
        return FiguresRead([], table.faults)
    if table.sheet is None:
        return _from_json(table.data)
    faults = Faults()
    sheet = _headed(table.sheet)
    if sheet is None:
        faults.add(table.sheet.place(table.sheet.heading.number), _NO_NAMES)
        return FiguresRead([], faults)
    columns = check_heading(sheet, faults)
    for name, column in columns.items():
        if name not in BY_NAME and name not in {ERROR, ERROR_HEADING}:
            faults.add(sheet.place(sheet.heading.number, column), _UNKNOWN)
    for name in KEYS[:2]:
        if name not in columns:
            faults.add(sheet.place(sheet.heading.number), _missing(name))
    _check_count(len(sheet.rows), sheet.place(sheet.heading.number), faults)
    rows = [] if faults else [_row(sheet, columns, row) for row in sheet.rows]
    return FiguresRead(rows, faults, sheet)


def _headed(sheet: Sheet) -> Sheet | None:
    """Find the row with the names of the columns; titles may stand above it."""
    rows = [sheet.heading, *sheet.rows]
    for place, row in enumerate(rows[:TITLES]):
        if "assignment" in {sheet.words(cell) for cell in row.cells}:
            return replace(sheet, heading=row, rows=rows[place + 1 :])
    return None


def _check_count(count: int, place: Place, faults: Faults) -> None:
    if not count:
        faults.add(place, _NO_ROWS)
    if count > MOST_FIGURES:
        faults.add(place, _TOO_MANY)


def _row(sheet: Sheet, columns: Mapping[str, int], row: Row) -> SentRow:
    sent = SentRow(row.number, pointer_to(row.number))
    cells = {
        name: _plain(sheet, cell_at(row, column))
        for name, column in columns.items()
        if name in BY_NAME
    }
    _take_keys(sent, {name: sheet.words(cells.get(name)) for name in KEYS})
    explanations: dict[str, Any] = {}
    for column in INPUTS:
        if column.name not in cells:
            continue
        value = _input(sheet, column, cells[column.name])
        if isinstance(value, Said):
            sent.wrong.append(Wrong(column.member, value))
        elif column.fill != "reason":
            sent.content[column.name] = value
        elif value:
            explanations[column.member.partition("/")[2]] = value
    if explanations:
        sent.content["explanations"] = explanations
    _check(sent)
    return sent


def _plain(sheet: Sheet, cell: Cell) -> Cell:
    return plain_text(cell) if isinstance(cell, str) and not sheet.typed else cell


def _take_keys(sent: SentRow, keys: Mapping[str, Any]) -> None:
    sent.keys = {name: text for name, text in keys.items() if isinstance(text, str) and text}
    try:
        sent.assignment = UUID(sent.keys.get("assignment", ""))
    except ValueError:
        sent.assignment = None


def _input(sheet: Sheet, column: Column, cell: Cell) -> Any:
    """Read a cell that a department fills in; ``Said`` is what is wrong with it."""
    if isinstance(cell, Said):
        return cell
    if column.fill == "number":
        return _number(sheet, cell)
    text = sheet.text(cell) if isinstance(cell, str) else "" if cell is None else repr(cell)
    if column.fill != "answer" or not text:
        return text or (None if column.fill == "answer" else "")
    return _ANSWER_OF.get(fold(text), _NO_ANSWER)


def _number(sheet: Sheet, cell: Cell) -> Any:
    if isinstance(cell, str):
        text = sheet.text(cell).replace("\u2212", "-").replace("\u00a0", "")
        found = _written(text, comma=sheet.comma or sheet.typed) if text else None
    else:
        found = _as_float(cell)
    if isinstance(found, float) and not math.isfinite(found):
        return _INFINITE
    return found


def _as_float(cell: Any) -> float | None:
    try:
        return None if cell is None else float(cell)
    except OverflowError:
        return math.inf


def _written(text: str, *, comma: bool) -> float | Said:
    """Read a number that is written out; where commas part the cells, the point is the decimal sign.

    A cell in quotes may have a decimal comma even then, unless 1,234 could be a thousand.
    """
    found = written_number(text, comma=comma)
    if comma or not isinstance(found, Said):
        return found
    whole, _, rest = text.partition(",")
    if len(rest) == 3 and "." not in text and whole.strip("+-") not in {"0", ""}:  # noqa: PLR2004
        return Said(
            f"{shown(text)} can be read in two ways: write {whole}{rest} or {whole}.{rest}",
            f"{shown(text)} có hai cách hiểu: hãy viết {whole}{rest} hoặc {whole}.{rest}",
        )
    return written_number(text, comma=True)


def _from_json(data: Any) -> FiguresRead:
    faults = Faults()
    rows = data.get("rows") if isinstance(data, dict) else None
    if not isinstance(rows, list) or set(data) != {"rows"}:
        faults.add(Place("/rows"), _NO_LIST)
        return FiguresRead([], faults)
    _check_count(len(rows), Place("/rows"), faults)
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            faults.add(Place(pointer_to("rows", place)), _NO_OBJECT)
    if faults:
        return FiguresRead([], faults)
    return FiguresRead([_json_row(place, row) for place, row in enumerate(rows)], faults)


def _json_row(place: int, row: dict[str, Any]) -> SentRow:
    sent = SentRow(place + 1, pointer_to("rows", place))
    _take_keys(sent, {name: row.get(name) for name in KEYS})
    sent.content = {name: row[name] for name in row if name in _MEMBERS}
    sent.wrong = [
        Wrong(name, _FORBIDDEN)
        for name in row
        if name not in _MEMBERS and name not in FigureShown.model_fields
    ]
    _check(sent)
    return sent


def _check(sent: SentRow) -> None:
    """Let the fields of a submission judge what was read; blank text is no text."""
    if sent.empty:
        return
    if sent.assignment is None:
        sent.wrong.append(Wrong("assignment", _NO_DUTY))
    try:
        read = SentFigure.model_validate(sent.content)
    except ValidationError as error:
        sent.wrong += [Wrong(_member(entry["loc"]), said_of(entry)) for entry in error.errors()]
    else:
        sent.content = {name: getattr(read, name) for name in sent.content}


def _member(where: tuple[Any, ...]) -> str:
    return "/".join(str(step) for step in where[:2] if step != "[key]")


def _missing(name: str) -> Said:
    return Said(
        f"the column {name} is missing: take it from the export",
        f"thiếu cột {name}: hãy lấy từ tệp xuất",
    )


_NO_NAMES = Said(
    "no row has the names of the columns (assignment, version, value, …): fill in the exported file",
    "không có dòng tên cột (assignment, version, value, …): hãy điền vào tệp đã xuất",
)
_UNKNOWN = Said("the sheet of figures has no such column", "biểu số liệu không có cột này")
_NO_ROWS = Said("there are no rows", "không có dòng nào")
_TOO_MANY = Said(f"there are more than {MOST_FIGURES} rows", f"có quá {MOST_FIGURES} dòng")
_NO_ANSWER = Said(
    f"is none of: {', '.join(ANSWERS)}", f"phải là một trong: {', '.join(ANSWERS.values())}"
)
_INFINITE = Said("is too large to be kept", "quá lớn, không lưu được")
_NO_LIST = Said("send an object with a list in rows", "hãy gửi một đối tượng có danh sách rows")
_NO_OBJECT = Said("must be an object", "phải là một đối tượng")
_FORBIDDEN = Said("this member is not known", "trường không được phép")
_NO_DUTY = Said(
    "is no duty's id: leave the column as it was exported",
    "không phải mã nhiệm vụ: hãy giữ nguyên cột này như tệp đã xuất",
)
