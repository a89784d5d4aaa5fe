"""The newest index and the runs behind it."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, and_, bindparam, func, select, true

from services.api.deps.newest import NewestFirst
from services.api.deps.paging import page, start_of
from services.api.index.schemas import NodeQuery, RunChoice, RunQuery
from services.api.periods.queries import MEANT, PeriodNotFoundError
from shared.db import Reader
from shared.errors import NotFoundError
from shared.freshness import is_stale, newest_run_id
from shared.models import Framework, Period, Run, RunNode


class RunNotFoundError(NotFoundError):
    """There is no such run.

    Không có lần tính này.
    """


class NoPeriodError(NotFoundError):
    """No period has been opened yet.

    Chưa có kỳ báo cáo nào được mở.
    """


_run_as_of = (
    select(Run.id)
    .where(Run.period_id == Period.id, Run.created_at <= bindparam("as_of"))
    .order_by(Run.number.desc())
    .limit(1)
    .correlate(Period)
    .scalar_subquery()
)


@lru_cache
def index_statement(*, period: bool, as_of: bool) -> Executable:
    """Select the newest run of a period, or of the newest period; as it was known at a time."""
    statement = (
        select(
            Period.code,
            Period.name,
            Period.reference_year,
            Period.made_up,
            Period.state,
            Framework.year.label("framework"),
            is_stale.label("stale"),
            Run.id.label("run_id"),
            Run.number,
            Run.created_at,
            Run.hash,
            Run.trace_id,
            Run.summary,
        )
        .join(Framework, Framework.id == Period.framework_id)
        .outerjoin(Run, Run.id == (_run_as_of if as_of else newest_run_id))
    )
    made: Executable = _of_period(statement, period=period, as_of=as_of)
    return made


def _of_period(statement: Any, *, period: bool, as_of: bool) -> Any:
    if period:
        return statement.where(Period.code == bindparam("period"))
    opened = Period.opened_at <= bindparam("as_of") if as_of else Period.opened_at.is_not(None)
    return statement.where(opened).order_by(*MEANT).limit(1)


_CHOSEN = (
    select(
        Run.id,
        Run.number,
        Run.hash,
        Run.created_at,
        Run.inputs,
        Run.panel_id,
        Run.summary,
        Run.framework_id,
        Run.framework_revision,
        Period.code.label("period"),
        Period.reference_year,
        Period.made_up,
        Framework.year.label("framework"),
    )
    .select_from(Period)
    .join(Framework, Framework.id == Period.framework_id)
)
CHOSEN_BY_ID = _CHOSEN.join(Run, Run.period_id == Period.id).where(Run.id == bindparam("run"))


@lru_cache
def chosen_statement(*, period: bool, as_of: bool) -> Executable:
    statement = _CHOSEN.outerjoin(Run, Run.id == (_run_as_of if as_of else newest_run_id))
    made: Executable = _of_period(statement, period=period, as_of=as_of)
    return made


NO_SUMMARY: dict[str, Any] = {
    "score": None,
    "rank": None,
    "units": 0,
    "coverage": None,
    "assumed": [],
    "modes": {},
    "subindices": [],
    "pillars": [],
}
_RUN = select(
    Run.id,
    Period.code.label("period"),
    Run.number,
    Run.created_at,
    Run.hash,
    Run.score,
    Run.rank,
    Run.units,
    Run.trigger,
    Run.trace_id,
    Run.duration_ms,
    Run.framework_revision,
    Run.panel_id.label("panel"),
    func.cardinality(Run.submission_ids).label("submissions"),
).join(Period, Period.id == Run.period_id)
ONE_RUN = _RUN.add_columns(Run.inputs).where(Run.id == bindparam("id"))
_RUNS = NewestFirst(
    _RUN,
    at=Run.created_at,
    key=Run.id,
    filters={"period": Period.code == bindparam("period")},
)
_NODE = select(
    RunNode.code,
    RunNode.kind,
    RunNode.parent_code,
    RunNode.raw,
    RunNode.source,
    RunNode.mode,
    RunNode.score,
    RunNode.rank,
    RunNode.ranked,
    RunNode.coverage,
    RunNode.weight,
    RunNode.weight_in_force,
    RunNode.contribution,
    RunNode.reason,
    RunNode.sort_key,
).where(RunNode.run_id == bindparam("run"))
_NODE_FILTERS = {
    "kind": RunNode.kind == bindparam("kind"),
    "code": RunNode.code == bindparam("code"),
    "after": RunNode.sort_key > bindparam("after"),
}


@lru_cache
def nodes_statement(filters: frozenset[str]) -> Executable:
    chosen = and_(true(), *(_NODE_FILTERS[name] for name in sorted(filters)))
    return _NODE.where(chosen).order_by(RunNode.sort_key).limit(bindparam("limit"))


def _values(period: str | None, as_of: datetime | None) -> dict[str, Any]:
    given = {"period": period, "as_of": as_of}
    return {name: value for name, value in given.items() if value is not None}


async def newest_index(
    read: Reader, *, period: str | None, as_of: datetime | None = None
) -> dict[str, Any]:
    """Make the newest index of the period: its newest run, and whether that has seen all there is."""
    statement = index_statement(period=period is not None, as_of=as_of is not None)
    row = await read.first(statement, **_values(period, as_of))
    if row is None:
        raise PeriodNotFoundError if period else NoPeriodError
    summary = row["summary"] or NO_SUMMARY
    run = None
    if row["run_id"]:
        run = {
            "id": row["run_id"],
            "number": row["number"],
            "created_at": row["created_at"],
            "hash": row["hash"],
            "trace_id": row["trace_id"],
        }
    return {
        "period": {
            "code": row["code"],
            "name": row["name"],
            "reference_year": row["reference_year"],
            "framework": row["framework"],
            "state": row["state"],
        },
        "result": "estimate",
        "made_up": row["made_up"] or bool(summary.get("made_up")),
        "stale": row["stale"],
        "run": run,
        **{name: summary.get(name, empty) for name, empty in NO_SUMMARY.items()},
    }


async def run_chosen(read: Reader, choice: RunChoice) -> Any:
    """Give the run that was asked for, or the newest of its period, with all that went into it."""
    if choice.run is not None:
        row = await read.first(CHOSEN_BY_ID, run=choice.run)
    else:
        statement = chosen_statement(
            period=choice.period is not None, as_of=choice.as_of is not None
        )
        row = await read.first(statement, **_values(choice.period, choice.as_of))
        if row is None:
            raise PeriodNotFoundError if choice.period else NoPeriodError
    if row is None or row["id"] is None:
        raise RunNotFoundError
    return row


async def runs_page(read: Reader, query: RunQuery) -> dict[str, Any]:
    return await _RUNS.page(read, query, query.filters(), dict)


async def run_shown(read: Reader, run_id: UUID) -> dict[str, Any]:
    row = await read.first(ONE_RUN, id=run_id)
    if row is None:
        raise RunNotFoundError
    return dict(row)


def _node(row: Any) -> dict[str, Any]:
    shown = dict(row)
    del shown["sort_key"]
    return shown


async def run_nodes_page(read: Reader, run_id: UUID, query: NodeQuery) -> dict[str, Any]:
    values: dict[str, Any] = query.filters()
    if after := start_of(query, str):
        values["after"] = after[0]
    rows = await read.all(
        nodes_statement(frozenset(values)), run=run_id, limit=query.limit + 1, **values
    )
    if not rows:
        await run_shown(read, run_id)
    return page(query, rows, _node, lambda row: [row["sort_key"]])


async def run_node(read: Reader, run_id: UUID, code: str) -> dict[str, Any]:
    row = await read.first(nodes_statement(frozenset({"code"})), run=run_id, code=code, limit=1)
    if row is None:
        raise RunNotFoundError(
            "The run has no node with this code.", vi="Lần tính này không có mục mang mã này."
        )
    return _node(row)
