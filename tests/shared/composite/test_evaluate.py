"""How points become an index; each table is worked out by hand beside it."""

import numpy as np
import pytest

from shared.composite import Framework, Method, Missing, Node, evaluate
from shared.composite.rank import ranks
from tests.shared.composite.build import MIXED, NA, PERCENT, column, flat, points, table


def test_a_whole_tree_worked_out_by_hand() -> None:
    """Two pillars under the root, weights 1 and 3; leaf 2.1 is better when lower.

    raw      1.1  1.2  2.1       normalised  1.1  1.2  2.1
    a         0   10    4        a            0   100   50   (8-4)/8
    b        50    -    8        b           50   n/a    0   (8-8)/8
    c       100    0    0        c          100     0  100   (8-0)/8

    1 = mean of 1.1 and 1.2, weights 1 : 0.5     2 = 2.1     root = (1 * P1 + 3 * P2) / 4
    a  (1*0 + 0.5*100)/1.5 = 100/3               50          (100/3 + 150)/4 = 45.8333...
    b  50 (1.2 is n/a: 1.1 is the whole)          0          50/4 = 12.5
    c  (1*100 + 0.5*0)/1.5 = 200/3              100          (200/3 + 300)/4 = 91.6666...
    """
    framework = Framework(
        (
            Node("root", None),
            Node("1", "root", 1.0),
            Node("1.1", "1", 1.0),
            Node("1.2", "1", 0.5),
            Node("2", "root", 3.0),
            Node("2.1", "2", direction="lower"),
        )
    )
    raw = table((0, 10, 4), (50, NA, 8), (100, 0, 0))
    result = evaluate(
        framework, ["a", "b", "c"], raw, Method(missing=Missing(minimum_coverage=0.7))
    )

    third = 100 / 3
    np.testing.assert_allclose(
        result.scores,
        [
            [(third + 150) / 4, third, 0, 100, 50, 50],
            [12.5, 50, 50, np.nan, 0, 0],
            [(2 * third + 300) / 4, 2 * third, 100, 0, 100, 100],
        ],
        rtol=1e-14,
    )
    assert result.ranks.tolist() == [
        [2, 3, 3, 1, 2, 2],
        [3, 2, 2, 0, 3, 3],
        [1, 1, 1, 2, 1, 1],
    ]
    assert result.ranked.tolist() == [3, 3, 3, 2, 3, 3]
    # b has 1 of the 2 leaves of pillar 1, and 2 of all 3: under 0.7 both are marked, not hidden.
    np.testing.assert_allclose(result.coverage[1], [2 / 3, 1 / 2, 1, 0, 1, 1])
    assert result.below_minimum.tolist() == [
        [False] * 6,
        [True, True, False, True, False, False],
        [False] * 6,
    ]
    np.testing.assert_allclose(
        result.weights,
        [
            [1, 1 / 4, 2 / 3, 1 / 3, 3 / 4, 1],
            [1, 1 / 4, 1, 0, 3 / 4, 1],
            [1, 1 / 4, 2 / 3, 1 / 3, 3 / 4, 1],
        ],
    )
    # Points in the root: a's 1.2 brings 1/4 * 1/3 * 100, its 2.1 brings 3/4 * 1 * 50.
    np.testing.assert_allclose(
        result.contribution,
        [
            [(third + 150) / 4, third / 4, 0, third / 4, 37.5, 37.5],
            [12.5, 12.5, 12.5, 0, 0, 0],
            [(2 * third + 300) / 4, third / 2, third / 2, 0, 75, 75],
        ],
    )


def test_a_missing_indicator_is_dropped_and_the_other_four_are_the_mean() -> None:
    # The rule of the GII 2017 (USA, sub-pillar 6.1): five indicators, one n/a.
    # (90 + 80 + 40 + 50) / 4 = 65; with a zero it would be 52.
    framework = flat(*(Node(f"6.1.{n}", "root", goalposts=PERCENT) for n in range(1, 6)))
    result = evaluate(framework, ["usa"], table((90, 80, NA, 40, 50)), MIXED)
    assert result.scores[0, 0] == 65
    assert result.coverage[0, 0] == 0.8
    np.testing.assert_allclose(result.weights[0, 1:], [0.25, 0.25, 0, 0.25, 0.25])


def test_a_coverage_of_just_the_minimum_is_enough() -> None:
    framework = flat(*(Node(code, "root", goalposts=PERCENT) for code in "vwxyz"))
    raw = table((1, 2, 3, NA, NA), (1, 2, NA, NA, NA))
    result = evaluate(
        framework,
        ["a", "b"],
        raw,
        Method(normalisation=MIXED.normalisation, missing=Missing(minimum_coverage=0.6)),
    )
    assert result.below_minimum[:, 0].tolist() == [False, True]
    assert not np.isnan(result.scores[:, 0]).any()


def test_scores_are_added_up_unrounded() -> None:
    # 33.335 and 33.344 would be 33.34 and 33.34, or 33.33 and 33.34, if rounded on the way.
    framework = flat(Node("x", "root", goalposts=PERCENT), Node("y", "root", goalposts=PERCENT))
    result = evaluate(framework, ["a", "b"], table((33.335, 33.344), (33.335, 33.346)), MIXED)
    assert result.scores[0, 0] == pytest.approx(33.3395, abs=1e-12)
    assert result.ranks[:, 0].tolist() == [2, 1]


def test_ties_share_the_better_rank_and_leave_a_gap() -> None:
    result = evaluate(flat(Node("x", "root")), list("abcdef"), column(5, 9, 7, 7, NA, 1), MIXED)
    assert result.ranks[:, 0].tolist() == [4, 1, 2, 2, 0, 5]
    assert result.ranked[0] == 5


