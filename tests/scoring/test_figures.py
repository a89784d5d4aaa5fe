"""Which figure counts for the city, and where it comes from."""

import json
from uuid import UUID, uuid4

import numpy as np
import pytest

from services.scoring.figures import Accepted, composite_framework, leaves_of, own_figures
from shared.composite import Method, Normalisation, Treatment
from shared.inputs import Inputs, OwnFigure, gathered, recalled, written
from shared.models import Node


def node(code: str, parent: Node | None = None, supply: str = "unknown") -> tuple[Node, str | None]:
    made = Node(
        id=uuid4(), code=code, parent_id=parent.id if parent else None, kind="indicator", weight=1.0,
        direction="higher", supply=supply, goalpost_min=None, goalpost_max=None, target=None,
        lower_bound=None, upper_bound=None, treatment=None, combination="all_agree",
    )  # fmt: skip
    return made, parent.code if parent else None


def own(
    submitted: list[float | str | None], central: float | None = None, supply: str = "unknown"
) -> OwnFigure:
    """Choose from figures, nil returns (None) and other kinds of answer, by name."""
    leaf, _ = node("a", supply=supply)
    accepted = []
    for number, said in enumerate(submitted):
        value = None if said is None or isinstance(said, str) else said
        answer = said if isinstance(said, str) else "nil" if said is None else "value"
        accepted.append(Accepted(leaf.code, UUID(int=number), value, answer=answer))
    panel = {} if central is None else {leaf.code: central}
    return own_figures([leaf], accepted, panel)["a"]


@pytest.mark.parametrize(
    ("submitted", "central", "supply", "value", "source", "reason"),
    [
        ([6.0], None, "unknown", 6.0, "submission", None),
        ([6.0], 9.0, "central", 6.0, "submission", None),
        ([0.0], 9.0, "unknown", 0.0, "submission", None),
        ([6.0, 6.0], None, "local", 6.0, "submission", None),
        ([6.0, None], None, "local", 6.0, "submission", None),
        ([6.0, 7.0], 9.0, "unknown", None, None, "leads_disagree"),
        ([None], 9.0, "unknown", None, None, "nil_return"),
        (["not_applicable"], 9.0, "unknown", None, None, "not_applicable"),
        (["not_applicable", None], None, "unknown", None, None, "nil_return"),
        (["not_applicable", 6.0], None, "unknown", 6.0, "submission", None),
        (["central_source"], 9.0, "unknown", 9.0, "panel", None),
        (["central_source"], 9.0, "local", 9.0, "panel", None),
        (["central_source"], None, "unknown", None, None, "central_source"),
        (["central_source", None], 9.0, "unknown", 9.0, "panel", None),
        (["central_source", 6.0], 9.0, "unknown", 6.0, "submission", None),
        ([], 9.0, "unknown", 9.0, "panel", None),
        ([], 9.0, "central", 9.0, "panel", None),
        ([], 0.0, "central", 0.0, "panel", None),
        ([], 9.0, "local", None, None, "not_supplied"),
        ([], None, "central", None, None, "not_supplied"),
    ],
)
def test_an_accepted_figure_comes_first_and_none_is_invented(
    submitted: list[float | str | None],
    central: float | None,
    supply: str,
    value: float | None,
    source: str | None,
    reason: str | None,
) -> None:
    figure = own(submitted, central, supply)
    assert (figure.value, figure.source, figure.reason) == (value, source, reason)
    assert len(figure.submissions) == len(submitted)


@pytest.mark.parametrize(
    ("combination", "parts", "value", "reason"),
    [
        ("all_agree", [("lead", 6.0), ("joint_lead", 7.0)], None, "leads_disagree"),
        ("lead", [("lead", 6.0), ("joint_lead", 7.0)], 6.0, None),
        ("lead", [("lead", None), ("joint_lead", 7.0)], None, "nil_return"),
        ("lead", [("joint_lead", 7.0)], None, "not_supplied"),
        ("mean_of_components", [("lead", 6.0), ("joint_lead", 9.0)], 7.5, None),
        ("mean_of_components", [("lead", 6.0), ("lead", 6.0), ("lead", 9.0)], 7.0, None),
        ("mean_of_components", [("lead", None), ("joint_lead", 9.0)], 9.0, None),
        ("mean_of_components", [("lead", None), ("joint_lead", None)], None, "nil_return"),
        ("mean_of_components", [], None, "not_supplied"),
    ],
)
def test_the_framework_says_how_several_leads_make_one_figure(
    combination: str,
    parts: list[tuple[str, float | None]],
    value: float | None,
    reason: str | None,
) -> None:
    leaf, _ = node("a", supply="local")
    leaf.combination = combination
    accepted = [
        Accepted("a", UUID(int=number), said, role) for number, (role, said) in enumerate(parts)
    ]
    figure = own_figures([leaf], accepted, {})["a"]
    assert (figure.value, figure.reason) == (value, reason)


def test_leaves_are_what_has_nothing_below() -> None:
    top = node("top")
    middle, lonely = node("1", top[0]), node("2", top[0])
    low = node("1.1", middle[0])
    assert [leaf.code for leaf in leaves_of([top, middle, lonely, low])] == ["2", "1.1"]


PANEL = [("b", "1", 4.0), ("ha-noi", "1", 9.0), ("z", "2", 0.0)]
OWN = {
    "1": OwnFigure(None, None, (), "not_supplied"),
    "2": OwnFigure(7.0, "submission", (UUID(int=1),)),
}


def inputs(method: Method | None = None) -> Inputs:
    top = node("top")
    framework = composite_framework([top, node("1", top[0]), node("2", top[0])])
    return gathered(framework, method or Method(), PANEL, OWN, own_code="ha-noi")


def test_the_matrix_has_the_city_among_the_others_and_nan_where_there_is_no_figure() -> None:
    made = inputs()
    assert (made.units, made.own_unit) == (("b", "ha-noi", "z"), "ha-noi")
    expected = [[4.0, np.nan], [np.nan, 7.0], [np.nan, 0.0]]
    np.testing.assert_array_equal(made.values, expected)


def test_what_was_written_down_is_read_back_and_has_the_same_hash() -> None:
    made = inputs(Method(Treatment("winsorise"), normalisation=Normalisation("mixed")))
    again = recalled(json.loads(json.dumps(written(made))), reversed(PANEL))
    assert (again.framework, again.method, again.units) == (
        made.framework,
        made.method,
        made.units,
    )
    assert again.hash() == made.hash()
    assert again.own == made.own


def test_a_run_written_before_bounds_and_treatments_is_read_too() -> None:
    made = written(inputs())
    old = {
        "framework": {
            "nodes": [
                {
                    name: stored[name]
                    for name in ("code", "parent", "weight", "direction", "goalposts", "kind")
                }
                for stored in made["nodes"]
            ]
        },
        "method": {"normalisation": "min_max", "range": [0.0, 100.0], "aggregation": "arithmetic"},
        "locality": "ha-noi",
        "own_figures": made["own_figures"],
    }
    again = recalled(old, PANEL)
    assert again.method.normalisation.kind == "mixed"
    assert again.framework == inputs().framework


def test_the_same_figures_lie_under_another_framework_by_code_or_by_the_named_source() -> None:
    top = node("top")
    other = composite_framework([top, node("2", top[0]), node("9", top[0]), node("new", top[0])])
    moved = inputs().under(other, Method(), {"9": "1"})
    expected = [[np.nan, 4.0, np.nan], [7.0, np.nan, np.nan], [0.0, np.nan, np.nan]]
    np.testing.assert_array_equal(moved.values, expected)
