"""The change of a score is split so that the parts add up and no order of replacing is preferred."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.composite import (
    Aggregation,
    DataError,
    Framework,
    Method,
    Node,
    Normalisation,
    Result,
    Side,
    difference,
    evaluate,
)
from tests.shared.composite.build import NA, PERCENT, column, flat, table
from tests.shared.composite.runs import runs, tables

POSTS = Method(normalisation=Normalisation("goalposts"))


def side(result: Result, unit: str) -> Side:
    return Side(result.framework, result.method, result.units, result.raw, unit, result.groups)


@settings(max_examples=12, deadline=None)
@given(runs((2, 7)), st.data())
def test_the_parts_add_up_to_the_change_of_every_node(result: Result, data: st.DataObject) -> None:
    raw = data.draw(tables(len(result.units), len(result.framework.leaves)))
    mild = Method(result.method.treatment, result.method.imputation, result.method.normalisation)
    before = replace(side(result, "unit 0"), method=mild)
    after = replace(before, raw=raw, method=Method())
    found = difference(before, after)
    last = evaluate(result.framework, result.units, raw, Method(), result.groups)
    for node in found.nodes:
        score = last.scores[0, last.node(node.code)]
        assert node.score_after == (None if np.isnan(score) else score)
        if node.reason is None:
            assert node.own is not None
            assert node.others is not None
            assert node.method is not None
            assert node.change == pytest.approx(node.own + node.others + node.method, abs=1e-9)


def test_own_figures_are_all_there_is_with_fixed_goalposts() -> None:
    framework = flat(Node("x", "root", goalposts=PERCENT), Node("y", "root", goalposts=PERCENT))
    before = Side(framework, POSTS, ["a", "b"], table((10, 20), (50, 50)), "a")
    after = replace(before, raw=table((30, 20), (90, 70)))
    root = difference(before, after).root
    assert (root.score_before, root.score_after, root.change) == (15, 25, 10)
    assert (root.own, root.others, root.method) == (10, 0, 0)
    assert (root.rank_before, root.rank_after, root.ranked_after) == (2, 2, 2)


def test_three_causes_worked_out_by_hand() -> None:
    """One leaf, min-max of a and b and c; before 0..100 points, after 0..10 (the method).

    own 2 -> 3, the others' best 4 -> 6, their worst 0 in both:
    v(own, others, method): 000: 50, 100: 75, 010: 100/3, 110: 50, and a tenth of these after.
    own    = 25/3 + (50/3)/6 + 2.5/6 + (5/3)/3   = 12.0833...
    others = (-50/3)/3 - 25/6 + (-5/3)/6 - 2.5/3 = -10.8333...
    method = -45/3 - 67.5/6 - 30/6 - 45/3        = -46.25
    """
    framework = flat(Node("x", "root"))
    before = Side(framework, Method(), ["a", "b", "c"], column(2, 4, 0), "a")
    tenth = Method(normalisation=Normalisation("min_max", (0.0, 10.0)))
    after = Side(framework, tenth, ["c", "a", "b"], column(0, 3, 6), "a")
    root = difference(before, after).root
    assert root.change == pytest.approx(-45)
    assert root.own == pytest.approx(25 / 3 + 50 / 18 + 2.5 / 6 + 5 / 9)
    assert root.others == pytest.approx(-50 / 9 - 25 / 6 - 5 / 18 - 2.5 / 3)
    assert root.method == pytest.approx(-15 - 67.5 / 6 - 5 - 15)


def test_nodes_of_one_side_only_are_listed_and_roots_meet_whatever_they_are_called() -> None:
    old = Framework((Node("2023", None), Node("x", "2023"), Node("gone", "2023")))
    new = Framework((Node("new", "2024"), Node("2024", None), Node("x", "2024")))
    before = Side(old, Method(), ["a", "b"], table((1, 2), (2, 1)), "a")
    after = Side(new, Method(), ["a", "b"], table((5, 1), (6, 2)), "a")
    found = difference(before, after)
    assert [node.code for node in found.nodes] == ["2024", "x"]
    assert (found.added, found.dropped) == (("new",), ("gone",))
    # Before: x 0, gone 100; after: new 100, x 0.
    assert (found.root.score_before, found.root.score_after) == (50, 0)


def test_a_code_that_is_root_on_one_side_only_is_no_pair() -> None:
    one = Framework((Node("x", None), Node("y", "x")))
    other = Framework((Node("y", None), Node("x", "y")))
    before = Side(one, Method(), ["a", "b"], column(1, 2), "b")
    found = difference(before, Side(other, Method(), ["a", "b"], column(1, 2), "b"))
    assert [node.code for node in found.nodes] == ["y"]
    assert (found.added, found.dropped) == (("x",), ("y",))


def test_what_has_no_score_has_no_split_and_says_why() -> None:
    framework = flat(Node("x", "root"), Node("y", "root"), Node("z", "root"))
    before = Side(framework, Method(), ["a", "b"], table((1, 1, NA), (2, NA, 1)), "a")
    after = replace(before, raw=table((NA, 1, NA), (1, 2, 1)))
    reasons = {node.code: node.reason for node in difference(before, after).nodes}
    assert reasons == {
        "root": "mix_not_available",
        "x": "not_after",
        "y": "not_before",
        "z": "neither",
    }


def test_two_units_of_one_run_can_be_set_against_each_other() -> None:
    result = evaluate(flat(Node("x", "root")), ["a", "b", "c"], column(0, 5, 10), Method())
    found = difference(side(result, "a"), side(result, "b"))
    assert (found.unit_before, found.unit_after) == ("a", "b")
    assert found.root.change == 50
    assert found.root.method == 0


def test_groups_of_the_panel_and_of_the_unit_are_taken_from_their_sides() -> None:
    method = Method(imputation="group_mean")
    framework = flat(Node("x", "root"))
    units, raw = ["a", "b", "c"], column(NA, 0, 10)
    before = Side(framework, method, units, raw, "a", ["n", "n", "s"])
    found = difference(before, replace(before, groups=["s", "n", "s"]))
    assert (found.root.score_before, found.root.score_after) == (0, 100)
    assert (found.root.own, found.root.others) == (100, 0)
    # A side that names no groups does not need them; the mixtures that do take the other's. With
    # 5 of its own, a has 50 points; without, 0 by its group and 50 by the mean of all.
    plain = Side(framework, Method(imputation="mean"), units, column(5, 0, 10), "a")
    found = difference(before, plain)
    assert (found.root.score_before, found.root.score_after) == (0, 50)
    assert (found.root.own, found.root.others, found.root.method) == (25, 0, 25)


def test_an_unknown_unit_and_a_mixture_without_a_score_are_refused() -> None:
    framework = flat(Node("x", "root", goalposts=PERCENT))
    before = Side(framework, POSTS, ["a"], column(0), "a")
    with pytest.raises(DataError, match="no unit z"):
        difference(before, replace(before, unit="z"))
    strict = replace(POSTS, aggregation=Aggregation("geometric"))
    with pytest.raises(DataError, match="geometric"):
        difference(before, replace(before, raw=column(50), method=strict))
