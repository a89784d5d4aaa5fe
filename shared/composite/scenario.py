"""What if a figure were another: thousands of such questions in one exact run.

A changed figure reaches its leaf's series and the path from the leaf to the root, nothing else. So
only these are computed again, by the code that computes the index, and a scenario is no estimate.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shared.composite.aggregate import mean
from shared.composite.columns import Columns
from shared.composite.errors import DataError
from shared.composite.evaluate import Result, evaluate, score_columns
from shared.composite.figures import LARGEST
from shared.composite.framework import Family

MOST_CELLS = 20_000_000  # scenarios times units; 160 MB for each array that is kept
CHUNK_CELLS = 131_072  # at once: intermediate results stay in the processor's cache

Failure = Literal["not_positive"]
Figures = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Rescored:
    """Scores of many scenarios, unrounded, NaN = n/a.

    - ``scores`` (scenarios, units): the root's.
    - ``path``: the scores (scenarios, units) of the changed leaf and of every node above it, by code
      and from the leaf to the root; empty where they were not asked for.
    - ``reason`` (scenarios): "not_positive" where a geometric or harmonic mean meets a score ≤ 0, so
      that the scenario has no scores at all (``evaluate`` would raise ``DataError``); else None.
    """

    scores: Figures
    path: Mapping[str, Figures]
    reason: tuple[Failure | None, ...]


class Scenarios:
    """Changes of single leaves' figures against one result; preparing is cheap, and done once.

    Exact: the scores are those that ``evaluate`` gives for the changed figures, to the last bit
    (only zeros may differ in sign). A scenario in which a unit comes under or over
    ``method.missing.screen_units_below`` changes every leaf and is computed by ``evaluate``.
    """

    def __init__(self, result: Result) -> None:
        framework = result.framework
        raw = result.raw
        self.result = result
        self._columns = Columns.of(framework, result.method)
        self._raw = np.ascontiguousarray(raw.T)
        self._nodes = np.ascontiguousarray(result.scores.T)
        self._root = framework.index[framework.root.code]
        self._figures = np.count_nonzero(~np.isnan(raw), axis=1)

    def changed(self, leaf: str, figures: Figures, *, path: bool = False) -> Rescored:
        """Score scenarios that each give one leaf another series of figures.

        ``figures`` (scenarios, units), in the leaf's unit, NaN = missing. Raises ``DataError``: no
        such leaf, another shape, an infinite figure, more than ``MOST_CELLS``.
        """
        column = self._leaf(leaf)
        figures = np.asarray(figures, dtype=np.float64)
        if figures.ndim != 2:  # noqa: PLR2004 - a table
            raise DataError(f"Leaf {leaf}: the scenarios are not a table.", node=leaf)
        return self.of_series(np.full(len(figures), column, dtype=np.intp), figures, path=path)

    def with_figures(self, leaves: Places, units: Places, figures: Figures) -> Rescored:
        """Score scenarios that each give one unit another figure for one leaf.

        All (scenarios,): column of the leaf, row of the unit, figure (NaN: taken away). Raises
        ``DataError`` for an infinite figure and more than ``MOST_CELLS``.
        """
        _check_size(len(leaves), len(self.result.units))
        series = self._raw[leaves]
        series[np.arange(len(leaves)), units] = figures
        return self.of_series(leaves, series)

    def of_series(self, leaves: Places, series: Figures, *, path: bool = False) -> Rescored:
        """Score scenarios of any leaves: columns (scenarios,) and their figures (scenarios, units).

        ``path`` is for scenarios of one leaf only. Raises ``DataError`` as ``changed`` does.
        """
        _check_size(*series.shape)
        series = self._checked(leaves, series)
        positions = self._path(leaves) if path else (self._root,)
        sheet = _Sheet(
            {position: np.full(series.shape, np.nan) for position in positions},
            np.zeros(len(leaves), dtype=np.bool_),
        )
        whole = self._screened_anew(leaves, series)
        order = np.argsort(leaves, kind="stable")
        order = order[~whole[order]]
        step = max(1, CHUNK_CELLS // max(1, series.shape[1]))
        for start in range(0, len(order), step):
            rows = order[start : start + step]
            self._add_up(rows, leaves[rows], self._points(leaves[rows], series[rows]), sheet)
        for row in np.flatnonzero(whole):
            self._run_whole(int(row), int(leaves[row]), series[row], sheet)
        return self._rescored(sheet, path=path)

    def _rescored(self, sheet: "_Sheet", *, path: bool) -> Rescored:
        nodes = self.result.framework.nodes
        for scores in sheet.scores.values():
            scores[sheet.failed] = np.nan
        return Rescored(
            sheet.scores[self._root],
            {nodes[place].code: found for place, found in sheet.scores.items()} if path else {},
            tuple("not_positive" if failed else None for failed in sheet.failed),
        )

    def _checked(self, leaves: Places, series: Figures) -> Figures:
        """Return the figures as ``checked_figures`` would, which also makes -0.0 a 0.0."""
        units = self.result.units
        if series.shape != (len(leaves), len(units)):
            raise DataError(
                f"The scenarios have shape {series.shape}; {len(units)} units need "
                f"{(len(leaves), len(units))}."
            )
        impossible = np.abs(series) > LARGEST
        if impossible.any():
            row, unit = (int(place) for place in np.argwhere(impossible)[0])
            leaf = self.result.framework.leaves[leaves[row]].code
            raise DataError(
                f"Unit {units[unit]}, leaf {leaf}: {series[row, unit]} is not a figure.",
                unit=units[unit],
                node=leaf,
            )
        return series + 0.0

    def _path(self, leaves: Places) -> tuple[int, ...]:
        if len(set(leaves.tolist())) > 1:
            raise DataError("A path belongs to one leaf, and the scenarios change several.")
        framework = self.result.framework
        if not len(leaves):
            return (self._root,)
        above = framework.path[framework.leaves[leaves[0]].code]
        start = int(framework.leaf_positions[leaves[0]])
        return (start, *(family.parent for family in above))

    def _screened_anew(self, leaves: Places, series: Figures) -> NDArray[np.bool_]:
        """Tell for which scenarios (scenarios,) another set of units would be left out."""
        least = self.result.method.missing.screen_units_below
        if least <= 0:
            return np.zeros(len(leaves), dtype=np.bool_)
        before, after = np.isnan(self._raw[leaves]), np.isnan(series)
        figures = self._figures + before - after
        below = figures / len(self._raw) < least
        changed: NDArray[np.bool_] = (below != self.result.screened).any(axis=1)
        return changed

    def _points(self, leaves: Places, series: Figures) -> Figures:
        """Score the series (scenarios, units) as ``evaluate`` scores its columns."""
        own, screened = self._columns, self.result.screened
        columns = Columns(
            lower=own.lower[leaves],
            low_post=own.low_post[leaves],
            high_post=own.high_post[leaves],
            target=own.target[leaves],
            treatment=tuple(own.treatment[leaf] for leaf in leaves),
        )
        series = np.where(screened, np.nan, series)
        result = self.result
        scored = score_columns(series, columns, result.method, result.groups, screened)
        return scored.normalised.scores

    def _add_up(self, rows: Places, leaves: Places, points: Figures, sheet: "_Sheet") -> None:
        """Take the leaves' new points up to the root, ``rows`` being their places in the sheet."""
        framework = self.result.framework
        starts = np.flatnonzero(np.diff(leaves, prepend=-1)).tolist()
        reached: dict[int, list[_Part]] = {}
        for start, end in zip(starts, [*starts[1:], len(leaves)], strict=True):
            position = int(framework.leaf_positions[leaves[start]])
            reached[position] = [(rows[start:end], points[start:end])]
        for family in framework.families:
            for place, child in enumerate(family.children):
                if child in reached:
                    part = sheet.kept(child, reached.pop(child))
                    part = self._mean(family, place, part, sheet)
                    reached.setdefault(family.parent, []).append(part)
        if self._root in reached:
            sheet.kept(self._root, reached[self._root])

    def _mean(self, family: Family, place: int, part: "_Part", sheet: "_Sheet") -> "_Part":
        """Mean of a family whose child at ``place`` has new scores."""
        rows, scores = part
        method = self.result.method
        kind = method.aggregation.at(family.depth)
        if kind != "arithmetic" and family.weights[place] > 0 and (wrong := scores <= 0).any():
            sheet.failed[rows[wrong.any(axis=1)]] = True
            scores = np.where(wrong, np.nan, scores)
        children = [self._nodes[child][np.newaxis] for child in family.children]
        children[place] = scores
        return rows, mean(kind, children, family.weights, method)

    def _run_whole(self, row: int, leaf: int, figures: Figures, sheet: "_Sheet") -> None:
        base = self.result
        raw = base.raw.copy()
        raw[:, leaf] = figures
        try:
            run = evaluate(base.framework, base.units, raw, base.method, base.groups)
        except DataError:  # the figures are checked: it can only be a score ≤ 0
            sheet.failed[row] = True
            return
        for position, scores in sheet.scores.items():
            scores[row] = run.scores[:, position]

    def _leaf(self, code: str) -> int:
        return leaf_column(self.result, code)


