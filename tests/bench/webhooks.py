"""Webhooks: 200 messages a second beside a receiver that is slow, and how near to a bare client it comes.

The receivers are a process of their own. The ceiling is httpx alone, which posts the same bodies to the same
receiver by as many at once, in the same minute; it signs nothing, looks nothing up and writes nothing down.
"""

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from uuid import UUID, uuid4

import httpx
import structlog
from alembic import command
from sqlalchemy import Float, cast, func, insert, select, update

from deploy.embedded import EmbeddedPostgres
from deploy.migrate import alembic_config
from services.notifier.webhooks import signing
from services.notifier.webhooks.fanout import fan_out
from services.notifier.webhooks.office import MOST_EACH, Office
from services.notifier.webhooks.sender import Sender
from shared.db import PooledDatabase
from shared.models import (
    PublicEvent,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookSecret,
)
from shared.outward import Outward
from tests.bench.row import Row

RATE = 200  # messages a second
TICKS = 5  # small bursts a second, in which they come
TARGET, LAG = 0.3, 1_000
DATA = {
    "submission": str(uuid4()),
    "assignment": str(uuid4()),
    "period": "ky-2026",
    "organisation": "so-gddt",
    "indicator": "2.1.1",
    "state": "accepted",
    "link": "/v1/submissions/00000000-0000-4000-8000-000000000000",
}


@asynccontextmanager
async def receivers() -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.receiver", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    yield f"http://127.0.0.1:{int(await process.stdout.readline())}"
    process.terminate()
    await process.wait()


@asynccontextmanager
async def empty_database() -> AsyncIterator[PooledDatabase]:
    folder = Path(tempfile.mkdtemp(prefix="pii-bench-"))
    folder.chmod(0o711)  # noqa: ASYNC240 the account that PostgreSQL runs as must pass
    postgres = EmbeddedPostgres(folder / "postgres", durable=True, log=folder / "postgres.log")
    try:
        await postgres.start()
        url = postgres.url.replace("postgresql://", "postgresql+asyncpg://", 1)
        await asyncio.to_thread(command.upgrade, alembic_config(url), "head")
        database = PooledDatabase(url, pool=5)
        yield database
        await database.close()
    finally:
        await postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _register(database: PooledDatabase, url: str) -> UUID:
    async with database.transaction() as session:
        endpoint = WebhookEndpoint(
            id=uuid4(), url=url, description="", event_types=["*"], owner_email=""
        )
        session.add(endpoint)
        await session.flush()
        session.add(WebhookSecret(endpoint_id=endpoint.id, key=bytes(32)))
    return endpoint.id


async def _emit(database: PooledDatabase, number: int) -> None:
    now = datetime.now(UTC)
    async with database.transaction() as session:
        row = {"type": "submission.accepted", "version": 1, "data": DATA, "trace_id": ""}
        rows = [{**row, "id": uuid4(), "occurred_at": now} for _ in range(number)]
        await session.execute(insert(PublicEvent), rows)
    async with database.transaction() as session:
        while await fan_out(session, now=datetime.now(UTC)):
            pass


async def _delivered(database: PooledDatabase, endpoint: UUID) -> int:
    async with database.transaction() as session:
        found = select(func.count()).where(
            WebhookDelivery.endpoint_id == endpoint, WebhookDelivery.state == "delivered"
        )
        return await session.scalar(found) or 0


async def _until(database: PooledDatabase, endpoint: UUID, number: int) -> None:
    async with asyncio.timeout(120):
        while await _delivered(database, endpoint) < number:  # noqa: ASYNC110 others write it
            await asyncio.sleep(0.05)


