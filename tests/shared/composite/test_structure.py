"""Correlations, weights and flags, against NumPy's own where it has them."""

import numpy as np
import pytest

from shared.composite import Method, Node, evaluate
from shared.composite.structure import Flag, structure
from tests.shared.composite.build import NA, PERCENT, flat, names, points, table

FOUR = flat(*(Node(code, "root", goalposts=PERCENT) for code in "ABCD"))
CHANCE = np.random.default_rng(3)
X = CHANCE.uniform(10, 90, size=40)
RAW = np.stack(
    [X, X + CHANCE.normal(size=40), 100 - X + CHANCE.normal(size=40), CHANCE.uniform(0, 9, 40)],
    axis=1,
).clip(0, 100)


def test_correlations_are_pearsons() -> None:
    result = evaluate(FOUR, names(40), RAW, points("goalposts"))
    found = structure(result)
    expected = np.corrcoef(RAW.T)
    pairs = {(pair.first, pair.second): pair.r for pair in found.siblings}
    assert len(pairs) == 6
    for (first, second), r in pairs.items():
        assert r == pytest.approx(expected["ABCD".index(first), "ABCD".index(second)])
    root = RAW.mean(axis=1)
    for column, code in enumerate("ABCD"):
        r = np.corrcoef(RAW[:, column], root)[0, 1]
        assert (found.parent[code], found.weights[code].correlation) == pytest.approx((r, r))
        assert found.weights[code].importance == pytest.approx(r * r)
    assert found.weights["root"].correlation == pytest.approx(1)


def test_what_says_the_same_and_what_goes_against_it_is_flagged() -> None:
    result = evaluate(FOUR, names(40), RAW, points("goalposts"))
    kinds = {(flag.kind, flag.node, flag.other) for flag in structure(result).flags}
    assert ("redundant", "A", "B") in kinds
    assert {("counter_moving", "A", "C"), ("counter_moving", "B", "C")} <= kinds
    assert ("counter_moving", "C", "root") in kinds
    none = structure(result, redundant=1.0, counter_moving=-1.0).flags
    assert {flag.other for flag in none} <= {"root"}
    assert Flag("counter_moving", "C", "root", structure(result).parent["C"] or 0) in none


def test_pairs_are_those_of_units_that_have_both() -> None:
    raw = RAW.copy()
    raw[:10, 0] = NA
    raw[5:20, 1] = NA
    found = structure(evaluate(FOUR, names(40), raw, points("goalposts")))
    expected = np.corrcoef(RAW[20:, 0], RAW[20:, 1])[0, 1]
    assert found.siblings[0].r == pytest.approx(expected)
    assert found.availability == {"A": 0.75, "B": 0.625, "C": 1.0, "D": 1.0}


def test_what_is_not_defined_is_none() -> None:
    raw = table([1, 5, NA, 7], [2, 5, NA, 8], [3, 5, 1, 9])
    found = structure(evaluate(FOUR, names(3), raw, points("goalposts")))
    assert found.parent["B"] is None
    assert found.parent["C"] is None
    assert [(pair.first, pair.second) for pair in found.siblings] == [("A", "D")]
    assert found.alpha == {"root": None}
    nobody = structure(evaluate(FOUR, names(2), np.full((2, 4), NA), Method()))
    assert nobody.weights["root"].nominal is None
    assert nobody.availability["A"] == 0


def test_cronbachs_alpha_by_its_formula() -> None:
    found = structure(evaluate(FOUR, names(40), RAW, points("goalposts")))
    covariance = np.cov(RAW.T)
    expected = 4 / 3 * (1 - np.trace(covariance) / covariance.sum())
    assert found.alpha["root"] == pytest.approx(expected)
    twins = np.repeat(RAW[:, :1], 4, axis=1)
    found = structure(evaluate(FOUR, names(40), twins, points("goalposts")))
    assert found.alpha["root"] == pytest.approx(1)


def test_a_nominal_weight_is_the_mean_of_those_in_force() -> None:
    tree = flat(
        *(Node("1", "root", 3.0), Node("2", "root", 1.0)),
        *(Node("A", "1", goalposts=PERCENT), Node("B", "1", goalposts=PERCENT)),
        Node("C", "2", goalposts=PERCENT),
    )
    raw = table([1, 2, 3], [4, NA, 6], [NA, NA, NA])
    found = structure(evaluate(tree, names(3), raw, points("goalposts"))).weights
    expected = {"root": 1, "1": 0.75, "2": 0.25, "A": (0.375 + 0.75) / 2, "B": 0.1875, "C": 0.25}
    assert {code: weight.nominal for code, weight in found.items()} == pytest.approx(expected)


def test_a_family_larger_than_can_be_listed_is_flagged_all_the_same() -> None:
    leaves = [Node(str(number), "root", goalposts=PERCENT) for number in range(300)]
    raw = np.random.default_rng(1).uniform(0, 100, size=(30, 300))
    raw[:, 299] = raw[:, 0]
    found = structure(evaluate(flat(*leaves), names(30), raw, points("goalposts")))
    assert found.siblings == ()
    assert [(flag.kind, flag.node, flag.other) for flag in found.flags if flag.r > 0] == [
        ("redundant", "0", "299")
    ]
