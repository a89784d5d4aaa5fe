"""What raising single figures would bring, and why some bring nothing."""

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
    Step,
    evaluate,
    leverage,
)
from tests.shared.composite.build import NA, PERCENT, column, flat, table
from tests.shared.composite.runs import again, runs

UNITS = ["a", "b", "c"]
POSTS = Method(normalisation=Normalisation("goalposts"))


def steps(result: Result, unit: str, **last: float | None) -> dict[tuple[str, str], Step]:
    return {(step.leaf, step.kind): step for step in leverage(result, unit, last).steps}


def reasons(result: Result, unit: str, **last: float | None) -> list[str | None]:
    return [step.reason for step in leverage(result, unit, last).steps]


@settings(max_examples=12, deadline=None)
@given(runs(), st.data())
def test_every_number_is_that_of_a_run_on_the_raised_figure(
    result: Result, data: st.DataObject
) -> None:
    row = data.draw(st.integers(0, len(result.units) - 1))
    root = result.node("0")
    last = dict.fromkeys([leaf.code for leaf in result.framework.leaves[:2]], 25.0)
    found = leverage(result, result.units[row], last)
    for step in found.steps:
        if step.figure is None or step.reason == "not_positive":
            continue
        raw = result.raw.copy()
        raw[row, result.leaf(step.leaf)] = step.figure
        run = again(result, raw)
        assert step.rank_after == (run.ranks[row, root] or None)
        if step.gain is not None:
            assert step.gain == run.scores[row, root] - result.scores[row, root]
            assert (step.reason is None) == (step.gain > 1e-8) or step.gain < 1e-8
    assert bool(found.steps) == (found.reason is None)


def test_the_second_unit_worked_out_by_hand() -> None:
    """X higher is better: a 100, b 0, c 50. Y lower is better: a 2, b 10, c 6 make 100, 0, 50.

    Roots 100, 0, 50. c raises x: next better and best are a's 100, so c 75, and a stays 100.
    A tenth of 100 more is 60: c 55. In y the tenth of 8 less is 5.2: 60 points, so 55.
    """
    framework = flat(Node("x", "root"), Node("y", "root", direction="lower"))
    result = evaluate(framework, UNITS, table((100, 2), (0, 10), (50, 6)), Method())
    found = leverage(result, "c", {"y": 1.0})
    assert (found.rival, found.gap, found.place.rank) == ("a", -50, 2)
    assert found.steps[0] == Step("x", "next_better", 50, 100, 25, 25, 0, 2, None)
    assert found.steps[1] == Step("x", "best", 50, 100, 25, 25, 0, 2, None)
    assert found.steps[2] == Step("x", "last_best", 50, None, None, None, None, None, "not_given")
    assert found.steps[3].figure == 60
    assert found.steps[3].gain == pytest.approx(5)
    assert found.steps[7].figure == pytest.approx(5.2)
    assert found.steps[7].gain == pytest.approx(5)
    # y 1: of 1 to 10 now; a (10-2)/9 = 88.9, c 100. c 75, a 94.4: the gap falls from 50 to 19.4.
    assert found.steps[6].gain == pytest.approx(25)
    assert found.steps[6].gap_change == pytest.approx(25 + 50 / 9)


def test_a_leader_gains_nothing_of_its_own_and_still_widens_the_gap() -> None:
    # a at 100 of 0 to 100; at 110 it still has 100 points, and c's 50 are 50/110 of them.
    result = evaluate(flat(Node("x", "root")), UNITS, column(100, 0, 50), Method())
    found = leverage(result, "a", {"x": 90})
    assert (found.rival, found.gap) == ("c", 50)
    assert [step.reason for step in found.steps] == [
        "at_ceiling",
        "at_ceiling",
        "not_better",
        "at_ceiling",
    ]
    tenth = found.steps[3]
    assert (tenth.figure, tenth.gain, tenth.rank_gain, tenth.rank_after) == (110, 0, 0, 1)
    assert tenth.gap_change == pytest.approx(50 - 100 * 50 / 110)


def test_a_step_that_wins_a_rank_says_so() -> None:
    result = evaluate(flat(Node("x", "root")), UNITS, column(100, 0, 98), Method())
    step = steps(result, "c")["x", "tenth_of_range"]
    assert (step.figure, step.rank_gain, step.rank_after) == (108, 1, 1)


def test_a_step_is_held_within_the_bounds() -> None:
    framework = flat(
        Node("x", "root", bounds=PERCENT),
        Node("y", "root", direction="lower", bounds=(0.0, None)),
    )
    result = evaluate(framework, UNITS, table((95, 0), (0, 9), (100, 5)), Method())
    assert steps(result, "a")["x", "tenth_of_range"].figure == 100
    assert steps(result, "c")["x", "tenth_of_range"].reason == "at_bound"
    assert steps(result, "a")["y", "tenth_of_range"].reason == "at_bound"
    assert steps(result, "c")["y", "tenth_of_range"].figure == pytest.approx(4.1)


