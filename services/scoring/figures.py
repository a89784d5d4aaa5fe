"""From rows to the engine's matrix: which figure counts for the city, and where each came from."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from shared.composite import Framework, Node
from shared.models import Node as NodeRow


@dataclass(frozen=True)
class OwnFigure:
    """The city's own figure of a leaf; ``source`` is null where there is none, and ``reason`` says why."""

    value: float | None
    source: str | None
    submissions: tuple[UUID, ...] = ()
    reason: str | None = None


@dataclass(frozen=True)
class Matrix:
    """Units by leaves; the city is a unit among the others."""

    units: tuple[str, ...]
    values: NDArray[np.float64]  # (units, leaves), NaN where there is no figure
    own_row: int


def composite_framework(rows: Sequence[tuple[NodeRow, str | None]]) -> Framework:
    return Framework(
        tuple(
            Node(
                code=node.code,
                parent=parent,
                weight=node.weight,
                direction="lower" if node.direction == "lower" else "higher",
                goalposts=(
                    None
                    if node.goalpost_min is None or node.goalpost_max is None
                    else (node.goalpost_min, node.goalpost_max)
                ),
                kind=node.kind,
            )
            for node, parent in rows
        )
    )


def own_figures(
    leaves: Sequence[NodeRow],
    accepted: Iterable[tuple[UUID, UUID, float | None]],
    panel: dict[UUID, float],
) -> dict[str, OwnFigure]:
    """Choose the city's figure of each leaf.

    An accepted figure comes first. Joint leads must agree: when their accepted figures differ there is
    no figure, because none may be invented. Without an accepted figure the panel's figure of the city
    counts, but not where the city itself must supply it with evidence.
    """
    by_node: dict[UUID, list[tuple[UUID, float | None]]] = defaultdict(list)
    for node_id, submission_id, value in accepted:
        by_node[node_id].append((submission_id, value))
    return {
        leaf.code: _own(by_node.get(leaf.id, []), panel.get(leaf.id), local=leaf.supply == "local")
        for leaf in leaves
    }


def _own(
    submitted: list[tuple[UUID, float | None]], central: float | None, *, local: bool
) -> OwnFigure:
    ids = tuple(submission_id for submission_id, _ in submitted)
    values = {value for _, value in submitted if value is not None}
    if len(values) == 1:
        return OwnFigure(values.pop(), "submission", ids)
    if values:
        return OwnFigure(None, None, ids, "leads_disagree")
    if submitted:
        return OwnFigure(None, None, ids, "nil_return")
    if central is not None and not local:
        return OwnFigure(central, "panel")
    return OwnFigure(None, None, (), "not_supplied")


def matrix(
    framework: Framework,
    leaves: Sequence[NodeRow],
    panel: Iterable[tuple[str, UUID, float]],
    own: dict[str, OwnFigure],
    *,
    own_code: str,
) -> Matrix:
    """Fill the matrix: the panel's localities in order of their codes, the city's row from ``own``."""
    column = {leaf.id: framework.leaf_index[leaf.code] for leaf in leaves}
    figures = list(panel)
    units = tuple(sorted({own_code, *(code for code, _, _ in figures)}))
    row = {code: number for number, code in enumerate(units)}
    values = np.full((len(units), len(framework.leaves)), np.nan)
    for code, node_id, value in figures:
        values[row[code], column[node_id]] = value
    for code, figure in own.items():
        values[row[own_code], framework.leaf_index[code]] = (
            np.nan if figure.value is None else figure.value
        )
    return Matrix(units, values, row[own_code])


def leaves_of(rows: Sequence[tuple[NodeRow, Any]]) -> list[NodeRow]:
    parents = {node.parent_id for node, _ in rows}
    return [node for node, _ in rows if node.id not in parents]
