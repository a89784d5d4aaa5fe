"""Skewness and kurtosis: how far from even a series of figures lies."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

LEAST_UNITS = 4  # G2 divides by (n - 2)(n - 3)
FOURTH_ROOT_MIN, FOURTH_ROOT_MAX = 1e-60, 1e60

Series = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moments:
    """Of each row: count, mean, and the sums of squared, cubed and fourth deviations from the mean."""

    count: Series
    mean: Series
    second: Series
    third: Series
    fourth: Series

    @classmethod
    def of(cls, series: Series) -> Self:
        """Sum up each row of ``series`` (rows, units); NaN is left out."""
        known = ~np.isnan(series)
        count = known.sum(axis=1).astype(np.float64)
        figures = np.where(known, series, 0.0)
        mean = figures.sum(axis=1) / np.maximum(count, 1.0)
        away = np.where(known, figures - mean[:, np.newaxis], 0.0)
        squares = away * away
        return cls(
            count,
            mean,
            squares.sum(axis=1),
            (squares * away).sum(axis=1),
            (squares * squares).sum(axis=1),
        )

    def joined(self, other: "Moments") -> "Moments":
        """Moments of both sets of figures together (Pébay, SAND2008-6212): nothing is subtracted."""
        count = self.count + other.count
        mean = (self.count * self.mean + other.count * other.mean) / np.maximum(count, 1.0)
        mine, others = self.about(mean), other.about(mean)
        sums = (a + b for a, b in zip(mine, others, strict=True))
        return Moments(count, mean, *sums)

    def about(self, center: Series) -> tuple[Series, Series, Series]:
        """Give the sums of squared, cubed and fourth deviations from another centre."""
        away = self.mean - center
        square = away * away
        return (
            self.second + self.count * square,
            self.third + away * (3 * self.second + self.count * square),
            self.fourth + 4 * away * self.third + square * (6 * self.second + self.count * square),
        )

    def of_rows(self, rows: NDArray[np.intp]) -> "Moments":
        return Moments(
            self.count[rows],
            self.mean[rows],
            self.second[rows],
            self.third[rows],
            self.fourth[rows],
        )

    def skewness_and_kurtosis(self) -> tuple[Series, Series]:
        """Return G1 and G2, the sample-adjusted estimators of Excel's SKEW and KURT.

        Joanes and Gill, Comparing measures of sample skewness and kurtosis (1998); kurtosis is in
        excess of the normal distribution's. NaN where fewer than four figures, or all equal.
        """
        n = np.where(self.count >= LEAST_UNITS, self.count, np.nan)
        second = np.where(self.second > 0, self.second, np.nan)
        skewness = np.sqrt(n) * self.third / second**1.5 * np.sqrt(n * (n - 1)) / (n - 2)
        excess = n * self.fourth / second**2 - 3
        return skewness, ((n + 1) * excess + 6) * (n - 1) / ((n - 2) * (n - 3))


def harmless(series: Series) -> tuple[Series, NDArray[np.int32] | None]:
    """Scale rows whose fourth powers could overflow or vanish; return them and the exponents of two.

    A power of two changes no digit: ``np.ldexp(scaled, exponents)`` is the series again.
    """
    largest = np.where(np.isnan(series), 0.0, np.abs(series)).max(axis=1, initial=0.0)
    if np.all((largest == 0) | ((largest > FOURTH_ROOT_MIN) & (largest < FOURTH_ROOT_MAX))):
        return series, None
    exponents = np.frexp(largest)[1][:, np.newaxis]
    return np.ldexp(series, -exponents), exponents
