import math

import numpy as np
import pytest

from shared.composite import Framework, FrameworkError, Method, Node, evaluate
from tests.shared.composite.build import MIXED, PERCENT, column

ROOT = Node("root", None)


def test_leaves_are_the_childless_nodes_in_given_order() -> None:
    framework = Framework(
        (
            Node("2.1", "2"),
            ROOT,
            Node("1.2", "1"),
            Node("1", "root"),
            Node("1.1", "1"),
            Node("2", "root"),
            Node("3", "root"),
        )
    )
    assert [leaf.code for leaf in framework.leaves] == ["2.1", "1.2", "1.1", "3"]
    assert framework.leaf_positions.tolist() == [0, 2, 4, 6]
    assert framework.root == ROOT


TWO_PILLARS = Framework(
    (
        ROOT,
        Node("1", "root", 0.5),
        Node("2", "root", 1.0),
        Node("1.1", "1"),
        Node("2.1", "2"),
        Node("2.2", "2", 3.0),
        Node("3", "root", 0.25),
    )
)


def test_levels_come_deepest_first_and_say_who_is_added_to_whom() -> None:
    deep, top = TWO_PILLARS.levels
    assert (deep.depth, top.depth) == (1, 0)
    # The larger family first: 2 (2.1, 2.2), then 1 (1.1). First children, then second ones.
    assert deep.parents.tolist() == [2, 1]
    assert deep.children.tolist() == [4, 3, 5]
    assert deep.owner.tolist() == [0, 1, 0]
    assert deep.steps == ((0, 2), (2, 3))
    assert deep.added_up(np.array([[1.0], [10.0], [100.0]])).tolist() == [[101], [10]]
    assert top.children.tolist() == [1, 2, 6]
    assert (top.weights / top.weights[1]).tolist() == [[0.5], [1], [0.25]]


def test_depth_counts_from_the_root() -> None:
    assert TWO_PILLARS.depth == {"root": 0, "1": 1, "2": 1, "3": 1, "1.1": 2, "2.1": 2, "2.2": 2}


def test_a_path_leads_from_the_leaf_to_the_root() -> None:
    deep, top = TWO_PILLARS.path["2.1"]
    assert (deep.parent, deep.depth, deep.children) == (2, 1, (4, 5))
    assert (top.parent, top.depth, top.children) == (0, 0, (1, 2, 6))
    assert deep.weights[1] == 3 * deep.weights[0]
    assert [family.parent for family in TWO_PILLARS.path["3"]] == [0]


def test_a_root_alone_is_its_own_leaf() -> None:
    result = evaluate(Framework((Node("all", None, goalposts=PERCENT),)), ["a"], column(40), MIXED)
    assert result.scores.tolist() == result.contribution.tolist() == [[40.0]]
    assert result.coverage.tolist() == result.weights.tolist() == [[1.0]]


def test_a_tree_may_be_deeper_than_the_interpreter_can_recurse() -> None:
    chain = [Node(str(depth), str(depth - 1)) for depth in range(1, 3000)]
    framework = Framework((Node("0", None), *chain))
    result = evaluate(framework, ["a", "b"], column(1, 2), Method())
    assert result.scores[:, result.node("0")].tolist() == [0.0, 100.0]


@pytest.mark.parametrize(
    ("nodes", "culprit", "says"),
    [
        pytest.param((), None, "at least one", id="empty"),
        pytest.param((ROOT, Node("", "root")), "", "empty code", id="empty code"),
        pytest.param((ROOT, Node("top", None)), "top", "second root beside root", id="two roots"),
        pytest.param((ROOT, Node("1", "9")), "1", "no parent 9", id="unknown parent"),
        pytest.param((Node("1", "1"),), "1", "cycle, 1 < 1", id="own parent"),
        pytest.param(
            (ROOT, Node("1.1", "1"), Node("1", "2"), Node("2", "1")),
            "1",
            "cycle, 1 < 2 < 1",
            id="cycle beside a root",
        ),
        pytest.param((Node("a", "b"), Node("b", "a")), "a", "cycle", id="no root at all"),
        pytest.param((ROOT, Node("1", "root"), Node("1", "root")), "1", "2 times", id="twice"),
        pytest.param((ROOT, Node("1", "root", -0.5)), "1", "weight -0.5", id="negative weight"),
        pytest.param((ROOT, Node("1", "root", math.nan)), "1", "weight nan", id="NaN weight"),
        pytest.param((ROOT, Node("1", "root", math.inf)), "1", "weight inf", id="infinite weight"),
        pytest.param(
            (ROOT, Node("1", "root"), Node("1.1", "1", 0.0), Node("1.2", "1", 0.0)),
            "1",
            "all weigh zero",
            id="weightless siblings",
        ),
        pytest.param(
            (ROOT, Node("1", "root", direction="up")),  # type: ignore[arg-type]
            "1",
            "'up'",
            id="direction",
        ),
        pytest.param(
            (ROOT, Node("1", "root", goalposts=(5.0, 5.0))), "1", "goalposts", id="equal goalposts"
        ),
        pytest.param(
            (ROOT, Node("1", "root", goalposts=(9.0, 5.0))), "1", "goalposts", id="goalposts turned"
        ),
        pytest.param(
            (ROOT, Node("1", "root", goalposts=(0.0, math.inf))), "1", "goalposts", id="no end"
        ),
        pytest.param(
            (ROOT, Node("1", "root", goalposts=(math.nan, 1.0))), "1", "goalposts", id="NaN goal"
        ),
        pytest.param(
            (ROOT, Node("1", "root", goalposts=(-1e308, 1e308))), "1", "goalposts", id="too wide"
        ),
        pytest.param((ROOT, Node("1", "root", target=math.inf)), "1", "target inf", id="target"),
        pytest.param((ROOT, Node("1", "root", bounds=(9.0, 5.0))), "1", "bounds", id="bounds"),
        pytest.param((ROOT, Node("1", "root", bounds=(None, math.nan))), "1", "bounds", id="NaN"),
    ],
)
def test_what_is_no_tree_is_refused_with_the_name_of_the_node(
    nodes: tuple[Node, ...], culprit: str | None, says: str
) -> None:
    with pytest.raises(FrameworkError, match=says) as refusal:
        Framework(nodes)
    assert refusal.value.node == culprit
    if culprit:
        assert f"Node {culprit}: " in str(refusal.value)
