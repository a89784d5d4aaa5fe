"""The coordinator moves a deadline."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.api.assignments.queries import AssignmentNotFoundError
from services.api.deps.audit import apply, record
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.periods.queries import PeriodNotOpenError
from shared import outbox
from shared.errors import InvalidError
from shared.events import DeadlineMoved
from shared.models import Assignment, Period

FURTHEST = timedelta(
    days=366
)  # beyond that it is a slip of the hand, which would mail a whole body


class FarDeadlineError(InvalidError):
    """This deadline is more than a year from today and from the period's own.

    Hạn này cách hôm nay và cách hạn của kỳ báo cáo hơn một năm.
    """


async def move_deadline(
    session: AsyncSession, caller: Caller, assignment_id: UUID, *, due_on: date, now: datetime
) -> None:
    assignment = await session.get(Assignment, assignment_id, with_for_update={"key_share": True})
    if assignment is None:
        raise AssignmentNotFoundError
    period = await session.get_one(Period, assignment.period_id)
    if all(abs(due_on - day) > FURTHEST for day in (period.due_on, today_in_hanoi(now))):
        raise FarDeadlineError(pointer="/due_on")
    if period.state != "open":
        raise PeriodNotOpenError
    if changes := apply(assignment, {"due_on": due_on}):
        assignment.updated_at = now
        record(session, caller, "deadline_moved", ("assignment", assignment_id), changes=changes)
        outbox.emit(session, DeadlineMoved(period_id=period.id, assignment_id=assignment_id))
