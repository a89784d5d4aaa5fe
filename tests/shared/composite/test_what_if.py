"""A what-if is a run of the whole index on other figures, with everything that differs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.composite import (
    Aggregation,
    Change,
    DataError,
    Gap,
    Method,
    Missing,
    Move,
    Node,
    Normalisation,
    Result,
    evaluate,
    place,
    what_if,
)
from tests.shared.composite.build import NA, column, flat, table
from tests.shared.composite.runs import FIGURES, again, runs

UNITS = ["a", "b", "c"]


def small() -> Result:
    """x: 0, 50, 100 of 100; y: 100, 0, 20 of 100; roots 50, 25, 60."""
    framework = flat(Node("x", "root"), Node("y", "root"))
    return evaluate(framework, UNITS, table((0, 10), (5, 0), (10, 2)), Method())


@settings(max_examples=12, deadline=None)
@given(runs(), st.data())
def test_any_set_of_changes_gives_what_a_run_on_them_gives(
    result: Result, data: st.DataObject
) -> None:
    places = st.tuples(st.sampled_from(result.units), st.sampled_from(result.framework.leaves))
    chosen = data.draw(st.lists(places, max_size=6, unique_by=lambda at: (at[0], at[1].code)))
    raw, changes = result.raw.copy(), []
    for unit, leaf in chosen:
        figure = data.draw(FIGURES)
        raw[result.unit(unit), result.leaf(leaf.code)] = figure
        changes.append(Change(unit, leaf.code, None if np.isnan(figure) else figure))
    try:
        run = again(result, raw)
    except DataError:
        with pytest.raises(DataError):
            what_if(result, changes)
        return
    found = what_if(result, changes, result.units)
    for stage in ("normalised", "scores", "ranks", "weights", "contribution", "coverage"):
        np.testing.assert_array_equal(getattr(found.after, stage), getattr(run, stage))
    for row, shown in enumerate(found.units):
        scores = [NA if n.score_after is None else n.score_after for n in shown.nodes]
        np.testing.assert_array_equal(scores, run.scores[row])


def test_two_changes_of_two_units_worked_out_by_hand() -> None:
    """Unit a has its x raised from 0 to 10, c's y is taken away: x 100, 0, 100; y 100, 0, -; roots 100, 0, 100."""
    found = what_if(small(), [Change("a", "x", 10.0), Change("c", "y", None)])
    assert [unit.unit for unit in found.units] == ["a", "c"]
    own = found.units[0]
    assert (own.before.score, own.before.rank) == (50, 2)
    assert own.before.above == Gap("c", 10)
    assert own.before.below == Gap("b", 25)
    assert (own.after.score, own.after.rank, own.after.tied) == (100, 1, ("c",))
    assert own.after.above is None
    assert own.after.below == Gap("b", 100)
    x = own.nodes[1]
    assert (x.code, x.score_before, x.score_after) == ("x", 0, 100)
    assert (x.rank_before, x.rank_after, x.ranked_before, x.ranked_after) == (3, 1, 3, 3)
    assert (x.contribution_before, x.contribution_after) == (0, 50)
    y = found.units[1].nodes[2]
    assert (y.score_before, y.score_after, y.rank_after, y.ranked_after) == (20, None, None, 2)
    assert found.moved == (Move("a", 2, 1, 50, 100),)


def test_a_unit_can_be_shown_that_has_no_change_itself() -> None:
    # a leads on y; when c's y reaches 100 points, a keeps its score and loses nothing but the gap.
    found = what_if(small(), [Change("c", "y", 10.0)], ["a", "a"])
    assert [unit.unit for unit in found.units] == ["a"]
    assert found.units[0].after.above == Gap("c", 50)
    assert found.moved == ()


def test_no_change_changes_nothing() -> None:
    found = what_if(small(), [])
    np.testing.assert_array_equal(found.after.scores, found.before.scores)
    assert (found.units, found.moved) == ((), ())


def test_a_unit_that_drops_out_has_no_rank_and_no_neighbours() -> None:
    framework = flat(Node("x", "root"), Node("y", "root"))
    method = Method(missing=Missing(screen_units_below=0.75))
    result = evaluate(framework, UNITS, table((0, 10), (5, 0), (10, 2)), method)
    found = what_if(result, [Change("b", "x", None)])
    after = found.units[0].after
    assert (after.score, after.rank, after.ranked) == (None, None, 2)
    assert (after.above, after.below, after.tied, after.rival) == (None, None, (), None)
    assert Move("b", 3, None, 25, None) in found.moved


def test_the_rival_is_the_next_above_or_for_the_first_whoever_follows() -> None:
    result = evaluate(flat(Node("x", "root")), ["a", "b", "c"], column(3, 3, 1), Method())
    assert [place(result, unit).rival for unit in result.units] == ["b", "a", "a"]
    two = evaluate(flat(Node("x", "root")), ["a", "b"], column(3, 1), Method())
    assert place(two, "a").rival == "b"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([Change("z", "x", 1.0)], "no unit z"),
        ([Change("a", "z", 1.0)], "no leaf z"),
        ([Change("a", "root", 1.0)], "no leaf root"),
        ([Change("a", "x", 1.0), Change("a", "x", 2.0)], "changed twice"),
        ([Change("a", "x", float("inf"))], "inf is not a figure"),
        ([Change("a", "x", 1.0)] * 10_001, "more than 10000"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(changes: list[Change], message: str) -> None:
    with pytest.raises(DataError, match=message):
        what_if(small(), changes)


def test_an_unknown_unit_cannot_be_shown() -> None:
    with pytest.raises(DataError, match="no unit z"):
        what_if(small(), [], ["z"])


def test_a_change_that_the_method_cannot_take_is_refused_as_a_run_would_be() -> None:
    method = Method(normalisation=Normalisation("goalposts"), aggregation=Aggregation("geometric"))
    result = evaluate(flat(Node("x", "root", goalposts=(0, 10))), ["a"], column(5), method)
    with pytest.raises(DataError, match="geometric mean"):
        what_if(result, [Change("a", "x", 0.0)])
