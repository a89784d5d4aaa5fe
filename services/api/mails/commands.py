"""The coordinator tries whether mail arrives, and lets an address have mail again."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.mails.queries import AddressNotFoundError
from services.api.mails.schemas import NewTest
from shared.errors import ConflictError
from shared.events import AddressLifted, MailAsked
from shared.log import trace_id
from shared.models import Mail, SuppressedAddress
from shared.names import domain_of, message_id
from shared.outbox import emit


class SuppressedError(ConflictError):
    """Mail to this address came back, so none is sent there: lift that first.

    Thư gửi tới địa chỉ này đã bị trả lại nên không gửi nữa: hãy mở lại địa chỉ trước.
    """


class LiftedError(ConflictError):
    """Mail may go to this address already.

    Địa chỉ này đã được gửi thư trở lại.
    """


async def ask_test(
    session: AsyncSession, caller: Caller, *, new: NewTest, mail_from: str, now: datetime
) -> UUID:
    """Write a mail down that the notifier takes at once, as it takes every other."""
    suppressed = select(SuppressedAddress.id).where(
        func.lower(SuppressedAddress.address) == new.address.lower(),
        SuppressedAddress.lifted_at.is_(None),
    )
    if await session.scalar(suppressed) is not None:
        raise SuppressedError(pointer="/address")
    made = uuid4()
    key = f"test:{made}"
    session.add(
        Mail(
            id=made,
            key=key,
            kind="test",
            recipient=new.address,
            recipient_name=new.name,
            day=today_in_hanoi(now),
            message_id=message_id(made, domain=domain_of(mail_from)),
            facts={"by": caller.name},
            state="waiting",
            next_at=now,
            trace_id=trace_id.get(),
        )
    )
    # The address stands in the mail, where it can be erased.
    record(session, caller, "test_asked", ("mail", made))
    emit(session, MailAsked(mail_id=made))
    return made


async def lift_address(
    session: AsyncSession, caller: Caller, address_id: UUID, *, now: datetime
) -> None:
    """Let mail go there again; should it come back once more, the address is suppressed anew."""
    address = await session.get(
        SuppressedAddress, address_id, with_for_update=True, populate_existing=True
    )
    if address is None:
        raise AddressNotFoundError
    if address.lifted_at is not None:
        raise LiftedError
    address.lifted_at, address.lifted_by, address.lifted_by_name = now, caller.id, caller.name
    changes = {"lifted_at": [None, now]}
    record(session, caller, "lifted", ("suppressed_address", address_id), changes=changes)
    emit(session, AddressLifted(address_id=address_id))
