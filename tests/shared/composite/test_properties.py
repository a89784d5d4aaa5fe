"""What holds for every tree and every table, not only for those somebody thought of."""

from dataclasses import replace
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.composite import Framework, Node, Result, evaluate
from shared.composite.framework import Level
from tests.shared.composite.build import MIXED, names, points
from tests.shared.composite.cases import Case, cases, frameworks

quick = settings(max_examples=30, deadline=None)


def added_up(values: NDArray[np.float64], level: Level) -> NDArray[np.float64]:
    """Sum (units, nodes) over the children of each family."""
    return level.added_up(values[:, level.children].T).T


def transformed(node: Node, factor: int, shift: int) -> Node:
    if node.goalposts is None:
        return node
    low, high = node.goalposts
    return replace(node, goalposts=(factor * low + shift, factor * high + shift))


def assert_same(one: Result, other: Result) -> None:
    np.testing.assert_allclose(one.scores, other.scores, rtol=0, atol=1e-9)
    np.testing.assert_allclose(one.contribution, other.contribution, rtol=0, atol=1e-9)
    np.testing.assert_allclose(one.weights, other.weights, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(one.ranks, other.ranks)
    np.testing.assert_array_equal(one.ranked, other.ranked)
    np.testing.assert_array_equal(one.coverage, other.coverage)
    np.testing.assert_array_equal(one.clamped, other.clamped)
    assert one.reason == other.reason


@quick
@given(cases(), st.sampled_from(((0.0, 100.0), (1.0, 7.0), (-0.3, 0.1))))
def test_every_score_lies_in_the_range(case: Case, bounds: tuple[float, float]) -> None:
    scores = case.evaluate(points("mixed", between=bounds)).scores
    known = scores[~np.isnan(scores)]
    assert ((known >= bounds[0]) & (known <= bounds[1])).all()


@quick
@given(cases(), st.sampled_from(((0.0, 100.0), (1.0, 7.0))))
def test_the_leaves_contributions_add_up_to_the_root(
    case: Case, bounds: tuple[float, float]
) -> None:
    result = case.evaluate(points("mixed", between=bounds))
    total = result.contribution[:, case.framework.leaf_positions].sum(axis=1)
    np.testing.assert_allclose(total, result.scores[:, result.node("0")], rtol=0, atol=1e-9)


@quick
@given(cases())
def test_the_children_of_every_node_add_up_to_it(case: Case) -> None:
    result = case.evaluate(MIXED)
    for level in case.framework.levels:
        added = added_up(result.contribution, level)
        expected = result.contribution[:, level.parents]
        np.testing.assert_allclose(added, expected, rtol=0, atol=1e-9)


@quick
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_units_changes_nothing(case: Case, chance: Random) -> None:
    order = list(range(len(case.units)))
    chance.shuffle(order)
    mixed = evaluate(case.framework, [case.units[row] for row in order], case.raw[order], MIXED)
    straight = case.evaluate(MIXED)
    for stage in ("normalised", "scores", "ranks", "coverage", "weights", "contribution"):
        np.testing.assert_array_equal(getattr(mixed, stage), getattr(straight, stage)[order])
    np.testing.assert_array_equal(mixed.ranked, straight.ranked)
    assert mixed.reason == straight.reason


@quick
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_nodes_changes_nothing(case: Case, chance: Random) -> None:
    nodes = list(case.framework.nodes)
    chance.shuffle(nodes)
    mixed_framework = Framework(tuple(nodes))
    columns = [case.framework.leaf_index[leaf.code] for leaf in mixed_framework.leaves]
    mixed = evaluate(mixed_framework, case.units, case.raw[:, columns], MIXED)
    straight = case.evaluate(MIXED)
    back = [mixed.node(node.code) for node in case.framework.nodes]
    leaves_back = [mixed.leaf(leaf.code) for leaf in case.framework.leaves]
    restored = replace(
        mixed,
        scores=mixed.scores[:, back],
        ranks=mixed.ranks[:, back],
        ranked=mixed.ranked[back],
        coverage=mixed.coverage[:, back],
        weights=mixed.weights[:, back],
        contribution=mixed.contribution[:, back],
        clamped=mixed.clamped[:, leaves_back],
        reason=tuple(mixed.reason[column] for column in leaves_back),
    )
    assert_same(restored, straight)


@quick
@given(cases(), st.data(), st.integers(1, 1000), st.integers(-1000, 1000))
def test_another_unit_of_measurement_changes_nothing(
    case: Case, data: st.DataObject, factor: int, shift: int
) -> None:
    column = data.draw(st.integers(0, case.raw.shape[1] - 1))
    code = case.framework.leaves[column].code
    raw = case.raw.copy()
    raw[:, column] = factor * raw[:, column] + shift
    nodes = tuple(
        transformed(node, factor, shift) if node.code == code else node
        for node in case.framework.nodes
    )
    assert_same(evaluate(Framework(nodes), case.units, raw, MIXED), case.evaluate(MIXED))


@quick
@given(cases(), st.data(), st.integers(1, 100))
def test_a_better_figure_never_lowers_its_units_score(
    case: Case, data: st.DataObject, gain: int
) -> None:
    row = data.draw(st.integers(0, case.raw.shape[0] - 1))
    column = data.draw(st.integers(0, case.raw.shape[1] - 1))
    leaf = case.framework.leaves[column]
    raw = case.raw.copy()
    raw[row, column] += gain if leaf.direction == "higher" else -gain
    before = case.evaluate(MIXED)
    after = evaluate(case.framework, case.units, raw, MIXED)
    root = before.node("0")
    assert not after.scores[row, root] < before.scores[row, root] - 1e-9
    assert not after.ranks[row, root] > before.ranks[row, root] > 0


@quick
@given(frameworks(), st.integers(1, 5))
def test_missing_everything_is_na_everywhere(framework: Framework, count: int) -> None:
    raw = np.full((count, len(framework.leaves)), np.nan)
    result = evaluate(framework, names(count), raw, MIXED)
    assert np.isnan(result.scores).all()
    assert np.isnan(result.contribution).all()
    assert not result.ranks.any()
    assert not result.coverage.any()
    assert set(result.reason) == {"no_value"}


@quick
@given(cases())
def test_rank_is_one_more_than_the_number_of_better_units(case: Case) -> None:
    result = case.evaluate(MIXED)
    better = (result.scores[:, np.newaxis] < result.scores[np.newaxis] - 1e-10).sum(axis=1)
    expected = np.where(np.isnan(result.scores), 0, better + 1)
    np.testing.assert_array_equal(result.ranks, expected)


@quick
@given(cases())
def test_weights_in_force_are_whole_wherever_there_is_a_score(case: Case) -> None:
    result = case.evaluate(MIXED)
    for level in case.framework.levels:
        total = added_up(result.weights, level)
        has_score = ~np.isnan(result.scores[:, level.parents])
        np.testing.assert_allclose(total, has_score, rtol=0, atol=1e-12)
