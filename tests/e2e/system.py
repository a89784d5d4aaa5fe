"""The whole system as processes of its own, whose parts a test may freeze, kill, stop and start."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
from redis.asyncio import Redis
from sqlalchemy import text

from deploy.accounts import ensure_first_accounts
from deploy.embedded import EmbeddedPostgres, EmbeddedRedis
from deploy.migrate import migrate
from deploy.plans.reader import PlanData
from deploy.ports import Ports
from deploy.processes import Part
from deploy.seed import load_plan
from deploy.startup import CHECKOUT, http_status
from deploy.supervisor import Supervisor
from deploy.variables import environment
from services.api.identity.passwords import Passwords
from shared.db import PooledDatabase
from shared.settings import Settings

WORKERS = Counter(scoring=2, notifier=2)
PROCESSES = WORKERS + Counter(api=1)
LIMIT = 60.0  # seconds within which everything has to be caught up
# The defaults are 10 and 40 s; what is shown does not depend on them, the time of the tests does.
QUICK = {"SWEEP_SECONDS": "2", "CLAIM_SECONDS": "5", "LOG_LEVEL": "INFO"}

Condition = Callable[[], Awaitable[object]]


async def until(condition: Condition, *, limit: float = LIMIT, what: str) -> float:
    """Return how many seconds it took."""
    started = time.monotonic()
    while not await condition():
        assert time.monotonic() < started + limit, f"not within {limit:.0f} s: {what}"
        await asyncio.sleep(0.02)
    return time.monotonic() - started


class System:
    """PostgreSQL, Redis, mail box and services; a service that dies is started again, as by ``make up``."""

    def __init__(self, folder: Path) -> None:
        self.postgres = EmbeddedPostgres(folder / "postgres", log=folder / "postgres.log")
        self.redis_server = EmbeddedRedis(folder / "redis", log=folder / "redis.log")
        self.mails = folder / "mail"
        self.supervisor = Supervisor(tell=lambda _: None, changed=lambda: None, grace=5)
        self.ended: Counter[str] = Counter()
        self._folder = folder
        self._ports = Ports()
        self._port = {"api": self._ports.take(28_000), "smtp": self._ports.take(28_500)}
        self._port["mail"] = self._ports.take(28_700)
        self._variables: dict[str, str] = {}
        self.database: PooledDatabase
        self.redis: Redis

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port['api']}"

    @property
    def state(self) -> dict[str, Any]:
        """Tell where everything is, as ``make up`` does."""
        mail = f"http://127.0.0.1:{self._port['mail']}"
        return {
            "accounts": str(self._folder / "accounts.json"),
            "urls": {"api": self.url, "mail": mail},
        }

    @property
    def accounts(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = json.loads((self._folder / "accounts.json").read_text())
        return found

    async def start(self, plan: PlanData) -> None:
        await asyncio.gather(self.postgres.start(), self.redis_server.start())
        self._variables = environment(
            database_url=self.postgres.url,
            redis_url=self.redis_server.url,
            smtp_url=f"smtp://127.0.0.1:{self._port['smtp']}?tls=none",
            evidence_url=(self._folder / "evidence").as_uri(),
            api_port=self._port["api"],
        )
        settings = Settings(**{name.lower(): value for name, value in self._variables.items()})  # type: ignore[arg-type]
        self.database = PooledDatabase(settings.database_url, name="test", pool=4)
        self.redis = Redis.from_url(self.redis_server.url)
        await migrate(settings.database_url)
        async with self.database.transaction() as session:
            await load_plan(session, plan)
            await ensure_first_accounts(session, Passwords(), self._folder / "accounts.json")
        words = ["--directory", str(self.mails), "--smtp-port", str(self._port["smtp"])]
        words += ["--http-port", str(self._port["mail"])]
        await self.supervisor.start(self._part("mailbox-1", "deploy.mailbox", *words))
        await self.supervisor.start(
            *[
                self._part(f"{service}-{number}", f"services.{service}")
                for service, count in PROCESSES.items()
                for number in range(1, count + 1)
            ]
        )
        await until(self.is_ready, what="every part answers")

    async def stop(self) -> None:
        try:
            await self.supervisor.stop()
            await self.redis.aclose()
            await self.database.close()
        finally:
            await asyncio.gather(self.postgres.stop(), self.redis_server.stop())
            self._ports.close()

    def _part(self, name: str, module: str, *words: str) -> Part:
        return Part(
            name=name,
            argv=(sys.executable, "-m", module, *words),
            env={**os.environ, **self._variables, **QUICK},
            cwd=CHECKOUT,
            log=self._folder / f"{name}.log",
        )

    def faults(self) -> list[str]:
        """Return the lines of the services' logs that tell of an error nobody handled."""
        logs = [path.read_text() for path in self._folder.glob("*-?.log")]
        lines = [line for log in logs for line in log.splitlines()]
        found = [line for line in lines if '"level":"error"' in line or "Traceback" in line]
        # The event loop complains of what arq and the Redis client leave behind when Redis cuts them off.
        return [line for line in found if '"logger":"asyncio"' not in line]

    async def is_ready(self) -> bool:
        """Tell whether the API and the mail box answer and every worker has shown itself."""
        if await http_status("127.0.0.1", self._port["mail"], "/api/mails?limit=1") != 200:
            return False
        if await http_status("127.0.0.1", self._port["api"], "/readyz") != 200:
            return False
        async with self.database.transaction() as session:
            beats = set(await session.scalars(text("SELECT instance FROM heartbeats")))
        pids = [pid for name, pid in self.supervisor.pids.items() if name[:-2] in WORKERS]
        return len(pids) == WORKERS.total() and all(
            f"{socket.gethostname()}:{pid}" in beats for pid in pids
        )

    def send(self, service: str, number: signal.Signals) -> None:
        """Send it to every process of the service."""
        for name, pid in list(self.supervisor.pids.items()):
            if name.rpartition("-")[0] == service:
                os.kill(pid, number)

    def end(self, service: str, number: signal.Signals = signal.SIGKILL) -> None:
        self.ended += Counter(one for one in self.supervisor.pids if one.startswith(service))
        self.send(service, number)

    @contextmanager
    def frozen(self, service: str) -> Iterator[None]:
        self.send(service, signal.SIGSTOP)
        try:
            yield
        finally:
            self.send(service, signal.SIGCONT)

    async def crash_postgres(self) -> None:
        """End it as a power cut would: nothing is written that was not on disk already."""
        pid = self.postgres.pid
        assert pid
        os.kill(pid, signal.SIGQUIT)
        await self.postgres.stop()

    @asynccontextmanager
    async def period_held(self, code: str) -> AsyncIterator[None]:
        """Hold the lock that a recalculation needs, so that it waits in the middle of its job."""
        async with self.database.transaction() as session:
            await session.execute(
                text("SELECT id FROM periods WHERE code = :code FOR NO KEY UPDATE"), {"code": code}
            )
            yield

    @asynccontextmanager
    async def claims_held(self) -> AsyncIterator[int]:
        """Hold every mail that a notifier is sending, so that none can be marked as sent."""
        async with self.database.transaction() as session:
            found = await session.scalars(
                text("SELECT id FROM mails WHERE state = 'claimed' FOR UPDATE")
            )
            yield len(found.all())

    @asynccontextmanager
    async def answers_held_back(self) -> AsyncIterator[None]:
        """Let commits reach the disk and wait there, before anybody hears of them.

        PostgreSQL is told to wait for a standby that does not exist; at the end it is told not to.
        """
        control = await asyncpg.connect(self.postgres.url)
        probe = await asyncpg.connect(self.postgres.url)
        writing = asyncio.create_task(_write_until_held_back(probe))
        try:
            await control.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
            await control.execute("SELECT pg_reload_conf()")
            await until(
                lambda: self.waits(pid=probe.get_server_pid(), event="SyncRep"),
                limit=5,
                what="commits are held back",
            )
            yield
        finally:
            await control.execute("ALTER SYSTEM RESET synchronous_standby_names")
            await control.execute("SELECT pg_reload_conf()")
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            await asyncio.gather(control.close(), probe.close())

    async def waits(self, *, event: str, name: str | None = None, pid: int | None = None) -> bool:
        """Tell whether a connection, by its application's name or its id, waits for ``event``."""
        async with self.database.transaction() as session:
            found = await session.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE :event IN (wait_event, wait_event_type)"
                    " AND (application_name = :name OR pid = :pid)"
                ),
                {"event": event, "name": name, "pid": pid},
            )
        return bool(found)


async def _write_until_held_back(connection: asyncpg.Connection) -> None:
    while True:
        await connection.execute("SELECT pg_logical_emit_message(true, 'test', 'test')")
        await asyncio.sleep(0.01)
