"""Skewness and kurtosis: how far from even a series of figures lies."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

LEAST_UNITS = 4  # G2 divides by (n - 2)(n - 3)
FOURTH_ROOT_MIN, FOURTH_ROOT_MAX = 1e-60, 1e60
ROUNDING = 1e-9  # of the sum of squares about the centre: less than that about the mean is none

Series = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sums:
    """Of each row: how many figures, and the sums of their deviations from ``centre`` to powers 1 to 4.

    Sums about one centre can be added. Mean and median do as centres: the mean lies no further from
    the median than one standard deviation, so moving the sums to the mean loses no digits.
    ``powers`` is (4, rows).
    """

    centre: Series
    count: Series
    powers: Series

    @classmethod
    def of(cls, series: Series, centre: Series) -> Self:
        """Sum up each row of ``series`` (rows, units); NaN is left out."""
        known = ~np.isnan(series)
        powers = np.empty((4, *series.shape))
        powers[0] = np.where(known, series - centre[:, np.newaxis], 0.0)
        np.multiply(powers[0], powers[0], out=powers[1])
        np.multiply(powers[1], powers[:2], out=powers[2:])
        return cls(centre, known.sum(axis=1).astype(np.float64), powers.sum(axis=2))

    def joined(self, other: "Sums") -> "Sums":
        """Add sums about the same centre."""
        return Sums(self.centre, self.count + other.count, self.powers + other.powers)

    def of_rows(self, rows: NDArray[np.intp]) -> "Sums":
        return Sums(self.centre[rows], self.count[rows], self.powers[:, rows])

    def skewness_and_kurtosis(self) -> tuple[Series, Series]:
        """Return G1 and G2, the sample-adjusted estimators of Excel's SKEW and KURT.

        Joanes and Gill, Comparing measures of sample skewness and kurtosis (1998); kurtosis is in
        excess of the normal distribution's. NaN where fewer than four figures, or all equal.
        """
        n = np.where(self.count >= LEAST_UNITS, self.count, np.nan)
        one, two, three, four = self.powers
        shift = one / n
        square = shift * shift
        second = two - n * square
        third = three - shift * (3 * two - 2 * n * square)
        fourth = four - shift * (4 * three - shift * (6 * two - 3 * n * square))
        second = np.where(second > ROUNDING * two, second, np.nan)
        skewness = np.sqrt(n / second) * (third / second) * (np.sqrt(n * (n - 1)) / (n - 2))
        excess = n * (fourth / second) / second - 3  # second² could vanish
        return skewness, ((n + 1) * excess + 6) * (n - 1) / ((n - 2) * (n - 3))


def skewness_and_kurtosis(series: Series) -> tuple[Series, Series]:
    """Return G1 and G2 of each row of ``series`` (rows, units); NaN is left out."""
    scaled, _ = harmless(series)
    known = ~np.isnan(scaled)
    total = np.where(known, scaled, 0.0).sum(axis=1)
    return Sums.of(scaled, total / np.maximum(known.sum(axis=1), 1)).skewness_and_kurtosis()


def harmless(series: Series) -> tuple[Series, NDArray[np.int32] | None]:
    """Scale rows whose fourth powers could overflow or vanish; return them and the exponents of two.

    A power of two changes no digit: ``np.ldexp(scaled, exponents)`` is the series again.
    """
    largest = np.where(np.isnan(series), 0.0, np.abs(series)).max(axis=1, initial=0.0)
    if np.all((largest == 0) | ((largest > FOURTH_ROOT_MIN) & (largest < FOURTH_ROOT_MAX))):
        return series, None
    exponents = np.frexp(largest)[1][:, np.newaxis]
    return np.ldexp(series, -exponents), exponents
