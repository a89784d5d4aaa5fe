"""Who can hurt a unit, with which figure, and how little it takes."""

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
    defence,
    evaluate,
    threats,
)
from tests.shared.composite.build import NA, PERCENT, column, flat, table
from tests.shared.composite.runs import again, runs

UNITS = ["a", "b", "c"]


def run_with(result: Result, unit: str, leaf: str, figure: float) -> Result:
    raw = result.raw.copy()
    raw[result.unit(unit), result.leaf(leaf)] = figure
    return again(result, raw)


@settings(max_examples=12, deadline=None)
@given(runs((2, 7)), st.sampled_from(("own", "best")), st.data())
def test_every_attack_is_a_run_on_the_rivals_figure(
    result: Result, to: str, data: st.DataObject
) -> None:
    unit = data.draw(st.sampled_from(result.units))
    root, row = result.node("0"), result.unit(unit)
    found = defence(result, unit, "own" if to == "own" else "best", limit=5)
    for attack in found.attacks:
        run = run_with(result, attack.rival, attack.leaf, attack.figure)
        rival = result.unit(attack.rival)
        assert attack.gap_after == run.scores[row, root] - run.scores[rival, root]
        assert attack.damage == attack.gap_before - attack.gap_after
        assert attack.rank_after == run.ranks[row, root]
    damages = [attack.damage for attack in found.attacks]
    assert damages == sorted(damages, reverse=True)
    assert len(damages) <= min(5, found.considered)


@settings(max_examples=12, deadline=None)
@given(runs((2, 7)), st.data())
def test_a_threat_takes_the_rank_and_the_figure_just_before_it_does_not(
    result: Result, data: st.DataObject
) -> None:
    unit = data.draw(st.sampled_from(result.units))
    root, row = result.node("0"), result.unit(unit)
    found = threats(result, unit, limit=3)
    for threat in found.threats:
        run = run_with(result, threat.rival, threat.leaf, threat.figure)
        assert run.ranks[row, root] == threat.rank_after > threat.rank_before
        assert run.scores[row, root] == threat.own_score
        if threat.figure_short is None:
            assert threat.figure_before is None
            continue
        lower = result.framework.leaves[result.leaf(threat.leaf)].direction == "lower"
        assert (threat.figure_short > threat.figure) == lower
        try:
            held = run_with(result, threat.rival, threat.leaf, threat.figure_short)
        except DataError:
            continue
        assert held.ranks[row, root] <= threat.rank_before
    shares = [threat.share for threat in found.threats]
    assert shares == sorted(shares)


@settings(max_examples=6, deadline=None)
@given(runs((7,)), st.data())
def test_the_smallest_threat_is_the_same_however_many_are_asked_for(
    result: Result, data: st.DataObject
) -> None:
    unit = data.draw(st.sampled_from(result.units))
    every = threats(result, unit, limit=1000).threats
    one = threats(result, unit, limit=1).threats
    assert [threat.share for threat in one] == [threat.share for threat in every[:1]]


def test_catching_up_worked_out_by_hand() -> None:
    """Posts 0 to 100. a 80 and 60, b 40 and 90, c 70 and -; roots 70, 65, 70.

    To a's own: b's x 40 -> 80 makes b 85, 20 more; c's x 70 -> 80 makes it 80; c's y - -> 60: 65.
    """
    framework = flat(*(Node(code, "root", goalposts=PERCENT) for code in "xy"))
    result = evaluate(
        framework,
        UNITS,
        table((80, 60), (40, 90), (70, NA)),
        Method(normalisation=Normalisation("goalposts")),
    )
    found = defence(result, "a")
    assert [
        (attack.rival, attack.leaf, attack.gap_before, attack.gap_after, attack.rank_lost)
        for attack in found.attacks
    ] == [("b", "x", 5, -15, True), ("c", "x", 0, -10, True), ("c", "y", 0, 5, False)]
    assert [attack.damage for attack in found.attacks] == [20, 10, -5]
    assert found.attacks[2].figure_before is None
    assert (found.considered, found.place.tied) == (3, ("c",))
    to_best = defence(result, "a", "best", limit=1)
    assert [(attack.rival, attack.leaf) for attack in to_best.attacks] == [("b", "x")]
    assert to_best.considered == 3


def test_catching_up_with_the_best_pushes_a_leader_down_who_is_behind_there() -> None:
    # a has 100 and 50 points, and c none. With b's 10 in y, c has 100 there, and a's 5 is the worst.
    framework = flat(Node("x", "root"), Node("y", "root"))
    result = evaluate(framework, UNITS, table((10, 5), (0, 10), (0, 0)), Method())
    found = defence(result, "a", "best")
    pairs = {(attack.rival, attack.leaf): attack.damage for attack in found.attacks}
    assert pairs == {("b", "x"): 50, ("c", "x"): 50, ("c", "y"): 75}


