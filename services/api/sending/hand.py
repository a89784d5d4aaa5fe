"""Runs that wait are decided here, whoever decides: with an account, or by the link of a mail."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.sending.queries import HoldNotFoundError
from shared.errors import ConflictError
from shared.events import HoldDecided
from shared.holds import discarded_because, mails_in, people_in
from shared.models import Hold, Reminder
from shared.outbox import emit


class HoldDecidedError(ConflictError):
    """This run does not wait any more: it was decided before.

    Lượt gửi này không còn chờ: đã có quyết định.
    """


async def release_hold(
    session: AsyncSession, caller: Caller, hold_id: UUID, *, reason: str | None, now: datetime
) -> None:
    """Let its mail go out after all: the rows are planned again, and what is due goes out."""
    await _decide(session, caller, hold_id, "released", reason=reason, now=now)


async def discard_hold(
    session: AsyncSession, caller: Caller, hold_id: UUID, *, reason: str, now: datetime
) -> None:
    """Drop its mail: the rows stay in the ledger as skipped, with the reason."""
    await _decide(session, caller, hold_id, "discarded", reason=reason, now=now)


async def _decide(
    session: AsyncSession,
    caller: Caller,
    hold_id: UUID,
    state: str,
    *,
    reason: str | None,
    now: datetime,
) -> None:
    hold = await session.get(Hold, hold_id, with_for_update=True, populate_existing=True)
    if hold is None:
        raise HoldNotFoundError
    if hold.state != "waiting":
        raise HoldDecidedError
    hold.state, hold.decided_at, hold.decision_reason = state, now, reason
    hold.decided_by, hold.decided_by_name = caller.id, caller.name
    become: dict[str, Any] = {"state": "planned", "hold_id": None}
    if state == "discarded":
        become |= {"state": "skipped", "reason": discarded_because(reason or "")}
    counts = await _let_become(session, hold_id, become)
    hold.detail = {**hold.detail, "decided": counts}
    told = {name: [number, 0] for name, number in counts.items()}
    record(
        session,
        caller,
        state,
        ("reminder_hold", hold_id),
        changes={"state": ["waiting", state], **told},
        reason=reason,
    )
    emit(session, HoldDecided(hold_id=hold_id))


async def _let_become(
    session: AsyncSession, hold_id: UUID, values: dict[str, Any]
) -> dict[str, int]:
    """Change the rows that wait, and count exactly these: others may have joined since the run was held."""
    moved = (
        update(Reminder)
        .where(Reminder.hold_id == hold_id, Reminder.state == "held")
        .values(values)
        .returning(Reminder.id, Reminder.kind, Reminder.recipient, Reminder.separate)
        .cte("moved")
    )
    counts = select(
        func.count().label("rows"),
        mails_in(moved.c).label("mails"),
        people_in(moved.c).label("recipients"),
    ).select_from(moved)
    return dict((await session.execute(counts)).mappings().one())
