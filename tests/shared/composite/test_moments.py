"""Skewness and kurtosis as a spreadsheet gives them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.composite.moments import Sums, harmless
from shared.composite.moments import skewness_and_kurtosis as of_rows
from tests.shared.composite.build import NA, table


def skewness_and_kurtosis(*figures: float) -> tuple[float, float]:
    skewness, kurtosis = of_rows(table(figures))
    return float(skewness[0]), float(kurtosis[0])


def test_they_are_those_of_the_spreadsheets_own_example() -> None:
    # Microsoft's documentation of SKEW and KURT: both of this column.
    skewness, kurtosis = skewness_and_kurtosis(3, 4, 5, 2, 3, 4, 5, 6, 4, 7)
    assert skewness == pytest.approx(0.359543071407, abs=1e-12)
    assert kurtosis == pytest.approx(-0.151799637208, abs=1e-12)


def test_they_are_those_of_the_reference_tools_example() -> None:
    # COINr, vignette "treat": skew and kurt of 1 to 10, 30 and 100.
    skewness, kurtosis = skewness_and_kurtosis(*range(1, 11), 30, 100)
    assert (skewness, kurtosis) == pytest.approx((3.063241, 9.741391), abs=5e-7)


def test_they_follow_the_spreadsheets_formula() -> None:
    """Worked out by hand: 1, 2, 3, 10; mean 4; from it -3, -2, -1, 6; s² = 50/3.

    SKEW = n/((n-1)(n-2)) Σd³/s³ = 4/6 * 180/(50/3)^1.5
    KURT = n(n+1)/((n-1)(n-2)(n-3)) Σd⁴/s⁴ - 3(n-1)²/((n-2)(n-3)) = 20/6 * 1394/(50/3)² - 27/2
    """
    skewness, kurtosis = skewness_and_kurtosis(1, 2, 3, 10)
    assert skewness == pytest.approx(4 / 6 * 180 / (50 / 3) ** 1.5, rel=1e-14)
    assert kurtosis == pytest.approx(20 / 6 * 1394 / (50 / 3) ** 2 - 27 / 2, rel=1e-14)


def test_a_missing_figure_does_not_count() -> None:
    assert skewness_and_kurtosis(NA, 1, 2, NA, 3, 10) == skewness_and_kurtosis(1, 2, 3, 10)


@pytest.mark.parametrize("figures", [(), (NA, NA), (1, 2, 30), (1, 2, 30, NA), (7, 7, 7, 7)])
def test_too_few_or_equal_figures_have_neither(figures: tuple[float, ...]) -> None:
    assert np.isnan(skewness_and_kurtosis(*figures)).all()


@pytest.mark.parametrize("factor", [1e200, 1e-200, -1e200])
def test_figures_may_be_huge_or_tiny(factor: float) -> None:
    series = factor * table((1, 2, 3, 10))
    scaled, exponents = harmless(series)
    assert exponents is not None
    np.testing.assert_array_equal(np.ldexp(scaled, exponents), series)
    skewness, kurtosis = of_rows(series)
    plain = skewness_and_kurtosis(1, 2, 3, 10)
    assert (abs(skewness[0]), kurtosis[0]) == pytest.approx(plain, rel=1e-12)


def test_ordinary_figures_are_left_alone() -> None:
    series = table((0, 0, 0), (1, NA, 3e50))
    scaled, exponents = harmless(series)
    assert scaled is series
    assert exponents is None


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(-50, 50).map(float), min_size=4, max_size=12).map(np.array),
    st.integers(0, 12),
)
def test_two_parts_about_the_median_are_the_whole(figures: NDArray[np.float64], cut: int) -> None:
    centre = np.sort(figures)[[len(figures) // 2]]
    parts = (Sums.of(part[np.newaxis], centre) for part in (figures[:cut], figures[cut:]))
    joined = next(parts).joined(next(parts))
    assert joined.count.tolist() == [len(figures)]
    found, expected = joined.skewness_and_kurtosis(), of_rows(figures[np.newaxis])
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
