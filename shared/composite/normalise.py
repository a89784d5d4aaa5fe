"""Figures in their own units become points that can be added up."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shared.composite.framework import Framework, Node
from shared.composite.method import Method

Reason = Literal["no_value", "no_goalposts", "no_panel", "constant"]

# Figures are exact to 15 digits (relative 1e-15). Less than that apart is the last bit of a
# division, and min-max would blow it up to the difference between worst and best.
SAME_FIGURE = 4 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Normalised:
    """Per leaf: ``scores`` and ``clamped`` (units, leaves), ``reason`` (leaves)."""

    scores: NDArray[np.float64]
    clamped: NDArray[np.bool_]
    reason: tuple[Reason | None, ...]


def normalise(framework: Framework, raw: NDArray[np.float64], method: Method) -> Normalised:
    """Score every figure between the worst and the best one of its leaf.

    low + (high - low)(x - min)/(max - min), turned round for direction "lower" (OECD/JRC,
    Handbook on Constructing Composite Indicators, 2008, step 5; the GII does the same with 0 to
    100). min and max are the goalposts, beyond which a figure is clamped and flagged, or the
    least and greatest figure of all units that have one. A leaf without two different bounds is
    NaN for every unit, and ``reason`` says why. ``raw`` is (units, leaves), NaN = missing.
    """
    present = ~np.isnan(raw)
    fixed = np.array([leaf.goalposts is not None for leaf in framework.leaves], dtype=np.bool_)
    least, greatest = _bounds(framework.leaves, raw, present)
    reason = _reasons(fixed, present.sum(axis=0), least, greatest, method)
    usable = np.array([why is None for why in reason], dtype=np.bool_)

    # Clamped before dividing: a figure far beyond narrow goalposts must not overflow.
    within = np.clip(raw, least, greatest)
    lower = np.array([leaf.direction == "lower" for leaf in framework.leaves], dtype=np.bool_)
    distance = np.where(lower, greatest - within, within - least)
    share = np.full(raw.shape, np.nan)
    np.divide(distance, greatest - least, out=share, where=usable)
    low, high = method.range
    # This form hits both ends of the range exactly; low + (high - low) * share need not.
    scores = np.clip(low * (1 - share) + high * share, low, high)
    return Normalised(scores, fixed & ((raw < least) | (raw > greatest)), reason)


def _bounds(
    leaves: tuple[Node, ...], raw: NDArray[np.float64], present: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper bound of every leaf, each (leaves,): goalposts, else the panel's, else 0."""
    known = present.any(axis=0)
    least = np.where(known, np.min(raw, axis=0, where=present, initial=np.inf), 0.0)
    greatest = np.where(known, np.max(raw, axis=0, where=present, initial=-np.inf), 0.0)
    for column, leaf in enumerate(leaves):
        if leaf.goalposts is not None:
            least[column], greatest[column] = leaf.goalposts
    return least, greatest


def _reasons(
    fixed: NDArray[np.bool_],
    counts: NDArray[np.intp],
    least: NDArray[np.float64],
    greatest: NDArray[np.float64],
    method: Method,
) -> tuple[Reason | None, ...]:
    """Why a leaf is n/a for every unit; None for a leaf that is not."""
    same = greatest - least <= SAME_FIGURE * np.maximum(np.abs(least), np.abs(greatest))

    def reason(column: int) -> Reason | None:
        if counts[column] == 0:
            return "no_value"
        if fixed[column]:
            return None
        if method.normalisation == "goalposts":
            return "no_goalposts"
        if counts[column] < method.minimum_units:
            return "no_panel"
        return "constant" if same[column] else None

    return tuple(reason(column) for column in range(len(fixed)))
