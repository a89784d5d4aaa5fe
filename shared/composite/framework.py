"""The tree that an index is added up along, refused when it is not one."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, groupby
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from shared.composite.errors import FrameworkError
from shared.composite.method import Treatment

Direction = Literal["higher", "lower"]
Figures = NDArray[np.float64]


@dataclass(frozen=True)
class Node:
    """A root, sub-index, pillar, group, indicator or component: any place in the tree.

    ``weight`` counts among the siblings only, so 1 : 0.5 : 0.5 and 2 : 1 : 1 are the same.
    The others are read for leaves only, figures in the leaf's own unit:

    - ``direction``: "lower" = a lower figure is better.
    - ``goalposts``: the figures that score worst and best, or best and worst for "lower".
    - ``bounds``: what a figure can be at all; None where there is no end. No score depends on it.
    - ``target``: the figure that "distance_to_target" measures against.
    - ``treatment``: instead of the method's.

    ``kind`` is a label the arithmetic never looks at.
    """

    code: str
    parent: str | None
    weight: float = 1.0
    direction: Direction = "higher"
    goalposts: tuple[float, float] | None = None
    kind: str = ""
    bounds: tuple[float | None, float | None] | None = None
    target: float | None = None
    treatment: Treatment | None = None


class Family(NamedTuple):
    """A parent and its children, by their positions in ``Framework.nodes``.

    ``depth`` is the parent's, 0 for the root. ``weights`` are relative to the siblings and scaled
    by a power of two, which changes no digit and keeps sums away from overflow.
    """

    parent: int
    depth: int
    children: tuple[int, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Level:
    """All families of one depth, laid out so that a whole level is added up at once.

    ``parents`` (p,) stand by falling number of children. ``children`` (c,) are all first children,
    then all second ones, …: ``steps`` says where each such row begins and ends, and its k-th child
    belongs to the k-th parent; ``owner`` (c,) is that parent's place in ``parents``. Positions are
    those in ``Framework.nodes``; ``weights`` is (c, 1).
    """

    depth: int
    parents: NDArray[np.intp]
    children: NDArray[np.intp]
    owner: NDArray[np.intp]
    weights: NDArray[np.float64]
    steps: tuple[tuple[int, int], ...]

    def added_up(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum ``values`` (c, …) of the children per parent, child after child: (p, …)."""
        start, end = self.steps[0]
        total = values[start:end].copy()
        for start, end in self.steps[1:]:
            total[: end - start] += values[start:end]
        return total


@dataclass(frozen=True)
class Framework:
    """A tree of nodes of any depth, in the order in which results list them.

    Raises ``FrameworkError`` naming the node: no or several roots, an unknown parent, a cycle, a
    code used twice, a weight that is negative or not finite, siblings that all weigh zero, or
    goalposts that are not two finite figures, the lower first.
    """

    nodes: tuple[Node, ...]

    def __post_init__(self) -> None:
        _check_codes(self.nodes)
        for node in self.nodes:
            _check_node(node)
        _check_tree(self.nodes, self.index)
        _check_sibling_weights(self.nodes)

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Position of every code in ``nodes``: the column of the node in a result."""
        return {node.code: position for position, node in enumerate(self.nodes)}

    @cached_property
    def leaves(self) -> tuple[Node, ...]:
        """Nodes without children, in given order: the columns of the raw figures."""
        parents = {node.parent for node in self.nodes}
        return tuple(node for node in self.nodes if node.code not in parents)

    @cached_property
    def leaf_index(self) -> Mapping[str, int]:
        """Position of every leaf's code in ``leaves``."""
        return {leaf.code: position for position, leaf in enumerate(self.leaves)}

    @cached_property
    def leaf_positions(self) -> NDArray[np.intp]:
        """Shape (leaves,): the position of every leaf in ``nodes``."""
        return np.array([self.index[leaf.code] for leaf in self.leaves], dtype=np.intp)

    @cached_property
    def measures(self) -> tuple[NDArray[np.bool_], Figures, Figures, Figures]:
        """Of each leaf, (leaves,): whether lower is better, low and high goalpost, target; NaN = none."""
        posts = [leaf.goalposts or (np.nan, np.nan) for leaf in self.leaves]
        targets = [np.nan if leaf.target is None else leaf.target for leaf in self.leaves]
        return (
            np.array([leaf.direction == "lower" for leaf in self.leaves], dtype=np.bool_),
            np.array([low for low, _ in posts], dtype=np.float64),
            np.array([high for _, high in posts], dtype=np.float64),
            np.array(targets, dtype=np.float64),
        )

    @cached_property
    def root(self) -> Node:
        return next(node for node in self.nodes if node.parent is None)

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """Deepest first, so that every child is known before its parent."""
        children = _children(self.nodes, self.index)
        generations = _generations(children, self.index[self.root.code])
        return tuple(
            _family(parent, depth, children[parent], self.nodes)
            for depth, generation in reversed(list(enumerate(generations)))
            for parent in generation
            if children[parent]
        )

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """``families`` of equal depth together, deepest first."""
        return tuple(
            _level(depth, sorted(families, key=lambda family: -len(family.children)))
            for depth, families in groupby(self.families, key=lambda family: family.depth)
        )

    @cached_property
    def depth(self) -> Mapping[str, int]:
        """How far each node is from the root, which is 0."""
        found = {self.root.code: 0}
        for family in reversed(self.families):
            for child in family.children:
                found[self.nodes[child].code] = family.depth + 1
        return found

    @cached_property
    def path(self) -> Mapping[str, tuple[Family, ...]]:
        """Families from each leaf up to the root: what a change of the leaf can reach."""
        above = {child: family for family in self.families for child in family.children}
        paths = {}
        for leaf in self.leaves:
            path, position = [], self.index[leaf.code]
            while position in above:
                path.append(above[position])
                position = path[-1].parent
            paths[leaf.code] = tuple(path)
        return paths


