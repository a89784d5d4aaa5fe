"""Draws of weights and choices: what is said of each unit is what the draws give, and the same each time."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from shared.composite import (
    Aggregation,
    DataError,
    Framework,
    Method,
    MethodError,
    Node,
    Normalisation,
    Result,
    Treatment,
    evaluate,
)
from shared.composite.choices import alternatives, combined
from shared.composite.plan import Plan
from shared.composite.uncertainty import (
    StoppedError,
    Uncertainty,
    cube_of,
    quantile_of_sorted,
    uncertainty,
)
from tests.shared.composite.build import NA, PERCENT, flat, names, points, table

TWO = flat(Node("A", "root", goalposts=PERCENT), Node("B", "root", goalposts=PERCENT))
THREE_UNITS = table([100, 0], [0, 100], [40, 40])


def between_goalposts(raw: Any, framework: Framework = TWO) -> Result:
    return evaluate(framework, names(len(raw)), raw, points("goalposts"))


def made_up(units: int = 12, *, seed: int = 7) -> Result:
    """Two pillars of three indicators, one of them with a tail, one figure in twenty missing."""
    pillars = [Node("1", "root"), Node("2", "root", 2.0)]
    leaves = [Node(f"{p}.{i}", p, 1.0 + i) for p in "12" for i in range(3)]
    chance = np.random.default_rng(seed)
    raw = chance.normal(size=(units, 6))
    raw[:, 1] = np.exp(3 * raw[:, 1])
    raw[chance.random(raw.shape) < 0.05] = np.nan
    method = Method(treatment=Treatment("winsorise"))
    return evaluate(flat(*pillars, *leaves), names(units), raw, method)


def same(first: Uncertainty, second: Uncertainty) -> bool:
    parts = ("median", "low", "high", "mean", "first", "absent")
    equal = all(getattr(first, part).tobytes() == getattr(second, part).tobytes() for part in parts)
    assert first.own is not None
    assert second.own is not None
    own = ("histogram", "ahead_of", "scores")
    return equal and all(
        getattr(first.own, part).tobytes() == getattr(second.own, part).tobytes() for part in own
    )


def test_without_spread_and_alternatives_every_draw_is_the_nominal_index() -> None:
    nominal = made_up()
    found = uncertainty(nominal, Plan(50, 1, 0.0, alternatives=()), own="unit 3")
    ranks, scores = nominal.ranks[:, 0], nominal.scores[:, 0]
    for quantile in (found.median, found.low, found.high, found.mean):
        assert quantile.tolist() == ranks.tolist()
    assert found.first.tolist() == (ranks == 1).tolist()
    assert found.absent.tolist() == [0.0] * len(ranks)
    assert found.own is not None
    assert found.own.histogram[ranks[3] - 1] == 50
    assert found.own.scores.tolist() == [scores[3]] * 50
    assert found.own.ahead_of[np.arange(12) != 3].tolist() == (
        (ranks[3] < np.delete(ranks, 3)).tolist()
    )


def test_three_units_by_hand() -> None:
    """The first scores its weight of A in per cent, the second the rest, the third 40 in any case."""
    found = uncertainty(
        between_goalposts(THREE_UNITS), Plan(1000, 5, 0.5, alternatives=()), own="unit 0"
    )
    a, b = (0.5 + np.random.default_rng(5).random((1000, 2))).T
    first = 100 * a / (a + b)
    scores = np.stack([first, 100 - first, np.full(1000, 40.0)])
    ranks = 1 + (scores[np.newaxis] > scores[:, np.newaxis]).sum(axis=1)
    assert found.mean == pytest.approx(ranks.mean(axis=1))
    assert found.first == pytest.approx((ranks == 1).mean(axis=1))
    for quantile, share in ((found.low, 0.05), (found.median, 0.5), (found.high, 0.95)):
        expected = np.quantile(ranks, share, axis=1, method="inverted_cdf")
        assert quantile.tolist() == expected.tolist()
    assert found.own is not None
    assert found.own.histogram.tolist() == [(ranks[0] == rank).sum() for rank in (1, 2, 3)]
    assert found.own.scores == pytest.approx(first)
    ahead = [np.nan, (ranks[0] < ranks[1]).mean(), (ranks[0] < ranks[2]).mean()]
    assert found.own.ahead_of == pytest.approx(ahead, nan_ok=True)


def test_units_that_mirror_each_other_have_intervals_that_do() -> None:
    raw = table([70, 30], [30, 70], [55, 49], [49, 55], [45, 45])
    found = uncertainty(between_goalposts(raw), Plan(4000, 1, alternatives=()), own="unit 0")
    for one, other in ((0, 1), (2, 3)):
        assert found.low[one] == found.low[other]
        assert found.high[one] == found.high[other]
        assert found.mean[one] == pytest.approx(found.mean[other], abs=0.05)
    assert found.own is not None
    assert found.own.ahead_of[1] == pytest.approx(0.5, abs=0.03)


def test_the_same_seed_gives_the_same_bytes_and_another_does_not() -> None:
    nominal = made_up()
    first = uncertainty(nominal, Plan(300, 1), own="unit 3")
    assert same(first, uncertainty(nominal, Plan(300, 1), own="unit 3"))
    assert not same(first, uncertainty(nominal, Plan(300, 2), own="unit 3"))


def test_a_score_counts_only_where_points_mean_what_they_mean_in_the_method() -> None:
    nominal = made_up()
    other = replace(nominal.method, normalisation=points("percentile_rank").normalisation)
    found = uncertainty(nominal, Plan(100, 1, 0.0, alternatives=(other,)), own="unit 3")
    assert found.own is not None
    u = np.random.default_rng(1).random((100, len(found.cube.factors)))[:, -1]
    assert np.array_equal(np.isnan(found.own.scores), u >= 0.5)
    assert set(found.own.scores[u < 0.5]) == {nominal.scores[3, 0]}


@pytest.mark.parametrize("size", [1, 7, 64])
def test_how_the_draws_are_divided_does_not_show(size: int) -> None:
    cube = cube_of(made_up(), Plan(300, 1))
    u = np.random.default_rng(1).random((300, len(cube.factors)))
    together = cube.outcomes(u)
    parts = [cube.outcomes(u[start : start + size]) for start in range(0, 300, size)]
    assert np.concatenate([part.scores for part in parts]).tobytes() == together.scores.tobytes()
    assert np.concatenate([part.ranks for part in parts]).tobytes() == together.ranks.tobytes()


def test_draws_of_several_blocks_are_rows_of_one_table() -> None:
    nominal = made_up()
    found = uncertainty(nominal, Plan(8300, 4, alternatives=()), own="unit 3")
    assert found.cube.block < 8300
    u = np.random.default_rng(4).random((8300, len(found.cube.factors)))
    assert found.own is not None
    assert found.own.scores.tobytes() == found.cube.outcomes(u).scores[:, 3].tobytes()


def test_a_unit_without_a_rank_in_some_draws_is_absent_there_and_counted_nowhere() -> None:
    """A gap stays where gaps are dropped, and is filled where the median is."""
    leaf = Node("A", "root")
    nominal = evaluate(flat(leaf), names(4), table([1], [2], [3], [NA]), Method())
    found = uncertainty(nominal, Plan(400, 1), own="unit 3")
    assert found.cube.factors == ("normalisation", "aggregation", "missing")
    assert found.absent[:3].tolist() == [0, 0, 0]
    assert 0.4 < found.absent[3] < 0.6
    # With its median it ties with the second of three.
    assert (found.low[3], found.median[3], found.high[3], found.mean[3]) == (2, 2, 2, 2)
    assert found.own is not None
    assert found.own.histogram.tolist() == [0, round(400 * (1 - found.absent[3])), 0, 0]
    assert found.own.ahead_of[:3].tolist() == [1, 0, 0]


def test_a_unit_that_is_never_ranked_has_no_quantile() -> None:
    nominal = between_goalposts(table([1, 2], [NA, NA]))
    found = uncertainty(nominal, Plan(10, 1, alternatives=()))
    assert (found.median[1], found.low[1], found.high[1], found.absent[1]) == (0, 0, 0, 1)
    assert np.isnan(found.mean[1])
    assert found.own is None


@pytest.mark.parametrize("count", [1, 2, 3, 19, 20, 21, 99, 100, 101])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_a_quantile_is_that_of_the_inverse_distribution(count: int, share: float) -> None:
    rows = np.arange(1, count + 1)[np.newaxis]
    gaps = np.concatenate([np.zeros((1, 4), dtype=np.int64), rows], axis=1)
    expected = np.quantile(rows[0], share, method="inverted_cdf")
    for row in (rows, gaps):
        assert quantile_of_sorted(row, share, np.array([count])).tolist() == [expected]


def test_progress_ends_with_all_draws_and_a_stop_ends_it_before() -> None:
    nominal, steps = made_up(), list[tuple[int, int]]()
    uncertainty(nominal, Plan(9000, 1), progress=lambda *step: steps.append(step))
    assert steps == [(8192, 9000), (9000, 9000)]
    with pytest.raises(StoppedError):
        uncertainty(nominal, Plan(9000, 1), stop=lambda: True)


def test_what_cannot_be_asked_is_named() -> None:
    with pytest.raises(DataError, match="There is no unit Huế"):
        uncertainty(made_up(), Plan(10, 1), own="Huế")
    many = evaluate(flat(Node("A", "root")), names(3000), np.zeros((3000, 1)), Method())
    with pytest.raises(DataError, match="fewer draws"):
        uncertainty(many, Plan(100_000, 1))


@pytest.mark.parametrize(
    ("method", "factors"),
    [
        (Method(), {"missing": "median", "normalisation": "percentile_rank", "aggregation": None}),
        (
            Method(
                Treatment("winsorise"),
                "mean",
                points("percentile_rank").normalisation,
                Aggregation("geometric"),
            ),
            {"missing": "none", "normalisation": "min_max", "aggregation": None, "treatment": None},
        ),
        (points("z_score"), {"missing": "median", "normalisation": "min_max"}),
    ],
)
def test_the_usual_alternatives_differ_in_one_factor_each(
    method: Method, factors: dict[str, str | None]
) -> None:
    nominal = made_up()
    others = alternatives(nominal.framework, method)
    assert len(others) == len(factors)
    for other in others:
        if other.imputation != method.imputation:
            assert other.imputation == factors["missing"]
        if other.normalisation != method.normalisation:
            assert other.normalisation.kind == factors["normalisation"]


def test_the_geometric_mean_is_for_the_pillars_and_above() -> None:
    chain = [Node("index", None), Node("sub", "index"), Node("pillar", "sub"), Node("g", "pillar")]
    deep = Framework((*chain, Node("leaf", "g")))
    for framework, levels in ((deep, {0, 1}), (TWO, {0}), (Framework((chain[0],)), {0})):
        (other,) = [m for m in alternatives(framework, Method()) if m.aggregation.by_level]
        assert set(other.aggregation.by_level) == levels


def test_points_are_lifted_above_zero_for_a_geometric_mean_only() -> None:
    geometric = Aggregation(by_level={0: "geometric"})
    assert combined(Method(), {"aggregation": geometric}).normalisation.range == (1, 100)
    assert combined(Method(), {"missing": "median"}).normalisation.range == (0, 100)
    above = points("min_max", between=(5, 10))
    assert combined(above, {"aggregation": geometric}).normalisation.range == (5, 10)


@pytest.mark.parametrize(
    ("others", "pointer"),
    [
        ([Method()], "/alternatives/0"),
        ([replace(points("z_score"), imputation="mean")], "/alternatives/0"),
        ([points("z_score"), Method(aggregation=Aggregation("harmonic"))], "/alternatives"),
        ([points("z_score")] * 13, "/alternatives"),
    ],
)
def test_alternatives_that_do_not_fit_are_refused(others: Sequence[Method], pointer: str) -> None:
    plain = evaluate(TWO, names(3), THREE_UNITS, Method())
    with pytest.raises(MethodError) as caught:
        uncertainty(plain, Plan(10, 1, alternatives=tuple(others)))
    assert caught.value.pointer == pointer


def test_an_alternative_that_would_lose_a_leaf_is_left_out_and_named() -> None:
    """One unit between goalposts has points; among one unit nobody has a place."""
    alone = evaluate(TWO, ["Hà Nội"], table([60, 70]), points("mixed"))
    found = uncertainty(alone, Plan(20, 1))
    (left,) = found.cube.left_out
    assert (left.factor, left.choice["kind"]) == ("normalisation", "percentile_rank")
    assert left.reason == "A: no_panel"
    assert found.cube.factors == ("A", "B", "aggregation", "missing")
    assert found.first.tolist() == [1.0]
    grouped = replace(points("mixed"), imputation="group_mean")
    found = uncertainty(alone, Plan(20, 1, alternatives=(grouped,)))
    assert "needs a group" in found.cube.left_out[0].reason


def test_weights_vary_at_the_chosen_levels_and_only_where_they_can_matter() -> None:
    nominal = made_up()
    assert uncertainty(nominal, Plan(1, 1)).cube.factors[:8] == (
        *("1", "2", "1.0", "1.1", "1.2", "2.0", "2.1", "2.2"),
    )
    upper = uncertainty(nominal, Plan(1, 1, weight_levels=(1,))).cube
    assert upper.factors == ("1", "2", "normalisation", "aggregation", "missing", "treatment")
    lone = flat(Node("A", "root"), Node("B", "root", 0.0))
    dull = evaluate(lone, names(2), table([1, 2], [2, 1]), Method())
    assert uncertainty(dull, Plan(1, 1, alternatives=())).cube.factors == ()


ONE_EACH = Plan(
    *(7, 3, 0.1, (1, 2)),
    (Method(imputation="mean"), Method(normalisation=Normalisation("z_score"))),
)


@pytest.mark.parametrize("plan", [Plan(1, 0), Plan(100_000, 2**53 - 1, 0.0, ()), ONE_EACH])
def test_a_plan_is_read_as_it_was_written(plan: Plan) -> None:
    assert Plan.from_dict(plan.to_dict()) == plan


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"draws": 0}, "/draws"),
        ({"draws": 100_001}, "/draws"),
        ({"draws": 1.5}, "/draws"),
        ({"draws": True}, "/draws"),
        ({"seed": -1}, "/seed"),
        ({"seed": 2**53}, "/seed"),
        ({"weight_spread": 1}, "/weight_spread"),
        ({"weight_spread": -0.1}, "/weight_spread"),
        ({"weight_spread": float("nan")}, "/weight_spread"),
        ({"weight_spread": "0.1"}, "/weight_spread"),
        ({"weight_levels": [1, 0]}, "/weight_levels/1"),
        ({"weight_levels": 1}, "/weight_levels"),
        ({"alternatives": {}}, "/alternatives"),
        ({"alternatives": [{}, 1]}, "/alternatives/1"),
        ({"alternatives": [{"imputation": {"kind": "x"}}]}, "/alternatives/0/imputation/kind"),
        ({"alternatives": [{}] * 13}, "/alternatives"),
        ({"draw": 1}, "/draw"),
    ],
)
def test_a_plan_out_of_bounds_is_refused_at_its_place(
    members: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(MethodError) as caught:
        Plan.from_dict({"draws": 1, "seed": 1, **members})
    assert caught.value.pointer == pointer


def test_a_plan_needs_draws_and_a_seed() -> None:
    with pytest.raises(MethodError, match="seed"):
        Plan.from_dict({"draws": 1})
