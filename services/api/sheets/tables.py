"""A sheet of a file, whatever kind of file it was: a heading, rows, and where each cell stands."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from services.api.errors import pointer_to
from services.api.sheets.faults import Faults, Place, Said
from services.api.sheets.numbers import NUMBER, number_in, sensible
from shared.text import nfc

MOST_ROWS = 100_000  # 200 localities with 500 figures each, one in a row
MOST_COLUMNS = 502  # code, name and 500 figures

Cell = str | int | float | Said | None
"""What stands there: None is empty, ``Said`` tells why it cannot be used."""


class Row(NamedTuple):
    number: int  # in the file, from 1
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Sheet:
    heading: Row
    rows: list[Row]
    comma: bool = False  # a decimal comma may stand in it
    typed: bool = False  # its numbers are numbers, its columns have letters

    @cached_property
    def names(self) -> list[str]:
        """List the columns' names; an empty one, or one that cannot be used, is ""."""
        told = [self.words(cell) for cell in self.heading.cells]
        return ["" if isinstance(name, Said) else name for name in told]

    def place(self, row: int, column: int | None = None) -> Place:
        """Point at a row, or at a cell of it by the heading of its column."""
        if column is None:
            return Place(pointer_to(row), Said(f"row {row}", f"dòng {row}"))
        name = self.names[column][:64] if column < len(self.names) else ""
        name = name or (letters(column) if self.typed else f"#{column + 1}")
        cell = f" ({letters(column)}{row})" if self.typed else ""
        return Place(
            pointer_to(row, name),
            Said(f"row {row}, column {name}{cell}", f"dòng {row}, cột {name}{cell}"),
        )

    @staticmethod
    def text(cell: str) -> str:
        return nfc(cell).strip()

    def words(self, cell: Cell) -> str | Said:
        """Read a cell of text; a whole number counts as its digits, as a code may be one."""
        if isinstance(cell, str):
            return self.text(cell)
        if isinstance(cell, float):
            return Said(
                f"{cell:g} is a number: format the cell as text",
                f"{cell:g} là số: hãy định dạng ô là văn bản",
            )
        return str(cell) if isinstance(cell, int) else cell or ""

    def figure(self, cell: Cell) -> float | Said | None:
        """Read a cell of figures; None is an empty one."""
        if isinstance(cell, str):
            text = self.text(cell)
            if not text:
                return None
            return _TEXT if self.typed else number_in(text, comma=self.comma)
        if isinstance(cell, int | float):
            return sensible(_as_float(cell))
        return cell


_UNNAMED = Said("the column has no heading", "cột không có tiêu đề")
_TWICE = Said("the column stands twice", "cột xuất hiện hai lần")
_TEXT = Said(f"is text; {NUMBER.english}", f"là văn bản; {NUMBER.vietnamese}")


def _as_float(cell: float) -> float:
    try:
        return float(cell)
    except OverflowError:
        return float("inf")


def letters(column: int) -> str:
    """Name a column, counted from 0, as a spreadsheet does: A, B, …, Z, AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


@dataclass(frozen=True, slots=True)
class Table:
    """A file that was read: a sheet, or the JSON as it stands; ``faults`` where it could not be read."""

    kind: str
    sheet: Sheet | None = None
    data: object = None
    faults: Faults = field(default_factory=Faults)


def check_heading(sheet: Sheet, faults: Faults) -> dict[str, int]:
    """Find the columns by their names; name those that have none, or one that stands twice.

    A column without a name and without any cell below is no column.
    """
    columns: dict[str, int] = {}
    used = {i for row in sheet.rows for i, cell in enumerate(row.cells) if filled(cell)}
    for column in range(max(len(sheet.names), *(i + 1 for i in used), 1)):
        said = sheet.words(cell_at(sheet.heading, column))
        if said == "":
            if column in used:
                faults.add(sheet.place(sheet.heading.number, column), _UNNAMED)
        elif isinstance(said, Said):
            faults.add(sheet.place(sheet.heading.number, column), said)
        elif said in columns:
            faults.add(sheet.place(sheet.heading.number, column), _TWICE)
        else:
            columns[said] = column
    return columns


def filled(cell: Cell) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def cell_at(row: Row, column: int | None) -> Cell:
    return row.cells[column] if column is not None and column < len(row.cells) else None
