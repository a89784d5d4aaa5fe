"""Departments draft and submit."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.api.assignments.queries import AssignmentNotFoundError
from services.api.deps.audit import apply, record
from services.api.deps.caller import Caller
from services.api.deps.latest import existing
from services.api.submissions import figures
from services.api.submissions.findings import Finding
from services.api.submissions.hand import (
    Taken,
    duty_in_hand,
    move,
    refuse_passed_on,
    sign,
    submission_in_hand,
)
from services.api.submissions.history import Piece, findings_of, pieces_of, unstated
from shared.errors import ConflictError, Fault, InvalidError
from shared.ids import ordered_uuid
from shared.models import Submission


class PendingError(ConflictError):
    """A draft or a submission of this duty is under way; finish or withdraw it first.

    Nhiệm vụ này đang có bản nháp hoặc bản chờ duyệt; hãy hoàn tất hoặc rút lại trước.
    """


class NoEvidenceError(InvalidError):
    """Evidence is missing: attach at least one document.

    Thiếu tài liệu minh chứng: hãy đính kèm ít nhất một tài liệu.
    """


class QuarantineError(InvalidError):
    """The evidence is not scanned for viruses yet, or infected; it does not count.

    Tài liệu minh chứng chưa quét vi-rút xong hoặc bị nhiễm nên chưa được tính.
    """


class UnexplainedError(InvalidError):
    """The figure looks odd: explain each finding in explanations, or correct the figure.

    Số liệu có điểm bất thường: hãy giải thích từng điểm trong explanations, hoặc sửa số liệu.
    """


async def create_submission(
    session: AsyncSession,
    caller: Caller,
    *,
    assignment_id: UUID,
    sent: dict[str, Any],
    submit_now: bool,
    now: datetime,
) -> UUID:
    """Draft the next revision, or submit it at once where no evidence is required."""
    duty = await duty_in_hand(session, assignment_id)
    about = duty.about
    # Rights first: a foreign duty is not betrayed by the state of its period.
    body = about.assignment.organisation_id
    await refuse_passed_on(session, caller, about.assignment, "submissions:write")
    if not (caller.may("submissions:write", body) or caller.may("assignments:read", body)):
        raise AssignmentNotFoundError
    caller.require("submissions:write", body)
    about.require_open()
    content = figures.settled(figures.EMPTY, sent, about.rules)
    figures.check(about.assignment.kind, about.node, about.rules, content)
    if duty.pending:
        raise existing(PendingError(), "submission", duty.pending)
    found = await findings_of(session, about, content)
    submission = Submission(
        id=ordered_uuid(),
        assignment_id=assignment_id,
        revision=duty.newest_revision + 1,
        state="draft",
        findings=[finding.written() for finding in found],
        created_by=caller.id,
        created_by_name=caller.name,
        written_by=[caller.id],
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
        changes={
            name: [figures.EMPTY[name], value]
            for name, value in content.items()
            if value != figures.EMPTY[name]
        },
    )
    if submit_now:
        await _submit(session, caller, Taken(submission, about), found, [], now=now)
    return submission.id


async def change_submission(
    session: AsyncSession,
    caller: Caller,
    submission_id: UUID,
    *,
    sent: dict[str, Any],
    now: datetime,
) -> None:
    taken = await submission_in_hand(session, caller, submission_id, "edit")
    about, submission = taken.about, taken.submission
    content = figures.settled(taken.content, sent, about.rules)
    figures.check(about.assignment.kind, about.node, about.rules, content)
    if changes := apply(submission, content):
        sign(submission, caller)
        pieces = await pieces_of(session, submission_id)
        found = await findings_of(session, about, content, pieces)
        submission.findings = [finding.written() for finding in found]
        submission.updated_at = now
        record(session, caller, "edited", ("submission", submission_id), changes=changes)


async def submit(
    session: AsyncSession, caller: Caller, submission_id: UUID, *, now: datetime
) -> None:
    taken = await submission_in_hand(session, caller, submission_id, "submit")
    about, content = taken.about, taken.content
    # Bounds, rules and what it is held against may have changed since it was drafted.
    figures.check(about.assignment.kind, about.node, about.rules, content)
    pieces = await pieces_of(session, submission_id)
    found = await findings_of(session, about, content, pieces)
    await _submit(session, caller, taken, found, pieces, now=now)


async def _submit(
    session: AsyncSession,
    caller: Caller,
    taken: Taken,
    found: list[Finding],
    pieces: list[Piece],
    *,
    now: datetime,
) -> None:
    submission = taken.submission
    figures.check_complete(taken.about.assignment.kind, taken.content)
    _check_evidence(taken, pieces)
    _check_explained(taken, found, pieces)
    submission.findings = [finding.written() for finding in found]
    submission.submitted_by, submission.submitted_by_name = caller.id, caller.name
    sign(submission, caller)
    submission.submitted_at = now
    move(session, caller, taken, "submit", now=now)


def _check_evidence(taken: Taken, pieces: list[Piece]) -> None:
    submission = taken.submission
    # "Central source, see document": without the document it says nothing.
    needed = submission.answer == "central_source" or submission.value is not None
    if not (needed and taken.about.needs_evidence):
        return
    if not any(piece.counts for piece in pieces):
        raise (QuarantineError if pieces else NoEvidenceError)(pointer="/evidence")


def _check_explained(taken: Taken, found: list[Finding], pieces: list[Piece]) -> None:
    explained = set(taken.submission.explanations)
    # Where it is put right: the figure, or what a document says of it; elsewhere the explanation is missing.
    places = {"evidence_states_nothing": unstated(taken.about, pieces)}
    if taken.about.rules.evidence_must_match:
        explained.discard("evidence_differs")
        places["evidence_differs"] = "/value"
    faults = [
        Fault(
            places.get(finding.code, f"/explanations/{finding.code}"),
            finding.english,
            finding.vietnamese,
        )
        for finding in found
        if finding.code not in explained
    ]
    if faults:
        raise UnexplainedError(faults=faults)


async def withdraw_submission(
    session: AsyncSession, caller: Caller, submission_id: UUID, *, now: datetime
) -> None:
    taken = await submission_in_hand(session, caller, submission_id, "withdraw")
    move(session, caller, taken, "withdraw", now=now)
