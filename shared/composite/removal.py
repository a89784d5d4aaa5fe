"""What each node does to the ranks: the index is computed once without it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.composite.aggregate import mean
from shared.composite.evaluate import Result
from shared.composite.framework import Family
from shared.composite.rank import ranks

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Removal:
    """Ranks without a node compared with the nominal ones; a change is new - nominal, below 0 for better.

    - ``mean_change``: mean of |change| over the units with a rank in both; None where there is none.
    - ``own_change``: of the own unit; None without one, or where it has no rank in one of the two.
    - ``most_moved``, ``most``: the unit whose rank changes most, the first of several, and its
      change; None where no rank changes.
    - ``lost``: how many units have no rank any more.
    """

    mean_change: float | None
    own_change: int | None
    most_moved: str | None
    most: int
    lost: int


def removals(result: Result, own: str | None = None) -> dict[str, Removal]:
    """Remove each node but the root, by itself and with all below it; by code.

    COINr's remove_elements. As with a missing figure, the weights of the siblings stand for the
    whole; a parent that loses its only child goes with it. What was imputed, treated, normalised or
    screened out stays so: no leaf looks at another there, and the screened units are those of the
    index that is examined.
    """
    framework = result.framework
    scores = np.ascontiguousarray(result.scores.T)
    above = {child: family for family in framework.families for child in family.children}
    found: dict[int, Removal] = {}
    own_row = None if own is None else result.unit(own)
    nominal = result.ranks[:, result.node(framework.root.code)]
    for family in framework.families:
        without = _without_each(family, scores, result)
        step = family
        while step.parent in above:
            parent, step = step.parent, above[step.parent]
            children: list[Any] = [
                without if child == parent else scores[child] for child in step.children
            ]
            without = mean(
                result.method.aggregation.at(step.depth), children, step.weights, result.method
            )
        changed = ranks(without, result.method)
        for child, row in zip(family.children, changed, strict=True):
            found[child] = _compared(result.units, nominal, row, own_row)
    return {framework.nodes[position].code: found[position] for position in sorted(found)}


def _without_each(family: Family, scores: Scores, result: Result) -> Scores:
    """Score the parent without its first child, without its second, …: (children, units)."""
    weights = np.tile(family.weights, (len(family.children), 1))
    np.fill_diagonal(weights, 0.0)
    return mean(
        result.method.aggregation.at(family.depth),
        [scores[child] for child in family.children],
        [column[:, np.newaxis] for column in weights.T],
        result.method,
    )


def _compared(
    units: tuple[str, ...],
    before: NDArray[np.int64],
    after: NDArray[np.int64],
    own_row: int | None,
) -> Removal:
    both = (before > 0) & (after > 0)
    change = np.where(both, after - before, 0)
    row = int(np.abs(change).argmax()) if len(change) else 0
    moved = bool(change.any())
    return Removal(
        mean_change=float(np.abs(change).sum() / both.sum()) if both.any() else None,
        own_change=int(change[own_row]) if own_row is not None and both[own_row] else None,
        most_moved=units[row] if moved else None,
        most=int(change[row]) if moved else 0,
        lost=int(((before > 0) & (after == 0)).sum()),
    )