def test_goalposts_end_what_a_figure_can_bring() -> None:
    framework = flat(Node("x", "root", goalposts=(0, 50)), Node("y", "root", goalposts=(0, 100)))
    result = evaluate(framework, UNITS, table((60, 50), (70, 10), (0, 20)), POSTS)
    found = steps(result, "a")
    assert found["x", "next_better"].reason == "beyond_goalpost"
    assert (found["x", "next_better"].figure, found["x", "next_better"].gain) == (70, 0)
    # The best of the panel, and still with half of the goalposts to go.
    assert found["y", "next_better"].reason == "at_ceiling"
    assert found["y", "tenth_of_range"].reason is None
    assert found["y", "tenth_of_range"].gain == pytest.approx(2)


def test_a_missing_figure_can_only_be_given_one_that_stands_by_itself() -> None:
    # c has no x and 0 in y. With the best, 100, it has (100 + 0)/2.
    framework = flat(Node("x", "root"), Node("y", "root"))
    result = evaluate(framework, UNITS, table((100, 10), (0, 5), (NA, 0)), Method())
    found = steps(result, "c", x=50)
    assert found["x", "next_better"].reason == "no_figure"
    assert found["x", "tenth_of_range"].reason == "no_figure"
    assert (found["x", "best"].figure_before, found["x", "best"].gain) == (None, 50)
    assert found["x", "last_best"].gain == 25


def test_a_leaf_that_nobody_is_compared_on_says_why() -> None:
    framework = flat(*(Node(code, "root") for code in "xyzw"), Node("v", "root", 0.0))
    raw = table((1, 5, NA, 1, 1), (NA, 5, NA, 2, 2), (NA, 5, NA, 3, 3))
    result = evaluate(framework, UNITS, raw, Method())
    found = steps(result, "b", x=2)
    assert found["x", "best"].reason == "no_panel"  # two, and both the same
    assert found["x", "last_best"].reason is None  # two that can be compared
    assert [found["y", kind].reason for kind in ("best", "tenth_of_range")] == ["constant"] * 2
    assert found["z", "best"].reason == "no_value"
    assert found["v", "best"].reason == "no_weight"
    assert found["v", "best"].gain == 0
    assert steps(result, "a")["x", "tenth_of_range"].reason == "no_panel"


def test_a_figure_that_wins_no_place_brings_nothing_where_places_count() -> None:
    method = Method(normalisation=Normalisation("percentile_rank"))
    result = evaluate(flat(Node("x", "root")), UNITS, column(0, 1, 100), method)
    step = steps(result, "b")["x", "tenth_of_range"]
    assert (step.figure, step.gain, step.reason) == (11, 0, "no_gain")


def test_a_target_that_is_capped_is_a_goalpost() -> None:
    how = Normalisation("distance_to_target", cap=True)
    framework = flat(Node("x", "root", target=50))
    result = evaluate(framework, UNITS, column(0, 60, 70), Method(normalisation=how))
    assert reasons(result, "b")[0] == "beyond_goalpost"


def test_a_step_that_a_geometric_mean_cannot_take_is_said_to_be_one() -> None:
    framework = flat(*(Node(code, "root", goalposts=PERCENT) for code in "xy"))
    method = Method(normalisation=Normalisation("goalposts"), aggregation=Aggregation("geometric"))
    result = evaluate(framework, ["a", "b"], table((NA, 25), (50, 25)), method)
    step = steps(result, "a", x=0)["x", "last_best"]
    assert (step.figure, step.gain, step.rank_after, step.reason) == (0, None, None, "not_positive")


def test_a_unit_without_a_score_has_no_steps() -> None:
    method = Method(missing=Missing(screen_units_below=1.0))
    result = evaluate(flat(Node("x", "root")), UNITS, column(1, 2, NA), method)
    found = leverage(result, "c")
    assert (found.steps, found.reason, found.rival, found.gap) == (
        (),
        "unit_not_ranked",
        None,
        None,
    )


def test_a_unit_alone_has_no_rival() -> None:
    result = evaluate(flat(Node("x", "root", goalposts=PERCENT)), ["a"], column(50), POSTS)
    found = leverage(result, "a", {"x": 60})
    assert (found.rival, found.gap) == (None, None)
    assert (found.steps[2].gain, found.steps[2].gap_change) == (10, None)


@pytest.mark.parametrize(
    ("unit", "last", "message"),
    [("z", {}, "no unit z"), ("a", {"z": 1.0}, "no leaf z"), ("a", {"x": np.inf}, "not a figure")],
)
def test_what_is_unknown_is_refused(unit: str, last: dict[str, float], message: str) -> None:
    result = evaluate(flat(Node("x", "root")), UNITS, column(1, 2, 3), Method())
    with pytest.raises(DataError, match=message):
        leverage(result, unit, last)
