"""Who can take a rank away, and with which figure: the index seen from the side of the others."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shared.composite.errors import DataError
from shared.composite.evaluate import Result
from shared.composite.place import Place, known, place
from shared.composite.rank import ranks
from shared.composite.scenario import Scenarios, unit_row
from shared.composite.upright import Upright

MOST_LISTED = 1_000

NotRanked = Literal["unit_not_ranked"]


@dataclass(frozen=True)
class Attack:
    """One rival's figure caught up; gaps are own points minus the rival's at the root.

    ``damage`` is by how many points the gap shrinks, ``rank_after`` the own rank.
    """

    rival: str
    leaf: str
    figure_before: float | None
    figure: float
    gap_before: float
    gap_after: float
    damage: float
    rank_before: int
    rank_after: int
    rank_lost: bool


@dataclass(frozen=True)
class Defence:
    """The worst single advances of others against a unit, the greatest damage first.

    ``considered``: how many pairs of rival and leaf were run. ``reason``: "unit_not_ranked" where
    the unit has no score at the root and nothing to defend.
    """

    unit: str
    place: Place
    attacks: tuple[Attack, ...]
    considered: int
    reason: NotRanked | None


def defence(
    result: Result, unit: str, to: Literal["own", "best"] = "own", limit: int = 20
) -> Defence:
    """Let every rival catch up on every leaf by itself, and list what hurts a unit most.

    To the unit's own figure where the rival's is worse ("own"), or to the panel's best ("best"); a
    missing figure counts as worse. Rivals are the units with a score at the root. Every number is
    exact, from a run on the changed figure. Raises ``DataError``: an unknown unit, a ``limit`` that
    is not 1 to ``MOST_LISTED``.
    """
    check_limit(limit)
    standing, row = place(result, unit), unit_row(result, unit)
    if standing.rank is None:
        return Defence(unit, standing, (), 0, "unit_not_ranked")
    upright = Upright.of(result)
    level = upright.figures[row] if to == "own" else upright.best
    rivals, leaves = np.nonzero(
        ~(upright.figures >= level) & ~np.isnan(level) & rivals_of(result, row)[:, np.newaxis]
    )
    figures = (level * upright.sign)[leaves]
    tried = Scenarios(result).with_figures(leaves, rivals, figures)
    before = result.scores[:, result.node(result.framework.root.code)]
    gaps_before = before[row] - before[rivals]
    gaps = tried.scores[:, row] - tried.scores[np.arange(len(rivals)), rivals]
    damage = gaps_before - gaps
    worst = np.argsort(np.where(np.isnan(damage), np.inf, -damage), kind="stable")[:limit]
    places = ranks(tried.scores[worst], result.method)[:, row]
    attacks = [
        Attack(
            result.units[rivals[pair]],
            result.framework.leaves[leaves[pair]].code,
            known(result.raw[rivals[pair], leaves[pair]]),
            float(figures[pair]),
            float(gaps_before[pair]),
            float(gaps[pair]),
            float(damage[pair]),
            standing.rank,
            int(after),
            bool(after > standing.rank),
        )
        for pair, after in zip(worst, places, strict=True)
        if not np.isnan(damage[pair])
    ]
    return Defence(unit, standing, tuple(attacks), len(rivals), None)


def rivals_of(result: Result, row: int) -> NDArray[np.bool_]:
    """Tell which other units (units,) have a score at the root."""
    rivals: NDArray[np.bool_] = ~np.isnan(result.scores[:, result.node(result.framework.root.code)])
    rivals[row] = False
    return rivals


def check_limit(limit: int) -> None:
    """Raise ``DataError`` for a list of no length, or of more than ``MOST_LISTED``."""
    if not 1 <= limit <= MOST_LISTED:
        raise DataError(f"A list of {limit} is not one of 1 to {MOST_LISTED}.")
