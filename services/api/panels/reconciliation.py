"""Our estimate beside what the ministry published, node by node."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import and_, bindparam, select

from services.api.panels.causes import ROUNDING, Child, Ours, Theirs, cause, mean_at
from services.api.panels.published import ReconciliationQuery
from services.api.periods.queries import MEANT, PeriodNotFoundError
from shared.db import Reader
from shared.errors import NotFoundError
from shared.models import Framework, Node, OfficialResult, Period, Run, RunNode


class NoRunError(NotFoundError):
    """There is no such run.

    Không có lần tính này.
    """


class NotPublishedError(NotFoundError):
    """No official results of that year are known for the city.

    Chưa có kết quả chính thức của năm đó cho thành phố.
    """


_RUN = (
    select(
        Run.id,
        Run.number,
        Run.created_at,
        Period.code.label("period"),
        Framework.year.label("framework"),
        Run.framework_id,
        Framework.locality_code,
        Run.inputs,
        Run.summary,
        Period.made_up,
    )
    .join(Period, Period.id == Run.period_id)
    .join(Framework, Framework.id == Run.framework_id)
)
ONE_RUN = _RUN.where(Run.id == bindparam("run"))
NEWEST_RUN = _RUN.where(Period.code == bindparam("period")).order_by(Run.number.desc()).limit(1)
NEWEST_OPEN = select(Period.code).where(Period.opened_at.is_not(None)).order_by(*MEANT).limit(1)
PERIOD = select(Period.id).where(Period.code == bindparam("period"))
# The names are today's: a run keeps none.
NODES = (
    select(
        RunNode.code,
        RunNode.parent_code,
        RunNode.kind,
        RunNode.raw,
        RunNode.score,
        RunNode.rank,
        RunNode.ranked,
        RunNode.weight,
        RunNode.reason,
        Node.name_vi,
        Node.name_en,
    )
    .outerjoin(Node, and_(Node.framework_id == bindparam("framework"), Node.code == RunNode.code))
    .where(RunNode.run_id == bindparam("run"))
    .order_by(RunNode.sort_key, RunNode.code)
)
PUBLISHED = select(
    OfficialResult.node_code,
    OfficialResult.score,
    OfficialResult.rank,
    OfficialResult.units_ranked,
    OfficialResult.value,
    OfficialResult.source,
).where(
    OfficialResult.year == bindparam("year"),
    OfficialResult.locality_code == bindparam("locality"),
    OfficialResult.node_code.is_not(None),
)

Rows = Mapping[str, Any]


async def reconciliation(read: Reader, query: ReconciliationQuery) -> dict[str, Any]:
    run = await _run(read, query)
    year = query.year or run["framework"]
    locality = run["inputs"].get("locality", run["locality_code"])
    published = {
        row["node_code"]: row for row in await read.all(PUBLISHED, year=year, locality=locality)
    }
    if not published:
        raise NotPublishedError
    rows = await read.all(NODES, run=run["id"], framework=run["framework_id"])
    nodes = _compared(rows, published, run["inputs"].get("method", {}))
    return {
        "run": {name: run[name] for name in ("id", "number", "created_at", "period", "framework")},
        "year": year,
        "locality": locality,
        "made_up": run["made_up"] or bool(run["summary"].get("made_up")),
        "assumed": run["summary"].get("assumed", []),
        "tolerance": ROUNDING,
        "not_in_framework": sorted(published.keys() - {node["code"] for node in nodes}),
        **_counts(nodes),
        "nodes": nodes,
    }


def _counts(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = dict.fromkeys(node["kind"] for node in nodes)
    scored = sum(bool(node["ministry"]) and node["ministry"]["score"] is not None for node in nodes)
    return {
        "coverage": {"nodes": len(nodes), "published": scored, "share": scored / len(nodes)},
        "causes": dict(Counter(node["cause"] for node in nodes)),
        "bias": _bias(nodes),
        "bias_by_kind": {
            kind: _bias(node for node in nodes if node["kind"] == kind) for kind in kinds
        },
    }


async def _run(read: Reader, query: ReconciliationQuery) -> Rows:
    if query.run is not None:
        row = await read.first(ONE_RUN, run=query.run)
    else:
        period = query.period or await read.value(NEWEST_OPEN)
        if await read.first(PERIOD, period=period) is None:
            raise PeriodNotFoundError
        row = await read.first(NEWEST_RUN, period=period)
        if row is None:
            raise NoRunError("This period has no run yet.", vi="Kỳ này chưa có lần tính nào.")
    if row is None:
        raise NoRunError
    found: Rows = row
    return found


def _compared(
    rows: list[Any], published: Mapping[str, Rows], method: dict[str, Any]
) -> list[dict[str, Any]]:
    children: dict[str, list[Child]] = {}
    depth: dict[str, int] = {}
    parents = {row["code"]: row["parent_code"] for row in rows}
    for row in rows:
        theirs = published.get(row["code"])
        child = (row["weight"], theirs["score"] if theirs else None)
        children.setdefault(row["parent_code"], []).append(child)
        depth[row["code"]] = _depth(row["code"], parents)
    return [
        _node(
            row,
            published.get(row["code"]),
            children.get(row["code"], []),
            mean_at(method, depth[row["code"]]),
        )
        for row in rows
    ]


def _depth(code: str, parents: Mapping[str, str | None]) -> int:
    depth, above = 0, parents.get(code)
    while above is not None:
        depth, above = depth + 1, parents.get(above)
    return depth


def _node(row: Rows, theirs: Rows | None, children: list[Child], mean: str) -> dict[str, Any]:
    ministry = (
        {name: theirs[name] for name in ("score", "rank", "units_ranked", "value", "source")}
        if theirs
        else None
    )
    return {
        "code": row["code"],
        "parent": row["parent_code"],
        "kind": row["kind"],
        "name_vi": row["name_vi"] or "",
        "name_en": row["name_en"] or "",
        "ours": {
            "score": row["score"],
            "rank": row["rank"],
            "ranked": row["ranked"],
            "value": row["raw"],
            "reason": row["reason"],
        },
        "ministry": ministry,
        "difference": _less(row["score"], theirs and theirs["score"]),
        "rank_difference": _less(row["rank"], theirs and theirs["rank"]),
        "cause": cause(
            Ours(row["score"], row["raw"]),
            Theirs(theirs["score"], theirs["value"]) if theirs else None,
            children,
            mean,
        ),
    }


def _less(ours: Any, theirs: Any) -> Any:
    return None if ours is None or theirs is None else ours - theirs


def _bias(nodes: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Mean of the differences, with their signs and without, over the nodes that both have scored."""
    found = [node["difference"] for node in nodes if node["difference"] is not None]
    return {
        "compared": len(found),
        "mean_difference": math.fsum(found) / len(found) if found else None,
        "mean_absolute_difference": math.fsum(map(abs, found)) / len(found) if found else None,
    }
