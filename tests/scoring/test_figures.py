"""Which figure counts for the city, and where it comes from."""

from uuid import UUID, uuid4

import numpy as np
import pytest

from services.scoring.figures import OwnFigure, composite_framework, leaves_of, matrix, own_figures
from shared.models import Node


def node(code: str, parent: Node | None = None, supply: str = "unknown") -> tuple[Node, str | None]:
    made = Node(
        id=uuid4(), code=code, parent_id=parent.id if parent else None, kind="indicator", weight=1.0,
        direction="higher", supply=supply, goalpost_min=None, goalpost_max=None,
    )  # fmt: skip
    return made, parent.code if parent else None


def own(
    submitted: list[float | None], central: float | None = None, supply: str = "unknown"
) -> OwnFigure:
    leaf, _ = node("a", supply=supply)
    accepted = [(leaf.id, UUID(int=number), value) for number, value in enumerate(submitted)]
    panel = {} if central is None else {leaf.id: central}
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
        ([], 9.0, "unknown", 9.0, "panel", None),
        ([], 9.0, "central", 9.0, "panel", None),
        ([], 0.0, "central", 0.0, "panel", None),
        ([], 9.0, "local", None, None, "not_supplied"),
        ([], None, "central", None, None, "not_supplied"),
    ],
)
def test_an_accepted_figure_comes_first_and_none_is_invented(
    submitted: list[float | None],
    central: float | None,
    supply: str,
    value: float | None,
    source: str | None,
    reason: str | None,
) -> None:
    figure = own(submitted, central, supply)
    assert (figure.value, figure.source, figure.reason) == (value, source, reason)
    assert len(figure.submissions) == len(submitted)


def test_leaves_are_what_has_nothing_below() -> None:
    top = node("top")
    middle, lonely = node("1", top[0]), node("2", top[0])
    low = node("1.1", middle[0])
    assert [leaf.code for leaf in leaves_of([top, middle, lonely, low])] == ["2", "1.1"]


def test_the_matrix_has_the_city_among_the_others_and_nan_where_there_is_no_figure() -> None:
    top = node("top")
    rows = [top, node("1", top[0]), node("2", top[0])]
    leaves = leaves_of(rows)
    panel = [("b", leaves[0].id, 4.0), ("ha-noi", leaves[0].id, 9.0), ("z", leaves[1].id, 0.0)]
    figures = {"1": OwnFigure(None, None), "2": OwnFigure(7.0, "submission")}
    made = matrix(composite_framework(rows), leaves, panel, figures, own_code="ha-noi")
    assert (made.units, made.own_row) == (("b", "ha-noi", "z"), 1)
    expected = [[4.0, np.nan], [np.nan, 7.0], [np.nan, 0.0]]
    np.testing.assert_array_equal(made.values, expected)
