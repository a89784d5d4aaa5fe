"""Analyses: how far they are, and what they found."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select

from services.api.analyses.schemas import AnalysisQuery
from services.api.deps.newest import NewestFirst
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
}
_LIST = NewestFirst(_ANALYSIS, at=Analysis.created_at, key=Analysis.id, filters=_FILTERS)


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
    if query.run:
        values["run"] = query.run
    return await _LIST.page(read, query, values, _shown)


async def stored_result(
    read: Reader, *, run: UUID, kind: str, plan_hash: str
) -> dict[str, Any] | None:
    found: dict[str, Any] | None = await read.value(
        STORED_RESULT, run=run, kind=kind, plan_hash=plan_hash
    )
    return found
