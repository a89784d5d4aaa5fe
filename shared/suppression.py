"""Addresses that nobody reads: they get no mail until somebody lifts it, and the coordinator is told."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.models import Alarm, Contact, SuppressedAddress, User

ADDRESS_DEAD = "address_dead"


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
    """Clear the alarms of addresses that nobody has any more. It writes only where there is one."""
    used = or_(
        exists().where(func.lower(Contact.email) == Alarm.subject, Contact.active),
        exists().where(func.lower(User.email) == Alarm.subject, User.active),
    )
    answered = list(
        await session.scalars(
            select(Alarm.id).where(Alarm.kind == ADDRESS_DEAD, Alarm.cleared_at.is_(None), ~used)
        )
    )
    if answered:
        await session.execute(update(Alarm).where(Alarm.id.in_(answered)).values(cleared_at=now))
    return len(answered)


async def raise_alarm(
    session: AsyncSession, address: str, bodies: list[UUID], *, reason: str, now: datetime
) -> None:
    body = bodies[0] if bodies else await _body_of(session, address)
    detail = (
        f"Địa chỉ {address} không nhận được thư nữa; hãy sửa đầu mối. / "
        f"Mail to {address} is refused for good; correct the contact. ({reason})"
    )
    await session.execute(
        insert(Alarm)
        .values(
            kind=ADDRESS_DEAD,
            subject=address.lower(),
            organisation_id=body,
            detail=detail,
            raised_at=now,
        )
        .on_conflict_do_nothing(
            index_elements=[Alarm.kind, Alarm.subject], index_where=Alarm.cleared_at.is_(None)
        )
    )


async def _body_of(session: AsyncSession, address: str) -> UUID | None:
    found: UUID | None = await session.scalar(
        select(Contact.organisation_id)
        .where(func.lower(Contact.email) == address.lower(), Contact.active)
        .order_by(Contact.organisation_id)
        .limit(1)
    )
    return found
