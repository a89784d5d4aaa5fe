"""Cells read from a plan's CSV files that can say in which file and on which line they stand."""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.text import nfc


class PlanFileError(Exception):
    """A plan's file cannot be used as it is."""

    def __init__(self, path: Path, line: int, what: str) -> None:
        self.path = path
        self.line = line
        self.what = what
        super().__init__(f"{path}, line {line}: {what}")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file, its cells by column: NFC and without space around them.

    ``line`` is the line in the file on which the row ends: a quoted cell may hold line breaks.
    """

    path: Path
    line: int
    cells: dict[str, str]

    def error(self, what: str) -> PlanFileError:
        return PlanFileError(self.path, self.line, what)

    def text(self, column: str) -> str:
        return self.cells[column]

    def required(self, column: str) -> str:
        if not self.cells[column]:
            raise self.error(f"{column} is empty.")
        return self.cells[column]

    def one_of(self, column: str, allowed: Sequence[str]) -> str:
        if self.cells[column] not in allowed:
            raise self.error(
                f"{column} is {self.cells[column]!r}, which is none of {', '.join(allowed)}."
            )
        return self.cells[column]

    def some_of(self, column: str, allowed: Sequence[str]) -> tuple[str, ...]:
        """Read words with blanks between them, in the order of ``allowed``."""
        said = self.cells[column].split()
        if wrong := [word for word in said if word not in allowed]:
            raise self.error(f"{column} is {wrong[0]!r}, which is none of {', '.join(allowed)}.")
        return tuple(word for word in allowed if word in said)

    def flag(self, column: str) -> bool:
        return self.one_of(column, ("true", "false")) == "true"

    def number(self, column: str) -> float:
        # float() alone would also take "nan", "inf" and "1_000".
        text = self.required(column)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or "_" in text:
            raise self.error(f"{column} is {text!r}, which is no number written like 1234.56.")
        return value

    def number_or_none(self, column: str) -> float | None:
        return self.number(column) if self.cells[column] else None

    def whole(self, column: str) -> int:
        text = self.required(column)
        if not (text.isascii() and text.isdigit()):
            raise self.error(f"{column} is {text!r}, which is no whole number.")
        return int(text)

    def whole_or_none(self, column: str) -> int | None:
        return self.whole(column) if self.cells[column] else None


def read_text(path: Path) -> str:
    """Text of a UTF-8 file; the mark that Excel writes in front is no part of it."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise PlanFileError(path, 1, "There is no such file.") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise PlanFileError(path, line, "The text is not UTF-8.") from None


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Rows below the heading, which must be exactly ``columns``; empty lines are skipped."""
    reader = csv.reader(read_text(path).splitlines(keepends=True), strict=True)
    try:
        if next(reader, []) != list(columns):
            raise PlanFileError(path, 1, f"The heading must be {','.join(columns)}.")
        for cells in filter(None, reader):
            if len(cells) != len(columns):
                what = f"There are {len(cells)} cells instead of {len(columns)}."
                raise PlanFileError(path, reader.line_num, what)
            clean = (nfc(cell).strip() for cell in cells)
            yield Row(path, reader.line_num, dict(zip(columns, clean, strict=True)))
    except csv.Error as error:
        raise PlanFileError(path, reader.line_num, f"{error}.") from None