_Part = tuple[Places, Figures]


@dataclass(frozen=True, eq=False)
class _Sheet:
    """What is found, by position of the node, (scenarios, units); ``failed`` (scenarios,)."""

    scores: dict[int, Figures]
    failed: NDArray[np.bool_]

    def kept(self, position: int, parts: list[_Part]) -> _Part:
        """Join the scenarios that reached a node, and note its scores if they are asked for."""
        rows, scores = parts[0]
        if len(parts) > 1:
            rows = np.concatenate([part[0] for part in parts])
            scores = np.concatenate([part[1] for part in parts])
        if position in self.scores:
            self.scores[position][rows] = scores
        return rows, scores


def leaf_column(result: Result, code: str) -> int:
    """Column of a leaf. Raises ``DataError`` naming it."""
    if code not in result.framework.leaf_index:
        raise DataError(f"There is no leaf {code}.", node=code)
    return result.leaf(code)


def unit_row(result: Result, name: str) -> int:
    """Row of a unit. Raises ``DataError`` naming it."""
    if name not in result.units:
        raise DataError(f"There is no unit {name}.", unit=name)
    return result.unit(name)


def _check_size(scenarios: int, units: int) -> None:
    if scenarios * units > MOST_CELLS:
        raise DataError(
            f"{scenarios} scenarios of {units} units are more than {MOST_CELLS} scores at once."
        )
