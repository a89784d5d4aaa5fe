"""The index without a node: whose rank hangs on it."""

from shared.composite import Method, Node, evaluate
from shared.composite.removal import Removal, removals
from tests.shared.composite.build import NA, PERCENT, flat, points, table

UNITS = ["x", "y", "z"]


def leaf(code: str, parent: str = "root", weight: float = 1.0) -> Node:
    return Node(code, parent, weight, goalposts=PERCENT)


def test_each_leaf_is_taken_out_by_itself() -> None:
    """Nominal 60, 50, 45; without A 20, 40, 60 and without B 100, 60, 30."""
    tree = flat(leaf("A"), leaf("B"))
    raw = table([100, 20], [60, 40], [30, 60])
    found = removals(evaluate(tree, UNITS, raw, points("goalposts")), "x")
    assert found == {
        "A": Removal(4 / 3, 2, "x", 2, 0),
        "B": Removal(0.0, 0, None, 0, 0),
    }


def test_a_node_that_weighs_nothing_changes_nothing() -> None:
    tree = flat(
        *(Node("1", "root"), Node("2", "root", 0.0)),
        *(leaf("A", "1"), leaf("B", "1", 0.0), leaf("C", "2")),
    )
    raw = table([1, 9, 9], [2, 5, 5], [3, 1, 1])
    found = removals(evaluate(tree, UNITS, raw, Method()))
    for code in ("B", "2", "C"):
        assert found[code] == Removal(0.0, None, None, 0, 0)


def test_a_parent_goes_with_its_only_child() -> None:
    tree = flat(Node("1", "root"), Node("2", "root"), leaf("A", "1"), leaf("B", "2"))
    raw = table([90, 10], [50, 20], [10, 95])
    found = removals(evaluate(tree, UNITS, raw, points("goalposts")), "z")
    assert found["A"] == found["1"] == Removal(2 / 3, 0, "x", 1, 0)
    assert found["B"] == found["2"]
    assert (found["B"].own_change, found["B"].most_moved) == (2, "z")


def test_units_that_have_nothing_else_are_lost() -> None:
    tree = flat(leaf("A"), leaf("B"))
    raw = table([50, NA], [60, 1], [NA, NA])
    found = removals(evaluate(tree, UNITS, raw, points("goalposts")), "x")
    assert (found["A"].lost, found["A"].own_change) == (1, None)
    alone = evaluate(flat(leaf("A")), UNITS, table([1], [2], [3]), Method())
    assert removals(alone, "x") == {"A": Removal(None, None, None, 0, 3)}
    root = evaluate(flat(), UNITS, table([1], [2], [3]), Method())
    assert removals(root) == {}
