"""The lines of a CSV file (RFC 4180, UTF-8) as rows that know where they stand."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from shared.exchange.errors import Mistakes

LARGEST_FILE = 256 * 2**20  # bytes


class Row(NamedTuple):
    """``line`` is the one on which the row begins; a quoted cell may hold line breaks."""

    line: int
    cells: list[str]

    def line_of(self, position: int) -> int:
        """Give the line on which a cell begins."""
        return self.line + sum(cell.count("\n") for cell in self.cells[:position])


def read_rows(path: Path, mistakes: Mistakes) -> Iterator[Row]:
    """Empty lines are passed over. Raises ``FileError`` where nothing can be read any more."""
    try:
        with path.open("rb") as file:
            yield from _rows(file, mistakes)
    except OSError as error:
        mistakes.stop(f"The file cannot be read: {error.strerror}.")


def _rows(file: BinaryIO, mistakes: Mistakes) -> Iterator[Row]:
    reader = csv.reader(_lines(file, mistakes), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            mistakes.stop(f"This row is no CSV: {error}.", line=line)
        if cells is None:
            return
        if cells:
            yield Row(line, cells)


def _lines(file: BinaryIO, mistakes: Mistakes) -> Iterator[str]:
    """Decode line by line, so that a wrong byte has a line, without the mark Excel writes in front."""
    left, number = LARGEST_FILE, 0
    while line := file.readline(left + 1):
        left -= len(line)
        number += 1
        if left < 0:
            mistakes.stop(f"The file is larger than {LARGEST_FILE // 2**20} MiB.", line=number)
        try:
            text = line.decode()
        except UnicodeDecodeError:
            mistakes.stop("The text is not UTF-8; save it as “CSV UTF-8”.", line=number)
        yield text.removeprefix("\ufeff") if number == 1 else text
