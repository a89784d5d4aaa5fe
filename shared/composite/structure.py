"""Whether the tree holds together: what each node really weighs, and which go together or against one another."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shared.composite.evaluate import Result
from shared.composite.framework import Family

REDUNDANT = 0.92  # JRC's audits of the Global Innovation Index
COUNTER_MOVING = -0.3
LEAST_PAIRS = 3  # two points always lie on a line
# Of a larger family only the pairs that are flagged are listed.
LISTED_FAMILY = 200
ROWS_AT_ONCE = 256

Series = NDArray[np.float64]


@dataclass(frozen=True)
class EffectiveWeight:
    """What a node weighs in the root.

    ``nominal``: the weights in force along the path, multiplied, mean over the units with a root
    score. ``correlation``: Pearson's r with the root; its square, ``importance``, is how much of the
    root's variance goes with the node. None where it is not defined.
    """

    nominal: float | None
    correlation: float | None

    @property
    def importance(self) -> float | None:
        return None if self.correlation is None else self.correlation**2


@dataclass(frozen=True)
class Pair:
    """Two siblings and Pearson's r of their scores over the units that have both."""

    first: str
    second: str
    r: float


@dataclass(frozen=True)
class Flag:
    """Siblings that say the same ("redundant"), or a node that goes against a sibling or its parent."""

    kind: Literal["redundant", "counter_moving"]
    node: str
    other: str
    r: float


@dataclass(frozen=True, eq=False)
class Structure:
    """How the nodes go together; by code, None where a number is not defined.

    ``parent``: r with the parent, of every node but the root. ``alpha``: Cronbach's, of the children
    of each parent. ``availability``: share of the units that have a figure of the leaf.
    """

    weights: dict[str, EffectiveWeight]
    siblings: tuple[Pair, ...]
    parent: dict[str, float | None]
    flags: tuple[Flag, ...]
    alpha: dict[str, float | None]
    availability: dict[str, float]


def structure(
    result: Result, *, redundant: float = REDUNDANT, counter_moving: float = COUNTER_MOVING
) -> Structure:
    """Look at the scores of an index: steps 4 and 6 of the OECD/JRC Handbook (2008).

    Flagged are siblings with r above ``redundant`` or below ``counter_moving``, and nodes with a
    negative r with their parent.
    """
    framework = result.framework
    scores = np.ascontiguousarray(result.scores.T)
    codes = [node.code for node in framework.nodes]
    root = framework.index[framework.root.code]
    pairs: list[Pair] = []
    flags: list[Flag] = []
    parents: dict[str, float | None] = dict.fromkeys(codes)
    alpha = {}
    for family in reversed(framework.families):
        for pair in _pairs(family, scores, codes):
            if len(family.children) <= LISTED_FAMILY:
                pairs.append(pair)
            if pair.r > redundant:
                flags.append(Flag("redundant", pair.first, pair.second, pair.r))
            elif pair.r < counter_moving:
                flags.append(Flag("counter_moving", pair.first, pair.second, pair.r))
        above = _correlations(scores[list(family.children)], scores[[family.parent]])[:, 0]
        for child, r in zip(family.children, above.tolist(), strict=True):
            parents[codes[child]] = _number(r)
            if r < 0:
                flags.append(Flag("counter_moving", codes[child], codes[family.parent], r))
        alpha[codes[family.parent]] = _cronbach(scores[list(family.children)])
    del parents[codes[root]]
    with_root = _correlations(scores, scores[[root]])[:, 0].tolist()
    known = ~np.isnan(result.raw)
    return Structure(
        weights={
            code: EffectiveWeight(_number(weight), _number(r))
            for code, weight, r in zip(codes, _nominal_weights(result), with_root, strict=True)
        },
        siblings=tuple(pairs),
        parent=parents,
        flags=tuple(flags),
        alpha=alpha,
        availability={
            leaf.code: float(known[:, column].mean()) if len(known) else 0.0
            for column, leaf in enumerate(framework.leaves)
        },
    )


def _nominal_weights(result: Result) -> list[float]:
    framework = result.framework
    root = framework.index[framework.root.code]
    counted = ~np.isnan(result.scores[:, root])
    along = result.weights[counted].T.copy()
    for family in reversed(framework.families):
        along[list(family.children)] *= along[family.parent]
    if not counted.any():
        return [np.nan] * len(along)
    means: list[float] = along.mean(axis=1).tolist()
    return means


def _pairs(family: Family, scores: Series, codes: list[str]) -> Iterator[Pair]:
    children = list(family.children)
    for start in range(0, len(children), ROWS_AT_ONCE):
        some = children[start : start + ROWS_AT_ONCE]
        found = _correlations(scores[some], scores[children])
        for row, first in enumerate(some):
            later = range(start + row + 1, len(children))
            for column in later:
                r = float(found[row, column])
                if not np.isnan(r):
                    yield Pair(codes[first], codes[children[column]], r)


def _correlations(rows: Series, columns: Series) -> Series:
    """Pearson's r of each row with each column series over the units that have both: (rows, columns).

    NaN with fewer than three such units, or where one series is constant among them.
    """
    x, in_x = _standardised(rows)
    y, in_y = _standardised(columns)
    count = in_x @ in_y.T
    n = np.where(count >= LEAST_PAIRS, count, np.nan)
    sum_x, sum_y = x @ in_y.T, in_x @ y.T
    var_x = (x * x) @ in_y.T - sum_x * sum_x / n
    var_y = in_x @ (y * y).T - sum_y * sum_y / n
    # Standardised figures are about 1, so less than this is rounding: the series is constant here.
    least = 1e-12 * n
    proper = (var_x > least) & (var_y > least)
    product = np.sqrt(np.where(proper, var_x, np.nan) * np.where(proper, var_y, np.nan))
    found: Series = np.clip((x @ y.T - sum_x * sum_y / n) / product, -1, 1)
    return found


def _standardised(series: Series) -> tuple[Series, Series]:
    """Bring each series to mean 0 and deviation 1, 0 where missing; and 1 where it is known, else 0."""
    known = ~np.isnan(series)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    mean = np.where(known, series, 0.0).sum(axis=1, keepdims=True) / count
    away = np.where(known, series - mean, 0.0)
    deviation = np.sqrt((away * away).sum(axis=1, keepdims=True) / count)
    largest = np.where(known, np.abs(series), 0.0).max(axis=1, keepdims=True, initial=0.0)
    constant = deviation <= 1e-12 * largest
    return np.where(constant, 0.0, away) / np.where(constant, 1.0, deviation), known.astype(float)


def _cronbach(children: Series) -> float | None:
    """Alpha = k/(k - 1) (1 - Σ var / var Σ) of the units that have all children; None where not defined."""
    complete = children[:, ~np.isnan(children).any(axis=0)]
    items, units = complete.shape
    if items < 2 or units < LEAST_PAIRS:  # noqa: PLR2004 one item has nothing to agree with
        return None
    whole = complete.sum(axis=0).var(ddof=1)
    if whole <= 0:
        return None
    return float(items / (items - 1) * (1 - complete.var(axis=1, ddof=1).sum() / whole))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
