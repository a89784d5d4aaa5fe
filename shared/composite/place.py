"""Where a unit stands at the root: rank, number of ranked units, distance to its neighbours."""

from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import NDArray

from shared.composite.evaluate import Result
from shared.composite.scenario import unit_row


@dataclass(frozen=True)
class Gap:
    """Points, 0 or more, between the root scores of two units."""

    unit: str
    points: float


@dataclass(frozen=True)
class Place:
    """A unit's standing at the root; score and rank None = n/a.

    ``above`` is the nearest unit of a better rank, ``below`` the nearest of a worse one, ``tied``
    are those that share the rank. Of several equally near, the first in the order of the units.
    """

    unit: str
    score: float | None
    rank: int | None
    ranked: int
    above: Gap | None
    below: Gap | None
    tied: tuple[str, ...]

    @property
    def rival(self) -> str | None:
        """Who to measure against: the next above; of the first, whoever is second or first with it."""
        if self.above:
            return self.above.unit
        if self.tied:
            return self.tied[0]
        return self.below.unit if self.below else None


def place(result: Result, unit: str) -> Place:
    """Tell where a unit stands at the root. Raises ``DataError`` for an unknown unit."""
    row, root = unit_row(result, unit), result.node(result.framework.root.code)
    scores, ranks = result.scores[:, root], result.ranks[:, root]
    own, rank, ranked = float(scores[row]), int(ranks[row]), int(result.ranked[root])
    if not rank:
        return Place(unit, None, None, ranked, None, None, ())
    tied = np.flatnonzero(ranks == rank)
    return Place(
        unit,
        own,
        rank,
        ranked,
        _nearest(result, np.where((ranks > 0) & (ranks < rank), scores, np.nan) - own),
        _nearest(result, own - np.where(ranks > rank, scores, np.nan)),
        tuple(result.units[other] for other in tied if other != row),
    )


def _nearest(result: Result, apart: NDArray[np.float64]) -> Gap | None:
    if np.isnan(apart).all():
        return None
    row = int(np.nanargmin(apart))
    return Gap(result.units[row], float(apart[row]))


def known(score: float) -> float | None:
    return None if isnan(score) else float(score)


def ranked(rank: int) -> int | None:
    return int(rank) or None
