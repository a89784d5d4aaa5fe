"""The coordinator moves a deadline."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.assignments.queries import AssignmentNotFoundError, concerned_bodies
from services.api.deps.audit import apply, record
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.periods.queries import PeriodNotOpenError
from shared import outbox
from shared.db import among, session_reader
from shared.duty import is_done
from shared.errors import ConflictError, ForbiddenError, InvalidError
from shared.events import DeadlineMoved, DutyExcused
from shared.models import Assignment, Contribution, Extension, Period

FURTHEST = timedelta(
    days=366
)  # beyond that it is a slip of the hand, which would mail a whole body


class FarDeadlineError(InvalidError):
    """This deadline is more than a year from today and from the period's own.

    Hạn này cách hôm nay và cách hạn của kỳ báo cáo hơn một năm.
    """


class ExtendedError(ConflictError):
    """The deadline was extended: only a further extension moves it.

    Hạn đã được gia hạn: chỉ thay đổi được bằng một lần gia hạn khác.
    """


class ExtensionAskedError(ConflictError):
    """More time was asked for: who decides on that moves the deadline, and not who asked.

    Đã có đề nghị gia hạn: chỉ người quyết định đề nghị mới thay đổi hạn, người đề nghị thì không.
    """


class AlreadyDoneError(ConflictError):
    """Something waits or was accepted, or it is excused already: there is nothing to excuse.

    Đã có số liệu chờ duyệt hoặc đã tiếp nhận, hoặc nhiệm vụ đã được miễn.
    """


class NotExcusedError(ConflictError):
    """This duty is not excused.

    Nhiệm vụ này không thuộc diện được miễn.
    """


class NoPartError(ForbiddenError):
    """None of your bodies has a part in this indicator beside the one that owes it.

    Cơ quan của bạn không tham gia chỉ số này với vai trò phối hợp.
    """


async def locked_duty(session: AsyncSession, assignment_id: UUID) -> Assignment:
    assignment = await session.get(Assignment, assignment_id, with_for_update={"key_share": True})
    if assignment is None:
        raise AssignmentNotFoundError
    return assignment


async def move_deadline(
    session: AsyncSession,
    caller: Caller,
    assignment_id: UUID,
    *,
    due_on: date,
    reason: str,
    now: datetime,
) -> None:
    assignment = await locked_duty(session, assignment_id)
    caller.require("assignments:write", assignment.organisation_id)
    period = await session.get_one(Period, assignment.period_id)
    if all(abs(due_on - day) > FURTHEST for day in (period.due_on, today_in_hanoi(now))):
        raise FarDeadlineError(pointer="/due_on")
    if period.state != "open":
        raise PeriodNotOpenError
    if assignment.extended_due_on is not None:
        raise ExtendedError(pointer="/due_on")
    await _refuse_own_extension(session, caller, assignment_id)
    if changes := apply(assignment, {"due_on": due_on}):
        assignment.updated_at = now
        record(
            session,
            caller,
            "deadline_moved",
            ("assignment", assignment_id),
            changes=changes,
            reason=reason,
        )
        outbox.emit(session, DeadlineMoved(period_id=period.id, assignment_id=assignment_id))


async def _refuse_own_extension(session: AsyncSession, caller: Caller, assignment_id: UUID) -> None:
    """Leave it to whoever decides: while more time is asked for, and to its asker after it was refused."""
    refused = and_(Extension.state == "refused", among(Extension.asked_by, caller.accounts))
    asked = select(Extension.id).where(
        Extension.assignment_id == assignment_id, or_(Extension.state == "asked", refused)
    )
    if await session.scalar(asked):
        raise ExtensionAskedError(pointer="/due_on")


async def excuse(
    session: AsyncSession, caller: Caller, assignment_id: UUID, *, reason: str, now: datetime
) -> None:
    """Say that it is not owed: it counts as excused, and nobody is reminded of it."""
    assignment = await locked_duty(session, assignment_id)
    caller.require("assignments:write", assignment.organisation_id)
    if await session.scalar(select(is_done).where(Assignment.id == assignment_id)):
        raise AlreadyDoneError
    changes = apply(assignment, {"excused_at": now, "excused_reason": reason})
    assignment.excused_by, assignment.excused_by_name = caller.id, caller.name
    _told(session, caller, assignment, "excused", changes, reason=reason, now=now)


async def lift_excuse(
    session: AsyncSession, caller: Caller, assignment_id: UUID, *, reason: str, now: datetime
) -> None:
    """Say that it is owed after all."""
    assignment = await locked_duty(session, assignment_id)
    caller.require("assignments:write", assignment.organisation_id)
    if assignment.excused_at is None:
        raise NotExcusedError
    lifted = {"excused_at": None, "excused_reason": None, "excuse_lifted_at": now}
    changes = apply(assignment, lifted)
    assignment.excused_by = assignment.excused_by_name = None
    _told(session, caller, assignment, "excuse_lifted", changes, reason=reason, now=now)


def _told(
    session: AsyncSession,
    caller: Caller,
    assignment: Assignment,
    action: str,
    changes: dict[str, Any],
    *,
    reason: str,
    now: datetime,
) -> None:
    assignment.updated_at = now
    record(session, caller, action, ("assignment", assignment.id), changes=changes, reason=reason)
    outbox.emit(session, DutyExcused(period_id=assignment.period_id, assignment_id=assignment.id))


async def contribute(
    session: AsyncSession, caller: Caller, assignment_id: UUID, *, note: str, now: datetime
) -> None:
    """Add a note to another body's duty, in the name of the caller's body that has a part in the indicator."""
    assignment = await session.get(Assignment, assignment_id)
    if assignment is None:
        raise AssignmentNotFoundError
    period = await session.get_one(Period, assignment.period_id)
    bodies = await concerned_bodies(await session_reader(session), caller, assignment_id)
    if not bodies:
        raise NoPartError
    if period.state != "open":
        raise PeriodNotOpenError
    made = Contribution(
        id=uuid4(),
        assignment_id=assignment_id,
        organisation_id=bodies[0],
        note=note,
        created_by=caller.id,
        created_by_name=caller.name,
        created_at=now,
    )
    session.add(made)
    record(
        session,
        caller,
        "contributed",
        ("assignment", assignment_id),
        changes={"contribution": [None, made.id]},
    )
