"""The questions themselves, from what was sent to what the engine answers. Pure: a run in, a dictionary out."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from services.api.index.recall import RecalledRun
from services.api.questions.schemas import WhatIfQuestion
from shared.composite import (
    Change,
    Defence,
    Least,
    Leverage,
    ShortestList,
    Side,
    Target,
    Threats,
    WhatIf,
    defence,
    difference,
    least_figure,
    leverage,
    shortest_list,
    threats,
    what_if,
)
from shared.composite.plan import Plan
from shared.errors import InvalidError
from shared.exchange.uncertainty import uncertainty_document


class QuestionError(InvalidError):
    """The question cannot be asked of this run.

    Không thể đặt câu hỏi này cho lần tính đã chọn.
    """


def changes_of(run: RecalledRun, question: WhatIfQuestion) -> list[Change]:
    """Read the changed figures; one that cannot be is refused with its place."""
    made = []
    for number, change in enumerate(question.changes):
        where = f"/changes/{number}"
        unit = run.own if change.unit is None else change.unit
        check_unit(run, unit, f"{where}/unit")
        check_leaf(run, change.code, f"{where}/code")
        _check_bounds(run, change.code, change.value, f"{where}/value")
        made.append(Change(unit, change.code, change.value))
    for number, unit in enumerate(question.units):
        check_unit(run, unit, f"/units/{number}")
    return made


def check_unit(run: RecalledRun, unit: str, pointer: str) -> None:
    if unit not in run.inputs.units:
        raise QuestionError(
            f"The run has no locality {unit}.",
            vi=f"Lần tính không có địa phương {unit}.",
            pointer=pointer,
        )


def check_leaf(run: RecalledRun, code: str, pointer: str) -> None:
    if code not in run.result.framework.leaf_index:
        raise QuestionError(
            f"The run has no indicator without components, and no component, {code}.",
            vi=f"Lần tính không có chỉ số (không chia hạng mục) hoặc hạng mục {code}.",
            pointer=pointer,
        )


def _check_bounds(run: RecalledRun, code: str, value: float | None, pointer: str) -> None:
    framework = run.result.framework
    low, high = framework.leaves[framework.leaf_index[code]].bounds or (None, None)
    if value is not None and (
        (low is not None and value < low) or (high is not None and value > high)
    ):
        raise QuestionError(
            f"{value} is outside the bounds of {code}.",
            vi=f"{value} nằm ngoài giới hạn của {code}.",
            pointer=pointer,
        )


def ask_what_if(
    run: RecalledRun, changes: Sequence[Change], units: Sequence[str]
) -> dict[str, Any]:
    found: WhatIf = what_if(run.result, changes, units)
    return {"changes": found.changes, "units": found.units, "moved": found.moved}


def best_figures(run: RecalledRun | None) -> dict[str, float | None]:
    """Give each leaf's best figure in a run, last year's for example."""
    if run is None:
        return {}
    figures = run.result.raw
    known = ~np.all(np.isnan(figures), axis=0)
    return {
        leaf.code: float(
            np.nanmin(figures[:, column])
            if leaf.direction == "lower"
            else np.nanmax(figures[:, column])
        )
        for column, leaf in enumerate(run.result.framework.leaves)
        if known[column]
    }


def ask_leverage(run: RecalledRun, last_best: Mapping[str, float | None]) -> Leverage:
    known = {
        code: figure
        for code, figure in last_best.items()
        if code in run.result.framework.leaf_index
    }
    return leverage(run.result, run.own, known)


def ask_defence(
    run: RecalledRun, to: Literal["own", "best"], limit: int
) -> tuple[Defence, Threats]:
    return (
        defence(run.result, run.own, to=to, limit=limit),
        threats(run.result, run.own, limit=limit),
    )


def ask_least(run: RecalledRun, code: str, target: Target) -> Least:
    return least_figure(run.result, run.own, code, target)


def ask_list(
    run: RecalledRun, target: Target, order: Sequence[str] | None, to: Literal["best", "bound"]
) -> ShortestList:
    """Go through the leaves in the given order or, without one, what gains most first."""
    return shortest_list(
        run.result, run.own, target, by_gain(run) if order is None else order, to=to
    )


def by_gain(run: RecalledRun) -> list[str]:
    gains = {
        step.leaf: step.gain or 0.0
        for step in leverage(run.result, run.own).steps
        if step.kind == "best"
    }
    return sorted(gains, key=lambda code: -gains[code])


def side(run: RecalledRun) -> Side:
    inputs = run.inputs
    return Side(inputs.framework, inputs.method, inputs.units, inputs.values, inputs.own_unit)


def ask_difference(before: RecalledRun, after: RecalledRun) -> dict[str, Any]:
    found = difference(side(before), side(after))
    return {
        "root": found.root,
        "nodes": found.nodes,
        "added": found.added,
        "dropped": found.dropped,
        "own_figures": _own_changes(before, after),
        "others_changed": _others_changed(before, after),
        "method_changed": before.inputs.method != after.inputs.method
        or before.inputs.framework != after.inputs.framework,
    }


def _own_changes(before: RecalledRun, after: RecalledRun) -> list[dict[str, Any]]:
    """List the city's figures that are others now, each with where it came from."""
    changes = []
    for code in after.inputs.own.keys() | before.inputs.own.keys():
        old, new = before.inputs.own.get(code), after.inputs.own.get(code)
        if (old and old.value) != (new and new.value):
            changes.append(
                {
                    "code": code,
                    "before": old and old.value,
                    "after": new and new.value,
                    "source_before": old and old.source,
                    "source_after": new and new.source,
                    "submissions": [] if new is None else list(new.submissions),
                }
            )
    order = after.result.framework.index
    return sorted(
        changes, key=lambda change: (order.get(change["code"], len(order)), change["code"])
    )


def _others_changed(before: RecalledRun, after: RecalledRun) -> int:
    """Count the figures of other localities that are not the same on both sides."""
    old, new = _others(before), _others(after)
    return sum(old.get(place) != new.get(place) for place in old.keys() | new.keys())


def _others(run: RecalledRun) -> dict[tuple[str, str], float]:
    inputs = run.inputs
    return {
        (unit, leaf.code): float(inputs.values[row, column])
        for row, unit in enumerate(inputs.units)
        if row != inputs.own_row
        for column, leaf in enumerate(inputs.framework.leaves)
        if not np.isnan(inputs.values[row, column])
    }


def ask_uncertainty(run: RecalledRun, plan: Mapping[str, Any]) -> dict[str, Any]:
    return uncertainty_document(run.result, Plan.from_dict(plan), own=run.own)
