"""Why a score is another than it was: own figures, others' figures, or the way it is computed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shared.composite.errors import DataError
from shared.composite.evaluate import Result, evaluate
from shared.composite.figures import checked_figures
from shared.composite.framework import Framework
from shared.composite.method import Method
from shared.composite.place import known, ranked

Unexplained = Literal["not_before", "not_after", "neither", "mix_not_available"]
# Of own figures, others' figures and method: 0 = as before, 1 = as after.
Mix = tuple[int, int, int]

FACTORS = 3
ORDERS = tuple(permutations(range(FACTORS)))
MIXES: tuple[Mix, ...] = tuple((own, others, way) for own, others, way in product((0, 1), repeat=3))


@dataclass(frozen=True, eq=False)
class Side:
    """All that goes into one evaluation, as ``evaluate`` takes it, and whose score is asked about."""

    framework: Framework
    method: Method
    units: Sequence[str]
    raw: NDArray[np.float64]
    unit: str
    groups: Sequence[str | None] | None = None


@dataclass(frozen=True)
class NodeDifference:
    """One node of the unit before and after, and what the change of its score comes from.

    ``own`` + ``others`` + ``method`` = ``change``, in points, to 1e-9. They are None where there is
    no change to split: no score before or after or at all, or none in one of the mixtures (as when
    the mixed panel has nobody to compare with); ``reason`` says which.
    """

    code: str
    score_before: float | None
    score_after: float | None
    change: float | None
    own: float | None
    others: float | None
    method: float | None
    contribution_before: float | None
    contribution_after: float | None
    rank_before: int | None
    rank_after: int | None
    ranked_before: int
    ranked_after: int
    reason: Unexplained | None


@dataclass(frozen=True)
class Difference:
    """Nodes of both sides, matched by code, the roots with one another; the root first.

    The others stand in the order of the framework after. ``added`` and ``dropped`` are the codes
    that only the framework after, or before, has.
    """

    unit_before: str
    unit_after: str
    root: NodeDifference
    nodes: tuple[NodeDifference, ...]
    added: tuple[str, ...]
    dropped: tuple[str, ...]


def difference(before: Side, after: Side) -> Difference:
    """Split the change of a unit's score, and of its every node's, into three causes.

    - ``own``: the unit's own figures (and group); ``others``: which other units there are, their
      figures and groups; ``method``: framework (nodes, weights, goalposts) and method.
    - Each cause is replaced by its later state in all 6 orders, every mixture being a run of the
      whole index, and its effects are averaged. That is the Shapley value: no order is preferred,
      and the parts add up (Shapley, A value for n-person games, 1953; Shorrocks, Decomposition
      procedures for distributional analysis, Journal of Economic Inequality, 2013).
    - Figures are matched by leaf code and unit name; a leaf that a side does not know is missing in
      its figures, so what a new leaf brings stands partly under ``method``, partly under figures.
    - A side without groups has its units in those that the other side puts them in.

    Raises ``DataError`` as ``evaluate`` does, for the sides and for their mixtures, and where the
    unit asked about is not among a side's units.
    """
    sides = (before, after)
    figures = tuple(checked_figures(side.framework, side.units, side.raw) for side in sides)
    for side in sides:
        if side.unit not in side.units:
            raise DataError(f"There is no unit {side.unit}.", unit=side.unit)
    runs = {mix: _run(sides, figures, mix) for mix in MIXES}
    rows = [side.units.index(side.unit) for side in sides]
    pairs = _pairs(before.framework, after.framework)
    scores = {
        mix: run.scores[rows[mix[1]], [pair[mix[2]] for pair in pairs]] for mix, run in runs.items()
    }
    first, last = runs[0, 0, 0], runs[1, 1, 1]
    nodes = tuple(
        _node((first, rows[0], pair[0]), (last, rows[1], pair[1]), parts)
        for pair, parts in zip(pairs, _shapley(scores).T, strict=True)
    )
    matched = [{pair[side] for pair in pairs} for side in (0, 1)]
    dropped, added = (
        tuple(node.code for place, node in enumerate(side.framework.nodes) if place not in known_)
        for side, known_ in zip(sides, matched, strict=True)
    )
    return Difference(before.unit, after.unit, nodes[0], nodes, added, dropped)


def _pairs(before: Framework, after: Framework) -> list[tuple[int, int]]:
    """Positions of the nodes on both sides, the roots first."""
    roots = before.index[before.root.code], after.index[after.root.code]
    common = [
        (before.index[node.code], place)
        for place, node in enumerate(after.nodes)
        if node.code in before.index
    ]
    return [roots, *(pair for pair in common if pair[0] != roots[0] and pair[1] != roots[1])]


def _run(sides: Sequence[Side], figures: Sequence[NDArray[np.float64]], mix: Mix) -> Result:
    """Run the method of one side on own and others' figures of any; the panel is the others'.

    The unit stands where the panel's side has its own, so that equal sides give equal bits.
    """
    own, panel, way = (sides[state] for state in mix)
    framework = way.framework
    place = panel.units.index(panel.unit)
    raw = _by_leaf(panel.framework, figures[mix[1]], framework)
    start = own.units.index(own.unit)
    raw[place] = _by_leaf(own.framework, figures[mix[0]], framework)[start]
    names = list(panel.units)
    names[place] = own.unit if own.unit not in {*names[:place], *names[place + 1 :]} else panel.unit
    groups = _groups(panel, sides)
    if groups is not None:
        groups[place] = (_groups(own, sides) or groups)[start]
    return evaluate(framework, names, raw, way.method, groups)


def _groups(side: Side, sides: Sequence[Side]) -> list[str | None] | None:
    """Give a side's groups; one that names none has its units in the groups of the other."""
    if side.groups is not None:
        return list(side.groups)
    for other in sides:
        if other.groups is not None:
            named = dict(zip(other.units, other.groups, strict=True))
            return [named.get(unit) for unit in side.units]
    return None