async def _lags(database: PooledDatabase, endpoint: UUID) -> list[float]:
    """Milliseconds from the event to the answer, smallest first."""
    seconds = func.extract("epoch", WebhookAttempt.at - PublicEvent.occurred_at)
    lag = cast(seconds, Float) * 1000 + WebhookAttempt.ms
    async with database.transaction() as session:
        found = await session.scalars(
            select(lag)
            .join(WebhookDelivery, WebhookDelivery.id == WebhookAttempt.delivery_id)
            .join(PublicEvent, PublicEvent.id == WebhookDelivery.event_id)
            .where(WebhookDelivery.endpoint_id == endpoint)
            .order_by(lag)
        )
        return [float(one) for one in found]


async def _bare(url: str, number: int) -> float:
    """Post as many bodies by httpx alone; give messages a second."""
    body = signing.message(
        event_type="submission.accepted",
        version=1,
        occurred_at=datetime.now(UTC),
        data=DATA,
        public_url="http://127.0.0.1",
    )
    left = iter(range(number))
    async with httpx.AsyncClient(trust_env=False) as client:

        async def one_after_another() -> None:
            for _ in left:
                (await client.post(url, content=body)).raise_for_status()

        started = time.perf_counter()
        await asyncio.gather(*(one_after_another() for _ in range(MOST_EACH)))
        return number / (time.perf_counter() - started)


async def webhooks(rounds: int, seconds: float) -> AsyncIterator[Row]:
    quiet = structlog.make_filtering_bound_logger("WARNING")
    structlog.configure(wrapper_class=quiet)
    async with receivers() as base, empty_database() as database:
        sender = Sender(Outward.of(["127.0.0.0/8"], plain_http=True))
        office = Office(
            database, sender, clock=lambda: datetime.now(UTC), public_url="http://127.0.0.1"
        )
        loops = [
            asyncio.create_task(office.send_forever()),
            asyncio.create_task(office.settle_forever()),
        ]
        fast = await _register(database, f"{base}/fast")
        yield await _ceiling(database, office, fast, base, rounds, int(RATE * seconds))
        yield await _beside_a_slow_one(database, office, base, max(seconds, 4))
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        await sender.close()


async def _ceiling(
    database: PooledDatabase, office: Office, fast: UUID, base: str, rounds: int, number: int
) -> Row:
    ours, bare = [], []
    done = 0
    for _ in range(rounds):
        await _emit(database, number)
        started = time.perf_counter()
        office.bell.set()
        done += number
        await _until(database, fast, done)
        ours.append(number / (time.perf_counter() - started))
        bare.append(await _bare(f"{base}/fast", number))
    ratio = median(a / b for a, b in zip(ours, bare, strict=True))
    reached = f"{ratio:.2f} = {median(ours):.0f}/s of {median(bare):.0f}/s"
    details = {"ours": ours, "bare": bare}
    good = ratio >= TARGET and median(ours) >= RATE
    return Row("webhooks", f"≥ {TARGET} of bare httpx, ≥ {RATE}/s", reached, good, details)


async def _beside_a_slow_one(
    database: PooledDatabase, office: Office, base: str, seconds: float
) -> Row:
    async with database.transaction() as session:  # the one before would double the load
        await session.execute(update(WebhookEndpoint).values(active=False))
    await _register(database, f"{base}/slow")
    fast = await _register(database, f"{base}/fast?again")
    each = RATE // TICKS
    ticks = int(seconds * TICKS)
    started = time.perf_counter()
    for tick in range(ticks):
        await _emit(database, each)
        office.bell.set()
        await asyncio.sleep(max(0, started + (tick + 1) / TICKS - time.perf_counter()))
    rate = ticks * each / (time.perf_counter() - started)
    await _until(database, fast, ticks * each)
    lags = await _lags(database, fast)
    p50, p95 = median(lags), lags[int(len(lags) * 0.95)]
    reached = f"{rate:.0f}/s, event → answer p50 {p50:.0f} ms, p95 {p95:.0f} ms"
    return Row(
        "webhooks beside a slow receiver",
        f"{RATE}/s, p95 ≤ {LAG} ms",
        reached,
        p95 <= LAG and rate >= RATE * 0.9,
        {"ms": lags},
    )
