"""What a week brought: counted changes, how the estimated index moved, where the audit log stood."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.mail.letter import Changes, IndexInShort, SignedHead
from services.notifier.plan.schedule import at
from shared.db import among
from shared.duty import HANOI, effective_due_on, is_asked, is_done
from shared.models import (
    Assignment,
    AuditHead,
    ExplanationRequest,
    Extension,
    Handover,
    Period,
    Run,
    Submission,
)


def _within(column: Any, first: date, day: date) -> ColumnElement[bool]:
    local = func.date(func.timezone(HANOI.key, column))
    return and_(local >= first, local < day)


async def changes(session: AsyncSession, first: date, day: date) -> Changes:
    """Count what happened from ``first`` to the day before ``day``, by days in Hanoi."""
    states = Counter[str]()
    for state, number in await session.execute(
        select(Submission.state, func.count())
        .where(_within(Submission.decided_at, first, day), Submission.decided_at.is_not(None))
        .group_by(Submission.state)
    ):
        states[state] = number

    async def count(what: Any, *conditions: ColumnElement[bool]) -> int:
        statement = select(func.count()).select_from(what).where(*conditions)
        return await session.scalar(statement) or 0

    asked = ExplanationRequest
    granted = Extension.state == "granted"
    return Changes(
        submitted=await count(Submission, _within(Submission.submitted_at, first, day)),
        accepted=states["accepted"],
        returned=states["returned"] + states["rejected"],
        reopened=states["reopened"],
        extensions=await count(Extension, granted, _within(Extension.decided_at, first, day)),
        newly_overdue=await _newly_overdue(session, first, day),
        handovers=await count(Handover, _within(Handover.carried_out_at, first, day)),
        explanations_asked=await count(asked, _within(asked.asked_at, first, day)),
        explanations_answered=await count(asked, _within(asked.answered_at, first, day)),
    )


async def _newly_overdue(session: AsyncSession, first: date, day: date) -> int:
    """Count what is overdue on ``day`` and was not on ``first``."""
    found = await session.scalar(
        select(func.count())
        .select_from(Assignment)
        .join(Period, Period.id == Assignment.period_id)
        .where(
            Period.state == "open",
            ~is_done,
            ~is_asked,
            effective_due_on >= first,
            effective_due_on < day,
        )
    )
    return found or 0


async def indices(
    session: AsyncSession, periods: Iterable[UUID], first: date
) -> dict[UUID, IndexInShort]:
    """Give each period's newest run beside the newest one that was there when the week began."""
    wanted = list(periods)
    now = await _newest(session, wanted)
    before = await _newest(session, wanted, before=at(first, time()))
    return {period: _in_short(run, before.get(period)) for period, run in now.items()}


async def _newest(
    session: AsyncSession, periods: list[UUID], *, before: datetime | None = None
) -> dict[UUID, Any]:
    newest = (
        select(Run.period_id, Run.score, Run.rank, Run.units)
        .where(among(Run.period_id, periods))
        .ext(distinct_on(Run.period_id))
        .order_by(Run.period_id, Run.number.desc())
    )
    if before is not None:
        newest = newest.where(Run.created_at < before)
    return {row.period_id: row for row in await session.execute(newest)}


def _in_short(run: Any, before: Any | None) -> IndexInShort:
    known = before is not None and None not in (run.score, before.score)
    return IndexInShort(
        score=run.score,
        rank=run.rank,
        units=run.units,
        change=run.score - before.score if before is not None and known else None,
        rank_before=before.rank if before is not None else None,
        units_before=before.units if before is not None else None,
    )


async def newest_head(session: AsyncSession) -> SignedHead | None:
    """Give the newest day's end that was signed, for a reader outside to keep."""
    head = await session.scalar(select(AuditHead).order_by(AuditHead.day.desc()).limit(1))
    if head is None:
        return None
    return SignedHead(day=head.day.isoformat(), seq=head.last_seq, hash=head.hash.hex())
