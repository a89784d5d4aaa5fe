"""The smallest change of one figure elsewhere that costs a unit its rank."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.composite.defence import NotRanked, check_limit, rivals_of
from shared.composite.evaluate import Result, evaluate
from shared.composite.place import Place, known, place
from shared.composite.rank import ranks
from shared.composite.scenario import Scenarios, unit_row
from shared.composite.search import narrowed
from shared.composite.upright import Upright

Places = NDArray[np.intp]
Table = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Threat:
    """A rival's figure that takes the rank.

    - ``figure``: the least improvement that does it; ``share``: its distance from the present figure
      (missing: from the panel's worst) as a share of the panel's range, so that leaves compare.
    - ``figure_short``: the neighbouring figure with which the rank still holds; None where a missing
      figure takes the rank as soon as it is the panel's worst.
    - ``own_score``, ``rival_score``, ``rank_after`` (own): at ``figure``.
    """

    rival: str
    leaf: str
    figure_before: float | None
    figure: float
    figure_short: float | None
    share: float
    own_score: float
    rival_score: float | None
    rank_before: int
    rank_after: int


@dataclass(frozen=True)
class Threats:
    """The nearest ways to lose the rank, the smallest change first; none listed: no single one does.

    ``considered``: pairs of rival and leaf; ``dangerous``: those of them that can take the rank.
    ``reason``: "unit_not_ranked" where the unit has no rank to lose.
    """

    unit: str
    place: Place
    threats: tuple[Threat, ...]
    considered: int
    dangerous: int
    reason: NotRanked | None


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Searches (pairs,), by rows of rivals and columns of leaves; figures are upright."""

    row: int
    rank: int
    rivals: Places
    leaves: Places
    start: Table
    span: Table
    scenarios: Scenarios
    upright: Upright

    def lost(self, pairs: Places, figures: Table) -> Mask:
        """Run the pairs with these figures, and tell where the own rank is worse."""
        leaves = self.leaves[pairs]
        turned = figures * self.upright.sign[leaves]
        scores = self.scenarios.with_figures(leaves, self.rivals[pairs], turned).scores
        worse: Mask = ranks(scores, self.scenarios.result.method)[:, self.row] > self.rank
        return worse

    def share(self, pairs: Places, figures: Table) -> Table:
        return (figures - self.start[pairs]) / self.span[pairs]


def threats(result: Result, unit: str, limit: int = 10) -> Threats:
    """Search, over every rival and leaf, for the least figure that makes a unit's rank worse.

    From the rival's present figure (missing: from the panel's worst) in the good direction up to the
    leaf's bound or, without one, to the panel's best plus one panel range: first the start, the
    panel's best and that end, then bisection between one that does not do and the next that does,
    down to neighbouring doubles. Every try is an exact run of the whole index: the rank is worse at
    ``figure``, which ``evaluate`` has confirmed, and is not at ``figure_short``. Where
    a treatment of outliers makes the answer change more than once on the way, the figure found is
    one of the changes, and need not be the first.

    Rivals are the units with a score at the root; a leaf without a range in the panel is left out.
    Raises ``DataError``: an unknown unit, a ``limit`` that is not 1 to ``MOST_LISTED``.
    """
    check_limit(limit)
    standing, row = place(result, unit), unit_row(result, unit)
    if standing.rank is None:
        return Threats(unit, standing, (), 0, 0, "unit_not_ranked")
    pairs = _pairs(result, row, standing.rank)
    failing, reaching = _bracketed(pairs)
    dangerous = np.flatnonzero(~np.isnan(reaching))
    at_once = np.isnan(failing[dangerous])
    ends = reaching[dangerous]
    found = narrowed(
        lambda some, figures: pairs.lost(dangerous[some], figures),
        np.where(at_once, ends, failing[dangerous]),
        ends,
        lambda some, figures: pairs.share(dangerous[some], figures),
        limit,
    )
    shares = np.where(found.followed, pairs.share(dangerous, found.reaching), np.inf)
    order = np.argsort(shares, kind="stable")[: min(limit, np.count_nonzero(found.followed))]
    listed = tuple(
        _threat(
            pairs,
            int(dangerous[place_]),
            float(found.reaching[place_]),
            None if at_once[place_] else float(found.failing[place_]),
        )
        for place_ in order
    )
    return Threats(unit, standing, listed, len(pairs.rivals), len(dangerous), None)


def _pairs(result: Result, row: int, rank: int) -> _Pairs:
    upright = Upright.of(result)
    start = np.where(np.isnan(upright.figures), upright.worst, upright.figures)
    room = (upright.furthest > start) & (upright.span > 0)
    rivals, leaves = np.nonzero(room & rivals_of(result, row)[:, np.newaxis])
    return _Pairs(
        row,
        rank,
        rivals,
        leaves,
        start[rivals, leaves],
        upright.span[leaves],
        Scenarios(result),
        upright,
    )


def _bracketed(pairs: _Pairs) -> tuple[Table, Table]:
    """Figures (pairs,) that hold the rank and lose it; NaN where no probe loses, or all do."""
    upright, leaves = pairs.upright, pairs.leaves
    missing = np.isnan(upright.figures[pairs.rivals, leaves])
    end = upright.furthest[leaves]
    best = np.clip(upright.best[leaves], pairs.start, end)
    failing, reaching = pairs.start.copy(), np.full(len(leaves), np.nan)
    failing[missing] = np.nan
    for probe, asked in ((pairs.start, missing), (best, best < end), (end, np.True_)):
        open_ = np.flatnonzero(np.isnan(reaching) & asked)
        lost = pairs.lost(open_, probe[open_])
        reaching[open_[lost]] = probe[open_[lost]]
        failing[open_[~lost]] = probe[open_[~lost]]
    return failing, reaching


def _threat(pairs: _Pairs, pair: int, figure: float, short: float | None) -> Threat:
    """Describe one search's end after a run of its own has confirmed it."""
    result, leaf, rival = pairs.scenarios.result, pairs.leaves[pair], pairs.rivals[pair]
    sign = float(pairs.upright.sign[leaf])
    raw = result.raw.copy()
    raw[rival, leaf] = figure * sign
    run = evaluate(result.framework, result.units, raw, result.method, result.groups)
    root = run.node(run.framework.root.code)
    rank_after = int(run.ranks[pairs.row, root])
    assert rank_after > pairs.rank, "a scenario is a run"
    return Threat(
        result.units[rival],
        result.framework.leaves[leaf].code,
        known(result.raw[rival, leaf]),
        figure * sign,
        None if short is None else short * sign,
        float((figure - pairs.start[pair]) / pairs.span[pair]),
        float(run.scores[pairs.row, root]),
        known(run.scores[rival, root]),
        pairs.rank,
        rank_after,
    )
