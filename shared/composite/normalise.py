"""Figures in their own units become points that can be added up."""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from shared.composite.columns import Columns
from shared.composite.figures import SAME_FIGURE, same
from shared.composite.method import Normalisation
from shared.composite.rank import competition

Reason = Literal["no_value", "no_goalposts", "no_target", "no_panel", "constant"]
Series = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Normalised:
    """Per column: ``scores`` and ``clamped`` (columns, units), ``reason`` (columns)."""

    scores: Series
    clamped: Mask
    reason: tuple[Reason | None, ...]


@dataclass(frozen=True, eq=False)
class Panel:
    """Columns of figures, (columns, units), and what is known of each column; 0 where it is empty."""

    series: Series
    known: Mask
    count: NDArray[np.intp]
    least: Series
    greatest: Series

    @classmethod
    def of(cls, series: Series) -> Self:
        known = ~np.isnan(series)
        count = known.sum(axis=1)
        least = np.where(known, series, np.inf).min(axis=1, initial=np.inf)
        greatest = np.where(known, series, -np.inf).max(axis=1, initial=-np.inf)
        least[count == 0] = greatest[count == 0] = 0.0
        return cls(series, known, count, least, greatest)


def normalise(series: Series, columns: Columns, how: Normalisation) -> Normalised:
    """Turn each column of figures, (columns, units), into points; NaN = missing stays NaN.

    OECD/JRC, Handbook on Constructing Composite Indicators (2008), step 5; x is turned round first
    where lower is better. A column that cannot be scored is NaN for every unit, and ``reason`` says
    why: nobody has a figure, it has no goalposts or target, too few units have a figure to compare
    with, or all have the same.
    """
    panel = Panel.of(series)
    if how.kind in {"z_score", "rank", "percentile_rank"}:
        return _by_distribution(panel, columns, how)
    if how.kind == "distance_to_target":
        return _by_target(panel, columns, how)
    return _between(panel, columns, how)


def _between(panel: Panel, columns: Columns, how: Normalisation) -> Normalised:
    """Score low + (high - low)(x - min)/(max - min), min and max of the panel or the goalposts.

    Beyond a goalpost a figure is clamped and flagged.
    """
    fixed = ~np.isnan(columns.low_post) & (how.kind in {"goalposts", "mixed"})
    least = np.where(fixed, columns.low_post, panel.least)
    greatest = np.where(fixed, columns.high_post, panel.greatest)
    reason = _reasons(
        [
            ("no_value", panel.count == 0),
            (None, fixed),
            ("no_goalposts", np.full(len(fixed), how.kind == "goalposts")),
            ("no_panel", panel.count < how.minimum_units),
            ("constant", same(least, greatest)),
        ]
    )
    low, high = least[:, np.newaxis], greatest[:, np.newaxis]
    # Clamped before dividing: a figure far beyond narrow goalposts must not overflow.
    within = np.clip(panel.series, low, high)
    distance = np.where(columns.lower[:, np.newaxis], high - within, within - low)
    share = np.full(panel.series.shape, np.nan)
    np.divide(distance, high - low, out=share, where=_usable(reason)[:, np.newaxis])
    beyond = fixed[:, np.newaxis] & (panel.series != within) & panel.known
    return Normalised(_spread(share, how), beyond, reason)


def _by_target(panel: Panel, columns: Columns, how: Normalisation) -> Normalised:
    """Score 1 - (target - x)/(target - min), as COINr's n_dist2targ; with ``cap`` never more than 1.

    Where even the worst unit has reached the target, all score as one that just reached it.
    """
    worst = np.where(columns.lower, -panel.greatest, panel.least)[:, np.newaxis]
    target = np.where(columns.lower, -columns.target, columns.target)[:, np.newaxis]
    figures = np.where(columns.lower[:, np.newaxis], -panel.series, panel.series)
    reason = _reasons(
        [
            ("no_value", panel.count == 0),
            ("no_target", np.isnan(columns.target)),
            ("no_panel", panel.count < how.minimum_units),
        ]
    )
    away = target - worst
    reached = away <= SAME_FIGURE * np.abs(target)
    share = np.ones(figures.shape)
    np.divide(target - figures, away, out=share, where=~reached)
    share = np.where(reached, 1.0, 1 - share)
    share[~panel.known | ~_usable(reason)[:, np.newaxis]] = np.nan
    beyond = panel.known & (figures > target) & (how.cap | reached)
    if how.cap:
        share = np.minimum(share, 1.0)
    return Normalised(_spread(share, how, clip=False), beyond, reason)


def _by_distribution(panel: Panel, columns: Columns, how: Normalisation) -> Normalised:
    """Score by place in the panel: (x - mean)/s with s over n - 1, or by rank from below.

    The worst has rank 1, ties share the lower one (COINr's n_rank); the percentile rank is
    (rank - 1)/(n - 1).
    """
    reason = _reasons(
        [
            ("no_value", panel.count == 0),
            ("no_panel", panel.count < max(how.minimum_units, 2)),
            ("constant", same(panel.least, panel.greatest)),
        ]
    )
    usable = _usable(reason)
    figures = np.where(columns.lower[:, np.newaxis], -panel.series, panel.series)[usable]
    count = panel.count[usable, np.newaxis]
    if how.kind == "z_score":
        found = _standardised(figures, panel.known[usable], count)
    else:
        found = _ranked(figures)
    if how.kind == "percentile_rank":
        found = _spread((found - 1) / (count - 1), how)
    scores = np.full(panel.series.shape, np.nan)
    scores[usable] = found
    return Normalised(scores, np.zeros(scores.shape, dtype=np.bool_), reason)


def _standardised(figures: Series, known: Mask, count: NDArray[np.intp]) -> Series:
    mean = np.where(known, figures, 0.0).sum(axis=1)[:, np.newaxis] / count
    away = np.where(known, figures - mean, 0.0)
    # Squares of figures near the limit must not overflow; a power of two changes no digit.
    away = np.ldexp(away, -np.frexp(np.abs(away).max(axis=1))[1][:, np.newaxis])
    deviation = np.sqrt((away * away).sum(axis=1)[:, np.newaxis] / (count - 1))
    return np.where(known, away / deviation, np.nan)


def _ranked(figures: Series) -> Series:
    known = ~np.isnan(figures)
    largest = np.where(known, np.abs(figures), 0.0).max(axis=1)[:, np.newaxis]
    return np.where(known, competition(-figures, tolerance=SAME_FIGURE * largest), np.nan)


def _spread(share: Series, how: Normalisation, *, clip: bool = True) -> Series:
    assert how.range is not None, "only kinds with a range are spread over it"
    low, high = how.range
    # This form hits both ends of the range exactly; low + (high - low) * share need not.
    points = low * (1 - share) + high * share
    return np.clip(points, low, high) if clip else points


def _reasons(cases: list[tuple[Reason | None, Mask]]) -> tuple[Reason | None, ...]:
    """For each column the first case that holds."""
    reason: list[Reason | None] = [None] * len(cases[0][1])
    for why, holds in reversed(cases):
        for column in np.flatnonzero(holds):
            reason[column] = why
    return tuple(reason)


def _usable(reason: tuple[Reason | None, ...]) -> Mask:
    return np.array([why is None for why in reason], dtype=np.bool_)
