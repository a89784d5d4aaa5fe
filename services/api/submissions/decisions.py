"""The coordinator accepts, returns, rejects or reopens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.submissions.hand import move, submission_in_hand
from shared.models import Submission


async def accept_submission(
    session: AsyncSession, caller: Caller, submission_id: UUID, *, now: datetime
) -> None:
    """Accept it: it enters the index, and what was accepted before it is superseded."""
    taken = await submission_in_hand(session, caller, submission_id, "accept")
    await _supersede(session, caller, taken.submission, now=now)
    _decide(taken.submission, caller, reason=None, now=now)
    move(session, caller, taken, "accept", now=now)


async def _supersede(
    session: AsyncSession, caller: Caller, by: Submission, *, now: datetime
) -> None:
    earlier = await session.scalar(
        select(Submission)
        .where(Submission.assignment_id == by.assignment_id, Submission.state == "accepted")
        .with_for_update()
    )
    if earlier is None:
        return
    earlier.state, earlier.updated_at = "superseded", now
    record(
        session,
        caller,
        "superseded",
        ("submission", earlier.id),
        changes={"state": ["accepted", "superseded"], "by": [None, by.id]},
    )
    await session.flush()  # at most one is accepted, at every moment


async def decide_submission(
    session: AsyncSession,
    caller: Caller,
    submission_id: UUID,
    *,
    action: str,
    reason: str,
    now: datetime,
) -> None:
    """Return, reject or reopen it, with a reason."""
    taken = await submission_in_hand(session, caller, submission_id, action)
    _decide(taken.submission, caller, reason=reason, now=now)
    move(session, caller, taken, action, now=now, reason=reason)


def _decide(submission: Submission, caller: Caller, *, reason: str | None, now: datetime) -> None:
    submission.decided_by, submission.decided_by_name = caller.id, caller.name
    submission.decided_at, submission.decision_reason = now, reason
