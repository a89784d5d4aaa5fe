"""Which figure of a unit is worth working on: a few realistic steps for every leaf, each run exactly."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from shared.composite.evaluate import Result
from shared.composite.normalise import Reason
from shared.composite.place import Place, known, place
from shared.composite.rank import SAME_SCORE, ranks
from shared.composite.scenario import Scenarios, leaf_column
from shared.composite.upright import Upright

StepKind = Literal["next_better", "best", "last_best", "tenth_of_range"]
NoGain = (
    Reason
    | Literal[
        "at_ceiling",
        "at_bound",
        "beyond_goalpost",
        "no_figure",
        "no_gain",
        "no_weight",
        "not_better",
        "not_given",
        "not_positive",
    ]
)
Table = NDArray[np.float64]
KINDS: tuple[StepKind, ...] = get_args(StepKind)
TENTH = 0.1


@dataclass(frozen=True)
class Step:
    """One figure raised; None where a number does not exist.

    - ``figure``: what it becomes, in the leaf's unit. None: there is no such step, ``reason`` says why.
    - ``gain``: own points at the root; ``rank_gain``: places won; ``rank_after``.
    - ``gap_change``: points by which the gap to the rival turns to the good. A leader's can widen
      with no gain of his own, because the others fall.
    - ``reason``: why the step does not raise the own score, None where it does: "at_ceiling" (the
      unit is the best already), "beyond_goalpost" (its figure is at or beyond the goalpost or
      target), "at_bound" (the figure can go no further), "no_weight" (the leaf has no part in the
      root), "not_better" and "not_given" (last year's best), "no_figure" (there is none to start
      from), "not_positive" (see ``Rescored``), "no_gain" (the method gives nothing for it: treated
      as an outlier, or the same rank), or why the leaf is n/a for all (see ``Result.reason``).
    """

    leaf: str
    kind: StepKind
    figure_before: float | None
    figure: float | None
    gain: float | None
    gap_change: float | None
    rank_gain: int | None
    rank_after: int | None
    reason: NoGain | None


@dataclass(frozen=True)
class Leverage:
    """What each leaf could bring a unit; four steps per leaf, in the order of ``framework.leaves``.

    ``rival`` is the second where the unit is first, else the nearest of better rank; ``gap`` is the
    unit's points minus the rival's. ``reason``: "unit_not_ranked" where the unit has no score at
    the root, and no steps.
    """

    unit: str
    place: Place
    rival: str | None
    gap: float | None
    steps: tuple[Step, ...]
    reason: Literal["unit_not_ranked"] | None


def leverage(
    result: Result, unit: str, last_best: Mapping[str, float | None] | None = None
) -> Leverage:
    """Raise each leaf's figure of a unit by itself, and tell what that brings.

    To the figure of the next better unit ("next_better"), of the panel's best ("best"), to last
    year's best figure as given by ``last_best`` (leaf to figure), and by a tenth of the panel's
    range, held within the leaf's bounds ("tenth_of_range"). A missing figure is given the last two
    only where they are figures in themselves: "best" and "last_best".

    Every number is exact, from a run on the changed figure (``Scenarios``). A gain counts as one
    above ``SAME_SCORE`` of the scale, as for ranks. The gap of a unit that is first is to whoever is
    second in each run. Raises ``DataError`` for an unknown unit or leaf, or an infinite figure.
    """
    standing, upright = place(result, unit), Upright.of(result)
    last = np.full(len(upright.sign), np.nan)
    for code, figure in (last_best or {}).items():
        last[leaf_column(result, code)] = np.nan if figure is None else figure
    if standing.rank is None:
        return Leverage(unit, standing, None, None, (), "unit_not_ranked")
    row, rival = result.unit(unit), standing.rival
    levels = _levels(upright, row, last * upright.sign)
    leaves, kinds = np.nonzero(~np.isnan(levels))
    figures = levels[leaves, kinds] * upright.sign[leaves]
    tried = Scenarios(result).with_figures(leaves, np.full(len(leaves), row), figures)
    before = result.scores[np.newaxis, :, result.node(result.framework.root.code)]
    # The second can be another one after the step; the next above is followed by name.
    above = None if standing.rank == 1 or rival is None else result.unit(rival)
    gap = lead(before, row, above)
    found = np.full((4, *levels.shape), np.nan)
    found[:, leaves, kinds] = (
        figures,
        tried.scores[:, row] - before[0, row],
        lead(tried.scores, row, above) - gap,
        _or_nan(ranks(tried.scores, result.method)[:, row]),
    )
    failed = np.zeros(levels.shape, dtype=np.bool_)
    failed[leaves, kinds] = [reason is not None for reason in tried.reason]
    reasons = _reasons(result, row, upright, levels, last, found[1], failed)
    return Leverage(unit, standing, rival, known(gap[0]), _steps(result, row, found, reasons), None)


def lead(scores: Table, row: int, rival: int | None) -> Table:
    """Points (scenarios,) of a unit minus those of its rival, or of the best of all others."""
    if rival is not None:
        return scores[:, row] - scores[:, rival]
    others = np.delete(scores, row, axis=1)
    best = np.where(np.isnan(others), -np.inf, others).max(axis=1, initial=-np.inf)
    return scores[:, row] - np.where(np.isinf(best), np.nan, best)


def _or_nan(places: NDArray[np.int64]) -> Table:
    return np.where(places > 0, places, np.nan)


def _levels(upright: Upright, row: int, last: Table) -> Table:
    """Upright figure (leaves, steps) of each step; NaN where it is no better than the own."""
    own = upright.figures[row]
    better = np.where(upright.panel > own, upright.panel, np.inf).min(axis=0)
    levels = np.stack(
        [
            np.where(np.isinf(better), np.nan, better),
            upright.best,
            last,
            np.minimum(own + TENTH * upright.span, upright.bound),
        ],
        axis=1,
    )
    levels[levels <= own[:, np.newaxis]] = np.nan
    return levels


def _reasons(
    result: Result,
    row: int,
    upright: Upright,
    levels: Table,
    last: Table,
    gain: Table,
    failed: NDArray[np.bool_],
) -> list[list[NoGain | None]]:
    """Say for each leaf and step why the own score does not rise."""
    least = SAME_SCORE * result.method.normalisation.scale(len(result.units))
    own = upright.figures[row]
    found: list[list[NoGain | None]] = []
    for leaf in range(len(levels)):
        why_not: NoGain | None = _reason_of_leaf(result, row, leaf)
        if why_not is None and own[leaf] >= upright.best[leaf]:
            why_not = "at_ceiling"
        absent = _absent(why_not, own[leaf], upright.bound[leaf], last[leaf])
        computed: list[NoGain | None] = [
            None if gained else why_not or "no_gain" for gained in gain[leaf] > least
        ]
        for step in range(len(KINDS)):
            if np.isnan(levels[leaf, step]):
                computed[step] = absent[step]
            elif failed[leaf, step]:
                computed[step] = "not_positive"
        found.append(computed)
    return found


def _absent(why_not: NoGain | None, own: float, bound: float, last: float) -> tuple[NoGain, ...]:
    """For each kind of step, why there is no figure for it."""
    alone: NoGain = "constant" if why_not in {None, "at_ceiling"} else why_not or "constant"
    further: NoGain = "at_bound" if own >= bound else alone
    return (
        why_not or "no_figure",
        why_not or "no_figure",
        "not_given" if np.isnan(last) else "not_better",
        "no_figure" if np.isnan(own) else further,
    )


def _reason_of_leaf(result: Result, row: int, leaf: int) -> NoGain | None:
    code = result.framework.leaves[leaf].code
    if result.reason[leaf] is not None:
        return result.reason[leaf]
    position, weight = int(result.framework.leaf_positions[leaf]), 1.0
    for family in result.framework.path[code]:
        weight = min(weight, family.weights[family.children.index(position)])
        position = family.parent
    if weight == 0:
        return "no_weight"
    return "beyond_goalpost" if _beyond(result, row, leaf) else None


def _beyond(result: Result, row: int, leaf: int) -> bool:
    """Tell whether the figure has all the points that a fixed goalpost or target can give."""
    how, node = result.method.normalisation, result.framework.leaves[leaf]
    fixed = how.kind in {"goalposts", "mixed"} and node.goalposts is not None
    if how.range is None or not (fixed or how.cap):
        return False
    return bool(result.normalised[row, leaf] >= how.range[1])


def _steps(
    result: Result, row: int, found: Table, reasons: list[list[NoGain | None]]
) -> tuple[Step, ...]:
    root = result.node(result.framework.root.code)
    rank = int(result.ranks[row, root])
    numbers = [[[known(x) for x in line] for line in part] for part in found.tolist()]
    figures, gains, gaps, places = numbers
    steps = []
    for leaf, node in enumerate(result.framework.leaves):
        own = known(result.raw[row, leaf])
        for step, kind in enumerate(KINDS):
            place_after = places[leaf][step]
            after = None if place_after is None else int(place_after)
            steps.append(
                Step(
                    node.code,
                    kind,
                    own,
                    figures[leaf][step],
                    gains[leaf][step],
                    gaps[leaf][step],
                    None if after is None else rank - after,
                    after,
                    reasons[leaf][step],
                )
            )
    return tuple(steps)
