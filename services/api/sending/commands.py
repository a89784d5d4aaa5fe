"""The coordinator says when mail may go out, and decides of runs that wait."""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, record
from services.api.deps.caller import Caller
from services.api.sending.queries import HoldNotFoundError
from services.api.sending.schemas import ReminderSettings as NewSettings
from shared.errors import ConflictError, Fault, InvalidError
from shared.events import HoldDecided, SettingsChanged
from shared.holds import discarded_because, mails_in, people_in
from shared.models import Hold, Reminder, ReminderSettings
from shared.outbox import emit

_TIMES = ("opens_at", "closes_at", "digest_at")
_LEAST_REASON = 3  # characters
_CLOSES = ("It must close after it opens.", "Giờ kết thúc phải sau giờ bắt đầu.")
_DIGEST = (
    "The digests must go out while it is open.",
    "Giờ gửi bản tổng hợp phải nằm trong khung giờ gửi.",
)
_REASON = ("Say why nothing goes out.", "Hãy nêu lý do tạm dừng.")


class HoldDecidedError(ConflictError):
    """This run does not wait any more: it was decided before.

    Lượt gửi này không còn chờ: đã có quyết định.
    """


async def settings_in_hand(session: AsyncSession) -> ReminderSettings:
    """Take them for this transaction: one change of them at a time."""
    found = await session.scalars(
        select(ReminderSettings).with_for_update().execution_options(populate_existing=True)
    )
    return found.one()


async def set_settings(
    session: AsyncSession, caller: Caller, *, new: NewSettings, now: datetime
) -> None:
    """Replace them all; the notifier hears of it at once."""
    values: dict[str, Any] = new.model_dump()
    for name in _TIMES:
        values[name] = time.fromisoformat(values[name])
    if faults := _faults(values):
        raise InvalidError(faults=faults)
    settings = await settings_in_hand(session)
    if changes := apply(settings, values):
        settings.updated_at = now
        told = {name: [str(part) for part in change] for name, change in changes.items()}
        record(
            session,
            caller,
            "changed",
            ("reminder_settings", "1"),
            changes={name: told[name] if name in _TIMES else changes[name] for name in changes},
            reason=settings.pause_reason if "paused" in changes and settings.paused else None,
        )
        emit(session, SettingsChanged())


def _faults(values: dict[str, Any]) -> list[Fault]:
    faults = []
    if values["closes_at"] <= values["opens_at"]:
        faults.append(Fault("/closes_at", *_CLOSES))
    elif not values["opens_at"] <= values["digest_at"] < values["closes_at"]:
        faults.append(Fault("/digest_at", *_DIGEST))
    if values["paused"] and len(values["pause_reason"]) < _LEAST_REASON:
        faults.append(Fault("/pause_reason", *_REASON))
    return faults


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
