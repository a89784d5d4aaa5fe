"""Bisection between a figure that does not do and one that does, many searches at once."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Figures = NDArray[np.float64]
Places = NDArray[np.intp]
Mask = NDArray[np.bool_]

# Halving a panel's range this often leaves less than the last digit of any figure in it.
MOST_HALVINGS = 64


class Bracket(NamedTuple):
    """Per search (searches,): a figure that does not do, one that does, and whether it was followed."""

    failing: Figures
    reaching: Figures
    followed: Mask


def narrowed(
    does: Callable[[Places, Figures], Mask],
    failing: Figures,
    reaching: Figures,
    cost: Callable[[Places, Figures], Figures] | None = None,
    keep: int | None = None,
) -> Bracket:
    """Halve each bracket until no double lies between its ends, or ``MOST_HALVINGS`` times.

    ``does(searches, figures)`` tells which figures do. ``failing`` and ``reaching`` (searches,) must
    be ends that do not and that do; between them nothing is assumed: at the end they still are, and
    are neighbours. Where the answer changes more than once, it is one of the changes.

    With ``cost(searches, figures)``, which must rise from ``failing`` to ``reaching``, only searches
    that can still be among the ``keep`` cheapest are followed.
    """
    low, high = failing.copy(), reaching.copy()
    followed = np.ones(len(low), dtype=np.bool_)
    everything = np.arange(len(low))
    for _ in range(MOST_HALVINGS):
        if cost is not None and keep is not None and len(low) > keep:
            most = np.partition(cost(everything, high), keep - 1)[keep - 1]
            followed &= cost(everything, low) <= most
        middle = low + (high - low) / 2
        active = np.flatnonzero(followed & (middle != low) & (middle != high))
        if not active.size:
            break
        done = does(active, middle[active])
        high[active[done]] = middle[active[done]]
        low[active[~done]] = middle[active[~done]]
    return Bracket(low, high, followed)
