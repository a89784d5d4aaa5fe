"""Sobol indices of indices whose answer is known beforehand."""

from collections.abc import Sequence

import numpy as np
import pytest

from shared.composite import Framework, Method, MethodError, Node, Result, evaluate
from shared.composite.plan import Plan
from shared.sensitivity import sensitivity, sobol_cube
from tests.shared.composite.build import NA, flat, names, points, table

LEAVES = [Node(f"{pillar}.{leaf}", pillar) for pillar in "12" for leaf in "ab"]
TWO_PILLARS = flat(Node("1", "root"), Node("2", "root"), *LEAVES)
PERCENTILES = Method(normalisation=points("percentile_rank", between=(0, 100)).normalisation)


def twins(pairs: Sequence[Sequence[float]]) -> Result:
    """Give both pillars the same figures, so that it does not matter which weighs more."""
    raw = np.tile(np.array(pairs), 2)
    return evaluate(TWO_PILLARS, names(len(raw)), raw, Method())


def plan(*alternatives: Method, seed: int = 1, levels: tuple[int, ...] | None = (1,)) -> Plan:
    return Plan(1, seed, 0.25, levels, alternatives)


# A distance that counts for min-max and not for percentile ranks.
TAILED = [[100, 0], [20, 12], [15, 14], [0, 15]]


def test_where_one_choice_alone_matters_all_the_variance_is_its_own() -> None:
    found = sensitivity(twins(TAILED), plan(PERCENTILES, Method(imputation="mean")), own="unit 0")
    assert found.factors == ("1", "2", "normalisation", "missing")
    assert found.evaluations == 256 * 6
    for indices in (found.mean_rank_change, found.own_rank):
        assert indices is not None
        assert indices.first == pytest.approx((0, 0, 1, 0), abs=0.02)
        assert indices.total == pytest.approx((0, 0, 1, 0), abs=0.02)
        assert all(0 <= width < 0.3 for width in indices.first_confidence)


def test_two_weights_that_matter_alike_share_the_variance() -> None:
    flat_tree = flat(Node("A", "root"), Node("B", "root"))
    chance = np.random.default_rng(2)
    nominal = evaluate(flat_tree, names(30), chance.uniform(size=(30, 2)), Method())
    found = sensitivity(nominal, plan(), samples=1024, own="unit 0")
    assert found.mean_rank_change is not None
    a, b = found.mean_rank_change.total
    assert a == pytest.approx(b, abs=0.15)
    assert a > 0.3


def test_the_same_seed_gives_the_same_indices_and_0_is_a_seed() -> None:
    """SALib takes 0 for none and falls back on chance."""
    nominal = twins(TAILED)
    for seed in (0, 5):
        asked = plan(PERCENTILES, seed=seed)
        assert sensitivity(nominal, asked) == sensitivity(nominal, asked)
    other = sensitivity(nominal, plan(PERCENTILES, seed=5)).mean_rank_change
    assert other != sensitivity(nominal, plan(PERCENTILES, seed=6)).mean_rank_change


def test_where_nothing_changes_there_is_nothing_to_share_out() -> None:
    alike = twins([[1, 1], [2, 2], [3, 3]])
    found = sensitivity(alike, plan(PERCENTILES), own="unit 0")
    assert (found.mean_rank_change, found.own_rank) == (None, None)
    lone = evaluate(flat(Node("A", "root")), names(2), table([1], [2]), Method())
    found = sensitivity(lone, plan())
    assert (found.factors, found.evaluations, found.mean_rank_change) == ((), 0, None)


def test_a_rank_that_is_missing_in_a_draw_has_no_indices() -> None:
    tree = flat(Node("A", "root"), Node("B", "root"))
    raw = table([1, 9], [2, 5], [9, 1], [5, 5.5], [NA, NA])
    nominal = evaluate(tree, names(5), raw, Method())
    found = sensitivity(nominal, plan(Method(imputation="mean")), own="unit 4")
    assert found.mean_rank_change is not None
    assert found.own_rank is None


def test_a_node_may_be_called_like_a_choice() -> None:
    tree = flat(Node("missing", "root"), Node("B", "root"))
    raw = table([1, 9], [2, 5], [9, 1], [5, 5.5])
    nominal = evaluate(tree, names(4), raw, Method())
    found = sensitivity(nominal, plan(Method(imputation="mean")))
    assert found.factors == ("missing", "B", "missing")
    assert found.mean_rank_change is not None
    assert found.mean_rank_change.total[2] == 0


def wide(pillars: int, leaves: int) -> Result:
    nodes = [Node("root", None), *(Node(f"{p}", "root") for p in range(pillars))]
    nodes += [Node(f"{p}.{leaf}", f"{p}") for p in range(pillars) for leaf in range(leaves)]
    raw = np.random.default_rng(1).uniform(size=(5, pillars * leaves))
    return evaluate(Framework(tuple(nodes)), names(5), raw, Method())


def test_weights_are_factors_from_the_top_as_far_as_twenty_go() -> None:
    assert len(sobol_cube(wide(7, 3), plan(levels=None)).nodes) == 7
    assert len(sobol_cube(wide(4, 4), plan(levels=None)).nodes) == 20
    assert len(sobol_cube(wide(4, 4), plan(PERCENTILES, levels=None)).nodes) == 4
    assert sobol_cube(wide(21, 1), plan(levels=None)).nodes == ()
    with pytest.raises(MethodError, match="21 weights"):
        sobol_cube(wide(21, 1), plan(levels=(1,)))


@pytest.mark.parametrize("samples", [0, 15, 100, 16384])
def test_samples_are_a_power_of_two_within_bounds(samples: int) -> None:
    with pytest.raises(MethodError, match="power of two"):
        sensitivity(twins(TAILED), plan(), samples=samples)


def test_progress_ends_with_all_evaluations() -> None:
    steps: list[tuple[int, int]] = []
    asked = plan(PERCENTILES)
    sensitivity(twins(TAILED), asked, samples=16, progress=lambda *step: steps.append(step))
    assert steps == [(80, 80)]
