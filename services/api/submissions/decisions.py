"""Acceptance, by one or by two; return, rejection, reopening; and many decisions in one request."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.submissions.differences import changes_since
from services.api.submissions.hand import Taken, move, submission_in_hand
from services.api.submissions.queries import SubmissionNotFoundError
from services.api.submissions.schemas import Acceptance
from services.api.submissions.states import TRANSITIONS, acceptance
from shared.errors import ConflictError, DomainError, InvalidError
from shared.models import Submission


class EvidenceUnseenError(InvalidError):
    """Look at the evidence first, and say so with evidence_seen.

    Hãy xem tài liệu minh chứng trước và xác nhận bằng evidence_seen.
    """


class WipesError(InvalidError):
    """It empties what was submitted before; say with acknowledge_wipes that this is meant.

    Bản này xóa nội dung đã gửi trước đó; hãy xác nhận bằng acknowledge_wipes.
    """


class ChangedMeanwhileError(ConflictError):
    """It was submitted while you read it; read it again.

    Bản này vừa được gửi trong lúc bạn đọc; hãy đọc lại.
    """


async def accept_submission(
    session: AsyncSession,
    caller: Caller,
    submission_id: UUID,
    *,
    seen: Any,
    said: Acceptance,
    now: datetime,
) -> None:
    """Accept it, or be the first of two who do; ``seen`` is the row that the caller was shown.

    What is accepted enters the index, and what was accepted before it is superseded.
    """
    taken = await submission_in_hand(session, caller, submission_id, "accept")
    _check_seen(seen, said)
    if acceptance(caller, taken.review) == "first_accept":
        _accept_first(session, caller, taken.submission, now=now)
        return
    await _supersede(session, caller, taken.submission, now=now)
    _decide(taken.submission, caller, reason=None, now=now)
    move(session, caller, taken, "accept", now=now)


def _check_seen(seen: Any, said: Acceptance) -> None:
    # What is submitted never changes, so what was read then is what is accepted now.
    if seen["state"] != "submitted":
        raise ChangedMeanwhileError
    if seen["evidence"] and not said.evidence_seen:
        raise EvidenceUnseenError(pointer="/evidence_seen")
    wipes = ", ".join(changes_since(seen)["wipes"])
    if wipes and not said.acknowledge_wipes:
        raise WipesError(
            f"It empties {wipes}, which were submitted before; say with acknowledge_wipes that this is meant.",
            vi=f"Bản này xóa {wipes} đã gửi trước đó; hãy xác nhận bằng acknowledge_wipes.",
            pointer="/acknowledge_wipes",
        )


def _accept_first(
    session: AsyncSession, caller: Caller, submission: Submission, *, now: datetime
) -> None:
    submission.first_accepted_by, submission.first_accepted_by_name = caller.id, caller.name
    submission.first_accepted_at = submission.updated_at = now
    record(
        session,
        caller,
        "first_accept",
        ("submission", submission.id),
        changes={"first_accepted_by": [None, caller.name]},
    )


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
    after = TRANSITIONS["supersede"].after
    earlier.state, earlier.updated_at = after, now
    record(
        session,
        caller,
        "superseded",
        ("submission", earlier.id),
        changes={"state": ["accepted", after], "by": [None, by.id]},
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
    taken: Taken = await submission_in_hand(session, caller, submission_id, action)
    _decide(taken.submission, caller, reason=reason, now=now)
    move(session, caller, taken, action, now=now, reason=reason)


def _decide(submission: Submission, caller: Caller, *, reason: str | None, now: datetime) -> None:
    submission.decided_by, submission.decided_by_name = caller.id, caller.name
    submission.decided_at, submission.decision_reason = now, reason


async def decide_each(
    session: AsyncSession,
    caller: Caller,
    seen: Mapping[UUID, Any],
    refused: Mapping[UUID, DomainError],
    *,
    action: str,
    said: Acceptance,
    reason: str,
    now: datetime,
) -> dict[UUID, DomainError]:
    """Decide one after another what ``seen`` names, each whole or not at all; return what was refused and why.

    ``refused`` is what was refused before anything was tried; it is left alone.
    """
    faults = dict(refused)
    for submission_id, row in seen.items():
        if submission_id in faults:
            continue
        try:
            async with session.begin_nested():
                await _decide_one(
                    session, caller, row, action=action, said=said, reason=reason, now=now
                )
        except DomainError as error:
            faults[submission_id] = error
    return faults


async def _decide_one(
    session: AsyncSession,
    caller: Caller,
    row: Any,
    *,
    action: str,
    said: Acceptance,
    reason: str,
    now: datetime,
) -> None:
    if row is None:
        raise SubmissionNotFoundError
    if action == "accept":
        await accept_submission(session, caller, row["id"], seen=row, said=said, now=now)
    else:
        await decide_submission(session, caller, row["id"], action=action, reason=reason, now=now)
