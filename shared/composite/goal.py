"""What it would take: the least figure, or the shortest list of figures, that reaches a score or a rank."""

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from shared.composite.errors import DataError
from shared.composite.evaluate import Result
from shared.composite.method import Method
from shared.composite.place import known, ranked
from shared.composite.rank import SAME_SCORE, ranks
from shared.composite.scenario import Scenarios, leaf_column, unit_row
from shared.composite.search import narrowed
from shared.composite.upright import Upright

EVEN_PROBES = 33
Table = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Target:
    """A score to reach, or a rank to reach or better: one of the two. Raises ``DataError``.

    As for ranks, scores no further apart than ``SAME_SCORE`` of the scale are the same.
    """

    score: float | None = None
    rank: int | None = None

    def __post_init__(self) -> None:
        if (self.score is None) == (self.rank is None):
            raise DataError("A target is a score or a rank.")
        if self.rank is not None and self.rank < 1:
            raise DataError(f"There is no rank {self.rank}.")
        if self.score is not None and not isfinite(self.score):
            raise DataError(f"{self.score} is not a score.")

    def reached(self, scores: Table, row: int, method: Method) -> Mask:
        """Tell for which root scores (runs, units) the unit of this row is there."""
        if self.score is not None:
            least = self.score - SAME_SCORE * method.normalisation.scale(scores.shape[1])
            enough: Mask = scores[:, row] >= least
            return enough
        places = ranks(scores, method)[:, row]
        return (places > 0) & (places <= (self.rank or 0))

    def margin(self, scores: Table, row: int) -> Table:
        """Points (runs,) above the target; for a rank, above the best unit that must be behind."""
        own = scores[:, row]
        if self.score is not None:
            return own - self.score
        others = np.delete(scores, row, axis=1)
        others = -np.sort(-np.where(np.isnan(others), -np.inf, others), axis=1)
        place = (self.rank or 0) - 1
        if place >= others.shape[1]:
            return own
        # Where fewer others have a score than the target has places, any score does.
        rival = others[:, place]
        return np.where(np.isneginf(rival), own, own - np.where(np.isneginf(rival), 0.0, rival))


@dataclass(frozen=True)
class Standing:
    """A figure, None = missing, and the unit's score and rank at the root with it, None = n/a."""

    figure: float | None
    score: float | None
    rank: int | None


@dataclass(frozen=True)
class Least:
    """The least improvement of one figure that reaches a target.

    - ``now``: how things are; ``already``: they do.
    - ``at``: the least figure that does and what it gives; None where none does.
    - ``short``: the neighbouring figure, a last digit away, that does not.
    - ``ceiling``: the best that any figure tried gives, and the least such figure.
    """

    unit: str
    leaf: str
    already: bool
    reached: bool
    now: Standing
    at: Standing | None
    short: Standing | None
    ceiling: Standing


@dataclass(frozen=True, eq=False)
class Seeker:
    """One leaf of one unit against a target; figures (tries,) are upright."""

    scenarios: Scenarios
    row: int
    leaf: int
    sign: float
    target: Target

    def scores(self, figures: Table) -> Table:
        """Score of every unit, (tries, units)."""
        count = len(figures)
        leaves, rows = np.full(count, self.leaf), np.full(count, self.row)
        return self.scenarios.with_figures(leaves, rows, figures * self.sign).scores

    def reached(self, scores: Table) -> Mask:
        return self.target.reached(scores, self.row, self.scenarios.result.method)

    def margin(self, scores: Table) -> Table:
        return self.target.margin(scores, self.row)

    @property
    def least(self) -> float:
        """Points that make a difference."""
        result = self.scenarios.result
        return SAME_SCORE * result.method.normalisation.scale(len(result.units))

    def standing(self, figure: float, scores: Table) -> Standing:
        """Say what an upright figure gives, by the scores (units,) of its run."""
        rank = ranks(scores, self.scenarios.result.method)[self.row]
        return Standing(known(figure * self.sign), known(scores[self.row]), ranked(rank))


def least_figure(result: Result, unit: str, leaf: str, target: Target) -> Least:
    """Find the least figure of a leaf, in the good direction, with which a unit reaches a target.

    From the present figure (missing: from the panel's worst) up to the leaf's bound or, without one,
    to the panel's best plus one panel range. Tried first are the panel's figures and
    ``EVEN_PROBES`` even steps on the way; between the first that does and the one before it follows
    bisection, down to neighbouring doubles. Every try is an exact run of the whole index, and so is
    what is returned: ``at`` reaches the target and ``short`` does not.

    More need not be better: a figure can be treated as an outlier. Then nothing is assumed between
    two tries, and a narrow range of figures that also do could be passed over.

    Raises ``DataError`` for an unknown unit or leaf.
    """
    row, column = unit_row(result, unit), leaf_column(result, leaf)
    upright = Upright.of(result)
    seeker = Seeker(Scenarios(result), row, column, float(upright.sign[column]), target)
    return sought(seeker, upright, float(upright.furthest[column]))


def sought(seeker: Seeker, upright: Upright, end: float) -> Least:
    """Search one leaf's figures up to an upright ``end``; NaN or no room: only the present one."""
    result, row, leaf = seeker.scenarios.result, seeker.row, seeker.leaf
    own = float(upright.figures[row, leaf])
    probes = _probes(own, upright.panel[:, leaf], float(upright.worst[leaf]), end)
    scores = seeker.scores(probes)
    done = seeker.reached(scores)
    now = seeker.standing(own, scores[0])
    name, code = result.units[row], result.framework.leaves[leaf].code
    peak = _peak(seeker.margin(scores), seeker.least)
    ceiling = seeker.standing(float(probes[peak]), scores[peak])
    if done[0] or not done.any():
        already = bool(done[0])
        return Least(name, code, already, already, now, now if already else None, None, ceiling)
    first = int(done.argmax())
    at, short = _between(seeker, probes[first - 1 : first], probes[first : first + 1])
    return Least(
        name, code, already=False, reached=True, now=now, at=at, short=short, ceiling=ceiling
    )


def _probes(own: float, panel: Table, worst: float, end: float) -> Table:
    """Present figure first, as it is; then rising ones up to the end."""
    start = worst if np.isnan(own) else own
    if not start <= end:
        return np.array([own])
    on_the_way = panel[(panel > start) & (panel < end)]
    rising = np.unique(np.concatenate([np.linspace(start, end, EVEN_PROBES), on_the_way, [end]]))
    return np.concatenate([[own], rising[rising > own] if own == own else rising])  # noqa: PLR0124


def _peak(margin: Table, least: float) -> int:
    """Place of the least figure whose margin is the greatest; 0 where there is none."""
    margin = np.where(np.isnan(margin), -np.inf, margin)
    return int(np.argmax(margin >= margin.max() - least))


def _between(seeker: Seeker, failing: Table, reaching: Table) -> tuple[Standing, Standing]:
    if not np.isnan(failing[0]):
        found = narrowed(
            lambda _, figures: seeker.reached(seeker.scores(figures)), failing, reaching
        )
        failing, reaching = found.failing, found.reaching
    ends = np.concatenate([failing, reaching])
    scores = seeker.scores(ends)
    assert seeker.reached(scores).tolist() == [False, True], "a scenario does not depend on others"
    return seeker.standing(float(ends[1]), scores[1]), seeker.standing(float(ends[0]), scores[0])
