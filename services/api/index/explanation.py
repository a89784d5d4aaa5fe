"""Why a number is what it is: from the figure to the points it adds to the index."""

from typing import Any

import numpy as np

from services.api.index.recall import RecalledRun
from shared.composite import Result


def number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def place(result: Result, unit: int, code: str) -> dict[str, Any]:
    """Score and rank of a unit at a node; a rank is shown with how many have one."""
    column = result.node(code)
    return {
        "score": number(result.scores[unit, column]),
        "rank": int(result.ranks[unit, column]) or None,
        "ranked": int(result.ranked[column]),
    }


def explanation(run: RecalledRun, code: str) -> dict[str, Any]:
    result, own = run.result, run.inputs.own_row
    column = result.node(code)
    children = [node for node in result.framework.nodes if node.parent == code]
    return {
        "contribution_share": _share(result, own, column),
        "aggregation": (
            result.method.aggregation.at(result.framework.depth[code]) if children else None
        ),
        "children": [_child(result, own, node.code, node.weight) for node in children],
        "leaf": None if children else _leaf(run, code),
        "next_above": _neighbour(result, own, column, above=True),
        "next_below": _neighbour(result, own, column, above=False),
    }


def _share(result: Result, own: int, column: int) -> float | None:
    root = result.node(result.framework.root.code)
    whole = result.scores[own, root]
    if np.isnan(whole) or whole == 0:
        return None
    return number(result.contribution[own, column] / whole)


def _child(result: Result, own: int, code: str, weight: float) -> dict[str, Any]:
    column = result.node(code)
    return {
        "code": code,
        **place(result, own, code),
        "coverage": float(result.coverage[own, column]),
        "weight": weight,
        "weight_in_force": float(result.weights[own, column]),
        "contribution": number(result.contribution[own, column]),
    }


def _leaf(run: RecalledRun, code: str) -> dict[str, Any]:
    result, own = run.result, run.inputs.own_row
    column = result.leaf(code)
    leaf, done = result.framework.leaves[column], result.treatment[column]
    figure = run.inputs.own.get(code)
    return {
        "raw": number(result.raw[own, column]),
        "imputed": number(result.imputed[own, column]),
        "treated": number(result.treated[own, column]),
        "normalised": number(result.normalised[own, column]),
        "clamped": bool(result.clamped[own, column]),
        "mode": run.inputs.mode(code),
        "direction": leaf.direction,
        "goalposts": leaf.goalposts,
        "target": leaf.target,
        "submissions": [] if figure is None else list(figure.submissions),
        "treatment": {
            "kind": done.kind,
            "points": done.points,
            "units": list(done.units),
            "passes": done.passes,
        },
        "worst": _end(result, column, best=False),
        "best": _end(result, column, best=True),
    }


def _end(result: Result, column: int, *, best: bool) -> dict[str, Any] | None:
    """Give the panel's worst or best figure as the points were made of it, and whose it is."""
    figures = result.treated[:, column]
    if np.isnan(figures).all():
        return None
    greatest = best == (result.framework.leaves[column].direction == "higher")
    end = np.nanmax(figures) if greatest else np.nanmin(figures)
    units = np.flatnonzero(figures == end)
    return {
        "figure": number(end),
        "units": [result.units[unit] for unit in units[:10]],
        "count": len(units),
    }


def _neighbour(result: Result, own: int, column: int, *, above: bool) -> dict[str, Any] | None:
    """Give the unit next to the own one in rank, and how many points lie between."""
    scores, mine = result.scores[:, column], result.scores[own, column]
    others = np.flatnonzero(scores > mine if above else scores < mine)
    if np.isnan(mine) or not others.size:
        return None
    unit = others[np.argmin(np.abs(scores[others] - mine))]
    return {
        "unit": result.units[unit],
        "score": float(scores[unit]),
        "rank": int(result.ranks[unit, column]),
        "gap": float(abs(scores[unit] - mine)),
    }
