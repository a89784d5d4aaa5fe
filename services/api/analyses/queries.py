"""Analyses: how far they are, and what they found."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, and_, bindparam, func, or_, select, true

from services.api.analyses.schemas import AnalysisQuery
from services.api.deps.paging import page, start_of
from shared.db import Reader
from shared.errors import NotFoundError
from shared.models import Analysis, Period, Run


class AnalysisNotFoundError(NotFoundError):
    """There is no such analysis.

    Không có phân tích này.
    """


_ANALYSIS = (
    select(
        Analysis.id,
        Analysis.kind,
        Analysis.run_id.label("run"),
        Period.code.label("period"),
        Run.hash.label("run_hash"),
        (Period.made_up | func.coalesce(Run.summary["made_up"].as_boolean(), False)).label(
            "made_up"
        ),
        Analysis.plan,
        Analysis.state,
        Analysis.steps_done,
        Analysis.steps,
        Analysis.error,
        Analysis.asked_by_name.label("asked_by"),
        Analysis.trace_id,
        Analysis.created_at,
        Analysis.started_at,
        Analysis.finished_at,
    )
    .join(Run, Run.id == Analysis.run_id)
    .join(Period, Period.id == Run.period_id)
)
ONE_ANALYSIS = _ANALYSIS.add_columns(Analysis.result).where(Analysis.id == bindparam("id"))
STORED_RESULT = select(Analysis.result).where(
    Analysis.run_id == bindparam("run"),
    Analysis.kind == bindparam("kind"),
    Analysis.plan_hash == bindparam("plan_hash"),
    Analysis.state == "done",
)
_FILTERS = {
    "run": Analysis.run_id == bindparam("run"),
    "state": Analysis.state == bindparam("state"),
    "after": or_(
        Analysis.created_at < bindparam("after_at"),
        and_(Analysis.created_at == bindparam("after_at"), Analysis.id < bindparam("after_id")),
    ),
}


@lru_cache
def analyses_statement(filters: frozenset[str]) -> Executable:
    chosen = and_(true(), *(_FILTERS[name] for name in sorted(filters)))
    return (
        _ANALYSIS.where(chosen)
        .order_by(Analysis.created_at.desc(), Analysis.id.desc())
        .limit(bindparam("limit"))
    )


def _shown(row: Any) -> dict[str, Any]:
    shown = dict(row)
    shown["progress"] = {"done": shown.pop("steps_done"), "total": shown.pop("steps")}
    return shown


async def analysis_shown(read: Reader, analysis_id: UUID) -> dict[str, Any]:
    row = await read.first(ONE_ANALYSIS, id=analysis_id)
    if row is None:
        raise AnalysisNotFoundError
    return _shown(row)


async def analyses_page(read: Reader, query: AnalysisQuery) -> dict[str, Any]:
    values: dict[str, Any] = query.filters()
    if "run" in values:
        values["run"] = UUID(values["run"])
    names = frozenset(values)
    if after := start_of(query, datetime.fromisoformat, UUID):
        values["after_at"], values["after_id"] = after
        names |= {"after"}
    rows = await read.all(analyses_statement(names), limit=query.limit + 1, **values)
    return page(query, rows, _shown, lambda row: [row["created_at"].isoformat(), row["id"]])


async def stored_result(
    read: Reader, *, run: UUID, kind: str, plan_hash: str
) -> dict[str, Any] | None:
    found: dict[str, Any] | None = await read.value(
        STORED_RESULT, run=run, kind=kind, plan_hash=plan_hash
    )
    return found
