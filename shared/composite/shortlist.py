"""How few figures must be raised, taken in order of effort, until a target is reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from shared.composite.errors import DataError
from shared.composite.evaluate import Result, evaluate
from shared.composite.goal import Seeker, Target, sought
from shared.composite.place import known, place
from shared.composite.scenario import Scenarios, leaf_column, unit_row
from shared.composite.upright import Upright

Level = Literal["best", "bound"]
Skip = Literal["at_ceiling", "no_level", "no_gain", "not_positive"]


@dataclass(frozen=True)
class Raise:
    """A figure raised; ``level`` is how far it could go, score and rank are those after it."""

    leaf: str
    figure_before: float | None
    figure: float
    level: float
    score: float | None
    rank: int | None


@dataclass(frozen=True)
class Skipped:
    """A leaf of the order that was left as it is.

    "at_ceiling": the figure is no worse than the level; "no_level": nobody has a figure, or the leaf
    no bound; "no_gain": raising it brings the target no nearer; "not_positive": see ``Rescored``.
    """

    leaf: str
    reason: Skip


@dataclass(frozen=True)
class ShortestList:
    """Raises in the given order, each upon the ones before; ``score`` and ``rank`` are where they lead.

    Where the target is not reached they are all that help, and this is how far they get.
    """

    unit: str
    already: bool
    reached: bool
    steps: tuple[Raise, ...]
    skipped: tuple[Skipped, ...]
    score: float | None
    rank: int | None


def shortest_list(
    result: Result, unit: str, target: Target, order: Sequence[str], to: Level = "best"
) -> ShortestList:
    """Raise a unit's figures in the given order of leaves until a target is reached.

    Each is raised to the panel's best figure ("best", held within the leaf's bounds) or to the
    leaf's bound ("bound"), the last one only as far as needed (``least_figure``). A leaf that brings
    the target no nearer when its turn comes is skipped and named. So the list is the shortest
    beginning of the order, not the smallest set. Exact: every step is a run of the whole index on
    all figures raised so far.

    Raises ``DataError``: an unknown unit or leaf, a leaf named twice.
    """
    row = unit_row(result, unit)
    columns = [leaf_column(result, leaf) for leaf in order]
    if len(set(order)) != len(order):
        twice = next(leaf for place, leaf in enumerate(order) if leaf in order[:place])
        raise DataError(f"Leaf {twice} is in the order twice.", node=twice)
    steps: list[Raise] = []
    skipped: list[Skipped] = []
    upright = Upright.of(result)
    level = upright.bound if to == "bound" else np.minimum(upright.best, upright.bound)
    run, already = result, _is_there(result, row, target)
    reached = already
    for leaf, column in zip(order, columns, strict=True):
        if reached:
            break
        step = _raised(run, row, column, target, float(level[column]))
        if isinstance(step, str):
            skipped.append(Skipped(leaf, step))
            continue
        run = _with(run, row, column, step.figure)
        reached = _is_there(run, row, target)
        steps.append(step)
    end = place(run, unit)
    return ShortestList(unit, already, reached, tuple(steps), tuple(skipped), end.score, end.rank)


def _raised(run: Result, row: int, column: int, target: Target, level: float) -> Raise | Skip:
    """Raise one figure as far as its level, or only so far as the target needs."""
    upright = Upright.of(run)
    own, sign = float(upright.figures[row, column]), float(upright.sign[column])
    if not np.isfinite(level):
        return "no_level"
    if own >= level:
        return "at_ceiling"
    seeker = Seeker(Scenarios(run), row, column, sign, target)
    scores = seeker.scores(np.array([own, level]))
    if np.isnan(scores[1]).all():
        return "not_positive"
    if seeker.reached(scores)[1]:
        at = sought(seeker, upright, level).at
        assert at is not None, "the level itself reaches the target"
    else:
        now, then = seeker.margin(scores)
        # A unit that is screened out comes nearer to a score with every figure it had not.
        nearer = run.screened[row] and np.isnan(own)
        began = np.isnan(now) and not np.isnan(then)
        if not (nearer or began or then > now + seeker.least):
            return "no_gain"
        at = seeker.standing(level, scores[1])
    assert at.figure is not None, "a level is a figure"
    leaf = run.framework.leaves[column].code
    return Raise(leaf, known(run.raw[row, column]), at.figure, level * sign, at.score, at.rank)


def _with(run: Result, row: int, column: int, figure: float) -> Result:
    raw = run.raw.copy()
    raw[row, column] = figure
    return evaluate(run.framework, run.units, raw, run.method, run.groups)


def _is_there(run: Result, row: int, target: Target) -> bool:
    scores = run.scores[np.newaxis, :, run.node(run.framework.root.code)]
    return bool(target.reached(scores, row, run.method)[0])
