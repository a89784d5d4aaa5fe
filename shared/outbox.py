"""Events leave Postgres only after their transaction committed.

``emit`` writes a row beside the change; ``relay`` moves rows to Redis. A crash between the two
delivers a message twice, never zero times, so every task must be safe to repeat.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Protocol

import asyncpg
import structlog
from redis.exceptions import RedisError
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import CONNECTION_LOST, Database
from shared.events import SUBSCRIBERS, Event
from shared.log import trace_id
from shared.models import OutboxMessage
from shared.public import announce_event

log = structlog.get_logger()

KEEP_SENT = timedelta(days=7)
BATCH = 500
REDIS_LIMIT = 5  # seconds; rows are locked meanwhile
REST = 0.02  # seconds of rest for each message relayed; what is committed meanwhile goes together
LONGEST_REST = 0.4
FAULTS = (*CONNECTION_LOST, RedisError, SQLAlchemyError, TimeoutError)


class Queue(Protocol):
    """The one method of arq's pool that we use."""

    def enqueue_job(self, function: str, *args: Any, **kwargs: Any) -> Awaitable[Any]: ...


def emit(session: AsyncSession, event: Event) -> None:
    """Write the event down beside the change it tells of; a trigger rings when it is committed.

    What other systems may hear of is written as a public event as well: messages are put together by task
    and period, and what is told outside must not be.
    """
    announce_event(session, event)
    payload = event.model_dump(mode="json")
    session.add_all(
        OutboxMessage(
            event=type(event).__name__,
            queue=queue,
            task=task,
            payload=payload,
            trace_id=trace_id.get(),
        )
        for queue, task in SUBSCRIBERS[type(event)]
    )


async def relay(session: AsyncSession, queue: Queue, *, limit: int = BATCH) -> int:
    """Hand the oldest unsent messages to Redis; return how many.

    Messages of one task and period become one job, and one of every period covers those of a single
    one: the task reads what is true when it runs.
    """
    messages = (
        await session.scalars(
            select(OutboxMessage)
            .where(OutboxMessage.sent_at.is_(None))
            .order_by(OutboxMessage.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    ).all()
    for (queue_name, task, period_id), message in _jobs(messages).items():
        async with asyncio.timeout(REDIS_LIMIT):
            await queue.enqueue_job(
                task,
                period_id=period_id,
                trace_id=message.trace_id,
                _job_id=f"outbox:{message.id}",
                _queue_name=queue_name,
            )
    if messages:
        await session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id.in_([message.id for message in messages]))
            .values(sent_at=func.now())
        )
    return len(messages)


def _jobs(
    messages: Sequence[OutboxMessage],
) -> dict[tuple[str, str, str | None], OutboxMessage]:
    """Give the newest message of each task and period; without a period it is of all."""
    newest = {(m.queue, m.task, m.payload["period_id"]): m for m in messages}
    return {
        (queue, task, period): message
        for (queue, task, period), message in newest.items()
        if period is None or (queue, task, None) not in newest
    }


async def forget_sent(session: AsyncSession) -> None:
    await session.execute(
        delete(OutboxMessage).where(OutboxMessage.sent_at < func.now() - KEEP_SENT)
    )


async def relay_forever(
    database: Database, queue: Queue, bell: asyncio.Event, *, pause: float = 1.0
) -> None:
    """Run in every worker: woken by the bell, swept by a timer; rows locked by one relay are skipped by others."""
    while True:
        sent = 0
        try:
            bell.clear()
            async with database.transaction() as session:
                sent = await relay(session, queue)
        except FAULTS as error:
            log.warning("relay_failed", error=repr(error), next="tries again in a second")
            await asyncio.sleep(pause)
            continue
        if sent:
            log.debug("relayed", messages=sent)
            # The first message after a quiet time leaves at once; a burst makes one job for each
            # period and rest, not one for each commit.
            await asyncio.sleep(min(REST * sent, LONGEST_REST))
        if sent < BATCH:
            try:
                async with asyncio.timeout(pause):
                    await bell.wait()
            except TimeoutError:
                pass


async def listen_forever(
    url: str,
    channel: str,
    ring: Callable[[], None],
    *,
    live: Callable[[bool], None] = lambda _live: None,
) -> None:
    """Call ``ring`` on every notification and after each connection; tell ``live`` of the connection."""
    dsn = url.replace("postgresql+asyncpg://", "postgresql://", 1)
    while True:
        try:
            connection = await asyncpg.connect(dsn, timeout=5, command_timeout=10)
        except (*CONNECTION_LOST, asyncpg.PostgresError, TimeoutError) as error:
            log.warning("listen_failed", error=repr(error), next="tries again in a second")
            await asyncio.sleep(1)
            continue
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda *_, lost=lost: lost.set())
            await connection.add_listener(channel, lambda *_: ring())
            ring()
            live(True)  # noqa: FBT003 a callback's one argument
            await lost.wait()
        except CONNECTION_LOST as error:
            log.warning("listen_lost", error=repr(error))
        finally:
            live(False)  # noqa: FBT003
            connection.terminate()
        await asyncio.sleep(0.2)
