"""Whatever the tree, the table and the method: a draw is the index of its weights and its method."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.composite import DataError, Framework, Method, Result, evaluate
from shared.composite.plan import Plan
from shared.composite.removal import removals
from shared.composite.structure import structure
from shared.composite.uncertainty import cube_of, uncertainty
from tests.shared.composite.cases import Case, cases, methods

few = settings(max_examples=40, deadline=None)


def evaluated(case: Case, method: Method) -> Result | None:
    try:
        return case.evaluate(method)
    except DataError:
        return None


@few
@given(case=cases(), method=methods(), seed=st.integers(0, 1000))
def test_each_draw_computed_by_itself_gives_the_same_bits(
    case: Case, method: Method, seed: int
) -> None:
    nominal = evaluated(case, method)
    if nominal is None:
        return
    cube = cube_of(nominal, Plan(8, seed, 0.9))
    u = np.random.default_rng(seed).random((8, len(cube.factors)))
    drawn = cube.outcomes(u)
    root = nominal.node(case.framework.root.code)
    for row, scores, ranks in zip(u, drawn.scores, drawn.ranks, strict=True):
        framework, own_method = cube.drawn(row)
        again = evaluate(framework, case.units, case.raw, own_method, case.groups)
        assert np.array_equal(again.scores[:, root], scores, equal_nan=True)
        assert np.array_equal(again.ranks[:, root], ranks)


@few
@given(case=cases(), method=methods())
def test_quantiles_lie_in_order_and_shares_between_none_and_all(case: Case, method: Method) -> None:
    nominal = evaluated(case, method)
    if nominal is None:
        return
    found = uncertainty(nominal, Plan(20, 1), own=case.units[0])
    assert np.all(found.low <= found.median)
    assert np.all(found.median <= found.high)
    assert np.all(found.high <= len(case.units))
    assert np.array_equal(found.low == 0, found.absent == 1)
    assert found.own is not None
    assert found.own.histogram.sum() == round(20 * (1 - found.absent[0]))


def without(framework: Framework, code: str) -> Framework | None:
    """Take a node out with all below it, and parents that have no child left."""
    gone = {code}
    while True:
        parents = {node.parent for node in framework.nodes if node.code not in gone}
        were = {node.parent for node in framework.nodes}
        more = {
            node.code
            for node in framework.nodes
            if node.code not in gone
            and (node.parent in gone or (node.code in were and node.code not in parents))
        }
        if not more:
            break
        gone |= more
    left = tuple(node for node in framework.nodes if node.code not in gone)
    return Framework(left) if left else None


@few
@given(case=cases(), method=methods())
def test_a_removal_is_the_index_of_the_smaller_tree(case: Case, method: Method) -> None:
    nominal = evaluated(case, method)
    # Who is screened out depends on all leaves, and stays as in the index examined.
    if nominal is None or nominal.screened.any():
        return
    root = case.framework.root.code
    before = nominal.ranks[:, nominal.node(root)]
    # Depths stay, as no node changes its parent.
    for code, removed in removals(nominal, case.units[0]).items():
        smaller = without(case.framework, code)
        after = np.zeros(len(before), dtype=np.int64)
        if smaller is not None:
            columns = [case.framework.leaf_index[leaf.code] for leaf in smaller.leaves]
            again = evaluate(smaller, case.units, case.raw[:, columns], method, case.groups)
            if not again.screened.any():
                after = again.ranks[:, again.node(root)]
            else:
                continue
        both = (before > 0) & (after > 0)
        assert removed.lost == ((before > 0) & (after == 0)).sum()
        if both.any():
            assert removed.mean_change == np.abs(after - before)[both].sum() / both.sum()
        else:
            assert removed.mean_change is None
        assert removed.own_change == (after[0] - before[0] if both[0] else None)


@few
@given(case=cases(), method=methods())
def test_the_structure_of_any_result_is_made_of_proper_numbers(case: Case, method: Method) -> None:
    nominal = evaluated(case, method)
    if nominal is None:
        return
    found = structure(nominal)
    numbers = [pair.r for pair in found.siblings]
    numbers += [r for r in found.parent.values() if r is not None]
    assert all(-1 <= r <= 1 for r in numbers)
    for weight in found.weights.values():
        assert weight.nominal is None or 0 <= weight.nominal <= 1 + 1e-9
    assert all(alpha is None or np.isfinite(alpha) for alpha in found.alpha.values())
