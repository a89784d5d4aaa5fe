"""How sure a rank is: the index is computed again and again with weights and choices drawn by chance."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.composite.choices import alternatives
from shared.composite.cube import Cube
from shared.composite.errors import CompositeError, DataError
from shared.composite.evaluate import Result
from shared.composite.plan import Plan

LOW, MIDDLE, HIGH = 0.05, 0.5, 0.95
# Ranks that are kept, one for each draw and unit.
MOST_RANKS = 200_000_000

Progress = Callable[[int, int], None]
Shares = NDArray[np.float64]
Ranks = NDArray[np.int64]


class StoppedError(CompositeError):
    """The analysis was called off before its end."""


@dataclass(frozen=True)
class Own:
    """One unit looked at closely.

    - ``histogram`` (units,): draws in which it has rank 1, 2, …
    - ``ahead_of`` (units,): share of the draws in which both have a rank and its is the better one;
      NaN for itself and where there is no such draw.
    - ``scores`` (draws,): its score in those draws that normalise as the nominal method does, for only
      these are on one scale; NaN where it has none. In order of the draws.
    """

    unit: str
    histogram: NDArray[np.int64]
    ahead_of: Shares
    scores: Shares


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """What the draws say of each unit, arrays (units,).

    ``median``, ``low`` and ``high`` are the quantiles 0.5, 0.05 and 0.95 of the ranks by the inverse
    of the empirical distribution: the least rank that so large a share of the draws does not exceed,
    so always a rank that occurred (Hyndman and Fan's first definition); 0 = n/a in every draw.
    ``mean`` is NaN there. Draws in which the unit is n/a do not count; ``absent`` is their share.
    ``first``: share of all draws in which it has rank 1, alone or not.
    """

    nominal: Result
    plan: Plan
    cube: Cube
    median: Ranks
    low: Ranks
    high: Ranks
    mean: Shares
    first: Shares
    absent: Shares
    own: Own | None


def uncertainty(
    nominal: Result,
    plan: Plan,
    *,
    own: str | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Uncertainty:
    """Analyse by Monte Carlo how sure the ranks of an index are.

    Step 7 of OECD/JRC, Handbook on Constructing Composite Indicators (2008); Saisana, Saltelli and
    Tarantola, Uncertainty and sensitivity analysis techniques as tools for the quality assessment of
    composite indicators (2005). The same seed gives the same result, bit for bit: draw k is row k of
    ``numpy.random.default_rng(seed).random((draws, dimensions))``, laid out as ``Cube`` says.

    ``progress(done, total)`` counts draws; when ``stop()`` is true the analysis ends with
    ``StoppedError``. Raises ``DataError`` for an ``own`` unit that is none of the units, and for more
    ranks than memory should hold; ``MethodError`` for alternatives that do not fit the method.
    """
    if own is not None and own not in nominal.units:
        raise DataError(f"There is no unit {own}.", unit=own)
    if plan.draws * len(nominal.units) > MOST_RANKS:
        raise DataError(
            f"{plan.draws} draws of {len(nominal.units)} units are more than {MOST_RANKS:,} ranks; "
            "ask for fewer draws."
        )
    cube = cube_of(nominal, plan)
    own_row = None if own is None else nominal.unit(own)
    tally = _Tally(cube, plan, own_row)
    chance = np.random.default_rng(plan.seed)
    for start in range(0, plan.draws, cube.block):
        if stop is not None and stop():
            raise StoppedError
        number = min(cube.block, plan.draws - start)
        tally.add(start, chance.random((number, len(cube.factors))))
        if progress is not None:
            progress(start + number, plan.draws)
    return tally.summary(nominal)


def cube_of(nominal: Result, plan: Plan) -> Cube:
    others = plan.alternatives
    return Cube(
        nominal,
        spread=plan.weight_spread,
        levels=plan.weight_levels,
        alternatives=(
            alternatives(nominal.framework, nominal.method) if others is None else others
        ),
    )


class _Tally:
    """Ranks of all draws, in as few bytes as they need."""

    def __init__(self, cube: Cube, plan: Plan, own_row: int | None) -> None:
        units = len(cube.nominal.units)
        self.cube, self.plan, self.own_row = cube, plan, own_row
        # By unit, because each unit's ranks are sorted in the end.
        self.ranks = np.zeros((units, plan.draws), dtype=np.min_scalar_type(units))
        self.own_scores = np.full(plan.draws, np.nan)

    def add(self, start: int, u: NDArray[np.float64]) -> None:
        drawn = self.cube.outcomes(u)
        self.ranks[:, start : start + len(u)] = drawn.ranks.T
        if self.own_row is not None:
            scores = drawn.scores[:, self.own_row].copy()
            if "normalisation" in self.cube.choices:
                choice = list(self.cube.choices).index("normalisation")
                scores[drawn.choices[:, choice] != 0] = np.nan
            self.own_scores[start : start + len(u)] = scores

    def summary(self, nominal: Result) -> Uncertainty:
        units, draws = self.ranks.shape
        own = None if self.own_row is None else self._own(nominal, self.own_row)
        present = np.count_nonzero(self.ranks, axis=1)
        first = np.count_nonzero(self.ranks == 1, axis=1)
        total = self.ranks.sum(axis=1, dtype=np.int64)
        mean = np.full(units, np.nan)
        np.divide(total, present, out=mean, where=present > 0)
        self.ranks.sort(axis=1)
        low, middle, high = (self._quantile(share, present) for share in (LOW, MIDDLE, HIGH))
        return Uncertainty(
            nominal,
            self.plan,
            self.cube,
            median=middle,
            low=low,
            high=high,
            mean=mean,
            first=first / draws,
            absent=1 - present / draws,
            own=own,
        )

    def _quantile(self, share: float, present: NDArray[np.intp]) -> Ranks:
        """Of sorted ranks, the draws without one in front."""
        return quantile_of_sorted(self.ranks, share, present).astype(np.int64)

    def _own(self, nominal: Result, row: int) -> Own:
        units, _ = self.ranks.shape
        mine = self.ranks[row]
        ahead = np.full(units, np.nan)
        for other in range(units):
            theirs = self.ranks[other]
            both = np.count_nonzero((mine > 0) & (theirs > 0))
            if other != row and both:
                ahead[other] = np.count_nonzero((mine < theirs) & (mine > 0)) / both
        histogram = np.bincount(mine, minlength=units + 1)[1:].astype(np.int64)
        return Own(nominal.units[row], histogram, ahead, self.own_scores)


def quantile_of_sorted(
    rows: NDArray[np.generic], share: float, present: NDArray[np.intp]
) -> NDArray[np.generic]:
    """Take from each sorted row, with ``present`` figures at its end, the first of rank ⌈share · present⌉."""
    place = np.ceil(share * present).astype(np.intp)
    column = rows.shape[1] - present + np.maximum(place, 1) - 1
    taken: NDArray[np.generic] = rows[np.arange(len(rows)), np.minimum(column, rows.shape[1] - 1)]
    return taken
