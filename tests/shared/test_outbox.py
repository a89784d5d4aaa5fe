"""Events reach Redis at least once and, with many relays, no message twice."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.exceptions import ConnectionError as RedisAwayError
from sqlalchemy import func, select, text

from deploy.embedded import Servers
from shared import outbox
from shared.db import PooledDatabase
from shared.events import PanelLoaded, PeriodClosed, PolicyChanged, SubmissionAccepted
from shared.models import OutboxMessage
from tests.conftest import copied_database, settings_for


class FakeQueue:
    """Remembers what it was given; away, it refuses; slow, it lets another relay in."""

    def __init__(self, *, away: bool = False, pause: float = 0) -> None:
        self.jobs: list[tuple[str, dict[str, Any]]] = []
        self.away = away
        self._pause = pause

    async def enqueue_job(self, function: str, *_args: Any, **given: Any) -> None:
        if self.away:
            raise RedisAwayError
        await asyncio.sleep(self._pause)
        self.jobs.append((function, given))


@pytest.fixture
async def committed(servers: Servers, template: str) -> AsyncIterator[PooledDatabase]:
    async with copied_database(servers, template) as url:
        database = PooledDatabase(settings_for(servers, url).database_url, pool=5)
        yield database
        await database.close()


async def emit(database: PooledDatabase, *periods: UUID) -> None:
    async with database.transaction() as session:
        for period_id in periods:
            outbox.emit(session, PeriodClosed(period_id=period_id))


async def relay(database: PooledDatabase, queue: FakeQueue, *, limit: int = 500) -> int:
    async with database.transaction() as session:
        return await outbox.relay(session, queue, limit=limit)


async def test_an_event_becomes_one_message_for_each_subscriber(committed: PooledDatabase) -> None:
    period, queue = uuid4(), FakeQueue()
    async with committed.transaction() as session:
        event = SubmissionAccepted(period_id=period, submission_id=uuid4(), assignment_id=uuid4())
        outbox.emit(session, event)
    assert await relay(committed, queue) == 2
    told = {(task, given["_queue_name"], given["period_id"]) for task, given in queue.jobs}
    assert told == {
        ("recalculate_period", "scoring", str(period)),
        ("remind_period", "notifier", str(period)),
    }


async def test_what_was_rolled_back_is_never_sent(committed: PooledDatabase) -> None:
    async def fail() -> None:
        async with committed.transaction() as session:
            outbox.emit(session, PeriodClosed(period_id=uuid4()))
            await session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await relay(committed, FakeQueue()) == 0


async def test_two_relays_never_send_the_same_message(committed: PooledDatabase) -> None:
    periods = [uuid4() for _ in range(60)]
    await emit(committed, *periods)
    queue = FakeQueue(pause=0.001)
    sent = await asyncio.gather(*(relay(committed, queue, limit=20) for _ in range(4)))
    assert sum(sent) == 60
    assert sorted(given["period_id"] for _, given in queue.jobs) == sorted(map(str, periods))
    assert await relay(committed, queue) == 0


async def test_what_redis_refused_is_sent_next_time(committed: PooledDatabase) -> None:
    await emit(committed, uuid4())
    queue = FakeQueue(away=True)
    with pytest.raises(RedisAwayError):
        await relay(committed, queue)
    queue.away = False
    assert await relay(committed, queue) == 1
    assert len(queue.jobs) == 1


async def test_messages_of_one_task_and_period_become_one_job(committed: PooledDatabase) -> None:
    one, other = uuid4(), uuid4()
    await emit(committed, one, one, other, one)
    async with committed.transaction() as session:
        outbox.emit(session, PanelLoaded(period_id=one, panel_id=uuid4()))
    queue = FakeQueue()
    assert await relay(committed, queue) == 5
    told = sorted((task, given["period_id"]) for task, given in queue.jobs)
    assert told == sorted(
        [
            ("remind_period", str(one)),
            ("remind_period", str(other)),
            ("recalculate_period", str(one)),
        ]
    )


async def test_a_message_of_every_period_covers_those_of_one_for_its_task(
    committed: PooledDatabase,
) -> None:
    one, other = uuid4(), uuid4()
    await emit(committed, one)
    async with committed.transaction() as session:
        outbox.emit(session, PanelLoaded(period_id=one, panel_id=uuid4()))
        outbox.emit(session, PolicyChanged(policy_id=uuid4()))
    await emit(committed, other)
    queue = FakeQueue()
    assert await relay(committed, queue) == 4
    told = [(task, given["period_id"]) for task, given in queue.jobs]
    assert sorted(told) == [("recalculate_period", str(one)), ("remind_period", None)]


async def test_only_what_was_sent_a_week_ago_is_forgotten(committed: PooledDatabase) -> None:
    await emit(committed, uuid4(), uuid4(), uuid4())
    async with committed.transaction() as session:
        first, second, _ = await session.scalars(
            select(OutboxMessage.id).order_by(OutboxMessage.id)
        )
        move = text(
            "UPDATE outbox SET created_at = now() - interval '30 days', "
            "sent_at = now() - make_interval(days => :days) WHERE id = :id"
        )
        await session.execute(move, {"id": first, "days": 8})
        await session.execute(move, {"id": second, "days": 6})
        await session.execute(text("UPDATE outbox SET created_at = now() - interval '30 days'"))
    async with committed.transaction() as session:
        await outbox.forget_sent(session)
    async with committed.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(OutboxMessage)) == 2
        assert await session.get(OutboxMessage, first) is None


async def test_the_bell_rings_when_an_event_is_committed(
    committed: PooledDatabase,
) -> None:
    bell, heard = asyncio.Event(), asyncio.Event()
    url = committed.engine.url.render_as_string(hide_password=False)
    task = asyncio.create_task(
        outbox.listen_forever(
            url, "outbox", bell.set, live=lambda live: heard.set() if live else None
        )
    )
    try:
        async with asyncio.timeout(5):
            await heard.wait()
            bell.clear()
            async with committed.transaction() as session:
                outbox.emit(session, PeriodClosed(period_id=uuid4()))
                await session.flush()
                await asyncio.sleep(0.05)
                assert not bell.is_set()  # not before the commit
            await bell.wait()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
