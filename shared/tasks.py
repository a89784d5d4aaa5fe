"""The worker's edge: what every worker process runs, and what ends a task.

A worker is a few loops in one process, each of which outlives the servers it talks to: arq takes
jobs from Redis, the relay moves the outbox to Redis, the sweep works from Postgres alone, and the
heartbeat says that the process is alive. Redis may vanish at any time: the sweep goes on.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
import structlog
from arq import Retry, Worker
from arq.connections import ArqRedis
from arq.worker import Function, func
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError
from sqlalchemy import delete
from sqlalchemy import func as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.db import CONNECTION_LOST, Database, PooledDatabase
from shared.log import new_trace_id, trace_id
from shared.models import Heartbeat
from shared.outbox import FAULTS, forget_sent, listen_forever, relay_forever
from shared.settings import Settings

log = structlog.get_logger()

TRANSIENT = (OperationalError, InterfaceError, PoolTimeoutError, TimeoutError, *CONNECTION_LOST)
MAX_TRIES = 5
MAX_JOBS = 10
JOB_TIMEOUT = 30  # seconds; a killed worker's job is free again this long after
POLL_DELAY = 0.02  # seconds; arq's default of 0.5 s would be most of what an acceptance takes
HEARTBEAT = 5  # seconds
SILENT_PEER = {socket.TCP_USER_TIMEOUT: 10_000} if sys.platform == "linux" else {}  # milliseconds
TRANSIENT_STATES = frozenset({"40001", "40P01", "55P03"})  # serialization, deadlock, lock time-out
TRANSIENT_CLASSES = frozenset({"08", "53", "57"})  # connection, resources, operator intervention

# Takes a period, and None for every period where such an event is subscribed to.
PeriodTask = Callable[[Any], Awaitable[None]]
Sweep = Callable[[], Awaitable[None]]
Loop = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Work:
    """What one service does: tasks that concern a period, and a sweep that finds what was missed.

    ``loops`` run as long as the worker does, for what takes longer than a task may.
    """

    queue: str
    tasks: Mapping[str, PeriodTask]
    sweep: Sweep
    loops: Mapping[str, Loop] = field(default_factory=dict)


def is_transient(error: BaseException) -> bool:
    """Tell what a later try may cure: lost connections, locks, time-outs."""
    if isinstance(error, TRANSIENT):
        return True
    # SQLAlchemy puts some of the driver's errors into its most general one.
    original = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(original, "sqlstate", None) or ""
    return (
        isinstance(getattr(original, "__cause__", None), CONNECTION_LOST)
        or getattr(error, "connection_invalidated", False)
        or state in TRANSIENT_STATES
        or state[:2] in TRANSIENT_CLASSES
    )


def task(name: str, handle: PeriodTask) -> Function:
    async def run(ctx: dict[str, Any], *, period_id: str | None, trace_id: str = "") -> None:
        with_trace(trace_id)
        try:
            await handle(None if period_id is None else UUID(period_id))
        except Exception as error:
            if not is_transient(error):
                log.exception("task_failed", task=name, period_id=period_id)
                raise
            log.warning("task_retried", task=name, error=repr(error), tries=ctx["job_try"])
            raise Retry(defer=2 ** ctx["job_try"] / 10) from error

    run.__qualname__ = name
    return func(run, name=name, keep_result=0, max_tries=MAX_TRIES, timeout=JOB_TIMEOUT)


def with_trace(value: str) -> None:
    trace_id.set(value or new_trace_id())


def queue_pool(settings: Settings) -> ArqRedis:
    """Connect when first used.

    The kernel ends a connection whose other end is silent. The client's own ``socket_timeout`` rests on
    ``asyncio.wait_for``, which before Python 3.12 may lose a cancellation: the worker would not stop.
    """
    connections = ConnectionPool.from_url(
        settings.redis_url,
        socket_connect_timeout=3,
        socket_keepalive=True,
        socket_keepalive_options=SILENT_PEER,
        max_connections=3 * MAX_JOBS,  # it refuses a further one instead of waiting
    )
    return ArqRedis(connections, job_serializer=orjson.dumps, job_deserializer=orjson.loads)


async def serve(settings: Settings, build: Callable[[Database], Work]) -> None:
    """Run one worker process until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    database = PooledDatabase(settings.database_url, name="worker", pool=5)
    work = build(database)
    bell = asyncio.Event()
    pool = queue_pool(settings)
    loops = [
        asyncio.create_task(coroutine, name=name)
        for name, coroutine in {
            "arq": _arq_forever(settings, work),
            "listen": listen_forever(settings.database_url, "outbox", bell.set),
            "relay": relay_forever(database, pool, bell),
            "sweep": _sweep_forever(work, pause=settings.sweep_seconds),
            "heartbeat": _heartbeat_forever(database, part=work.queue),
            **{name: loop() for name, loop in work.loops.items()},
        }.items()
    ]
    log.info("worker_started", queue=work.queue, pid=os.getpid())
    stopped = asyncio.create_task(stop.wait())
    # A loop that ends is a defect: leave, so that the supervisor starts afresh.
    done, _ = await asyncio.wait([stopped, *loops], return_when=asyncio.FIRST_COMPLETED)
    for running in loops:
        running.cancel()
    await asyncio.gather(*loops, return_exceptions=True)
    await pool.aclose(close_connection_pool=True)
    await database.close()
    for ended in done - {stopped}:
        ended.result()
    log.info("worker_stopped", queue=work.queue)