def _family(parent: int, depth: int, children: Sequence[int], nodes: Sequence[Node]) -> Family:
    weights = [nodes[child].weight for child in children]
    exponent = math.frexp(max(weights))[1]
    return Family(parent, depth, tuple(children), tuple(math.ldexp(w, -exponent) for w in weights))


def _level(depth: int, families: Sequence[Family]) -> Level:
    rows = [
        [(owner, family) for owner, family in enumerate(families) if place < len(family.children)]
        for place in range(len(families[0].children))
    ]
    ends = list(accumulate(len(row) for row in rows))
    return Level(
        depth=depth,
        parents=np.array([family.parent for family in families], dtype=np.intp),
        children=np.array(
            [family.children[k] for k, row in enumerate(rows) for _, family in row], dtype=np.intp
        ),
        owner=np.array([owner for row in rows for owner, _ in row], dtype=np.intp),
        weights=np.array([[family.weights[k]] for k, row in enumerate(rows) for _, family in row]),
        steps=tuple(zip([0, *ends[:-1]], ends, strict=True)),
    )


def _children(nodes: Sequence[Node], index: Mapping[str, int]) -> list[list[int]]:
    children: list[list[int]] = [[] for _ in nodes]
    for position, node in enumerate(nodes):
        if node.parent is not None:
            children[index[node.parent]].append(position)
    return children


def _generations(children: Sequence[Sequence[int]], root: int) -> list[list[int]]:
    """Positions by depth, the root first. Iterative: depth is data and must not meet a limit."""
    generations = [[root]]
    while following := [child for parent in generations[-1] for child in children[parent]]:
        generations.append(following)
    return generations


def _check_codes(nodes: Sequence[Node]) -> None:
    if not nodes:
        raise FrameworkError("A framework needs at least one node.")
    counts = Counter(node.code for node in nodes)
    for code, count in counts.items():
        if not code:
            raise FrameworkError("A node has an empty code.", node=code)
        if count > 1:
            raise FrameworkError(f"Node {code}: the code is used {count} times.", node=code)


def _check_node(node: Node) -> None:
    if not (math.isfinite(node.weight) and node.weight >= 0):
        raise FrameworkError(
            f"Node {node.code}: the weight {node.weight} is not a number of zero or more.",
            node=node.code,
        )
    if node.direction not in get_args(Direction):
        raise FrameworkError(
            f"Node {node.code}: the direction {node.direction!r} is not 'higher' or 'lower'.",
            node=node.code,
        )
    if node.goalposts is not None and not _are_bounds(node.goalposts):
        raise FrameworkError(
            f"Node {node.code}: the goalposts {node.goalposts} are not two finite figures, "
            "the lower first.",
            node=node.code,
        )
    if node.bounds is not None and not _is_span(node.bounds):
        raise FrameworkError(
            f"Node {node.code}: the bounds {node.bounds} are not two figures, the lower first.",
            node=node.code,
        )
    if node.target is not None and not math.isfinite(node.target):
        raise FrameworkError(
            f"Node {node.code}: the target {node.target} is not a figure.", node=node.code
        )


def _is_span(bounds: tuple[float | None, float | None]) -> bool:
    low, high = bounds
    finite = all(bound is None or math.isfinite(bound) for bound in bounds)
    return finite and (low is None or high is None or low <= high)


def _are_bounds(bounds: tuple[float, float]) -> bool:
    # The difference is divided by, so it must be finite too.
    return len(bounds) == 2 and bounds[0] < bounds[1] and math.isfinite(bounds[1] - bounds[0])  # noqa: PLR2004 - a pair


def _check_tree(nodes: Sequence[Node], index: Mapping[str, int]) -> None:
    for node in nodes:
        if node.parent is not None and node.parent not in index:
            raise FrameworkError(
                f"Node {node.code}: there is no parent {node.parent}.", node=node.code
            )
    roots = [node.code for node in nodes if node.parent is None]
    if len(roots) > 1:
        raise FrameworkError(
            f"Node {roots[1]}: a second root beside {roots[0]}; there must be exactly one.",
            node=roots[1],
        )
    reached = (
        {position for g in _generations(_children(nodes, index), index[roots[0]]) for position in g}
        if roots
        else set()
    )
    stray = next((node for position, node in enumerate(nodes) if position not in reached), None)
    if stray is not None:
        loop = _loop_above(stray, nodes, index)
        raise FrameworkError(
            f"Node {loop[0]}: its parents form a cycle, {' < '.join([*loop, loop[0]])}.",
            node=loop[0],
        )


def _loop_above(stray: Node, nodes: Sequence[Node], index: Mapping[str, int]) -> list[str]:
    """Codes of the cycle that a node no root leads to must have above it."""
    path = [stray.code]
    while True:
        parent = nodes[index[path[-1]]].parent
        assert parent is not None, "a path that ends in a root was reached from it"
        if parent in path:
            return path[path.index(parent) :]
        path.append(parent)


def _check_sibling_weights(nodes: Sequence[Node]) -> None:
    heaviest: dict[str, float] = {}
    for node in nodes:
        if node.parent is not None:
            heaviest[node.parent] = max(heaviest.get(node.parent, 0.0), node.weight)
    for parent, weight in heaviest.items():
        if weight == 0:
            raise FrameworkError(f"Node {parent}: its children all weigh zero.", node=parent)
