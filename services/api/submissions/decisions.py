"""Acceptance, by one or by two; return, rejection, reopening; and many decisions in one request."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.submissions.differences import changes_since
from services.api.submissions.hand import Taken, move, submission_in_hand
from services.api.submissions.queries import SubmissionNotFoundError
from services.api.submissions.schemas import Acceptance
from services.api.submissions.states import TRANSITIONS, acceptance
from services.api.submissions.words import fields_told
from shared.errors import ConflictError, DomainError, InvalidError
from shared.models import Submission, Tick


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

    of_state = True


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
    confirmed = _confirmed(seen, said)
    is_first = acceptance(caller, taken.review) == "first_accept"
    _tick(
        session, caller, taken.submission, confirmed, step="first" if is_first else "final", now=now
    )
    told = {name: [None, what] for name, what in confirmed.items()}
    if is_first:
        _accept_first(session, caller, taken.submission, told, now=now)
        return
    await _supersede(session, caller, taken.submission, now=now)
    _decide(taken.submission, caller, reason=None, now=now)
    move(session, caller, taken, "accept", now=now, more=told)


def _confirmed(seen: Any, said: Acceptance) -> dict[str, list[str]]:
    """Give what the reviewer confirms: the documents he has seen, by hash, and the fields that may be empty."""
    # What is submitted never changes, so what was read then is what is accepted now.
    if seen["state"] != "submitted":
        raise ChangedMeanwhileError
    if seen["evidence"] and not said.evidence_seen:
        raise EvidenceUnseenError(pointer="/evidence_seen")
    emptied = changes_since(seen)["wipes"]
    if emptied and not said.acknowledge_wipes:
        english, vietnamese = fields_told(emptied)
        raise WipesError(
            f"It empties what was submitted before: {english}; say with acknowledge_wipes that this is meant.",
            vi=f"Bản này để trống nội dung đã gửi trước đó: {vietnamese}; hãy xác nhận bằng acknowledge_wipes.",
            pointer="/acknowledge_wipes",
        )
    hashes = [piece["sha256"] for piece in orjson.loads(seen["evidence"] or "[]")]
    found = {"evidence_seen": hashes, "acknowledge_wipes": emptied}
    return {name: what for name, what in found.items() if what}


def _tick(
    session: AsyncSession,
    caller: Caller,
    submission: Submission,
    confirmed: Mapping[str, list[str]],
    *,
    step: str,
    now: datetime,
) -> None:
    session.add_all(
        Tick(
            submission_id=submission.id,
            step=step,
            tick=name,
            ticked_by=caller.id,
            ticked_by_name=caller.name,
            ticked_at=now,
        )
        for name in confirmed
    )


def _accept_first(
    session: AsyncSession,
    caller: Caller,
    submission: Submission,
    told: Mapping[str, Any],
    *,
    now: datetime,
) -> None:
    submission.first_accepted_by, submission.first_accepted_by_name = caller.id, caller.name
    submission.first_accepted_at = submission.updated_at = now
    record(
        session,
        caller,
        "first_accept",
        ("submission", submission.id),
        changes={"first_accepted_by": [None, caller.name], **told},
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
    said: Mapping[UUID, Acceptance],
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
                    session,
                    caller,
                    row,
                    action=action,
                    said=said[submission_id],
                    reason=reason,
                    now=now,
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
