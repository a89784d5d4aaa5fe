"""How figures become points by their place among the others, or by their way to a target."""

from typing import get_args

import numpy as np
import pytest

from shared.composite import Method, Node
from shared.composite.method import NormalisationKind
from tests.shared.composite.build import NA, points, score

HIGHER = Node("x", "root")
LOWER = Node("x", "root", direction="lower")
KINDS = get_args(NormalisationKind)


def scored(leaf: Node, *figures: float, method: Method) -> list[float]:
    found: list[float] = score(leaf, *figures, method=method).normalised[:, 0].tolist()
    return found


def test_a_z_score_counts_sample_deviations_from_the_mean() -> None:
    # Mean 4, s = sqrt(((-2)² + 0² + 2²)/(3 - 1)) = 2.
    assert scored(HIGHER, 2, 4, 6, method=points("z_score")) == [-1, 0, 1]
    assert scored(LOWER, 2, 4, 6, method=points("z_score")) == [1, 0, -1]


def test_a_missing_figure_moves_neither_mean_nor_deviation() -> None:
    found = scored(HIGHER, 2, NA, 4, 6, method=points("z_score"))
    np.testing.assert_array_equal(found, [-1, np.nan, 0, 1])


@pytest.mark.parametrize("factor", [1e-290, 1e290])
def test_z_scores_of_huge_and_tiny_figures_neither_overflow_nor_vanish(factor: float) -> None:
    found = scored(HIGHER, 2 * factor, 4 * factor, 6 * factor, method=points("z_score"))
    assert found == pytest.approx([-1, 0, 1], abs=1e-14)


def test_a_rank_counts_from_the_worst_and_ties_share_the_lower() -> None:
    # COINr's n_rank: 10 is 1st; both 20 are 2nd; 30 is 4th.
    figures = (10, 30, 20, 20, NA)
    np.testing.assert_array_equal(
        scored(HIGHER, *figures, method=points("rank")), [1, 4, 2, 2, np.nan]
    )
    # Lower is better: 30 is the worst, both 20 are 2nd, 10 is the best.
    np.testing.assert_array_equal(
        scored(LOWER, *figures, method=points("rank")), [4, 1, 2, 2, np.nan]
    )


def test_the_last_bit_of_a_division_makes_no_rank() -> None:
    assert scored(HIGHER, 0.1 + 0.2, 0.3, 0.4, method=points("rank")) == [1, 1, 3]


def test_a_percentile_rank_is_the_share_of_the_others_that_are_worse() -> None:
    # (rank - 1)/(n - 1) with n = 4 figures: 0/3, 3/3, 1/3, 1/3.
    figures = (10, 30, 20, 20, NA)
    found = scored(HIGHER, *figures, method=points("percentile_rank"))
    np.testing.assert_allclose(found, [0, 1, 1 / 3, 1 / 3, np.nan], rtol=1e-15)
    hundred = scored(HIGHER, *figures, method=points("percentile_rank", between=(1.0, 100.0)))
    np.testing.assert_allclose(hundred, [1, 100, 34, 34, np.nan], rtol=1e-15)


def test_distance_to_the_best_is_one_less_its_share_of_the_whole_way() -> None:
    # 1 - (50 - x)/(50 - 10), as COINr's n_dist2max.
    assert scored(HIGHER, 10, 20, 50, method=points("distance_to_best")) == [0, 0.25, 1]
    assert scored(LOWER, 10, 20, 50, method=points("distance_to_best")) == [1, 0.75, 0]


AT_30 = Node("x", "root", target=30.0)


def test_distance_to_a_target_may_be_more_than_covered() -> None:
    # 1 - (30 - x)/(30 - 10), as COINr's n_dist2targ: 50 went twice the way.
    result = score(AT_30, 10, 20, 30, 50, method=points("distance_to_target"))
    assert result.normalised[:, 0].tolist() == [0, 0.5, 1, 2]
    assert not result.clamped.any()


def test_beyond_the_target_a_figure_may_be_capped_and_is_flagged() -> None:
    result = score(AT_30, 10, 20, 30, 50, NA, method=points("distance_to_target", cap=True))
    np.testing.assert_array_equal(result.normalised[:, 0], [0, 0.5, 1, 1, np.nan])
    assert result.clamped[:, 0].tolist() == [False, False, False, True, False]