def test_a_tie_does_not_depend_on_the_order_of_adding_up() -> None:
    # The same three scores in another order: the sums differ in their last bit.
    framework = flat(*(Node(code, "root", goalposts=PERCENT) for code in "xyz"))
    result = evaluate(framework, ["a", "b"], table((0.1, 0.2, 0.3), (0.3, 0.2, 0.1)), MIXED)
    assert result.scores[0, 0] != result.scores[1, 0]
    assert result.ranks[:, 0].tolist() == [1, 1]


def test_a_difference_anybody_could_mean_is_no_tie() -> None:
    result = evaluate(
        flat(Node("x", "root", goalposts=PERCENT)), ["a", "b"], column(50, 50.00000001), Method()
    )
    assert result.ranks[:, 0].tolist() == [2, 1]


def test_a_unit_with_no_figures_has_no_score_no_rank_and_no_points() -> None:
    framework = flat(Node("x", "root"), Node("y", "root"))
    result = evaluate(framework, ["a", "b", "c"], table((1, 2), (NA, NA), (3, 4)), MIXED)
    assert np.isnan(result.scores[1]).all()
    assert np.isnan(result.contribution[1]).all()
    assert result.ranks[1].tolist() == [0, 0, 0]
    assert result.weights[1].tolist() == result.coverage[1].tolist() == [0, 0, 0]
    assert result.ranks[[0, 2], 0].tolist() == [2, 1]


def test_all_missing_is_na_everywhere_and_no_error() -> None:
    framework = flat(Node("x", "root"), Node("y", "root", goalposts=PERCENT))
    result = evaluate(framework, ["a", "b"], np.full((2, 2), np.nan), MIXED)
    assert np.isnan(result.scores).all()
    assert not result.ranks.any()
    assert not result.ranked.any()
    assert result.reason == ("no_value", "no_value")


def test_no_units_give_an_empty_result() -> None:
    result = evaluate(flat(Node("x", "root")), [], np.empty((0, 1)), MIXED)
    assert result.scores.shape == result.ranks.shape == (0, 2)
    assert result.reason == ("no_value",)


def test_a_weightless_leaf_is_shown_but_carries_nothing() -> None:
    framework = flat(
        Node("x", "root", 1.0, goalposts=PERCENT), Node("y", "root", 0.0, goalposts=PERCENT)
    )
    result = evaluate(framework, ["a", "b"], table((40, 90), (NA, 90)), MIXED)
    assert result.scores[0].tolist() == [40, 40, 90]
    assert result.contribution[0].tolist() == [40, 40, 0]
    # Nothing that weighs has a score: n/a, neither 0 nor 90.
    assert np.isnan(result.scores[1, 0])
    assert result.coverage[1, 0] == 0.5


def test_only_the_proportion_of_weights_matters_however_large() -> None:
    raw = table((10, 70), (20, 30))
    scores = [
        evaluate(
            flat(
                Node("x", "root", 3 * unit, goalposts=PERCENT),
                Node("y", "root", unit, goalposts=PERCENT),
            ),
            ["a", "b"],
            raw,
            MIXED,
        ).scores[:, 0]
        for unit in (1.0, 2.0**-1000, 2.0**1021)
    ]
    # (3 * 10 + 70) / 4 = 25; (3 * 20 + 30) / 4 = 22.5.
    assert [one.tolist() for one in scores] == [[25, 22.5]] * 3


def test_the_best_everywhere_gets_exactly_the_full_score() -> None:
    # 0.1 + 0.1 + 0.1 > 0.3: the mean must not leave the range by its last bit.
    framework = flat(
        *(Node(code, "root", weight=w) for code, w in zip("xyz", (0.1, 0.7, 0.3), strict=True))
    )
    result = evaluate(
        framework, ["a", "b"], table((1, 1, 1), (0, 0, 0)), points("min_max", between=(0.1, 0.7))
    )
    assert result.scores.max() <= 0.7
    assert result.scores.min() >= 0.1


def test_a_result_finds_its_rows_and_columns() -> None:
    framework = Framework((Node("1.1", "1"), Node("all", None), Node("1", "all"), Node("2", "all")))
    result = evaluate(framework, ["a", "b"], table((1, 2), (3, 5)), MIXED)
    assert (result.node("1.1"), result.node("all"), result.leaf("2")) == (0, 1, 1)
    assert result.scores[result.unit("b"), result.node("2")] == 100
    for search in (result.node, result.leaf):
        with pytest.raises(KeyError):
            search("9")


def test_a_result_cannot_be_changed_and_keeps_its_own_figures() -> None:
    raw = column(1, 2)
    result = evaluate(flat(Node("x", "root")), ["a", "b"], raw, MIXED)
    raw[0, 0] = 99
    assert result.raw[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        result.scores[0, 0] = 99


def test_many_units_are_ranked_as_one_panel_a_few_nodes_at_a_time() -> None:
    units = [f"unit {row}" for row in range(20_000)]
    figures = np.random.default_rng(1).permutation(20_000.0 + np.arange(20_000))
    leaves = [Node(code, "root") for code in "abcd"]
    raw = np.column_stack([figures, figures, -figures, figures])
    result = evaluate(Framework((Node("root", None), *leaves)), units, raw, Method())
    best = int(np.argmax(figures))
    assert [int(result.ranks[best, result.node(code)]) for code in "abcd"] == [1, 1, 20_000, 1]
    np.testing.assert_array_equal(
        result.ranks[:, result.node("a")], 20_000 - np.argsort(np.argsort(figures))
    )
    np.testing.assert_array_equal(
        ranks(result.scores[:, result.node("a")], Method()), result.ranks[:, result.node("a")]
    )
