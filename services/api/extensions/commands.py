"""The coordinator decides on more time; the granted day is kept beside the original one.

This noun alone writes ``assignments.extended_due_on``.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.extensions.hand import check_day
from services.api.extensions.queries import ExtensionNotFoundError
from shared import outbox
from shared.duty import effective
from shared.errors import ConflictError, ForbiddenError
from shared.events import DeadlineMoved
from shared.models import Assignment, Extension


class ExtensionDecidedError(ConflictError):
    """It has been decided or withdrawn already.

    Đề nghị đã được quyết định hoặc đã rút.
    """

    of_state = True


class OwnExtensionError(ForbiddenError):
    """Whoever asks for an extension does not grant or refuse it.

    Người đề nghị gia hạn không được tự quyết định.
    """


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
    _check_decidable(caller, extension, duty)
    day = until or extension.wished_on
    due_on = effective(duty.due_on, duty.extended_due_on)
    check_day(day, due_on, today=today_in_hanoi(now), pointer="/until")
    extended = [duty.extended_due_on, day]
    extension.granted_until = duty.extended_due_on = day
    duty.updated_at = now
    _decide(session, caller, extension, "granted", reason=reason, now=now)
    record(
        session,
        caller,
        "deadline_extended",
        ("assignment", duty.id),
        changes={"last_day": [due_on, day], "extended_due_on": extended},
        reason=reason,
    )
    outbox.emit(session, DeadlineMoved(period_id=duty.period_id, assignment_id=duty.id))


async def refuse_extension(
    session: AsyncSession, caller: Caller, extension_id: UUID, *, reason: str, now: datetime
) -> None:
    extension, duty = await _in_hand(session, extension_id)
    _check_decidable(caller, extension, duty)
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


def _check_decidable(caller: Caller, extension: Extension, duty: Assignment) -> None:
    caller.require("assignments:write", duty.organisation_id)
    if extension.asked_by in caller.accounts:
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
