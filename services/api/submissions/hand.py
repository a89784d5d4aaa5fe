"""Take a duty, or a submission and its duty, for this transaction: one change of a duty at a time."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.assignments.queries import AssignmentNotFoundError
from services.api.deps.caller import Caller
from services.api.periods.queries import PeriodNotOpenError
from services.api.submissions.queries import SubmissionNotFoundError
from services.api.submissions.states import TRANSITIONS, WRITE, may
from shared.duty import decidable, writable
from shared.errors import ConflictError, ForbiddenError
from shared.models import Assignment, HandoverMove, Node, Period, Submission


class StateError(ConflictError):
    """Its state does not allow that."""


class OwnSubmissionError(ForbiddenError):
    """Whoever wrote or submitted a figure does not accept it.

    Người đã lập hoặc gửi số liệu không được tự tiếp nhận.
    """


class PassedOnError(ConflictError):
    """The duty has passed to another body; its hand-over's receipt says to whom.

    Nhiệm vụ đã chuyển cho cơ quan khác; biên nhận bàn giao ghi rõ cơ quan tiếp nhận.
    """


class Duty(NamedTuple):
    assignment: Assignment
    node: Node
    writable: bool
    newest_revision: int
    pending: int  # drafts and submissions that wait; the database allows one

    def require_open(self) -> None:
        if not self.writable:
            raise PeriodNotOpenError


# Statements are made once: building them costs as much as reading a row.
_newest = (
    select(
        func.coalesce(func.max(Submission.revision), 0).label("revision"),
        func.count().filter(Submission.state.in_(("draft", "submitted"))).label("pending"),
    )
    .where(Submission.assignment_id == bindparam("id"))
    .subquery()
)
_DUTY = (
    select(Assignment, Node, writable, _newest.c.revision, _newest.c.pending)
    .join(Node, Node.id == Assignment.node_id)
    .join(Period, Period.id == Assignment.period_id)
    .join(_newest, _newest.c.pending >= 0)
    .where(Assignment.id == bindparam("id"))
    .with_for_update(of=Assignment, key_share=True)
)
_SUBMISSION = (
    select(Submission, Assignment, Node, writable, decidable)
    .join(Assignment, Assignment.id == Submission.assignment_id)
    .join(Node, Node.id == Assignment.node_id)
    .join(Period, Period.id == Assignment.period_id)
    .where(Submission.id == bindparam("id"))
    .with_for_update(of=[Assignment, Submission], key_share=True)
    .execution_options(populate_existing=True)
)


async def duty_in_hand(session: AsyncSession, assignment_id: UUID) -> Duty:
    """Take the duty. Of two who draft at once the second meets the database's own rule: 409."""
    found = (await session.execute(_DUTY, {"id": assignment_id})).one_or_none()
    if found is None:
        raise AssignmentNotFoundError
    return Duty(*found)


async def refuse_passed_on(
    session: AsyncSession, caller: Caller, assignment: Assignment, permission: str
) -> None:
    """Tell whoever had the right that the duty left his body, perhaps while he was at it."""
    if permission not in caller.reaches or caller.may(permission, assignment.organisation_id):
        return
    left = select(HandoverMove.id).where(
        HandoverMove.kind == "assignment",
        HandoverMove.object_id == assignment.id,
        HandoverMove.from_id.in_(caller.own_only(permission) or ()),
    )
    if await session.scalar(left.limit(1)):
        raise PassedOnError


async def submission_in_hand(
    session: AsyncSession, caller: Caller, submission_id: UUID, action: str
) -> tuple[Submission, Assignment, Node]:
    """Take a submission and its duty, and check right and state of ``action``."""
    found = (await session.execute(_SUBMISSION, {"id": submission_id})).one_or_none()
    if found is None:
        raise SubmissionNotFoundError
    submission, assignment, node, may_write, may_decide = found
    transition = TRANSITIONS[action]
    facts = {
        "organisation_id": assignment.organisation_id,
        "created_by": submission.created_by,
        "submitted_by": submission.submitted_by,
    }
    await refuse_passed_on(session, caller, assignment, transition.permission)
    caller.require(transition.permission, assignment.organisation_id)
    if not may(caller, action, facts):
        raise OwnSubmissionError
    if not (may_write if transition.permission == WRITE else may_decide):
        raise PeriodNotOpenError
    if submission.state not in transition.before:
        raise StateError(
            f"It is {submission.state}; to {action} it must be {' or '.join(sorted(transition.before))}.",
            vi=f"Đang ở trạng thái {submission.state}; thao tác {action} cần trạng thái "
            f"{' hoặc '.join(sorted(transition.before))}.",
        )
    return submission, assignment, node
