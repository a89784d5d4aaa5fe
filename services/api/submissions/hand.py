"""Take a duty, or a submission and its duty, for this transaction: one change of a duty at a time."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.assignments.queries import AssignmentNotFoundError
from services.api.deps.caller import Caller
from services.api.periods.queries import PeriodNotOpenError
from services.api.submissions.queries import SubmissionNotFoundError
from services.api.submissions.states import TRANSITIONS, may
from shared.errors import ConflictError, ForbiddenError
from shared.models import Assignment, Node, Period, Submission


class StateError(ConflictError):
    """Its state does not allow that."""


class OwnSubmissionError(ForbiddenError):
    """Whoever submitted a figure does not accept it.

    Người đã gửi số liệu không được tự tiếp nhận.
    """


async def duty_in_hand(session: AsyncSession, assignment_id: UUID) -> tuple[Assignment, Node]:
    """Take the duty for this transaction; one change of a duty at a time, and only in an open period."""
    found = (
        await session.execute(
            select(Assignment, Node, Period.state)
            .join(Node, Node.id == Assignment.node_id)
            .join(Period, Period.id == Assignment.period_id)
            .where(Assignment.id == assignment_id)
            .with_for_update(of=Assignment, key_share=True)
        )
    ).one_or_none()
    if found is None:
        raise AssignmentNotFoundError
    assignment, node, period_state = found
    if period_state != "open":
        raise PeriodNotOpenError
    return assignment, node


async def submission_in_hand(
    session: AsyncSession, caller: Caller, submission_id: UUID, action: str
) -> tuple[Submission, Assignment, Node]:
    """Take a submission and its duty, and check right and state of ``action``."""
    submission = await session.get(Submission, submission_id)
    if submission is None:
        raise SubmissionNotFoundError
    assignment, node = await duty_in_hand(session, submission.assignment_id)
    await session.refresh(submission, with_for_update=True)
    transition = TRANSITIONS[action]
    facts = {
        "organisation_id": assignment.organisation_id,
        "created_by": submission.created_by,
        "submitted_by": submission.submitted_by,
    }
    caller.require(transition.permission, assignment.organisation_id)
    if not may(caller, action, facts):
        raise OwnSubmissionError
    if submission.state not in transition.before:
        raise StateError(
            f"It is {submission.state}; to {action} it must be {' or '.join(sorted(transition.before))}.",
            vi=f"Đang ở trạng thái {submission.state}; thao tác {action} cần trạng thái "
            f"{' hoặc '.join(sorted(transition.before))}.",
        )
    return submission, assignment, node
