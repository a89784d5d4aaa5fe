"""How a column of figures becomes points between two ends: the panel's own, or goalposts."""

import numpy as np
import pytest

from shared.composite import DataError, Node, evaluate
from tests.shared.composite.build import MIXED, NA, PERCENT, column, flat, points, score, table


def test_a_panel_is_scored_between_its_own_least_and_greatest_figure() -> None:
    # min 10, max 50, span 40: (10-10)/40 = 0, (20-10)/40 = 1/4, (50-10)/40 = 1.
    assert score(Node("x", "root"), 10, 20, 50).normalised[:, 0].tolist() == [0, 25, 100]


def test_negative_figures_need_no_special_care() -> None:
    # min -30, max 10, span 40: 0; (-20+30)/40 = 1/4; (0+30)/40 = 3/4; 1.
    assert score(Node("x", "root"), -30, -20, 0, 10).normalised[:, 0].tolist() == [0, 25, 75, 100]


def test_where_lower_is_better_the_scale_is_turned_round() -> None:
    # (50-10)/40 = 1, (50-20)/40 = 3/4, (50-50)/40 = 0.
    result = score(Node("x", "root", direction="lower"), 10, 20, 50)
    assert result.normalised[:, 0].tolist() == [100, 75, 0]
    assert result.ranks[:, 0].tolist() == [1, 2, 3]


def test_a_missing_figure_is_neither_a_least_one_nor_a_zero() -> None:
    result = score(Node("x", "root"), 10, NA, 50)
    np.testing.assert_array_equal(result.normalised[:, 0], [0, np.nan, 100])
    assert result.reason == (None,)


def test_another_range_is_hit_exactly_at_both_ends() -> None:
    # 1 + 6 * 1/4 = 2.5.
    one_to_seven = score(Node("x", "root"), 10, 20, 50, method=points("mixed", between=(1.0, 7.0)))
    assert one_to_seven.normalised[:, 0].tolist() == [1, 2.5, 7]
    low, high = -0.9, 0.1
    assert low + (high - low) < high
    tenths = score(Node("x", "root"), 10, 50, method=points("mixed", between=(low, high)))
    assert tenths.normalised[:, 0].tolist() == [low, high]


def test_rounding_does_not_push_points_out_of_the_range() -> None:
    share, low, high = 3.85e-16, -1.6, -1.5
    assert low * (1 - share) + high * share < low
    leaf = Node("x", "root", goalposts=(0.0, 1.0))
    assert score(leaf, share, method=points("mixed", between=(low, high))).normalised[0, 0] == low


def test_beyond_a_goalpost_a_figure_is_clamped_and_flagged() -> None:
    # Goalposts 20 and 60, span 40: 10 -> 20 -> 0; 30 -> 1/4; 60 is on the post; 70 -> 60 -> 1.
    result = score(Node("x", "root", goalposts=(20.0, 60.0)), 10, 30, 60, 70, NA)
    np.testing.assert_array_equal(result.normalised[:, 0], [0, 25, 100, 100, np.nan])
    assert result.clamped[:, 0].tolist() == [True, False, False, True, False]
    np.testing.assert_array_equal(result.raw[:, 0], [10, 30, 60, 70, np.nan])


def test_clamping_knows_which_end_is_the_better_one() -> None:
    result = score(Node("x", "root", direction="lower", goalposts=(20.0, 60.0)), 10, 50, 70)
    assert result.normalised[:, 0].tolist() == [100, 25, 0]
    assert result.clamped[:, 0].tolist() == [True, False, True]


def test_a_figure_far_beyond_narrow_goalposts_does_not_overflow() -> None:
    assert score(Node("x", "root", goalposts=(0.0, 1e-300)), 1e300).normalised[0, 0] == 100


def test_goalposts_at_the_panels_own_ends_change_nothing() -> None:
    figures = (3.1, -4.7, 12.9, 0.3, NA)
    for direction in ("higher", "lower"):
        panel = score(Node("x", "root", direction=direction), *figures)
        posts = score(Node("x", "root", direction=direction, goalposts=(-4.7, 12.9)), *figures)
        for stage in ("normalised", "clamped", "scores", "ranks", "coverage", "contribution"):
            np.testing.assert_array_equal(getattr(posts, stage), getattr(panel, stage))


@pytest.mark.parametrize("figure", [0.0, 7.0, -3.3])
def test_a_constant_column_is_na_for_all_and_says_so(figure: float) -> None:
    result = score(Node("x", "root"), figure, figure, figure)
    assert np.isnan(result.normalised).all()
    assert result.reason == ("constant",)
    assert result.ranked.tolist() == [0, 0]


