"""Addresses that nobody reads: they get no mail until somebody lifts it, and the coordinator is told."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from shared.alarms import ADDRESS_DEAD, MAIL_FAILED, raise_alarm
from shared.models import Alarm, Contact, Mail, SuppressedAddress, User

RETURNS_WITHIN = timedelta(days=1)  # what comes back after all, most often does within hours


async def suppress(
    session: AsyncSession,
    address: str,
    *,
    reason: str,
    now: datetime,
    mail_id: UUID | None = None,
) -> bool:
    """Send nothing to this address until somebody lifts it. Tells whether that is new."""
    added = await session.scalar(
        insert(SuppressedAddress)
        .values(address=address, reason=reason, mail_id=mail_id, suppressed_at=now)
        .on_conflict_do_nothing(
            index_elements=[func.lower(SuppressedAddress.address)],
            index_where=SuppressedAddress.lifted_at.is_(None),
        )
        .returning(SuppressedAddress.id)
    )
    return added is not None


async def lift(
    session: AsyncSession, suppressed_id: UUID, *, by: UUID, by_name: str, now: datetime
) -> bool:
    """Write to the address again, and clear its alarm. Tells whether it was suppressed."""
    address = await session.scalar(
        update(SuppressedAddress)
        .where(SuppressedAddress.id == suppressed_id, SuppressedAddress.lifted_at.is_(None))
        .values(lifted_at=now, lifted_by=by, lifted_by_name=by_name)
        .returning(SuppressedAddress.address)
    )
    if address is None:
        return False
    await session.execute(
        update(Alarm)
        .where(
            Alarm.kind == ADDRESS_DEAD,
            Alarm.subject == address.lower(),
            Alarm.cleared_at.is_(None),
        )
        .values(cleared_at=now)
    )
    return True


def is_suppressed(address: Any) -> ColumnElement[bool]:
    """Make the condition that nothing is sent to this address.

    By IN, for which Postgres reads the addresses once; EXISTS beside other conditions it asks for every row.
    """
    dead = select(func.lower(SuppressedAddress.address)).where(
        SuppressedAddress.lifted_at.is_(None)
    )
    condition: ColumnElement[bool] = func.lower(address).in_(dead)
    return condition


async def clear_answered(session: AsyncSession, *, now: datetime) -> int:
    """Clear the alarms of addresses that nobody has any more, or that mail reaches again.

    It writes only where there is one.
    """
    used = or_(
        exists().where(func.lower(Contact.email) == Alarm.subject, Contact.active),
        exists().where(func.lower(User.email) == Alarm.subject, User.active),
    )
    over = or_(
        and_(Alarm.kind == ADDRESS_DEAD, ~used),
        # Mail goes to more than contacts and accounts: that nobody is one must have been told at least.
        and_(
            Alarm.kind == MAIL_FAILED,
            or_(and_(Alarm.mailed_at.is_not(None), ~used), _got_mail(now)),
        ),
    )
    answered = list(await session.scalars(select(Alarm.id).where(Alarm.cleared_at.is_(None), over)))
    if answered:
        await session.execute(update(Alarm).where(Alarm.id.in_(answered)).values(cleared_at=now))
    return len(answered)


def _got_mail(now: datetime) -> ColumnElement[bool]:
    """Tell whether the last mail to an alarm's address arrived, or did not come back within a day."""
    newer = aliased(Mail)
    arrived = or_(
        Mail.state == "delivered", and_(Mail.state == "sent", Mail.sent_at < now - RETURNS_WITHIN)
    )
    return exists().where(
        func.lower(Mail.recipient) == Alarm.subject,
        Mail.created_at > Alarm.raised_at,
        arrived,
        ~exists().where(
            newer.recipient == Mail.recipient,
            newer.created_at > Mail.created_at,
            newer.state == "failed",
        ),
    )


async def tell_of_failure(
    session: AsyncSession,
    address: str,
    bodies: list[UUID],
    *,
    dead: bool,
    reason: str,
    now: datetime,
) -> None:
    """Raise an alarm of what could not be sent, which the coordinator is written to about."""
    if dead:
        kind, detail = ADDRESS_DEAD, (
            f"Địa chỉ {address} không nhận được thư nữa; hãy sửa đầu mối. / "
            f"Mail to {address} is refused for good; correct the contact. ({reason})"
        )  # fmt: skip
    else:
        kind, detail = MAIL_FAILED, (
            f"Thư tới {address} không gửi được; thư sau vẫn được gửi tới địa chỉ này. / "
            f"A mail to {address} could not be sent; later ones are still tried. ({reason})"
        )  # fmt: skip
    await raise_alarm(
        session,
        kind,
        address.lower(),
        detail=detail,
        organisation_id=bodies[0] if bodies else await _body_of(session, address),
        now=now,
    )


async def _body_of(session: AsyncSession, address: str) -> UUID | None:
    found: UUID | None = await session.scalar(
        select(Contact.organisation_id)
        .where(func.lower(Contact.email) == address.lower(), Contact.active)
        .order_by(Contact.organisation_id)
        .limit(1)
    )
    return found