async def _arq_forever(settings: Settings, work: Work) -> None:
    """Keep an arq worker; its main loop ends when Redis goes away."""
    while True:
        pool = queue_pool(settings)
        worker = Worker(
            functions=[task(name, handle) for name, handle in work.tasks.items()],
            queue_name=work.queue,
            redis_pool=pool,
            handle_signals=False,
            poll_delay=POLL_DELAY,
            max_jobs=MAX_JOBS,
            job_timeout=JOB_TIMEOUT,
            keep_result=0,
            health_check_interval=30,
            job_serializer=_written,
            job_deserializer=orjson.loads,
        )
        try:
            await worker.async_run()
        except (RedisError, OSError, TimeoutError) as error:
            log.warning(
                "redis_lost", error=repr(error), next="tries again in a second; sweeps go on"
            )
        finally:
            await _close(worker, pool)
        await asyncio.sleep(1)


def _written(job: Any) -> bytes:
    """Write a job, or how it ended: where it was tried too often that is an exception."""
    return orjson.dumps(job, default=repr)


async def _close(worker: Worker, pool: ArqRedis) -> None:
    """End its jobs and connections; arq's own closing breaks off where Redis or a job fails it."""
    (left,) = await asyncio.gather(worker.close(), return_exceptions=True)
    (lost,) = await asyncio.gather(pool.aclose(close_connection_pool=True), return_exceptions=True)
    if left or lost:
        log.debug("arq_close", errors=[repr(left), repr(lost)])


async def _sweep_forever(work: Work, *, pause: float) -> None:
    while True:
        with_trace("")
        try:
            await work.sweep()
        except Exception as error:
            log.warning(
                "sweep_failed",
                queue=work.queue,
                error=repr(error),
                exc_info=not is_transient(error),
            )
        await asyncio.sleep(pause)


async def _heartbeat_forever(database: Database, *, part: str) -> None:
    instance = f"{socket.gethostname()}:{os.getpid()}"
    beat = (
        insert(Heartbeat)
        .values(part=part, instance=instance)
        .on_conflict_do_update(constraint="pk_heartbeats", set_={"seen_at": sql.now()})
    )
    silent = delete(Heartbeat).where(
        Heartbeat.seen_at < sql.now() - sql.make_interval(0, 0, 0, 0, 1)
    )
    while True:
        try:
            async with database.transaction() as session:
                await session.execute(beat)
                await session.execute(silent)
                await forget_sent(session)
        except FAULTS as error:
            log.warning("heartbeat_failed", error=repr(error))
        await asyncio.sleep(HEARTBEAT)