def test_the_last_bit_of_a_division_is_not_the_gap_between_worst_and_best() -> None:
    assert 0.1 + 0.2 != 0.3
    assert score(Node("x", "root"), 0.1 + 0.2, 0.3).reason == ("constant",)


def test_figures_that_differ_in_their_fifteenth_digit_are_different() -> None:
    figures = (9.99999999999998, 9.99999999999999)
    assert score(Node("x", "root"), *figures).normalised[:, 0].tolist() == [0, 100]


def test_equal_figures_between_goalposts_are_not_constant() -> None:
    result = score(Node("x", "root", goalposts=PERCENT), 30, 30)
    assert result.normalised[:, 0].tolist() == [30, 30]
    assert result.reason == (None,)


def test_one_unit_has_no_panel_but_may_have_goalposts() -> None:
    assert score(Node("x", "root"), 5).reason == ("no_panel",)
    assert score(Node("x", "root"), 5, NA, NA).reason == ("no_panel",)
    assert score(Node("x", "root", goalposts=(0.0, 20.0)), 5).normalised.tolist() == [[25]]


def test_how_many_units_make_a_panel_is_a_setting() -> None:
    method = points("mixed", minimum_units=3)
    assert score(Node("x", "root"), 1, 2, NA, method=method).reason == ("no_panel",)
    assert score(Node("x", "root"), 1, 2, 3, method=method).reason == (None,)


def test_without_any_figure_goalposts_do_not_help() -> None:
    assert score(Node("x", "root", goalposts=PERCENT), NA, NA).reason == ("no_value",)
    assert score(Node("x", "root"), NA, NA).reason == ("no_value",)


def test_min_max_never_looks_at_goalposts() -> None:
    # min 10, max 50: the goalposts 0 and 100 would give 10, 20 and 50.
    leaf = Node("x", "root", goalposts=PERCENT)
    result = score(leaf, 10, 20, 50, method=points("min_max"))
    assert result.normalised[:, 0].tolist() == [0, 25, 100]
    assert not result.clamped.any()
    assert score(leaf, 30, 30, method=points("min_max")).reason == ("constant",)


def test_mixed_takes_goalposts_where_a_leaf_has_them_and_the_panel_elsewhere() -> None:
    # x between 0 and 100; y between its own 10 and 50.
    framework = flat(Node("x", "root", goalposts=PERCENT), Node("y", "root"))
    result = evaluate(framework, ["a", "b", "c"], table((10, 10), (20, 20), (50, 50)), MIXED)
    assert result.normalised.tolist() == [[10, 0], [20, 25], [50, 100]]


def test_the_goalposts_method_never_looks_at_the_panel() -> None:
    framework = flat(Node("x", "root"), Node("y", "root", goalposts=PERCENT))
    result = evaluate(framework, ["a", "b"], table((1, 20), (2, 70)), points("goalposts"))
    assert result.reason == ("no_goalposts", None)
    np.testing.assert_array_equal(result.normalised, [[np.nan, 20], [np.nan, 70]])
    assert result.scores[:, result.node("root")].tolist() == [20, 70]


@pytest.mark.parametrize("figure", [np.inf, -np.inf, 1e301])
def test_an_infinite_figure_is_refused_with_its_unit_and_leaf(figure: float) -> None:
    framework = flat(Node("1.1.1", "root"), Node("1.1.2", "root"))
    with pytest.raises(DataError, match=r"Unit Huế, leaf 1\.1\.2") as refusal:
        evaluate(framework, ["Hà Nội", "Huế"], table((1, NA), (2, figure)), MIXED)
    assert (refusal.value.unit, refusal.value.node) == ("Huế", "1.1.2")


@pytest.mark.parametrize("shape", [(2, 1), (1, 2), (4,), (2, 2, 1)])
def test_a_table_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    framework = flat(Node("x", "root"), Node("y", "root"))
    with pytest.raises(DataError, match="2 units and 2 leaves"):
        evaluate(framework, ["a", "b"], np.zeros(shape), MIXED)


def test_a_unit_named_twice_is_refused() -> None:
    with pytest.raises(DataError, match="Unit a is named more than once") as refusal:
        evaluate(flat(Node("x", "root")), ["b", "a", "a"], column(1, 2, 3), MIXED)
    assert refusal.value.unit == "a"
