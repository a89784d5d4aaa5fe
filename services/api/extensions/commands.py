"""A body asks for more time, the coordinator decides; the granted day is kept beside the original one.

This noun alone writes ``assignments.extended_due_on``.
"""

from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.assignments.queries import AssignmentNotFoundError
from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.extensions.queries import ExtensionNotFoundError
from shared import outbox
from shared.duty import effective, is_done
from shared.errors import ConflictError, ForbiddenError, InvalidError
from shared.events import DeadlineMoved
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


class ExtensionDecidedError(ConflictError):
    """It has been decided or withdrawn already.

    Đề nghị đã được quyết định hoặc đã rút.
    """


class OwnExtensionError(ForbiddenError):
    """Whoever asks for an extension does not grant or refuse it.

    Người đề nghị gia hạn không được tự quyết định.
    """


class EarlyExtensionError(InvalidError):
    """An extension ends after the present deadline, not before today, and within a year.

    Hạn mới phải sau hạn hiện tại, không trước hôm nay và trong vòng một năm.
    """


def _check_day(day: date, due_on: date, *, today: date, pointer: str) -> None:
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
    """Ask; also for a period that is closed, because a granted extension lifts its lock."""
    duty = await session.get(Assignment, assignment_id, with_for_update={"key_share": True})
    if duty is None:
        raise AssignmentNotFoundError
    if not caller.may("assignments:write"):
        caller.require("submissions:write", duty.organisation_id)
    waits = select(Extension.id).where(
        Extension.assignment_id == assignment_id, Extension.state == "asked"
    )
    if await session.scalar(waits):
        raise ExtensionWaitsError
    if await session.scalar(select(is_done).where(Assignment.id == assignment_id)):
        raise NothingOwedError
    due_on = effective(duty.due_on, duty.extended_due_on)
    _check_day(wished_on, due_on, today=today_in_hanoi(now), pointer="/wished_on")
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


async def _in_hand(session: AsyncSession, extension_id: UUID) -> tuple[Extension, Assignment]:
    found = (
        await session.execute(
            select(Extension, Assignment)
            .join(Assignment, Assignment.id == Extension.assignment_id)
            .where(Extension.id == extension_id)
            .with_for_update(of=[Assignment, Extension], key_share=True)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    if found is None:
        raise ExtensionNotFoundError
    extension, duty = found
    return extension, duty


async def grant_extension(
    session: AsyncSession,
    caller: Caller,
    extension_id: UUID,
    *,
    until: date | None,
    reason: str,
    now: datetime,
) -> None:
    """Set the new last day; reminders follow it, and the original stays beside it."""
    extension, duty = await _in_hand(session, extension_id)
    _check_decidable(caller, extension)
    day = until or extension.wished_on
    due_on = effective(duty.due_on, duty.extended_due_on)
    _check_day(day, due_on, today=today_in_hanoi(now), pointer="/until")
    extension.granted_until = duty.extended_due_on = day
    duty.updated_at = now
    _decide(session, caller, extension, "granted", reason=reason, now=now)
    record(
        session,
        caller,
        "deadline_extended",
        ("assignment", duty.id),
        changes={"last_day": [due_on, day]},
        reason=reason,
    )
    outbox.emit(session, DeadlineMoved(period_id=duty.period_id, assignment_id=duty.id))


async def refuse_extension(
    session: AsyncSession, caller: Caller, extension_id: UUID, *, reason: str, now: datetime
) -> None:
    extension, _ = await _in_hand(session, extension_id)
    _check_decidable(caller, extension)
    _decide(session, caller, extension, "refused", reason=reason, now=now)


async def withdraw_extension(
    session: AsyncSession, caller: Caller, extension_id: UUID, *, now: datetime
) -> None:
    extension, duty = await _in_hand(session, extension_id)
    if caller.id != extension.asked_by:
        caller.require("submissions:write", duty.organisation_id)
    if extension.state != "asked":
        raise ExtensionDecidedError
    _decide(session, caller, extension, "withdrawn", reason=None, now=now)


def _check_decidable(caller: Caller, extension: Extension) -> None:
    caller.require("assignments:write")
    if caller.id == extension.asked_by:
        raise OwnExtensionError
    if extension.state != "asked":
        raise ExtensionDecidedError


def _decide(
    session: AsyncSession,
    caller: Caller,
    extension: Extension,
    state: str,
    *,
    reason: str | None,
    now: datetime,
) -> None:
    record(
        session,
        caller,
        state,
        ("extension", extension.id),
        changes={
            "state": [extension.state, state],
            "granted_until": [None, extension.granted_until],
        },
        reason=reason,
    )
    extension.state, extension.decided_at, extension.decision_reason = state, now, reason
    extension.decided_by, extension.decided_by_name = caller.id, caller.name
