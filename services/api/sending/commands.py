"""The coordinator says when mail may go out, and how much of it."""

from datetime import datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, record
from services.api.deps.caller import Caller
from services.api.sending.schemas import ReminderSettings as NewSettings
from shared.errors import Fault, InvalidError
from shared.events import SettingsChanged
from shared.models import ReminderSettings
from shared.outbox import emit

_TIMES = ("opens_at", "closes_at", "digest_at")
_LEAST_REASON = 3  # characters
_CLOSES = ("It must close after it opens.", "Giờ kết thúc phải sau giờ bắt đầu.")
_DIGEST = (
    "The digests must go out while it is open.",
    "Giờ gửi bản tổng hợp phải nằm trong khung giờ gửi.",
)
_REASON = ("Say why nothing goes out.", "Hãy nêu lý do tạm dừng.")


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
