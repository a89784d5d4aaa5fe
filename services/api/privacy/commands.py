"""Erase what is a person's; what he did stays, under a pseudonym.

Luật 91/2025 and NĐ 356/2025 on personal data against what administration must be able to show: who is told by
an id that leads to nobody any more. The one command that writes other nouns' tables: a name is everywhere.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.audit.hand import erase_person
from services.api.deps.caller import Caller
from services.api.deps.erased import ERASED
from services.api.identity.hand import refuse_last_administrator
from services.api.privacy.states import named_columns, pseudonym_of
from shared.errors import ConflictError, NotFoundError
from shared.models import (
    Alarm,
    Contact,
    Feed,
    Mail,
    Membership,
    Reminder,
    SignIn,
    SuppressedAddress,
    User,
    WebhookEndpoint,
)


class OwnErasureError(ConflictError):
    """Nobody erases himself: let another administrator do it.

    Không ai tự xóa dữ liệu của chính mình: hãy để quản trị viên khác thực hiện.
    """


async def erase(
    session: AsyncSession,
    caller: Caller,
    user_id: UUID,
    *,
    reason: str,
    now: datetime,
    today: date,
) -> dict[str, Any]:
    """Close the account and put a pseudonym where the person's name, login and addresses are.

    May be repeated: it then takes what was written meanwhile by a request that was on its way.
    """
    if user_id == caller.id:
        raise OwnErasureError
    await refuse_last_administrator(session, user_id, today)
    user = await session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFoundError
    contacts = await _contacts(session, user.email)
    pseudonym = pseudonym_of(user_id)
    reminders = await _reminders(session, user.email, pseudonym)
    mails = await _mails(session, user.email, pseudonym)
    suppressed = await _suppressed(session, user.email, pseudonym)
    await _webhooks(session, user.email)
    await _close(session, user, pseudonym, now=now, today=today)
    erased = {
        "id": user_id,
        "pseudonym": pseudonym,
        "contacts": len(contacts),
        "named_in": await _named(session, (user_id, *contacts)),
        "reminders": reminders,
        "mails": mails,
        "suppressed_addresses": suppressed,
    }
    places = await erase_person(session, caller, user_id, contacts=contacts, reason=reason)
    return {**erased, "audit_places": places}


async def _contacts(session: AsyncSession, email: str) -> Sequence[UUID]:
    if not email:
        return []
    erased = (
        update(Contact)
        .where(func.lower(Contact.email) == email.lower())
        .values(name=ERASED, email="", phone="", active=False, updated_at=func.now())
        .returning(Contact.id)
    )
    return (await session.scalars(erased)).all()


async def _reminders(session: AsyncSession, email: str, pseudonym: str) -> int:
    """Take the address out of the ledger; a mail still planned is dropped there, as its contact has ended."""
    if not email:
        return 0
    erased = (
        update(Reminder)
        .where(func.lower(Reminder.recipient) == email.lower())
        .values(recipient=pseudonym, recipient_name=ERASED)
        .returning(Reminder.id)
    )
    return len((await session.scalars(erased)).all())


async def _mails(session: AsyncSession, email: str, pseudonym: str) -> int:
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


async def _suppressed(session: AsyncSession, email: str, pseudonym: str) -> int:
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


async def _webhooks(session: AsyncSession, email: str) -> None:
    """Take the address from the webhooks he looked after; they go on, and another is to be named."""
    mine = func.lower(WebhookEndpoint.owner_email) == email.lower()
    if email:
        await session.execute(update(WebhookEndpoint).where(mine).values(owner_email=""))


async def _close(
    session: AsyncSession, user: User, pseudonym: str, *, now: datetime, today: date
) -> None:
    user.login, user.name, user.email = pseudonym, ERASED, ""
    user.password_hash, user.active, user.updated_at = "!", False, now
    standing = update(SignIn).where(SignIn.user_id == user.id, SignIn.ended_at.is_(None))
    await session.execute(standing.values(ended_at=now))
    feeds = update(Feed).where(Feed.user_id == user.id, Feed.revoked_at.is_(None))
    await session.execute(feeds.values(revoked_at=now))
    mine = Membership.user_id == user.id
    await session.execute(delete(Membership).where(mine, Membership.valid_from >= today))
    await session.execute(
        update(Membership)
        .where(mine, or_(Membership.valid_to.is_(None), Membership.valid_to >= today))
        .values(valid_to=today - timedelta(days=1))
    )


async def _named(session: AsyncSession, people: Sequence[UUID]) -> dict[str, int]:
    """Erase the name beside each act, also of the contact who acted by a link; return how many rows had it, by table and column."""
    found = {}
    for table, who, name in named_columns():
        mine = update(table).where(table.columns[who].in_(people), table.columns[name] != ERASED)
        done = await session.execute(mine.values({name: ERASED}).returning(table.columns[who]))
        if rows := len(done.all()):
            found[f"{table.name}.{name}"] = rows
    return found