def _by_leaf(
    given: Framework, figures: NDArray[np.float64], wanted: Framework
) -> NDArray[np.float64]:
    """Put columns of figures, (units, leaves), into another framework's order; NaN where unknown."""
    ordered = np.full((len(figures), len(wanted.leaves)), np.nan)
    for column, leaf in enumerate(wanted.leaves):
        if leaf.code in given.leaf_index:
            ordered[:, column] = figures[:, given.leaf_index[leaf.code]]
    return ordered


def _shapley(scores: dict[Mix, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Average effect (factors, nodes) of each factor over all orders."""
    parts = np.zeros((FACTORS, len(scores[0, 0, 0])))
    for order in ORDERS:
        state = [0] * FACTORS
        for factor in order:
            earlier = scores[state[0], state[1], state[2]]
            state[factor] = 1
            parts[factor] += scores[state[0], state[1], state[2]] - earlier
    return parts / len(ORDERS)


def _node(
    before: tuple[Result, int, int], after: tuple[Result, int, int], parts: NDArray[np.float64]
) -> NodeDifference:
    (one, row, column), (other, later_row, later_column) = before, after
    score, later = known(one.scores[row, column]), known(other.scores[later_row, later_column])
    reason: Unexplained | None = None
    if score is None or later is None:
        reason = (
            "not_before" if later is not None else "not_after" if score is not None else "neither"
        )
    elif np.isnan(parts).any():
        reason = "mix_not_available"
    own, others, method = (None if reason else float(part) for part in parts)
    return NodeDifference(
        other.framework.nodes[later_column].code,
        score,
        later,
        None if score is None or later is None else later - score,
        own,
        others,
        method,
        known(one.contribution[row, column]),
        known(other.contribution[later_row, later_column]),
        ranked(one.ranks[row, column]),
        ranked(other.ranks[later_row, later_column]),
        int(one.ranked[column]),
        int(other.ranked[later_column]),
        reason,
    )
