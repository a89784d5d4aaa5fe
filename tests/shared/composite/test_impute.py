"""Whose figures stand in for a missing one, and who gets none."""

import numpy as np
import pytest

from shared.composite import DataError, Method, Missing, Node, Normalisation, evaluate
from shared.composite.method import Imputation
from tests.shared.composite.build import NA, column, flat, names, table

FIGURES = (1.0, 3.0, NA, 8.0, NA)
GROUPS = ("north", "south", "north", "north", "south")


def imputed(
    kind: Imputation, *figures: float, groups: tuple[str | None, ...] | None = None
) -> list[float]:
    result = evaluate(
        flat(Node("x", "root")),
        names(len(figures)),
        column(*figures),
        Method(imputation=kind),
        groups,
    )
    np.testing.assert_array_equal(result.raw[:, 0], figures)
    found: list[float] = result.imputed[:, 0].tolist()
    return found


def test_a_gap_is_filled_with_the_mean_of_the_others() -> None:
    # (1 + 3 + 8)/3 = 4.
    assert imputed("mean", *FIGURES) == [1, 3, 4, 8, 4]


def test_a_gap_is_filled_with_the_median_of_the_others() -> None:
    # Of 1, 3, 8; and halfway between 3 and 8 of 1, 3, 8, 9.
    assert imputed("median", *FIGURES) == [1, 3, 3, 8, 3]
    assert imputed("median", 1, 3, NA, 8, 9) == [1, 3, 5.5, 8, 9]


def test_a_gap_is_filled_from_the_same_group_only() -> None:
    # North: 1 and 8, mean 4.5; south: 3.
    assert imputed("group_mean", *FIGURES, groups=GROUPS) == [1, 3, 4.5, 8, 3]
    # North: 1, 2, 8 and a gap, median 2.
    north = ("north",) * 4
    assert imputed("group_median", 1, 2, NA, 8, groups=north) == [1, 2, 2, 8]


def test_a_unit_without_a_group_neither_gives_nor_takes() -> None:
    groups = (None, "south", "north", "north", None)
    np.testing.assert_array_equal(
        imputed("group_mean", *FIGURES, groups=groups), [1, 3, 8, 8, np.nan]
    )


def test_where_nobody_of_the_group_has_a_figure_the_gap_stays() -> None:
    groups = ("north", "north", "islands", "north", "islands")
    np.testing.assert_array_equal(imputed("group_median", *FIGURES, groups=groups), FIGURES)


@pytest.mark.parametrize("kind", ["none", "mean", "median", "group_mean", "group_median"])
def test_where_nobody_has_a_figure_all_stay_missing(kind: Imputation) -> None:
    assert np.isnan(imputed(kind, NA, NA, groups=("north", "north"))).all()


def test_without_imputation_gaps_stay_gaps() -> None:
    np.testing.assert_array_equal(imputed("none", *FIGURES), FIGURES)


@pytest.mark.parametrize("kind", ["group_mean", "group_median"])
def test_groups_that_are_asked_for_must_be_given(kind: Imputation) -> None:
    with pytest.raises(DataError, match="needs a group for each unit"):
        imputed(kind, *FIGURES)


def test_there_must_be_as_many_groups_as_units() -> None:
    with pytest.raises(DataError, match="5 units and 2 groups"):
        imputed("mean", *FIGURES, groups=("north", "south"))


def test_a_figure_that_was_filled_in_is_not_the_units_own() -> None:
    # c has x filled in with 20 (half of the way from 10 to 30): it scores, but covers 1 of 2.
    framework = flat(Node("x", "root"), Node("y", "root"))
    raw = table((10, 0), (30, 10), (NA, 10))
    result = evaluate(framework, list("abc"), raw, Method(imputation="mean"))
    assert result.scores[2].tolist() == [75, 50, 100]
    assert result.coverage[2].tolist() == [0.5, 0, 1]
    assert result.coverage[0].tolist() == [1, 1, 1]


SCREEN = Method(imputation="mean", missing=Missing(screen_units_below=0.5))


def test_a_unit_that_is_screened_out_neither_gives_nor_takes() -> None:
    """Unit d has 1 of 3 figures, under one half: the mean of x is (10 + 30)/2, and its best is 30.

        x    y    z         imputed x
    a  10    0    1         10
    b  30   10    2         30
    c   -    5    3         20
    d 999    -    -          -
    """
    framework = flat(*(Node(code, "root") for code in "xyz"))
    raw = table((10, 0, 1), (30, 10, 2), (NA, 5, 3), (999, NA, NA))
    result = evaluate(framework, list("abcd"), raw, SCREEN)
    assert result.screened.tolist() == [False, False, False, True]
    np.testing.assert_array_equal(result.imputed[:, 0], [10, 30, 20, np.nan])
    np.testing.assert_array_equal(result.normalised[:, 0], [0, 100, 50, np.nan])
    assert np.isnan(result.scores[3]).all()
    assert result.ranks[3].tolist() == result.coverage[3].tolist() == [0, 0, 0, 0]
    assert result.ranked.tolist() == [3, 3, 3, 3]
    assert result.raw[3, 0] == 999


def test_just_the_share_that_is_asked_for_is_enough() -> None:
    framework = flat(Node("x", "root"), Node("y", "root"))
    raw = table((10, 0), (30, NA), (NA, NA))
    result = evaluate(framework, list("abc"), raw, SCREEN)
    assert result.screened.tolist() == [False, False, True]


def test_nobody_is_screened_out_unless_asked_for() -> None:
    result = evaluate(flat(Node("x", "root")), ["a", "b"], column(NA, NA), Method())
    assert not result.screened.any()


def test_screened_units_do_not_stand_in_for_their_group() -> None:
    framework = flat(Node("x", "root"), Node("y", "root"), Node("z", "root"))
    raw = table((10, 0, 1), (NA, 10, 2), (999, NA, NA))
    method = Method(imputation="group_mean", missing=Missing(screen_units_below=0.5))
    result = evaluate(framework, list("abc"), raw, method, ["north"] * 3)
    assert result.imputed[1, 0] == 10


def test_gaps_are_filled_before_figures_are_compared() -> None:
    # Two of three figures are filled in with 4: three units make the panel, and all are equal.
    method = Method(imputation="mean", normalisation=Normalisation(minimum_units=3))
    result = evaluate(flat(Node("x", "root")), list("abc"), column(4, NA, NA), method)
    assert result.reason == ("constant",)
