"""One mapping from the unit cube to ranks: weights and choices drawn by chance become an index each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.composite.aggregate import mean
from shared.composite.choices import Factor, block, by_factor, combined, written
from shared.composite.columns import Columns
from shared.composite.errors import DataError
from shared.composite.evaluate import Result, score_columns
from shared.composite.framework import Framework
from shared.composite.method import Method
from shared.composite.rank import ranks

# Doubles. A piece of draws times units stays in the processor's cache, a block of draws in memory.
PIECE = 2**15
BLOCK = 2**20
KEPT_POINTS = 2**24

Draws = NDArray[np.float64]
Points = NDArray[np.float64]


@dataclass(frozen=True)
class LeftOut:
    """An alternative that these figures do not allow: it would lose leaves that the nominal method scores."""

    factor: Factor
    choice: dict[str, Any]
    reason: str


@dataclass(frozen=True, eq=False)
class Drawn:
    """Of each draw the root's score, NaN = n/a, and rank, 0 = n/a, both (draws, units)."""

    scores: Points
    ranks: NDArray[np.int64]
    choices: NDArray[np.intp]  # (draws, choice factors): which choice, 0 = the nominal one


class Cube:
    """What may vary about a result: dimension by dimension a weight or a choice.

    ``u`` is always (draws, dimensions), each figure in [0, 1): first a dimension for each of
    ``nodes``, whose weight is multiplied by 1 - spread + 2 spread u, then one for each of
    ``choices``, where each choice has an equal part of [0, 1). A node varies if it weighs something
    and has a sibling that does. Raises ``MethodError`` for alternatives that do not fit the method.
    """

    def __init__(
        self,
        nominal: Result,
        *,
        spread: float,
        levels: Sequence[int] | None,
        alternatives: Sequence[Method],
    ) -> None:
        self.nominal = nominal
        self.spread = spread
        self.nodes = _varying(nominal.framework, levels)
        self._series = np.ascontiguousarray(
            np.where(nominal.screened[:, np.newaxis], np.nan, nominal.raw).T
        )
        self._points: dict[Any, Points] = {}
        grouped = by_factor(nominal.method, alternatives)
        self.left_out = tuple(self._impossible(grouped))
        unusable = [(found.factor, found.choice) for found in self.left_out]
        kept = {
            factor: tuple(m for m in methods if (factor, written(m, factor)) not in unusable)
            for factor, methods in grouped.items()
        }
        self.choices = {factor: methods for factor, methods in kept.items() if len(methods) > 1}

    @property
    def factors(self) -> tuple[str, ...]:
        """Names of the dimensions: codes of nodes, then choices."""
        return (*(self.nominal.framework.nodes[p].code for p in self.nodes), *self.choices)

    @property
    def block(self) -> int:
        """How many draws to hand in at once so that memory stays bounded."""
        width = max(len(self.factors), len(self.nominal.units), 1)
        return max(1, min(2**13, BLOCK // width))

    @cached_property
    def _column(self) -> dict[int, int]:
        return {position: column for column, position in enumerate(self.nodes)}

    def outcomes(self, u: Draws) -> Drawn:
        """Compute every draw, those of the same choices together; the result does not depend on company."""
        choices = self._chosen(u)
        shape = tuple(len(methods) for methods in self.choices.values())
        combinations = np.ravel_multi_index(tuple(choices.T), shape) if shape else np.zeros(len(u))
        units = len(self.nominal.units)
        scores = np.empty((len(u), units))
        ranked = np.empty((len(u), units), dtype=np.int64)
        piece = max(1, PIECE // max(units, 1))
        for combination in np.unique(combinations):
            rows = np.flatnonzero(combinations == combination)
            method = self._method(choices[rows[0]])
            points = self._leaf_points(method)
            for start in range(0, len(rows), piece):
                some = rows[start : start + piece]
                found = self._root(points, u[some], method)
                scores[some], ranked[some] = found, ranks(found, method)
        return Drawn(scores, ranked, choices)

    def drawn(self, row: Draws) -> tuple[Framework, Method]:
        """Write one draw, (dimensions,), down as what ``evaluate`` takes: it gives the same root scores."""
        u = row[np.newaxis]
        nodes = list(self.nominal.framework.nodes)
        for position, factor in zip(self.nodes, self._weight_factors(u), strict=True):
            weight = nodes[position].weight * float(factor[0, 0])
            nodes[position] = replace(nodes[position], weight=weight)
        return Framework(tuple(nodes)), self._method(self._chosen(u)[0])

    def _weight_factors(self, u: Draws) -> Points:
        """Return (nodes, draws, 1)."""
        drawn = np.ascontiguousarray(u[:, : len(self.nodes)].T)[..., np.newaxis]
        return 1 + self.spread * (2 * drawn - 1)

    def _chosen(self, u: Draws) -> NDArray[np.intp]:
        sizes = np.array([len(methods) for methods in self.choices.values()], dtype=np.intp)
        found = (u[:, len(self.nodes) :] * sizes).astype(np.intp)
        return np.minimum(found, sizes - 1)

    def _method(self, chosen: NDArray[np.intp]) -> Method:
        blocks = {
            factor: block(methods[choice], factor)
            for (factor, methods), choice in zip(self.choices.items(), chosen, strict=True)
        }
        return combined(self.nominal.method, blocks)

    def _leaf_points(self, method: Method) -> Points:
        """Points of the leaves, (leaves, units): computed once per way to get there."""
        key = (method.treatment, method.imputation, method.normalisation)
        if key not in self._points:
            if (len(self._points) + 1) * self._series.size > KEPT_POINTS:
                self._points.clear()
            self._points[key] = self._scored(method).scores
        return self._points[key]

    def _scored(self, method: Method) -> Any:
        nominal = self.nominal
        columns = Columns.of(nominal.framework, method)
        scored = score_columns(self._series, columns, method, nominal.groups, nominal.screened)
        return scored.normalised

    def _root(self, points: Points, u: Draws, method: Method) -> Points:
        framework = self.nominal.framework
        factors = self._weight_factors(u)
        scores: dict[int, Points] = dict(
            zip(framework.leaf_positions.tolist(), points, strict=True)
        )
        for family in framework.families:
            weights = [
                weight if child not in self._column else weight * factors[self._column[child]]
                for child, weight in zip(family.children, family.weights, strict=True)
            ]
            children = [scores.pop(child) for child in family.children]
            kind = method.aggregation.at(family.depth)
            scores[family.parent] = mean(kind, children, weights, method)
        root = scores[framework.index[framework.root.code]]
        return np.broadcast_to(root, (len(u), points.shape[1]))

    def _impossible(self, grouped: dict[Factor, tuple[Method, ...]]) -> list[LeftOut]:
        """Find alternatives that cannot score a leaf which the nominal method can score."""
        found = []
        leaves, usual = self.nominal.framework.leaves, self.nominal.reason
        for factor, methods in grouped.items():
            for method in methods[1:]:
                try:
                    reasons = self._scored(method).reason
                except DataError as error:
                    found.append(LeftOut(factor, written(method, factor), str(error)))
                    continue
                lost = [
                    f"{leaf.code}: {why}"
                    for leaf, why, before in zip(leaves, reasons, usual, strict=True)
                    if why is not None and before is None
                ]
                if lost:
                    found.append(LeftOut(factor, written(method, factor), lost[0]))
        return found


def _varying(framework: Framework, levels: Sequence[int] | None) -> tuple[int, ...]:
    """Positions of the nodes whose weight can change a mean, in the framework's order."""
    found = []
    for family in framework.families:
        weighing = [
            child
            for child, weight in zip(family.children, family.weights, strict=True)
            if weight > 0
        ]
        if len(weighing) > 1 and (levels is None or family.depth + 1 in levels):
            found += weighing
    return tuple(sorted(found))
