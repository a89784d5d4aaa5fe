"""A process that does nothing but send webhooks, so that a test can kill it."""

import asyncio
import sys
from datetime import UTC, datetime

from services.notifier.webhooks.office import Office
from services.notifier.webhooks.sender import Sender
from shared.db import PooledDatabase
from shared.outward import Outward


async def main(url: str) -> None:
    office = Office(
        PooledDatabase(url),
        Sender(Outward.of(["127.0.0.0/8"], plain_http=True)),
        clock=lambda: datetime.now(UTC),
        public_url="https://pii.example.vn",
    )
    await asyncio.gather(office.send_forever(), office.settle_forever())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
