"""A body asks for more time, over the API or by a link in a mail: one rule for both."""

from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.assignments.queries import AssignmentNotFoundError
from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from shared.duty import effective, is_done
from shared.errors import ConflictError, InvalidError
from shared.models import Assignment, Extension

LONGEST = timedelta(days=366)  # beyond that it is a slip of the hand


class ExtensionWaitsError(ConflictError):
    """An extension of this deadline has been asked for already.

    Đã có đề nghị gia hạn đang chờ quyết định.
    """


class NothingOwedError(ConflictError):
    """Nothing is owed at present: it waits for a decision, was accepted or is excused.

    Hiện không còn phải nộp: đang chờ duyệt, đã tiếp nhận hoặc đã được miễn.
    """


class EarlyExtensionError(InvalidError):
    """An extension ends after the present deadline, not before today, and within a year.

    Hạn mới phải sau hạn hiện tại, không trước hôm nay và trong vòng một năm.
    """


def check_day(day: date, due_on: date, *, today: date, pointer: str) -> None:
    """Refuse a day that is no extension of ``due_on``."""
    if not max(due_on + timedelta(days=1), today) <= day <= max(due_on, today) + LONGEST:
        raise EarlyExtensionError(pointer=pointer)


async def ask_extension(
    session: AsyncSession,
    caller: Caller,
    assignment_id: UUID,
    *,
    reason: str,
    wished_on: date,
    now: datetime,
) -> UUID:
    """Ask; also for a period that is closed, because a granted extension lifts its lock.

    ``caller`` has signed in, or acts by a link in a mail for the body that he was written to for.
    """
    duty = await session.get(Assignment, assignment_id, with_for_update={"key_share": True})
    if duty is None:
        raise AssignmentNotFoundError
    if not caller.may("assignments:write", duty.organisation_id):
        caller.require("submissions:write", duty.organisation_id)
    waits = select(Extension.id).where(
        Extension.assignment_id == assignment_id, Extension.state == "asked"
    )
    if await session.scalar(waits):
        raise ExtensionWaitsError
    if await session.scalar(select(is_done).where(Assignment.id == assignment_id)):
        raise NothingOwedError
    due_on = effective(duty.due_on, duty.extended_due_on)
    check_day(wished_on, due_on, today=today_in_hanoi(now), pointer="/wished_on")
    asked = Extension(
        id=uuid4(),
        assignment_id=assignment_id,
        reason=reason,
        wished_on=wished_on,
        due_on=due_on,
        asked_by=caller.id,
        asked_by_name=caller.name,
        asked_at=now,
    )
    session.add(asked)
    record(
        session,
        caller,
        "asked",
        ("extension", asked.id),
        changes={"assignment": [None, assignment_id], "wished_on": [due_on, wished_on]},
        reason=reason,
    )
    return asked.id
