"""An analyst's figures: a CSV file with a row per unit and a column per leaf."""

import math
import re
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.composite import Framework
from shared.exchange.errors import Mistakes, shown
from shared.exchange.framework import GROUP, UNIT, nfc
from shared.exchange.rows import Row, read_rows

MOST_UNITS = 1_000_000
# Units times nodes: a dozen tables of this size must fit into memory side by side.
MOST_SCORES = 10_000_000

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_ABSENT = frozenset({"na", "n/a", "nan", "null", "none", "-", "–", "..", "…"})


@dataclass(frozen=True, eq=False)
class Data:
    """``raw`` is (units, leaves), NaN = missing; ``lines`` says where each unit stands in the file."""

    file: str
    units: tuple[str, ...]
    groups: tuple[str | None, ...] | None
    raw: NDArray[np.float64]
    lines: tuple[int, ...]


def read_data(path: Path, framework: Framework) -> Data:
    """Columns may stand in any order behind ``unit``; those of ``raw`` are the framework's leaves.

    Raises ``FileError`` with all mistakes that can be seen at once.
    """
    mistakes = Mistakes(str(path))
    rows = read_rows(path, mistakes)
    heading = next(rows, None)
    if heading is None:
        mistakes.stop("The file is empty.", line=1)
    table = _Table(heading, framework, mistakes)
    for row in rows:
        table.add(row)
    if not table.units:
        mistakes.add("There is no unit below the heading.", line=heading.line)
    mistakes.check()
    raw = np.array(table.figures, dtype=np.float64).reshape(len(table.units), -1)
    groups = tuple(table.groups) if GROUP in table.columns else None
    return Data(str(path), tuple(table.units), groups, raw, tuple(table.units.values()))


class _Table:
    """The rows read so far; once there is a mistake, only the next mistakes matter."""

    def __init__(self, heading: Row, framework: Framework, mistakes: Mistakes) -> None:
        self.mistakes = mistakes
        leaves = [leaf.code for leaf in framework.leaves]
        self.most_units = min(MOST_UNITS, MOST_SCORES // len(framework.nodes))
        self.columns = [nfc(cell.strip()) for cell in heading.cells]
        _check_heading(heading, self.columns, leaves, mistakes)
        position = {name: number for number, name in enumerate(self.columns)}
        self.positions = [position[leaf] for leaf in leaves if leaf in position]
        self.group = position.get(GROUP)
        self.units: dict[str, int] = {}  # with their lines
        self.groups: list[str | None] = []
        self.figures = array("d")

    def add(self, row: Row) -> None:
        if len(row.cells) != len(self.columns):
            what = f"There are {len(row.cells)} cells; the heading has {len(self.columns)}."
            self.mistakes.add(what, line=row.line)
            return
        self._add_unit(row)
        if self.group is not None:
            self.groups.append(nfc(row.cells[self.group].strip()) or None)
        self.figures.extend(self._figure(row, position) for position in self.positions)

    def _add_unit(self, row: Row) -> None:
        unit = nfc(row.cells[0].strip())
        if not unit:
            self.mistakes.add("The unit has no name.", line=row.line, column=UNIT)
        elif unit in self.units:
            what = f"{shown(unit)} stands on line {self.units[unit]} already."
            self.mistakes.add(what, line=row.line, column=UNIT)
        elif len(self.units) == self.most_units:
            what = f"There are more than {self.most_units:,} units, too many for this framework."
            self.mistakes.stop(what, line=row.line)
        self.units.setdefault(unit, row.line)

    def _figure(self, row: Row, position: int) -> float:
        text = row.cells[position].strip()
        if not text:
            return math.nan
        value = float(text) if _NUMBER.fullmatch(text) else math.nan
        if not math.isfinite(value):
            line, column = row.line_of(position), self.columns[position]
            self.mistakes.add(_why_no_figure(text), line=line, column=column)
        return value


def _why_no_figure(text: str) -> str:
    if text.casefold() in _ABSENT:
        return f"{shown(text)} is no figure; leave the cell of a missing figure empty."
    if "," in text:
        return f"{shown(text)} is no figure: write a decimal point and no separators, like 1234.5."
    if _NUMBER.fullmatch(text):
        return f"{shown(text)} is too large for a figure."
    return f"{shown(text)} is no figure written like 1234.5."


def _check_heading(
    heading: Row, columns: Sequence[str], leaves: Sequence[str], mistakes: Mistakes
) -> None:
    if columns[0] != UNIT:
        mistakes.stop(_why_no_unit(columns), line=heading.line)
    known, seen = {UNIT, GROUP, *leaves}, Counter(columns)
    for position, name in enumerate(columns):
        line = heading.line_of(position)
        if not name:
            mistakes.add("The column has no name.", line=line, column=position + 1)
        elif name not in known:
            mistakes.add("The framework has no leaf with this code.", line=line, column=name)
        elif seen[name] > 1 and name in columns[:position]:
            mistakes.add("The column stands here a second time.", line=line, column=name)
    for leaf in leaves:
        if leaf not in seen:
            mistakes.add("The column of this leaf is missing.", line=heading.line, column=leaf)


def _why_no_unit(columns: Sequence[str]) -> str:
    if len(columns) == 1:
        for separator, name in ((";", "semicolons"), ("\t", "tabs")):
            if separator in columns[0]:
                return f"The cells are separated by {name}; separate them by commas."
    return f"The first column must be {UNIT!r}; it is {shown(columns[0])}."
