"""What it takes to reach a score or a rank, and when no figure does."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.composite import (
    Aggregation,
    DataError,
    Method,
    Missing,
    Node,
    Normalisation,
    Result,
    Skipped,
    Target,
    Treatment,
    evaluate,
    least_figure,
    shortest_list,
)
from tests.shared.composite.build import NA, PERCENT, column, flat, table
from tests.shared.composite.runs import again, runs

UNITS = ["a", "b", "c"]
POSTS = Method(normalisation=Normalisation("goalposts"))


def with_figure(result: Result, unit: str, leaf: str, figure: float | None) -> Result:
    raw = result.raw.copy()
    raw[result.unit(unit), result.leaf(leaf)] = NA if figure is None else figure
    return again(result, raw)


def reaches(result: Result, unit: str, target: Target) -> bool:
    root, row = result.node(result.framework.root.code), result.unit(unit)
    if target.score is not None:
        scale = result.method.normalisation.scale(len(result.units))
        return bool(result.scores[row, root] >= target.score - 1e-12 * scale)
    return bool(0 < result.ranks[row, root] <= (target.rank or 0))


def targets() -> st.SearchStrategy[Target]:
    return st.one_of(
        st.integers(1, 4).map(lambda rank: Target(rank=rank)),
        st.floats(0, 110).map(lambda score: Target(score=score)),
    )


@settings(max_examples=12, deadline=None)
@given(runs((2, 7)), targets(), st.data())
def test_the_least_figure_reaches_the_target_and_the_one_before_it_does_not(
    result: Result, target: Target, data: st.DataObject
) -> None:
    leaf = data.draw(st.sampled_from(result.framework.leaves)).code
    unit = data.draw(st.sampled_from(result.units))
    found = least_figure(result, unit, leaf, target)
    row, root = result.unit(unit), result.node("0")
    assert found.already == reaches(result, unit, target)
    assert found.reached == (found.at is not None)
    if found.at is not None:
        run = with_figure(result, unit, leaf, found.at.figure)
        assert reaches(run, unit, target)
        assert (found.at.score, found.at.rank) == (run.scores[row, root], run.ranks[row, root])
    if found.short is not None:
        assert found.at is not None
        assert found.at.figure is not None
        try:
            assert not reaches(with_figure(result, unit, leaf, found.short.figure), unit, target)
        except DataError:
            assert found.short.score is None
        if found.short.figure is not None:
            assert math.isclose(found.short.figure, found.at.figure, rel_tol=1e-9, abs_tol=1e-9)


@settings(max_examples=12, deadline=None)
@given(runs((2, 7)), targets(), st.sampled_from(("best", "bound")), st.data())
def test_the_list_reaches_what_it_says_and_without_its_last_step_does_not(
    result: Result, target: Target, to: str, data: st.DataObject
) -> None:
    unit = data.draw(st.sampled_from(result.units))
    codes = [leaf.code for leaf in result.framework.leaves]
    order = data.draw(st.permutations(codes))
    found = shortest_list(result, unit, target, order, "best" if to == "best" else "bound")
    run = result
    for step in found.steps:
        assert not reaches(run, unit, target)
        run = with_figure(run, unit, step.leaf, step.figure)
        score = run.scores[run.unit(unit), run.node("0")]
        assert step.score == (None if np.isnan(score) else score)
    assert found.reached == reaches(run, unit, target)
    named = [step.leaf for step in found.steps] + [skipped.leaf for skipped in found.skipped]
    assert len(set(named)) == len(named)
    if not found.reached:
        assert set(named) == set(codes)


def test_a_score_worked_out_by_hand() -> None:
    # Posts 0 to 100: (40 + 60)/2 = 50; for 55, x must be 50.
    framework = flat(*(Node(code, "root", goalposts=PERCENT, bounds=PERCENT) for code in "xy"))
    result = evaluate(framework, UNITS, table((40, 60), (80, 70), (0, 0)), POSTS)
    found = least_figure(result, "a", "x", Target(score=55))
    assert (found.reached, found.already) == (True, False)
    assert (found.now.figure, found.now.score, found.now.rank) == (40, 50, 2)
    assert found.at is not None
    assert found.at.figure == pytest.approx(50, abs=1e-8)
    assert found.ceiling.figure == 100
    assert (found.ceiling.score, found.ceiling.rank) == (80, 1)


def test_a_rank_is_reached_by_a_tie_and_under_lower_is_better() -> None:
    # Min-max of 0, 10, 20, lower is better. For a tie with the best, a needs the best's figure.
    result = evaluate(
        flat(Node("x", "root", direction="lower")), UNITS, column(10, 0, 20), Method()
    )
    found = least_figure(result, "a", "x", Target(rank=1))
    assert found.at is not None
    assert found.at.figure == pytest.approx(0, abs=1e-8)
    assert found.at.rank == 1
    assert found.short is not None
    assert found.short.rank == 2


def test_what_no_figure_reaches_ends_at_the_ceiling() -> None:
    # Even with all of x, y's 0 leaves (100 + 0)/2; the least figure that gives that is the post.
    framework = flat(*(Node(code, "root", goalposts=(0, 50), bounds=PERCENT) for code in "xy"))
    result = evaluate(framework, ["a", "b"], table((10, 0), (50, 50)), POSTS)
    found = least_figure(result, "a", "x", Target(score=60))
    assert (found.reached, found.at, found.short) == (False, None, None)
    assert (found.ceiling.figure, found.ceiling.score, found.ceiling.rank) == (50, 50, 2)


def test_a_target_that_is_met_needs_nothing() -> None:
    result = evaluate(flat(Node("x", "root")), UNITS, column(10, 0, 20), Method())
    found = least_figure(result, "c", "x", Target(rank=1))
    assert (found.already, found.reached, found.at, found.short) == (True, True, found.now, None)
    listed = shortest_list(result, "c", Target(rank=1), ["x"])
    assert (listed.already, listed.reached, listed.steps, listed.rank) == (True, True, (), 1)


def test_a_missing_figure_starts_at_the_panels_worst() -> None:
    # a: y 60 alone is 60; with x at the panel's worst, 80, it is 70.
    framework = flat(*(Node(code, "root", goalposts=PERCENT) for code in "xy"))
    result = evaluate(framework, UNITS, table((NA, 60), (80, 70), (90, 0)), POSTS)
    found = least_figure(result, "a", "x", Target(score=65))
    assert found.at is not None
    assert found.short is not None
    assert (found.at.figure, found.at.score) == (80, 70)
    assert (found.short.figure, found.short.score) == (None, 60)


def test_a_unit_without_a_score_can_get_one() -> None:
    method = Method(missing=Missing(screen_units_below=1.0))
    result = evaluate(flat(Node("x", "root")), UNITS, column(1, 3, NA), method)
    found = least_figure(result, "c", "x", Target(rank=1))
    assert (found.now.score, found.now.rank) == (None, None)
    assert found.at is not None
    assert found.at.figure == pytest.approx(3)
    assert shortest_list(result, "c", Target(rank=1), ["x"]).reached


def test_a_unit_that_is_left_out_comes_back_figure_by_figure() -> None:
    # With fewer than three figures of three a unit has no score; a better z does not help c in yet.
    method = Method(missing=Missing(screen_units_below=1.0))
    framework = flat(*(Node(code, "root") for code in "xyz"))
    result = evaluate(framework, UNITS, table((1, 1, 1), (3, 3, 3), (NA, NA, 0)), method)
    found = shortest_list(result, "c", Target(rank=2), ["z", "x", "y"])
    assert [(step.leaf, step.rank) for step in found.steps] == [("x", None), ("y", 2)]
    assert found.skipped == (Skipped("z", "no_gain"),)
    assert found.reached


def test_nothing_to_search_leaves_things_as_they_are() -> None:
    beyond = flat(Node("x", "root", bounds=(0, 5)), Node("y", "root"))
    result = evaluate(beyond, ["a", "b"], table((9, NA), (10, NA)), Method())
    for leaf in ("x", "y"):
        found = least_figure(result, "a", leaf, Target(rank=1))
        assert (found.reached, found.ceiling) == (False, found.now)
    listed = shortest_list(result, "a", Target(rank=1), ["x", "y"])
    assert listed.skipped == (Skipped("x", "at_ceiling"), Skipped("y", "no_level"))


def test_an_outlier_that_is_drawn_in_gives_no_more_than_its_neighbour() -> None:
    # Ten figures 0 to 9 and an own one far above them: winsorised, it counts as the next.
    figures = column(5, *range(10))
    method = Method(Treatment("winsorise"), normalisation=Normalisation("min_max"))
    units = [str(row) for row in range(11)]
    result = evaluate(flat(Node("x", "root")), units, figures, method)
    found = least_figure(result, "0", "x", Target(rank=1))
    assert found.at is not None
    assert found.at.figure == pytest.approx(9)


def test_the_shortest_list_worked_out_by_hand() -> None:
    """Posts 0 to 100. a: 20, 100, 40, 10, mean 42.5; best 60, 100, 80, 90.

    x up to 60 adds 10 points, y is at its best, z up to 80 adds 10: 62.5. For 70 w needs 30 more.
    """
    framework = flat(*(Node(code, "root", goalposts=PERCENT, bounds=PERCENT) for code in "xyzw"))
    raw = table((20, 100, 40, 10), (60, 0, 80, 90))
    result = evaluate(framework, ["a", "b"], raw, POSTS)
    found = shortest_list(result, "a", Target(score=70), ["x", "y", "z", "w"])
    assert [(step.leaf, step.figure_before, step.level) for step in found.steps] == [
        ("x", 20, 60),
        ("z", 40, 80),
        ("w", 10, 90),
    ]
    assert [step.score for step in found.steps] == pytest.approx([52.5, 62.5, 70])
    assert found.steps[2].figure == pytest.approx(40)
    assert found.skipped == (Skipped("y", "at_ceiling"),)
    assert found.reached
    short = shortest_list(result, "a", Target(score=95), ["x", "z"])
    assert (short.reached, short.score, short.rank) == (False, 62.5, 1)
    bound = shortest_list(result, "a", Target(score=60), ["x"], "bound")
    assert (bound.reached, bound.steps[0].level) == (True, 100)
    assert bound.steps[0].figure == pytest.approx(90)


def test_a_list_names_what_brings_nothing_or_cannot_be_run() -> None:
    weightless = flat(
        Node("x", "root", 0.0, goalposts=PERCENT),
        Node("y", "root", goalposts=PERCENT),
        Node("z", "root", goalposts=PERCENT, direction="lower"),
    )
    method = Method(normalisation=Normalisation("goalposts"), aggregation=Aggregation("geometric"))
    result = evaluate(weightless, ["a", "b"], table((1, 1, NA), (2, 2, NA)), method)
    found = shortest_list(result, "a", Target(score=3), ["x", "z"])
    assert found.skipped == (Skipped("x", "no_gain"), Skipped("z", "no_level"))
    # From three figures on z would be a panel, and a geometric mean cannot take its worst.
    panel = flat(Node("y", "root", goalposts=PERCENT), Node("z", "root"))
    mixed = Method(
        normalisation=Normalisation("mixed", minimum_units=3), aggregation=Aggregation("geometric")
    )
    three = evaluate(panel, UNITS, table((1, NA), (2, 2), (3, 3)), mixed)
    assert shortest_list(three, "a", Target(rank=1), ["z"]).skipped == (
        Skipped("z", "not_positive"),
    )


def test_a_leader_can_hold_a_rank_target_by_pushing_others_down() -> None:
    # a 100 of x and 0 of y is second to b's 50 and 60; raised x makes b's x a smaller part.
    framework = flat(Node("x", "root", bounds=(0, 1000)), Node("y", "root"))
    result = evaluate(framework, UNITS, table((100, 0), (50, 60), (0, 100)), Method())
    found = shortest_list(result, "a", Target(rank=1), ["x"], "bound")
    assert result.ranks[:, 0].tolist() == [2, 1, 2]
    assert found.reached
    assert found.steps[0].figure > 100
    assert found.score == pytest.approx(50)


@pytest.mark.parametrize(
    "wrong", [{}, {"score": 1.0, "rank": 1}, {"rank": 0}, {"score": float("nan")}]
)
def test_a_target_is_one_thing_that_can_be(wrong: dict[str, float]) -> None:
    with pytest.raises(DataError):
        Target(**wrong)  # type: ignore[arg-type]


def test_an_order_names_leaves_once() -> None:
    result = evaluate(flat(Node("x", "root")), UNITS, column(10, 0, 20), Method())
    with pytest.raises(DataError, match="twice"):
        shortest_list(result, "a", Target(rank=1), ["x", "x"])
    with pytest.raises(DataError, match="no leaf z"):
        shortest_list(result, "a", Target(rank=1), ["z"])
    with pytest.raises(DataError, match="no unit z"):
        least_figure(result, "z", "x", Target(rank=1))


def test_a_rank_beyond_all_others_needs_only_a_score() -> None:
    result = evaluate(flat(Node("x", "root")), UNITS, column(0, 1, NA), Method())
    target = Target(rank=5)
    margin = target.margin(np.array([[1.0, NA, 3.0]]), 0)
    assert margin.tolist() == [1]
    assert Target(rank=2).margin(np.array([[1.0, NA, 3.0]]), 0).tolist() == [1]
    assert least_figure(result, "c", "x", target).reached
