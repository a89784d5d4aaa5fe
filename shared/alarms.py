"""Alarms: what needs a person; one for each thing, for as long as it stands."""

from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.models import Alarm

log = structlog.get_logger()

ADDRESS_DEAD, MAIL_FAILED, NO_CONTACT = "address_dead", "mail_failed", "no_contact"
PLANNING_SILENT, UNSENT, HOLD = "planning_silent", "unsent", "hold"
WEBHOOK_DISABLED, INDEX_NOT_CALCULATED = "webhook_disabled", "index_not_calculated"
KINDS = (
    ADDRESS_DEAD, HOLD, INDEX_NOT_CALCULATED, MAIL_FAILED, NO_CONTACT, PLANNING_SILENT, UNSENT,
    WEBHOOK_DISABLED,
)  # fmt: skip


async def raise_alarm(
    session: AsyncSession,
    kind: str,
    subject: str,
    *,
    detail: str,
    now: datetime,
    organisation_id: UUID | None = None,
) -> bool:
    """Let it stand. Tells whether it is new: another worker may raise the same at this moment."""
    raised = await session.scalar(
        insert(Alarm)
        .values(
            kind=kind,
            subject=subject,
            organisation_id=organisation_id,
            detail=detail,
            raised_at=now,
        )
        .on_conflict_do_nothing(
            index_elements=[Alarm.kind, Alarm.subject], index_where=Alarm.cleared_at.is_(None)
        )
        .returning(Alarm.id)
    )
    if raised is not None:
        log.warning("alarm_raised", kind=kind, subject=subject)
    return raised is not None
