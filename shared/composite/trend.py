"""Scores of several years, compared only where they mean the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Literal

from shared.composite.errors import DataError

MOST_YEARS = 1_000

Break = Literal["framework", "method", "units", "source", "unknown"]


@dataclass(frozen=True)
class Year:
    """One year's result; what is not known is None.

    - ``units``: how many units were ranked, or better: which.
    - ``framework``, ``method``: anything that is equal if and only if they are, such as a digest.
    - ``official``: as published, not computed here.

    Raises ``DataError`` for a score that is no number and a rank that is not among the units.
    """

    year: int
    score: float | None
    rank: int | None
    units: int | frozenset[str] | None
    framework: str | None
    method: str | None
    official: bool

    def __post_init__(self) -> None:
        if self.score is not None and not isfinite(self.score):
            raise DataError(f"Year {self.year}: {self.score} is not a score.")
        count = self.count
        most = self.rank if count is None else count
        if self.rank is not None and not 1 <= self.rank <= (most or 0):
            raise DataError(f"Year {self.year}: there is no rank {self.rank} of {count}.")

    @property
    def count(self) -> int | None:
        return len(self.units) if isinstance(self.units, frozenset) else self.units

    @property
    def percentile(self) -> float | None:
        """Share of the other units that are not ahead, (n - rank)/(n - 1): 1 = first, 0 = last."""
        if self.rank is None or self.count is None or self.count < 2:  # noqa: PLR2004 - others
            return None
        return (self.count - self.rank) / (self.count - 1)


@dataclass(frozen=True)
class YearStep:
    """From one year to the next given one; ``score_change`` is None across a break.

    Ranks can be shown beside one another across a break, each with its number of units; so can the
    percentiles, which say how much of the field is behind.
    """

    year_before: int
    year: int
    comparable: bool
    broken_by: tuple[Break, ...]
    score_change: float | None
    rank_before: int | None
    rank_after: int | None
    units_before: int | None
    units_after: int | None
    percentile_before: float | None
    percentile_after: float | None


@dataclass(frozen=True)
class Segment:
    """Years whose scores are comparable; ``broken_by`` says what parts it from the one before.

    ``change``: last known score minus the first known one; None with fewer than two.
    """

    years: tuple[Year, ...]
    change: float | None
    broken_by: tuple[Break, ...]


@dataclass(frozen=True)
class Trend:
    """All years in order, in segments, and the steps between neighbours."""

    segments: tuple[Segment, ...]
    steps: tuple[YearStep, ...]


def trend(points: Sequence[Year]) -> Trend:
    """Cut a series of years where its scores stop being comparable.

    A break is another framework, method, or set (or number) of units, or an official score beside
    a computed one ("source"); what is unknown on either side cannot be known to be the same and
    breaks as well ("unknown"). Raises ``DataError``: a year twice, more than ``MOST_YEARS``.
    """
    if len(points) > MOST_YEARS:
        raise DataError(f"{len(points)} years are more than {MOST_YEARS}.")
    years = sorted(points, key=lambda point: point.year)
    for one, other in pairwise(years):
        if one.year == other.year:
            raise DataError(f"Year {one.year} is given twice.")
    steps = tuple(_step(one, other) for one, other in pairwise(years))
    cuts = [place for place, step in enumerate(steps, 1) if not step.comparable]
    segments = tuple(
        _segment(years[start:end], steps[start - 1].broken_by if start else ())
        for start, end in pairwise([0, *cuts, len(years)])
        if end
    )
    return Trend(segments, steps)


def breaks(one: Year, other: Year) -> tuple[Break, ...]:
    """Say why the scores of two years cannot be compared; empty: they can."""
    parts: tuple[tuple[Break, object, object], ...] = (
        ("framework", one.framework, other.framework),
        ("method", one.method, other.method),
        ("units", *_units(one, other)),
    )
    unknown = any(mine is None or its is None for _, mine, its in parts)
    found = [
        name for name, mine, its in parts if mine is not None and its is not None and mine != its
    ]
    if one.official != other.official:
        found.append("source")
    return (*found, "unknown") if unknown else tuple(found)


def _units(one: Year, other: Year) -> tuple[object, object]:
    """Pick what the panels can be told apart by; a number does not say that a set is the same."""
    if isinstance(one.units, frozenset) and isinstance(other.units, frozenset):
        return one.units, other.units
    mixed = isinstance(one.units, frozenset) or isinstance(other.units, frozenset)
    return (None, None) if mixed and one.count == other.count else (one.count, other.count)


def _step(one: Year, other: Year) -> YearStep:
    broken_by = breaks(one, other)
    return YearStep(
        one.year,
        other.year,
        not broken_by,
        broken_by,
        None if broken_by else _change([one, other]),
        one.rank,
        other.rank,
        one.count,
        other.count,
        one.percentile,
        other.percentile,
    )


def _segment(years: Sequence[Year], broken_by: tuple[Break, ...]) -> Segment:
    return Segment(tuple(years), _change(years), broken_by)


def _change(years: Sequence[Year]) -> float | None:
    scores = [year.score for year in years if year.score is not None]
    return scores[-1] - scores[0] if len(scores) > 1 else None
