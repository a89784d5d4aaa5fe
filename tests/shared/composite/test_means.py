"""Three ways to add points up, and what each point is worth in the root."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.composite import (
    Aggregation,
    DataError,
    Framework,
    Method,
    Node,
    Normalisation,
    Result,
    evaluate,
)
from shared.composite.aggregate import mean
from shared.composite.method import AggregationKind
from tests.shared.composite.build import NA, PERCENT, flat, table
from tests.shared.composite.cases import MEANS

# GII 2017, creative outputs: 1 : 0.5 : 0.5.
UNEQUAL = flat(
    Node("7.1", "root", 1.0, goalposts=PERCENT),
    Node("7.2", "root", 0.5, goalposts=PERCENT),
    Node("7.3", "root", 0.5, goalposts=PERCENT),
)


def added(
    framework: Framework,
    kind: AggregationKind,
    *rows: Sequence[float],
    by_level: Mapping[int, AggregationKind] | None = None,
) -> Result:
    method = Method(
        normalisation=Normalisation("goalposts"), aggregation=Aggregation(kind, by_level or {})
    )
    return evaluate(framework, list("abcdefgh")[: len(rows)], table(*rows), method)


@pytest.mark.parametrize(
    ("kind", "all_three", "one_missing"),
    [
        # (1 * 60 + 0.5 * 40 + 0.5 * 20)/2; (1 * 60 + 0.5 * 20)/1.5.
        ("arithmetic", 45, 70 / 1.5),
        # (60 * 40^0.5 * 20^0.5)^(1/2); (60 * 20^0.5)^(1/1.5).
        ("geometric", math.sqrt(60 * math.sqrt(800)), (60 * math.sqrt(20)) ** (2 / 3)),
        # 2/(1/60 + 0.5/40 + 0.5/20) = 480/13; 1.5/(1/60 + 0.5/20) = 36.
        ("harmonic", 480 / 13, 36),
    ],
)
def test_each_mean_is_weighted_and_drops_what_is_missing(
    kind: AggregationKind, all_three: float, one_missing: float
) -> None:
    result = added(UNEQUAL, kind, (60, 40, 20), (60, NA, 20), (NA, NA, NA))
    assert result.scores[:2, 0].tolist() == pytest.approx([all_three, one_missing], rel=1e-14)
    assert np.isnan(result.scores[2, 0])
    weights = table((0.5, 0.25, 0.25), (2 / 3, 0, 1 / 3), (0, 0, 0))
    np.testing.assert_allclose(result.weights[:, 1:], weights)


def test_the_mean_of_equal_points_is_these_points() -> None:
    for kind in MEANS:
        result = added(UNEQUAL, kind, (30, 30, 30), (100, 100, 100))
        assert result.scores[:, 0].tolist() == pytest.approx([30, 100], rel=1e-14)
        assert result.scores.max() <= 100


def test_each_level_may_have_a_mean_of_its_own() -> None:
    """The root geometric (depth 0), the groups harmonic (depth 2), the pillars arithmetic.

    Group 1.1: 2/(1/20 + 1/60) = 30; pillar 1: (30 + 50)/2 = 40; root: sqrt(40 * 90) = 60.
    """
    framework = Framework(
        (
            Node("root", None),
            Node("1", "root"),
            Node("2", "root", goalposts=PERCENT),
            Node("1.1", "1"),
            Node("1.2", "1", goalposts=PERCENT),
            Node("1.1.1", "1.1", goalposts=PERCENT),
            Node("1.1.2", "1.1", goalposts=PERCENT),
        )
    )
    by_level: dict[int, AggregationKind] = {0: "geometric", 2: "harmonic", 9: "geometric"}
    result = added(framework, "arithmetic", (90, 50, 20, 60), by_level=by_level)
    expected = [60.0, 40, 90, 30, 50, 20, 60]
    np.testing.assert_allclose(result.scores[0], expected, rtol=1e-14)
    # x ∂root/∂x. Root: each half of 60. Pillar 1: its 30 by 30 : 50. Group 1.1: its 11.25 by
    # w M²/x = 0.5 * 30²/20 = 22.5 and 0.5 * 30²/60 = 7.5, that is 3 : 1.
    expected = [60, 30, 30, 11.25, 18.75, 8.4375, 2.8125]
    np.testing.assert_allclose(result.contribution[0], expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        # w x.
        ("arithmetic", [30, 10, 5]),
        # w M: the logarithms are what is added up, and these weigh 1/2, 1/4, 1/4.
        ("geometric", [math.sqrt(60 * math.sqrt(800)) * w for w in (0.5, 0.25, 0.25)]),
        # w M²/x.
        ("harmonic", [(480 / 13) ** 2 * w / x for w, x in ((0.5, 60), (0.25, 40), (0.25, 20))]),
    ],
)
def test_contributions_add_up_to_the_score(kind: AggregationKind, expected: list[float]) -> None:
    result = added(UNEQUAL, kind, (60, 40, 20))
    np.testing.assert_allclose(result.contribution[0, 1:], expected, rtol=1e-13)
    assert result.contribution[0, 1:].sum() == pytest.approx(result.scores[0, 0], abs=1e-9)


@pytest.mark.parametrize("kind", ["arithmetic", "geometric", "harmonic"])
def test_a_contribution_is_the_slope_of_the_root_times_the_points(kind: AggregationKind) -> None:
    # Measured by moving each leaf by a hundred-thousandth of a point to either side.
    points, step = np.array([60.0, 40.0, 20.0]), 1e-5
    base = added(UNEQUAL, kind, points.tolist())
    for column, code in enumerate(("7.1", "7.2", "7.3")):
        nudge = np.where(np.arange(3) == column, step, 0.0)
        more, less = points + nudge, points - nudge
        up, down = added(UNEQUAL, kind, more.tolist(), less.tolist()).scores[:, 0]
        slope = (up - down) / (2 * step)
        assert base.contribution[0, base.node(code)] == pytest.approx(slope * points[column])


@pytest.mark.parametrize("kind", ["geometric", "harmonic"])
def test_points_of_zero_are_refused_with_unit_and_node(kind: AggregationKind) -> None:
    with pytest.raises(DataError, match=rf"Unit b: Node 7\.2: .* {kind} mean of root") as refusal:
        added(UNEQUAL, kind, (60, 40, 20), (60, 0, 20))
    assert (refusal.value.unit, refusal.value.node) == ("b", "7.2")


def test_negative_points_are_refused_with_the_group_that_has_them() -> None:
    # b is below the mean of x and y: z-scores of -0.7 each, and the group of both is added up last.
    framework = Framework((Node("root", None), Node("1", "root"), Node("x", "1"), Node("y", "1")))
    method = Method(
        normalisation=Normalisation("z_score"), aggregation=Aggregation(by_level={0: "geometric"})
    )
    with pytest.raises(DataError, match=r"Unit b: Node 1: a score of -0\.7") as refusal:
        evaluate(framework, ["a", "b"], table((9, 9), (1, 1)), method)
    assert (refusal.value.unit, refusal.value.node) == ("b", "1")


@pytest.mark.parametrize("kind", ["geometric", "harmonic"])
def test_points_of_zero_that_weigh_nothing_are_no_obstacle(kind: AggregationKind) -> None:
    framework = flat(
        Node("x", "root", goalposts=PERCENT), Node("y", "root", 0.0, goalposts=PERCENT)
    )
    result = added(framework, kind, (40, 0), (40, NA))
    assert result.scores[:, 0].tolist() == pytest.approx([40, 40])
    assert result.contribution[0].tolist() == pytest.approx([40, 40, 0])


def test_negative_points_have_an_arithmetic_mean() -> None:
    # z-scores of 1, 2, 3: -1, 0, 1; of 3, 2, 4: 0, -1, 1.
    method = Method(normalisation=Normalisation("z_score"))
    framework = flat(Node("x", "root"), Node("y", "root", 3.0))
    result = evaluate(framework, list("abc"), table((1, 3), (2, 2), (3, 4)), method)
    assert result.scores[:, 0].tolist() == pytest.approx([-0.25, -0.75, 1])
    assert result.contribution[1].tolist() == pytest.approx([-0.75, 0, -0.75])
    assert result.ranks[:, 0].tolist() == [2, 3, 1]


@pytest.mark.parametrize("kind", ["arithmetic", "geometric", "harmonic"])
def test_one_family_by_itself_gives_the_very_bits_of_the_whole(kind: AggregationKind) -> None:
    chance = np.random.default_rng(5)
    raw = chance.uniform(1, 100, (8, 3))
    raw[chance.random((8, 3)) < 0.2] = np.nan
    result = added(UNEQUAL, kind, *raw.tolist())
    children: list[NDArray[np.float64]] = [result.scores[:, place].copy() for place in (1, 2, 3)]
    family = UNEQUAL.families[0]
    alone = mean(kind, children, family.weights, result.method)
    np.testing.assert_array_equal(alone, result.scores[:, 0])
