"""A scenario is not an estimate: it is what a run on the changed figures would give, to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.composite import (
    Aggregation,
    DataError,
    Framework,
    Method,
    Missing,
    Node,
    Normalisation,
    Result,
    Scenarios,
    evaluate,
    scenario,
)
from tests.shared.composite.build import NA, column, flat, table
from tests.shared.composite.runs import FIGURES, again, runs, tables

quick = settings(max_examples=35, deadline=None)


@quick
@given(runs(), st.data())
def test_a_changed_series_gives_the_scores_of_a_run_on_it(
    result: Result, data: st.DataObject
) -> None:
    leaf = data.draw(st.sampled_from(result.framework.leaves)).code
    figures = data.draw(tables(data.draw(st.integers(1, 4)), len(result.units)))
    found = Scenarios(result).changed(leaf, figures, path=True)
    for row, series in enumerate(figures):
        raw = result.raw.copy()
        raw[:, result.leaf(leaf)] = series
        try:
            run = again(result, raw)
        except DataError:
            assert found.reason[row] == "not_positive"
            assert np.isnan(found.scores[row]).all()
            continue
        assert found.reason[row] is None
        np.testing.assert_array_equal(found.scores[row], run.scores[:, run.node("0")])
        for code, scores in found.path.items():
            np.testing.assert_array_equal(scores[row], run.scores[:, run.node(code)])


@quick
@given(runs(), st.data())
def test_changes_of_many_leaves_at_once_do_not_disturb_one_another(
    result: Result, data: st.DataObject
) -> None:
    leaf = st.integers(0, len(result.framework.leaves) - 1)
    unit = st.integers(0, len(result.units) - 1)
    changes = data.draw(st.lists(st.tuples(leaf, unit, FIGURES), min_size=1, max_size=12))
    leaves, units, figures = (np.array(part) for part in zip(*changes, strict=True))
    found = Scenarios(result).with_figures(leaves, units, figures)
    for row, (column_, unit_, figure) in enumerate(changes):
        raw = result.raw.copy()
        raw[unit_, column_] = figure
        try:
            expected = again(result, raw).scores[:, result.node("0")]
        except DataError:
            assert found.reason[row] == "not_positive"
            continue
        np.testing.assert_array_equal(found.scores[row], expected)


def test_the_path_of_a_changed_leaf_worked_out_by_hand() -> None:
    """Pillars 1 (leaves 1.1, 1.2) and 2, equal weights; b's 1.1 rises from 50 to 200.

    1.1 is then 0, 200, 100 of 200: a 0, b 100, c 50. Pillar 1: a (0+100)/2, b (100+0)/2,
    c (50+50)/2, all 50. Pillar 2 stays 0, 100, 100; the root is 25, 75, 75.
    """
    framework = Framework(
        (
            Node("root", None),
            Node("1", "root"),
            Node("1.1", "1"),
            Node("1.2", "1"),
            Node("2", "root"),
        )
    )
    raw = table((0, 10, 1), (50, 0, 2), (100, 5, 2))
    result = evaluate(framework, ["a", "b", "c"], raw, Method())
    found = Scenarios(result).changed("1.1", table((0, 200, 100)), path=True)
    assert found.scores.tolist() == [[25, 75, 75]]
    assert {code: scores.tolist() for code, scores in found.path.items()} == {
        "1.1": [[0, 100, 50]],
        "1": [[50, 50, 50]],
        "root": [[25, 75, 75]],
    }
    assert found.reason == (None,)


def test_a_scenario_that_a_geometric_mean_cannot_take_is_na_and_the_others_are_not() -> None:
    framework = flat(Node("x", "root"), Node("y", "root"))
    method = Method(normalisation=Normalisation("goalposts"), aggregation=Aggregation("geometric"))
    posts = Framework(
        tuple(
            node if node.parent is None else Node(node.code, "root", goalposts=(0.0, 100.0))
            for node in framework.nodes
        )
    )
    result = evaluate(posts, ["a"], table((25, 100)), method)
    found = Scenarios(result).changed("x", table((0,), (64,)), path=True)
    assert found.reason == ("not_positive", None)
    np.testing.assert_allclose(found.scores, column(NA, 80))
    assert np.isnan(found.path["x"][0]).all()


def test_a_unit_that_comes_under_the_least_share_of_figures_leaves_the_panel_of_every_leaf() -> (
    None
):
    # c loses its second figure of two: without it y is 0 and 5, not 0 to 10.
    framework = flat(Node("x", "root"), Node("y", "root"))
    method = Method(missing=Missing(screen_units_below=0.75))
    result = evaluate(framework, ["a", "b", "c"], table((0, 0), (10, 5), (5, 10)), method)
    found = Scenarios(result).changed("x", table((0, 10, NA)), path=True)
    np.testing.assert_array_equal(found.scores, [[0, 100, NA]])
    np.testing.assert_array_equal(found.path["x"], [[0, 100, NA]])


def test_a_lone_node_is_leaf_and_root_at_once() -> None:
    result = evaluate(Framework((Node("x", None),)), ["a", "b"], column(1, 2), Method())
    found = Scenarios(result).changed("x", table((3, 2), (NA, 2)), path=True)
    np.testing.assert_array_equal(found.scores, [[100, 0], [NA, NA]])
    assert list(found.path) == ["x"]


def test_no_scenarios_are_no_scores() -> None:
    result = evaluate(flat(Node("x", "root")), ["a", "b"], column(1, 2), Method())
    found = Scenarios(result).changed("x", np.empty((0, 2)), path=True)
    assert found.scores.shape == (0, 2)
    assert found.reason == ()


@pytest.mark.parametrize(
    ("leaf", "figures", "message"),
    [
        ("z", table((1, 2)), "There is no leaf z"),
        ("x", table((1, 2, 3)), "shape"),
        ("x", column(1, 2)[0], "not a table"),
        ("x", table((1, np.inf)), "Unit b, leaf x: inf is not a figure"),
    ],
)
def test_a_scenario_that_makes_no_sense_is_refused(
    leaf: str, figures: np.ndarray, message: str
) -> None:
    result = evaluate(flat(Node("x", "root")), ["a", "b"], column(1, 2), Method())
    with pytest.raises(DataError, match=message):
        Scenarios(result).changed(leaf, figures)


def test_more_scenarios_than_memory_should_hold_are_refused() -> None:
    result = evaluate(flat(Node("x", "root")), ["a", "b"], column(1, 2), Method())
    many = np.broadcast_to(np.intp(0), (scenario.MOST_CELLS,))
    with pytest.raises(DataError, match="at once"):
        Scenarios(result).with_figures(many, many, np.broadcast_to(0.0, many.shape))


def test_a_path_of_two_leaves_is_refused() -> None:
    result = evaluate(flat(Node("x", "root"), Node("y", "root")), ["a"], table((1, 2)), Method())
    with pytest.raises(DataError, match="one leaf"):
        Scenarios(result).of_series(np.array([0, 1]), column(1, 2), path=True)
