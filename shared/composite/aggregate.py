"""Points of the leaves are added up to the root, and the root is taken apart again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.composite.errors import DataError
from shared.composite.framework import Framework, Level
from shared.composite.method import AggregationKind, Method

BLOCK = 1024  # units

Scores = NDArray[np.float64]
Weight = float | NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Aggregated:
    """Per node and unit, each (nodes, units): see ``Result`` for what they mean."""

    scores: Scores
    weights: Scores
    coverage: Scores
    contribution: Scores

    def of(self, units: slice) -> "Aggregated":
        """Give some units' part, to be written to."""
        return Aggregated(
            self.scores[:, units],
            self.weights[:, units],
            self.coverage[:, units],
            self.contribution[:, units],
        )


def mean(
    kind: AggregationKind,
    children: Sequence[Scores],
    weights: Sequence[Weight],
    method: Method,
) -> Scores:
    """Weighted mean of one family's children that have a score; NaN where none that weighs has one.

    Scores and weights broadcast against one another, units last. Child is added to child in given
    order, as in ``aggregate``: the same figures give the same result to the last bit. (A matrix
    product would not: BLAS may add in another order for another shape or processor, and two equal
    units would no longer tie.)
    """
    total: Any = 0.0
    points: Any = 0.0
    for child, weight in zip(children, weights, strict=True):
        carried = weight * ~np.isnan(child)
        total = total + carried
        points = points + _terms(kind, child, carried)
    return _mean(kind, points, total, method)


def _terms(kind: AggregationKind, scores: Scores, carried: Scores) -> Scores:
    """Summands of Σwx, Σw ln x or Σw/x; 0 where a score is missing or weighs nothing."""
    if kind == "arithmetic":
        return np.where(np.isnan(scores), 0.0, scores) * carried
    usable = np.where(carried > 0, scores, 1.0)
    return (np.log(usable) if kind == "geometric" else 1 / usable) * carried


def _mean(kind: AggregationKind, points: Scores, total: Scores, method: Method) -> Scores:
    """Weighted mean from its sums: Σwx/Σw, exp(Σw ln x / Σw) or Σw/Σ(w/x)."""
    found = np.full(total.shape, np.nan)
    upper, lower = (total, points) if kind == "harmonic" else (points, total)
    np.divide(upper, lower, out=found, where=total > 0)
    if kind == "geometric":
        found = np.exp(found)
    span = method.normalisation.range
    if span is None or method.normalisation.kind == "distance_to_target":
        return found
    # A mean lies between its parts; only its last bit may not.
    return np.clip(found, *span, out=found)


def aggregate(
    framework: Framework, leaf_scores: Scores, has_figure: NDArray[np.bool_], method: Method
) -> Aggregated:
    """Score every node, and say what each adds to the root.

    A missing child is dropped and the weights of its siblings stand for the whole, as in the GII;
    it is never a zero. ``leaf_scores`` (leaves, units), NaN = n/a; ``has_figure`` of the same
    shape: the leaf's figure is the unit's own, not filled in. Raises ``NotPositiveError``.
    """
    units = leaf_scores.shape[1]
    shape = (len(framework.nodes), units)
    whole = Aggregated(np.full(shape, np.nan), np.zeros(shape), np.zeros(shape), np.zeros(shape))
    # A few units at a time: their numbers stay in the processor's cache.
    for start in range(0, units, BLOCK):
        some = slice(start, start + BLOCK)
        try:
            _add_up(framework, leaf_scores[:, some], has_figure[:, some], method, whole.of(some))
        except NotPositiveError as error:
            error.row += start
            raise
    return whole


def _add_up(
    framework: Framework,
    leaf_scores: Scores,
    has_figure: NDArray[np.bool_],
    method: Method,
    made: Aggregated,
) -> None:
    scores, weights, counted = made.scores, made.weights, made.coverage
    leaves = np.zeros((len(scores), 1))
    scores[framework.leaf_positions] = leaf_scores
    counted[framework.leaf_positions] = ~np.isnan(leaf_scores) & has_figure
    leaves[framework.leaf_positions] = 1
    for level in framework.levels:
        kind = method.aggregation.at(level.depth)
        children = scores[level.children]
        if kind != "arithmetic":
            _check_positive(framework, level, children, kind)
        carried = level.weights * ~np.isnan(children)
        total = level.added_up(carried)
        scores[level.parents] = _mean(
            kind, level.added_up(_terms(kind, children, carried)), total, method
        )
        weights[level.children] = carried / np.where(total > 0, total, 1.0)[level.owner]
        counted[level.parents] = level.added_up(counted[level.children])
        leaves[level.parents] = level.added_up(leaves[level.children])
    root = framework.index[framework.root.code]
    weights[root] = ~np.isnan(scores[root])
    np.divide(counted, leaves, out=counted)
    made.contribution[:] = _contributions(framework, scores, weights, method)


def _contributions(framework: Framework, scores: Scores, weights: Scores, method: Method) -> Scores:
    """Score times what a point of the node adds to the root at this place, by the chain rule.

    ∂M/∂x is w for the arithmetic, wM/x for the geometric and wM²/x² for the harmonic mean, w being
    the weight in force.
    """
    root = framework.index[framework.root.code]
    gradient = np.zeros(scores.shape)
    gradient[root] = weights[root]
    for level in reversed(framework.levels):
        slope = weights[level.children]
        kind = method.aggregation.at(level.depth)
        if kind != "arithmetic":
            ratio = np.ones(slope.shape)
            above = scores[level.parents][level.owner]
            np.divide(above, scores[level.children], out=ratio, where=slope > 0)
            slope = slope * (ratio if kind == "geometric" else ratio * ratio)
        gradient[level.children] = gradient[level.parents][level.owner] * slope
    contribution = gradient * np.where(np.isnan(scores), 0.0, scores)
    contribution[:, np.isnan(scores[root])] = np.nan
    return contribution


def _check_positive(
    framework: Framework, level: Level, children: Scores, kind: AggregationKind
) -> None:
    wrong = (children <= 0) & (level.weights > 0)
    if wrong.any():
        row, unit = (int(place) for place in np.argwhere(wrong)[0])
        node = framework.nodes[level.children[row]]
        raise NotPositiveError(node.code, node.parent, kind, unit, float(children[row, unit]))


class NotPositiveError(DataError):
    """A geometric or harmonic mean met a score that it is not defined for; ``row`` is the unit's."""

    def __init__(self, node: str, parent: str | None, kind: str, row: int, score: float) -> None:
        super().__init__(
            f"Node {node}: a score of {score:g} has no part in the {kind} mean of {parent}, which "
            "needs scores above 0; normalise to a range above 0, such as 1 to 100.",
            node=node,
        )
        self.row = row
