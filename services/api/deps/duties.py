"""What opening a period shares with whatever else moves duties from body to body."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

DUTIES = 0x70696964  # any number, but no other lock's


async def hold_duties(session: AsyncSession) -> None:
    """Wait until nobody else opens a period or hands duties over; held to the end of the transaction.

    Locking the periods would not do: one that is made meanwhile is not there to be locked.
    """
    await session.execute(select(func.pg_advisory_xact_lock(DUTIES)))
