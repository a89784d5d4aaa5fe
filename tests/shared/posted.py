"""Mails that went out, with what they told."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.models import Mail, Organisation, Reminder
from tests.shared.returned import OURS, TO

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)


async def posted(
    session: AsyncSession, *, rows: int = 2, body: str = "so-gddt", **values: Any
) -> UUID:
    """Write a mail, sent if nothing else is said, and the rows of the ledger that it carried."""
    facts: dict[str, Any] = {
        "key": f"digest:{uuid4()}",
        "kind": "digest",
        "recipient": TO,
        "recipient_name": "Hoa",
        "day": date(2026, 11, 24),
        "message_id": OURS,
        "state": "sent",
        "sent_at": NOW,
        "next_at": NOW,
        "trace_id": "",
    } | values
    mail = Mail(id=uuid4(), **facts)
    session.add(mail)
    await session.flush()
    organisation = await session.scalar(select(Organisation.id).where(Organisation.code == body))
    assert organisation is not None
    waits = mail.state == "waiting"
    for _ in range(rows):
        session.add(
            Reminder(
                kind="notice",
                topic="returned",
                subject_id=uuid4(),
                organisation_id=organisation,
                audience="officer",
                recipient=mail.recipient,
                recipient_name="Hoa",
                planned_at=NOW,
                send_at=NOW,
                state="claimed" if waits else mail.state,
                sent_at=mail.sent_at,
                mail_id=mail.id,
                trace_id="",
            )
        )
    await session.flush()
    return mail.id


async def mail_of(session: AsyncSession, mail_id: UUID) -> Mail:
    mail = await session.get(Mail, mail_id, populate_existing=True)
    assert mail is not None
    return mail


async def rows_of(session: AsyncSession, mail_id: UUID) -> list[Reminder]:
    found = select(Reminder).where(Reminder.mail_id == mail_id)
    return list(await session.scalars(found.execution_options(populate_existing=True)))
