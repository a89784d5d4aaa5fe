"""Which outliers are drawn in, how far, and when it is undone."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.composite import LeafTreatment, Method, Node, Treatment, evaluate
from shared.composite.treat import Treated, treat
from tests.shared.composite.build import NA, flat, names, table

WINSORISE = Treatment("winsorise")
TEN = tuple(range(1, 11))
SIXTY = tuple(range(60))


def treated(figures: Sequence[float], treatment: Treatment = WINSORISE) -> Treated:
    return treat(table(figures), (treatment,))


def outcome(result: Treated) -> tuple[str, int, bool]:
    return result.kind[0], int(result.moved.sum()), result.passes[0]


def expect(result: Treated, figures: Sequence[float]) -> None:
    np.testing.assert_array_equal(result.series[0], np.array(figures, dtype=np.float64))


def test_the_greatest_is_replaced_by_the_next_greatest() -> None:
    # COINr, vignette "treat": one point is enough, skewness 3.06 -> 1.71, kurtosis 9.74 -> 1.82.
    result = treated((*TEN, 30, 100))
    expect(result, (*TEN, 30, 30))
    assert outcome(result) == ("winsorise", 1, True)
    assert np.flatnonzero(result.moved[0]).tolist() == [11]


def test_where_the_tail_is_below_the_least_is_replaced_by_the_next_least() -> None:
    result = treated((-100, *(-figure for figure in TEN), -30))
    expect(result, (-30, *(-figure for figure in TEN), -30))
    assert outcome(result) == ("winsorise", 1, True)


def test_both_ends_may_be_drawn_in_one_after_the_other() -> None:
    # With 1000 the skewness is above 2: 1000 -> 10. Without it -60 makes it less than -2: -60 -> 1.
    result = treated((*TEN, 1000, -60))
    expect(result, (*TEN, 10, 1))
    assert outcome(result) == ("winsorise", 2, True)


def test_units_tied_at_the_end_move_together_and_count_each() -> None:
    result = treated((100, *range(1, 21), 100))
    expect(result, (20, *range(1, 21), 20))
    assert outcome(result) == ("winsorise", 2, True)


def test_just_as_many_points_as_allowed_may_move() -> None:
    # 0 to 59 and five far above: 5000 -> 4000 -> ... -> 1000 -> 59, until all five stand at 59.
    result = treated((*SIXTY, 1000, 2000, 3000, 4000, 5000))
    expect(result, (*SIXTY, 59, 59, 59, 59, 59))
    assert outcome(result) == ("winsorise", 5, True)


SIX_ABOVE = (*SIXTY, 1000, 2000, 3000, 4000, 5000, 6000)


def test_where_five_do_not_suffice_all_is_undone() -> None:
    result = treated(SIX_ABOVE)
    expect(result, SIX_ABOVE)
    assert outcome(result) == ("none", 0, False)


def test_where_five_do_not_suffice_a_log_may_be_taken() -> None:
    # ln(x - 0 + 0.01 * 6000), and ln((6000 - 1) x/6000 + 1): both pass.
    coin_tool = treated(SIX_ABOVE, replace(WINSORISE, otherwise="log_ct"))
    np.testing.assert_allclose(
        coin_tool.series[0], [math.log(x + 60) for x in SIX_ABOVE], rtol=1e-14
    )
    gii = treated(SIX_ABOVE, replace(WINSORISE, otherwise="log_gii"))
    np.testing.assert_allclose(
        gii.series[0], [math.log(5999 * x / 6000 + 1) for x in SIX_ABOVE], rtol=1e-14
    )
    assert outcome(coin_tool)[:2] == ("log_ct", 0)
    assert outcome(gii) == ("log_gii", 0, True)


def test_six_tied_at_the_end_are_more_than_five() -> None:
    # COINr would move all six at once; the limit is a limit here.
    tied = (*SIXTY, *(1000,) * 6)
    assert outcome(treated(tied)) == ("none", 0, False)
    assert outcome(treated(tied, replace(WINSORISE, max_points=6))) == ("winsorise", 6, True)


def test_no_point_may_move_where_none_is_allowed() -> None:
    assert outcome(treated((*TEN, 1000), replace(WINSORISE, max_points=0))) == ("none", 0, False)


def test_a_column_that_passes_is_left_alone() -> None:
    # Skewness 2.20 but kurtosis 3.14; kurtosis 8.26 but skewness 0.07: one that is low is enough.
    skewed = (*(0,) * 18, *(1,) * 3)
    heavy = (-50, *range(20), 70)
    for figures in (TEN, skewed, heavy):
        result = treated(figures, replace(WINSORISE, otherwise="log_ct"))
        expect(result, figures)
        assert outcome(result) == ("none", 0, True)


def test_the_limits_are_settings() -> None:
    # 1 to 10 and 30 have skewness 2.55 and kurtosis 7.45.
    figures = (*TEN, 30)
    assert outcome(treated(figures))[0] == "winsorise"
    assert outcome(treated(figures, replace(WINSORISE, skewness=2.6)))[0] == "none"
    assert outcome(treated(figures, replace(WINSORISE, kurtosis=7.5)))[0] == "none"


def test_the_gii_log_is_not_taken_where_nothing_is_above_one() -> None:
    # (max - 1) would be negative and turn the order round, or 0 and make all figures equal.
    for largest in (1.0, 0.5, -3.0):
        figures = tuple(largest - 0.001 * step for step in range(30))
        result = treated(figures, Treatment("log_gii"))
        expect(result, figures)
        assert outcome(result)[0] == "none"


def test_a_share_with_outliers_that_winsorising_cannot_help_is_left_as_it_is() -> None:
    shares = tuple(figure / 6000 for figure in SIX_ABOVE)
    result = treated(shares, replace(WINSORISE, otherwise="log_gii"))
    expect(result, shares)
    assert outcome(result) == ("none", 0, False)


def test_a_log_asked_for_outright_is_taken_of_any_column() -> None:
    # ln(x - 1 + 0.01 * 9) for 1 to 10: 1 is far below now, so the column that passed no longer does.
    result = treated(TEN, Treatment("log_ct"))
    np.testing.assert_allclose(result.series[0], [math.log(x - 1 + 0.09) for x in TEN], rtol=1e-14)
    assert outcome(result) == ("log_ct", 0, False)


def test_a_missing_figure_stays_missing_and_counts_for_nothing() -> None:
    result = treated((NA, *TEN, 30, NA, 100))
    expect(result, (NA, *TEN, 30, NA, 30))
    assert outcome(result) == ("winsorise", 1, True)
    logged = treated((NA, 1, 2), Treatment("log_ct"))
    np.testing.assert_array_equal(np.isnan(logged.series[0]), [True, False, False])


@pytest.mark.parametrize("kind", ["winsorise", "log_ct", "log_gii"])
@pytest.mark.parametrize("figures", [(), (NA, NA), (5,), (7, 7, 7, 7, 7), (0.1 + 0.2, 0.3, 0.3)])
def test_none_or_equal_figures_are_left_as_they_are(kind: str, figures: Sequence[float]) -> None:
    result = treated(figures, Treatment(kind))  # type: ignore[arg-type]
    expect(result, figures)
    assert outcome(result) == ("none", 0, True)


def test_three_figures_have_no_kurtosis_and_pass() -> None:
    assert outcome(treated((1, 2, 1e9))) == ("none", 0, True)


def test_the_rounding_of_a_mean_is_no_outlier() -> None:
    # The mean of five times 0.3 is not quite 0.3, and these limits let hardly anything pass.
    strict = Treatment("winsorise", skewness=0.0, kurtosis=-10.0)
    for figures in ((0.3,) * 5, (0.7,) * 5, (0.1 + 0.2, 0.3, 0.3, 0.3, 0.3)):
        result = treated(figures, strict)
        expect(result, figures)
        assert outcome(result) == ("none", 0, True)


def test_a_column_is_not_winsorised_until_all_are_equal() -> None:
    # One of 34 has anything: all at 0 would be n/a for everybody, and 50 would be nothing.
    alone = (*(0,) * 33, 50)
    result = treated(alone)
    expect(result, alone)
    assert outcome(result) == ("none", 0, False)
    # 0 -> 1 after 50 -> 1 would leave six times 1.
    between = (0, 1, 1, 1, 1, 50)
    expect(treated(between), between)
    assert outcome(treated(between, replace(WINSORISE, otherwise="log_ct")))[0] == "log_ct"


@pytest.mark.parametrize("factor", [1e200, 1e-200])
@pytest.mark.parametrize("figures", [(*TEN, 30, 100), (*TEN, 1000, -60), SIX_ABOVE])
def test_the_unit_of_measurement_does_not_matter(figures: tuple[float, ...], factor: float) -> None:
    plain, scaled = treated(figures), treated([factor * figure for figure in figures])
    np.testing.assert_array_equal(scaled.moved, plain.moved)
    np.testing.assert_array_equal(scaled.series, factor * plain.series)
    assert (scaled.kind, scaled.passes) == (plain.kind, plain.passes)


def test_columns_are_treated_each_by_itself() -> None:
    series = table((*TEN, 30, 100), (*TEN, 11, 12), (*TEN, 1000, -60))
    treatments = (WINSORISE, Treatment("log_ct"), WINSORISE)
    together = treat(series, treatments)
    for row, treatment in enumerate(treatments):
        alone = treat(series[row : row + 1], (treatment,))
        np.testing.assert_array_equal(together.series[row], alone.series[0])
        assert together.kind[row] == alone.kind[0]
    assert together.kind == ("winsorise", "log_ct", "winsorise")


def leaves(*own: Treatment | None) -> tuple[Node, ...]:
    return tuple(Node(f"x{n}", "root", treatment=one) for n, one in enumerate(own))


def figures(count: int) -> NDArray[np.float64]:
    return np.repeat(np.array((*TEN, 30, 100), dtype=np.float64)[:, np.newaxis], count, axis=1)


def test_a_leaf_may_have_a_treatment_of_its_own() -> None:
    framework = flat(*leaves(None, Treatment(), Treatment("log_ct")))
    result = evaluate(framework, names(12), figures(3), Method(WINSORISE))
    assert result.treatment == (
        LeafTreatment("winsorise", 1, ("unit 11",), passes=True),
        LeafTreatment("none", 0, (), passes=True),
        LeafTreatment("log_ct", 0, (), passes=True),
    )
    # 1 to 30 after winsorising, 1 to 100 without: 10 is (10-1)/29, or (10-1)/99.
    assert result.normalised[9, :2].tolist() == pytest.approx([900 / 29, 900 / 99])
    assert result.raw[11].tolist() == result.imputed[11].tolist() == [100, 100, 100]
    assert result.treated[11, :2].tolist() == [30, 100]


def test_a_leaf_may_be_treated_where_the_method_treats_none() -> None:
    result = evaluate(flat(*leaves(WINSORISE, None)), names(12), figures(2), Method())
    assert [one.kind for one in result.treatment] == ["winsorise", "none"]


def test_a_result_says_which_columns_still_fail() -> None:
    framework = flat(Node("x", "root"))
    raw = np.array(SIX_ABOVE, dtype=np.float64)[:, np.newaxis]
    result = evaluate(framework, names(66), raw, Method(WINSORISE))
    assert result.treatment == (LeafTreatment("none", 0, (), passes=False),)
    assert result.normalised[65, 0] == 100
