"""Departments draft and submit; the coordinator accepts, returns or rejects."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.assignments.queries import AssignmentNotFoundError
from services.api.deps.audit import apply, record
from services.api.deps.caller import Caller
from services.api.submissions.hand import duty_in_hand, refuse_passed_on, submission_in_hand
from services.api.submissions.states import TRANSITIONS
from shared import outbox
from shared.errors import ConflictError, InvalidError
from shared.events import (
    Event,
    SubmissionAccepted,
    SubmissionRejected,
    SubmissionReopened,
    SubmissionReturned,
    SubmissionSubmitted,
    SubmissionWithdrawn,
)
from shared.models import Assignment, Evidence, Node, Submission


class PendingError(ConflictError):
    """A draft or a submission of this duty is under way; finish or withdraw it first.

    Nhiệm vụ này đang có bản nháp hoặc bản chờ duyệt; hãy hoàn tất hoặc rút lại trước.
    """


class OutOfBoundsError(InvalidError):
    """The figure is outside the indicator's bounds.

    Số liệu nằm ngoài giới hạn của chỉ số.
    """

    @classmethod
    def of(cls, node: Node, value: float, bound: float, words: tuple[str, str]) -> Self:
        return cls(
            f"The figure {value} is {words[0]} {bound}, the bound of {node.code} ({node.unit}).",
            vi=f"Số liệu {value} {words[1]} {bound}, giới hạn của chỉ số {node.code} ({node.unit}).",
            pointer="/value",
        )


ANNOUNCED: dict[str, type[Event]] = {
    "submit": SubmissionSubmitted,
    "withdraw": SubmissionWithdrawn,
    "accept": SubmissionAccepted,
    "return": SubmissionReturned,
    "reject": SubmissionRejected,
    "reopen": SubmissionReopened,
}


async def create_submission(
    session: AsyncSession,
    caller: Caller,
    *,
    assignment_id: UUID,
    content: dict[str, Any],
    submit_now: bool,
    now: datetime,
) -> UUID:
    """Draft the next revision, or submit it at once where no evidence is required."""
    duty = await duty_in_hand(session, assignment_id)
    assignment, node = duty.assignment, duty.node
    # Rights first: a foreign duty is not betrayed by the state of its period.
    body = assignment.organisation_id
    await refuse_passed_on(session, caller, assignment, "submissions:write")
    if not (caller.may("submissions:write", body) or caller.may("assignments:read", body)):
        raise AssignmentNotFoundError
    caller.require("submissions:write", body)
    duty.require_open()
    _check_content(assignment, node, content)
    if duty.pending:
        raise PendingError
    submission = Submission(
        id=uuid4(),
        assignment_id=assignment_id,
        revision=duty.newest_revision + 1,
        state="draft",
        created_by=caller.id,
        created_by_name=caller.name,
        created_at=now,
        updated_at=now,
        **content,
    )
    session.add(submission)
    record(
        session,
        caller,
        "drafted",
        ("submission", submission.id),
        changes={name: [None, value] for name, value in content.items() if value not in (None, "")},
    )
    if submit_now:
        await _submit(session, caller, submission, assignment, node, now=now)
    return submission.id


async def change_submission(
    session: AsyncSession,
    caller: Caller,
    submission_id: UUID,
    *,
    values: dict[str, Any],
    now: datetime,
) -> None:
    submission, assignment, node = await submission_in_hand(session, caller, submission_id, "edit")
    merged = {
        name: values.get(name, getattr(submission, name))
        for name in ("value", "nil_reason", "note", "source")
    }
    _check_content(assignment, node, merged)
    if changes := apply(submission, values):
        submission.updated_at = now
        record(session, caller, "edited", ("submission", submission_id), changes=changes)


def _check_content(assignment: Assignment, node: Node, content: dict[str, Any]) -> None:
    value = content["value"]
    if value is None:
        return
    if assignment.kind == "report":
        raise InvalidError(
            "This duty asks for a report, not for a figure.",
            vi="Nhiệm vụ này yêu cầu báo cáo, không yêu cầu số liệu.",
            pointer="/value",
        )
    if content["nil_reason"]:
        raise InvalidError(
            "Send a figure or a reason why there is none, not both.",
            vi="Chỉ gửi số liệu hoặc lý do không có số liệu, không gửi cả hai.",
            pointer="/nil_reason",
        )
    low, high = node.lower_bound, node.upper_bound
    if low is not None and value < low:
        raise OutOfBoundsError.of(node, value, low, ("below", "nhỏ hơn"))
    if high is not None and value > high:
        raise OutOfBoundsError.of(node, value, high, ("above", "lớn hơn"))


async def _check_complete(
    session: AsyncSession, submission: Submission, assignment: Assignment, node: Node
) -> None:
    if assignment.kind == "report":
        if not (submission.note or submission.nil_reason):
            raise InvalidError(
                "Write the report in note.",
                vi="Hãy ghi nội dung báo cáo vào note.",
                pointer="/note",
            )
        return
    if submission.value is None:
        if not submission.nil_reason:
            raise InvalidError(
                "A figure, or a reason why there is none, is missing.",
                vi="Thiếu số liệu, hoặc lý do không có số liệu.",
                pointer="/value",
            )
        return
    if node.evidence_required:
        pieces = select(func.count()).where(Evidence.submission_id == submission.id)
        if not await session.scalar(pieces):
            raise InvalidError(
                "Evidence is missing: attach at least one document.",
                vi="Thiếu tài liệu minh chứng: hãy đính kèm ít nhất một tài liệu.",
                pointer="/evidence",
            )


async def submit(
    session: AsyncSession, caller: Caller, submission_id: UUID, *, now: datetime
) -> None:
    submission, assignment, node = await submission_in_hand(
        session, caller, submission_id, "submit"
    )
    # The bounds may have changed since it was drafted.
    _check_content(
        assignment, node, {"value": submission.value, "nil_reason": submission.nil_reason}
    )
    await _submit(session, caller, submission, assignment, node, now=now)


async def _submit(
    session: AsyncSession,
    caller: Caller,
    submission: Submission,
    assignment: Assignment,
    node: Node,
    *,
    now: datetime,
) -> None:
    await _check_complete(session, submission, assignment, node)
    submission.submitted_by, submission.submitted_by_name = caller.id, caller.name
    submission.submitted_at = now
    _move(session, caller, submission, assignment, "submit", now=now)


async def accept_submission(
    session: AsyncSession, caller: Caller, submission_id: UUID, *, now: datetime
) -> None:
    """Accept it: it enters the index, and what was accepted before it is superseded."""
    submission, assignment, _ = await submission_in_hand(session, caller, submission_id, "accept")
    earlier = await session.scalar(
        select(Submission)
        .where(Submission.assignment_id == assignment.id, Submission.state == "accepted")
        .with_for_update()
    )
    if earlier is not None:
        earlier.state, earlier.updated_at = "superseded", now
        record(
            session,
            caller,
            "superseded",
            ("submission", earlier.id),
            changes={"state": ["accepted", "superseded"], "by": [None, submission.id]},
        )
        await session.flush()  # at most one is accepted, at every moment
    _decide(submission, caller, reason=None, now=now)
    _move(session, caller, submission, assignment, "accept", now=now)


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
    submission, assignment, _ = await submission_in_hand(session, caller, submission_id, action)
    _decide(submission, caller, reason=reason, now=now)
    _move(session, caller, submission, assignment, action, now=now, reason=reason)


async def withdraw_submission(
    session: AsyncSession, caller: Caller, submission_id: UUID, *, now: datetime
) -> None:
    submission, assignment, _ = await submission_in_hand(session, caller, submission_id, "withdraw")
    _move(session, caller, submission, assignment, "withdraw", now=now)


def _decide(submission: Submission, caller: Caller, *, reason: str | None, now: datetime) -> None:
    submission.decided_by, submission.decided_by_name = caller.id, caller.name
    submission.decided_at, submission.decision_reason = now, reason


def _move(
    session: AsyncSession,
    caller: Caller,
    submission: Submission,
    assignment: Assignment,
    action: str,
    *,
    now: datetime,
    reason: str | None = None,
) -> None:
    after = TRANSITIONS[action].after
    record(
        session,
        caller,
        action,
        ("submission", submission.id),
        changes={"state": [submission.state, after]},
        reason=reason,
    )
    submission.state, submission.updated_at = after, now
    outbox.emit(
        session,
        ANNOUNCED[action](
            period_id=assignment.period_id, submission_id=submission.id, assignment_id=assignment.id
        ),
    )
