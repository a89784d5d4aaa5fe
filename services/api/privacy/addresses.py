"""Erase what hangs on a person's address: contacts, the ledger, mails, what looks after what, and names beside acts."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.erased import ERASED
from services.api.privacy.states import named_columns
from shared.models import (
    Alarm,
    Contact,
    Mail,
    Reminder,
    ReminderSettings,
    SuppressedAddress,
    WebhookEndpoint,
)


async def erase_address(
    session: AsyncSession, email: str, pseudonym: str, *, contacts: Collection[UUID]
) -> dict[str, int]:
    """Put the pseudonym where the address is; return how many rows had it, by kind."""
    erased = {
        "reminders": await erase_reminders(session, email, pseudonym, contacts),
        "mails": await erase_mails(session, email, pseudonym),
        "suppressed_addresses": await erase_suppressed(session, email, pseudonym),
    }
    await erase_owner(session, email)
    return erased


async def erase_contacts(session: AsyncSession, email: str) -> Sequence[UUID]:
    if not email:
        return []
    erased = (
        update(Contact)
        .where(func.lower(Contact.email) == email.lower())
        .values(name=ERASED, email="", phone="", active=False, updated_at=func.now())
        .returning(Contact.id)
    )
    return (await session.scalars(erased)).all()


async def erase_reminders(
    session: AsyncSession, email: str, pseudonym: str, contacts: Collection[UUID]
) -> int:
    """Take the address out of the ledger; a mail still planned is dropped there, as its contact has ended.

    A contact's lines are his, also those to an address that he had before.
    """
    own = Reminder.contact_id.in_(contacts) & (Reminder.recipient_name != ERASED)
    erased = (
        update(Reminder)
        .where(own | (func.lower(Reminder.recipient) == email.lower()) if email else own)
        .values(recipient=pseudonym, recipient_name=ERASED)
        .returning(Reminder.id)
    )
    return len((await session.scalars(erased)).all())


async def erase_mails(session: AsyncSession, email: str, pseudonym: str) -> int:
    """Take the address out of the mails; a mail's key holds it, and so may what the mail said."""
    if not email:
        return 0
    erased = (
        update(Mail)
        .where(func.lower(Mail.recipient) == email.lower())
        .values(
            key=func.concat("erased:", Mail.id),
            recipient=pseudonym,
            recipient_name=ERASED,
            subject="",
            facts={},
        )
        .returning(Mail.id)
    )
    return len((await session.scalars(erased)).all())


async def erase_suppressed(session: AsyncSession, email: str, pseudonym: str) -> int:
    """Take the address out of those that get no mail, and out of the alarms about it."""
    if not email:
        return 0
    await session.execute(
        update(Alarm)
        .where(func.lower(Alarm.subject) == email.lower())
        .values(subject=pseudonym, detail=func.replace(Alarm.detail, Alarm.subject, pseudonym))
    )
    erased = (
        update(SuppressedAddress)
        .where(func.lower(SuppressedAddress.address) == email.lower())
        .values(address=pseudonym, reason=ERASED)
        .returning(SuppressedAddress.id)
    )
    return len((await session.scalars(erased)).all())


async def erase_owner(session: AsyncSession, email: str) -> None:
    """Take the address from what he looked after, webhooks and the sending of mail: another is to be named."""
    if not email:
        return
    mine = func.lower(WebhookEndpoint.owner_email) == email.lower()
    await session.execute(update(WebhookEndpoint).where(mine).values(owner_email=""))
    operates = func.lower(ReminderSettings.operator_email) == email.lower()
    await session.execute(update(ReminderSettings).where(operates).values(operator_email=""))


async def erase_named(session: AsyncSession, people: Collection[UUID]) -> dict[str, int]:
    """Erase the name beside each act, also of the contact who acted by a link; return how many rows had it, by table and column."""
    found = {}
    for table, who, name in named_columns():
        mine = update(table).where(table.columns[who].in_(people), table.columns[name] != ERASED)
        done = await session.execute(mine.values({name: ERASED}).returning(table.columns[who]))
        if rows := len(done.all()):
            found[f"{table.name}.{name}"] = rows
    return found
