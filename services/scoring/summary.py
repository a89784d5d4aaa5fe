"""What people are shown of a run: scores with coverage, what is missing and why, what is assumed."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np

from services.scoring.queries import State
from shared.composite import Result
from shared.inputs import Inputs, OwnFigure
from shared.models import Node


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _shown(result: Result, node: Node, own_row: int) -> dict[str, Any]:
    column = result.node(node.code)
    return {
        "code": node.code,
        "name_vi": node.name_vi,
        "name_en": node.name_en,
        "score": _number(result.scores[own_row, column]),
        "rank": int(result.ranks[own_row, column]) or None,
        "ranked": int(result.ranked[column]),
        "coverage": float(result.coverage[own_row, column]),
        "weight": node.weight,
    }


def reason_of(result: Result, code: str, own: OwnFigure, own_row: int) -> str | None:
    """Say why a leaf has no score: the city has no figure, or nothing to measure it against."""
    if not np.isnan(result.scores[own_row, result.node(code)]):
        return None
    return own.reason or result.reason[result.leaf(code)]


def summary(
    state: State,
    result: Result,
    rows: Sequence[tuple[Node, str | None]],
    inputs: Inputs,
) -> dict[str, Any]:
    """Make the answer of ``GET /v1/index`` but for period, run and staleness."""
    own, own_row = inputs.own, inputs.own_row
    root = _shown(result, next(node for node, parent in rows if parent is None), own_row)
    missing = [
        {"code": leaf.code, "reason": reason}
        for leaf in result.framework.leaves
        if (reason := reason_of(result, leaf.code, own[leaf.code], own_row))
    ]
    leaves = len(result.framework.leaves)
    sources = [own[leaf.code].source for leaf in result.framework.leaves]
    return {
        "score": root["score"],
        "rank": root["rank"],
        "units": root["ranked"],
        "made_up": state.panel is not None and state.panel.made_up,
        "modes": dict(Counter(inputs.mode(leaf.code) for leaf in result.framework.leaves)),
        "coverage": {
            "share": (leaves - len(missing)) / leaves,
            "scored": leaves - len(missing),
            "leaves": leaves,
            "from_submissions": sources.count("submission"),
            "from_panel": sources.count("panel"),
            "missing": missing,
        },
        "assumed": assumed(state, rows),
        "subindices": [
            _shown(result, node, own_row) for node, _ in rows if node.kind == "subindex"
        ],
        "pillars": [_shown(result, node, own_row) for node, _ in rows if node.kind == "pillar"],
    }


def assumed(state: State, rows: Sequence[tuple[Node, str | None]]) -> list[str]:
    """List what the number rests on that nobody has confirmed, Vietnamese and English."""
    notes = list(state.framework.method.get("assumed", []))
    supplied = sum(
        1
        for node, _ in rows
        if node.kind == "indicator" and not node.supply_assumed and node.supply != "unknown"
    )
    indicators = sum(1 for node, _ in rows if node.kind == "indicator")
    if supplied < indicators:
        notes.append(
            f"Nguồn số liệu mới được xác nhận cho {supplied}/{indicators} chỉ số. / "
            f"Who supplies the figure is confirmed for {supplied} of {indicators} indicators."
        )
    return notes


def run_nodes(
    run_id: UUID,
    result: Result,
    rows: Sequence[tuple[Node, str | None]],
    inputs: Inputs,
) -> list[dict[str, Any]]:
    """Make the rows that explain the run: raw → score → weight in force → contribution to the index."""
    own, own_row = inputs.own, inputs.own_row
    made = []
    for node, parent in rows:
        column = result.node(node.code)
        figure = own.get(node.code)
        made.append(
            {
                "run_id": run_id,
                "code": node.code,
                "sort_key": node.sort_key,
                "kind": node.kind,
                "parent_code": parent,
                "raw": figure.value if figure else None,
                "source": figure.source if figure else None,
                "mode": inputs.mode(node.code) if figure else None,
                "score": _number(result.scores[own_row, column]),
                "rank": int(result.ranks[own_row, column]) or None,
                "ranked": int(result.ranked[column]),
                "coverage": float(result.coverage[own_row, column]),
                "weight": node.weight,
                "weight_in_force": float(result.weights[own_row, column]),
                "contribution": _number(result.contribution[own_row, column]),
                "reason": reason_of(result, node.code, figure, own_row) if figure else None,
            }
        )
    return made