def test_the_least_figure_that_takes_the_first_rank_worked_out_by_hand() -> None:
    """Posts 0 to 100. a 80 and 60 is 70; b 40 and 90 is 65, and passes at more than 50 in x.

    That is 10 of a range of 50 (80 - 30), a share of 0.2; in y b is at 90 and has to pass 100:
    the bound is in the way. c 30 and 70 is 50: 40 more in x, a share of 0.8; in y 110.
    """
    framework = flat(*(Node(code, "root", goalposts=PERCENT, bounds=PERCENT) for code in "xy"))
    result = evaluate(
        framework,
        UNITS,
        table((80, 60), (40, 90), (30, 70)),
        Method(normalisation=Normalisation("goalposts")),
    )
    found = threats(result, "a")
    first, second = found.threats
    assert (first.rival, first.leaf, first.figure_before) == ("b", "x", 40)
    assert first.figure == pytest.approx(50)
    assert first.figure > 50
    assert first.share == pytest.approx(0.2)
    assert first.figure_short == np.nextafter(first.figure, 0)
    assert (first.rank_before, first.rank_after) == (1, 2)
    assert (second.rival, second.leaf) == ("c", "x")
    assert second.share == pytest.approx(0.8)
    assert (found.considered, found.dangerous) == (4, 2)


def test_without_a_bound_the_search_goes_one_range_beyond_the_best() -> None:
    # b has 0 of 10 and passes beyond a's 10, which is then less than the best.
    result = evaluate(flat(Node("x", "root")), ["a", "b"], column(10, 0), Method())
    (threat,) = threats(result, "a").threats
    assert threat.figure == pytest.approx(10)
    assert threat.figure > 10
    assert (threat.own_score, threat.rival_score) == (0, 100)
    lower = flat(Node("x", "root", direction="lower"))
    (threat,) = threats(evaluate(lower, ["a", "b"], column(0, 10), Method()), "a").threats
    assert threat.figure == pytest.approx(0, abs=1e-9)
    assert threat.figure < 0


def test_a_missing_figure_can_take_the_rank_as_soon_as_it_is_there() -> None:
    # a 90 and 50 is 70, c - and 60 is 60. With no more than the panel's worst x, 85, c has 72.5.
    framework = flat(*(Node(code, "root", goalposts=PERCENT) for code in "xy"))
    method = Method(normalisation=Normalisation("goalposts"))
    result = evaluate(framework, UNITS, table((90, 50), (85, 10), (NA, 60)), method)
    threat = threats(result, "a").threats[0]
    assert (threat.rival, threat.leaf, threat.figure_before) == ("c", "x", None)
    assert (threat.figure, threat.figure_short, threat.share) == (85, None, 0)
    assert (threat.rival_score, threat.rank_after) == (72.5, 2)


def test_a_unit_without_a_rank_has_nothing_to_defend() -> None:
    method = Method(missing=Missing(screen_units_below=1.0))
    result = evaluate(flat(Node("x", "root")), UNITS, column(1, 2, NA), method)
    assert (defence(result, "c").attacks, defence(result, "c").reason) == ((), "unit_not_ranked")
    assert (threats(result, "c").threats, threats(result, "c").reason) == ((), "unit_not_ranked")


def test_the_last_and_a_unit_alone_have_nothing_to_lose() -> None:
    result = evaluate(flat(Node("x", "root")), UNITS, column(1, 2, 3), Method())
    assert threats(result, "a").threats == ()
    alone = evaluate(flat(Node("x", "root", goalposts=PERCENT)), ["a"], column(1), Method())
    assert (threats(alone, "a").threats, defence(alone, "a").attacks) == ((), ())


def test_a_figure_for_which_there_is_no_index_takes_no_rank() -> None:
    """Geometric, x and y with posts 0 to 100, z of the panel from three figures on.

    With a z of its own, c would make it a panel, whose worst has 0 points: no mean is left.
    """
    posts = (Node(code, "root", goalposts=PERCENT, bounds=(0, 50)) for code in "xy")
    method = Method(
        normalisation=Normalisation("mixed", minimum_units=3), aggregation=Aggregation("geometric")
    )
    raw = table((50, 50, 1), (1, 1, 2), (40, 40, NA))
    result = evaluate(flat(*posts, Node("z", "root")), UNITS, raw, method)
    assert threats(result, "a").threats == ()
    assert {attack.leaf for attack in defence(result, "a").attacks} == {"x", "y"}


@pytest.mark.parametrize("limit", [0, 1001])
def test_a_list_of_another_length_is_refused(limit: int) -> None:
    result = evaluate(flat(Node("x", "root")), UNITS, column(1, 2, 3), Method())
    with pytest.raises(DataError, match="1 to 1000"):
        defence(result, "a", limit=limit)
    with pytest.raises(DataError, match="1 to 1000"):
        threats(result, "a", limit=limit)
