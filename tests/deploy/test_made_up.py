"""Made-up figures say that they are, stay within the bounds and repeat to the byte."""

import json
from dataclasses import replace
from pathlib import Path

import deploy.plans
from deploy.plans.made_up import made_up_figures, made_up_panel
from deploy.plans.reader import read_plan

PLAN = read_plan(Path(deploy.plans.__file__).parent / "hanoi-2024")
PANEL = made_up_panel(PLAN.leaves, PLAN.city)
FIGURES = made_up_figures(PLAN.leaves)
OWN, *OTHERS = PANEL["localities"]


def test_the_same_seed_gives_the_same_bytes() -> None:
    again = made_up_panel(PLAN.leaves, PLAN.city, seed=234)
    assert json.dumps(again) == json.dumps(PANEL)
    assert json.dumps(made_up_figures(PLAN.leaves, seed=234)) == json.dumps(FIGURES)


def test_another_seed_gives_other_figures() -> None:
    assert made_up_panel(PLAN.leaves, PLAN.city, seed=235) != PANEL
    assert made_up_figures(PLAN.leaves, seed=235) != FIGURES


def test_the_panel_says_in_both_languages_that_it_is_made_up() -> None:
    assert PANEL["made_up"] is True
    assert "GIẢ ĐỊNH" in PANEL["source"]
    assert "MADE-UP" in PANEL["source"]
    assert set(PANEL) == {"source", "made_up", "localities"}


def test_the_own_city_stands_among_localities_that_nobody_takes_for_real() -> None:
    assert (OWN["code"], OWN["name"]) == ("ha-noi", "Hà Nội")
    assert len(OTHERS) == 62
    assert OTHERS[0]["code"] == "minh-hoa-02"
    assert OTHERS[-1]["name"] == "Địa phương minh họa 63"
    assert len({locality["code"] for locality in PANEL["localities"]}) == 63


def test_the_own_city_has_only_what_central_bodies_supply() -> None:
    central = {leaf.code for leaf in PLAN.leaves if leaf.supply == "central"}
    assert OWN["values"] == {code: FIGURES[code] for code in central}
    assert len(central) == 9
    marked = [replace(leaf, supply="central") for leaf in PLAN.leaves]
    assert made_up_panel(marked, PLAN.city)["localities"][0]["values"] == FIGURES


def test_every_figure_is_positive_within_bounds_and_short() -> None:
    for leaf in PLAN.leaves:
        known = [row["values"][leaf.code] for row in OTHERS if leaf.code in row["values"]]
        for value in (*known, FIGURES[leaf.code]):
            assert value > 0
            assert leaf.lower_bound is None or value >= leaf.lower_bound
            assert leaf.upper_bound is None or value <= leaf.upper_bound
            assert float(f"{value:.6g}") == value
        assert len(set(known)) > 30


def test_the_shares_of_the_national_product_can_be_shares_of_one_whole() -> None:
    shares = [row["values"].get("4.2.3", 0.0) for row in OTHERS]
    assert sum(shares) + FIGURES["4.2.3"] <= 100


def test_about_one_cell_in_fifty_is_missing() -> None:
    missing = 62 * 55 - sum(len(row["values"]) for row in OTHERS)
    assert 40 <= missing <= 100
    assert all(row["values"].keys() <= FIGURES.keys() for row in OTHERS)


def test_the_own_figures_are_in_the_best_quarter_and_some_lead() -> None:
    ranks = []
    for leaf in PLAN.leaves:
        values = [row["values"][leaf.code] for row in OTHERS if leaf.code in row["values"]]
        ranks.append(1 + sum(value > FIGURES[leaf.code] for value in values))
    assert max(ranks) <= 16
    assert 5 <= ranks.count(1) <= 25


def test_where_lower_is_better_the_own_figure_is_low() -> None:
    leaves = [replace(leaf, direction="lower") for leaf in PLAN.leaves]
    others = made_up_panel(leaves, PLAN.city)["localities"][1:]
    figures = made_up_figures(leaves)
    for leaf in leaves:
        values = [row["values"][leaf.code] for row in others if leaf.code in row["values"]]
        assert sum(value < figures[leaf.code] for value in values) < 16


def test_bounds_that_do_not_fit_the_unit_still_hold() -> None:
    odd = [
        replace(PLAN.leaves[0], unit="%", lower_bound=50.0, upper_bound=60.0),
        replace(PLAN.leaves[0], code="x", unit="%", lower_bound=None, upper_bound=-5.0),
        replace(PLAN.leaves[0], code="y", unit="%", lower_bound=None, upper_bound=30.0),
    ]
    figures = made_up_figures(odd)
    assert 50 <= figures[odd[0].code] <= 60
    assert figures["x"] <= -5
    assert 0 <= figures["y"] <= 30
