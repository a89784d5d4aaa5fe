"""Ask for an analysis: the same question about the same run is asked once."""

import hashlib
from typing import Any
from uuid import UUID, uuid4

import orjson
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from shared import outbox
from shared.errors import TooManyRequestsError
from shared.events import AnalysisAsked
from shared.log import trace_id
from shared.models import Analysis, Run

MOST_WAITING = 50
RETRY_AFTER = 60  # seconds
UNSTARTED: dict[str, Any] = {
    "state": "queued",
    "steps_done": 0,
    "error": None,
    "tries": 0,
    "started_at": None,
    "finished_at": None,
    "claimed_until": None,
}


class QueueFullError(TooManyRequestsError):
    """Too many analyses are waiting already; ask again when some are done.

    Đang có quá nhiều phân tích chờ tính; hãy yêu cầu lại sau.
    """


def plan_hash(plan: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(plan, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def ask(
    session: AsyncSession, caller: Caller, *, run_id: UUID, plan: dict[str, Any], steps: int
) -> UUID:
    """Queue the question, or find it as it was asked before; one that failed is tried again."""
    key = {"run_id": run_id, "kind": "uncertainty", "plan_hash": plan_hash(plan)}
    found = await session.scalar(select(Analysis).filter_by(**key).with_for_update())
    if found is not None and found.state != "failed":
        return found.id
    waiting = select(func.count()).where(Analysis.state.in_(("queued", "running")))
    if (await session.scalar(waiting) or 0) >= MOST_WAITING:
        raise QueueFullError(retry_after=RETRY_AFTER)
    if found is not None:
        for name, value in UNSTARTED.items():
            setattr(found, name, value)
        analysis_id = found.id
    else:
        analysis_id = await _queued(session, caller, key, plan, steps)
    record(session, caller, "analysis_asked", ("run", run_id), changes={"plan": [None, plan]})
    period_id = (await session.scalars(select(Run.period_id).where(Run.id == run_id))).one()
    outbox.emit(session, AnalysisAsked(period_id=period_id, analysis_id=analysis_id))
    return analysis_id


async def _queued(
    session: AsyncSession, caller: Caller, key: dict[str, Any], plan: dict[str, Any], steps: int
) -> UUID:
    """Insert it; who asks the same at the same instant gets the other's."""
    made = await session.scalar(
        insert(Analysis)
        .values(
            id=uuid4(),
            **key,
            plan=plan,
            steps=steps,
            asked_by=caller.id,
            asked_by_name=caller.name,
            trace_id=trace_id.get(),
        )
        .on_conflict_do_nothing(constraint="uq_analyses_run_id_kind_plan_hash")
        .returning(Analysis.id)
    )
    if made is None:
        made = (await session.scalars(select(Analysis.id).filter_by(**key))).one()
    return made
