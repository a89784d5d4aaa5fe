"""Wait until others wait: a test that holds a lock goes on when they have come to it."""

import asyncio

from sqlalchemy import text

from shared.db import PooledDatabase

LIMIT = 20.0  # seconds
_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


async def until_waiting(database: PooledDatabase, number: int = 1) -> None:
    """Return when so many connections to this database wait for a lock; takes a connection beside the holder's.

    Raises ``TimeoutError``.
    """
    async with asyncio.timeout(LIMIT):
        while True:
            # In a new transaction each time: within one the view stays as it was first seen.
            async with database.transaction() as session:
                if (await session.scalar(_WAITING) or 0) >= number:
                    return
            await asyncio.sleep(0.01)