def test_where_lower_is_better_the_target_lies_below() -> None:
    # Worst 50, target 20: 1 - (x - 20)/(50 - 20), so 10 is a third of the way beyond.
    leaf = Node("x", "root", direction="lower", target=20.0)
    found = scored(leaf, 10, 20, 35, 50, method=points("distance_to_target"))
    assert found == pytest.approx([4 / 3, 1, 0.5, 0])
    capped = scored(leaf, 10, 20, 35, 50, method=points("distance_to_target", cap=True))
    assert capped == [1, 1, 0.5, 0]


@pytest.mark.parametrize("cap", [False, True])
def test_a_target_that_all_have_reached_gives_all_the_full_points(*, cap: bool) -> None:
    # 1 - (5 - x)/(5 - 10) would turn the scale round.
    leaf = Node("x", "root", target=5.0)
    method = points("distance_to_target", cap=cap, between=(0.0, 10.0))
    result = score(leaf, 10, 20, NA, method=method)
    np.testing.assert_array_equal(result.normalised[:, 0], [10, 10, np.nan])
    assert result.clamped[:, 0].tolist() == [True, True, False]
    # At the target itself nobody is beyond, and nobody is clamped.
    assert not score(leaf, 5, 5, method=method).clamped.any()


def test_equal_figures_have_a_way_to_a_target_all_the_same() -> None:
    result = score(AT_30, 10, 10, method=points("distance_to_target"))
    assert result.normalised[:, 0].tolist() == [0, 0]
    assert result.reason == (None,)


def test_a_leaf_without_a_target_is_na_and_says_so() -> None:
    assert score(HIGHER, 10, 20, method=points("distance_to_target")).reason == ("no_target",)


def test_a_range_stretches_the_way_to_a_target() -> None:
    # 1 + 6 * share, beyond 7 where the share is above 1.
    method = points("distance_to_target", between=(1.0, 7.0))
    assert scored(AT_30, 10, 20, 30, 50, method=method) == [1, 4, 7, 13]


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"goalposts", "distance_to_target"}))
def test_equal_figures_are_na_for_all_and_say_so(kind: NormalisationKind) -> None:
    result = score(HIGHER, 0.3, 0.1 + 0.2, NA, 0.3, method=points(kind))
    assert np.isnan(result.normalised).all()
    assert result.reason == ("constant",)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"goalposts"}))
def test_one_figure_is_no_panel(kind: NormalisationKind) -> None:
    assert score(AT_30, NA, 5, NA, method=points(kind)).reason == ("no_panel",)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"goalposts"}))
def test_how_many_units_make_a_panel_is_a_setting_of_every_kind(kind: NormalisationKind) -> None:
    method = points(kind, minimum_units=3)
    assert score(AT_30, 1, 2, NA, method=method).reason == ("no_panel",)
    assert score(AT_30, 1, 2, 3, method=method).reason == (None,)


@pytest.mark.parametrize("kind", ["z_score", "rank", "percentile_rank"])
def test_a_place_among_others_takes_two_whatever_the_setting(kind: NormalisationKind) -> None:
    assert score(HIGHER, 5, method=points(kind, minimum_units=1)).reason == ("no_panel",)


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_without_figures_is_na_for_every_kind(kind: NormalisationKind) -> None:
    leaf = Node("x", "root", goalposts=(0.0, 1.0), target=3.0)
    result = score(leaf, NA, NA, method=points(kind))
    assert np.isnan(result.scores).all()
    assert result.reason == ("no_value",)


@pytest.mark.parametrize("kind", KINDS)
def test_negative_figures_are_figures_for_every_kind(kind: NormalisationKind) -> None:
    # Shifted by 100 all stay as far apart, so their points are the same.
    below = Node("x", "root", goalposts=(-100.0, -50.0), target=-60.0)
    above = Node("x", "root", goalposts=(0.0, 50.0), target=40.0)
    assert scored(below, -90, -80, -55, method=points(kind)) == pytest.approx(
        scored(above, 10, 20, 45, method=points(kind))
    )
