"""The tree that an index is added up along, refused when it is not one."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from shared.composite.errors import FrameworkError

Direction = Literal["higher", "lower"]


@dataclass(frozen=True)
class Node:
    """A root, sub-index, pillar, group, indicator or component: any place in the tree.

    ``weight`` counts among the siblings only, so 1 : 0.5 : 0.5 and 2 : 1 : 1 are the same.
    ``direction`` ("lower" = a lower figure is better) and ``goalposts`` (the figures that score
    worst and best, or best and worst for "lower", in the leaf's own unit) are read for leaves
    only. ``kind`` is a label the arithmetic never looks at.
    """

    code: str
    parent: str | None
    weight: float = 1.0
    direction: Direction = "higher"
    goalposts: tuple[float, float] | None = None
    kind: str = ""


@dataclass(frozen=True, eq=False)
class Level:
    """All siblings of one depth, laid out so that one ``reduceat`` adds them up per parent.

    Numbers are positions in ``Framework.nodes``: ``children`` (c,) stand parent by parent,
    ``starts`` (p,) says where the children of each of ``parents`` (p,) begin, ``owner`` (c,) is
    each child's position in ``parents``, ``weights`` (c,) are relative to the siblings.
    """

    parents: NDArray[np.intp]
    children: NDArray[np.intp]
    starts: NDArray[np.intp]
    owner: NDArray[np.intp]
    weights: NDArray[np.float64]


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
    def root(self) -> Node:
        return next(node for node in self.nodes if node.parent is None)

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """Deepest first, so that every child is known before its parent."""
        children = _children(self.nodes, self.index)
        weights = np.array([node.weight for node in self.nodes], dtype=np.float64)
        generations = _generations(children, self.index[self.root.code])
        return tuple(
            _level([parent for parent in generation if children[parent]], children, weights)
            for generation in reversed(generations[:-1])
        )


def _level(
    parents: Sequence[int], children: Sequence[Sequence[int]], weights: NDArray[np.float64]
) -> Level:
    sizes = [len(children[parent]) for parent in parents]
    siblings = np.array([c for parent in parents for c in children[parent]], dtype=np.intp)
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1])).astype(np.intp)
    owner = np.repeat(np.arange(len(parents), dtype=np.intp), sizes)
    heaviest = np.maximum.reduceat(weights[siblings], starts)
    # A power of two changes no digit of a weight, and keeps sums away from overflow.
    scaled = np.ldexp(weights[siblings], -np.frexp(heaviest)[1][owner])
    return Level(np.array(parents, dtype=np.intp), siblings, starts, owner, scaled)


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
