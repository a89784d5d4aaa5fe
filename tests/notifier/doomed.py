"""Notifiers that kill themselves at a chosen point: a process that has all it needs loaded, and forks them.

It reads orders as lines of JSON and answers with lines: ``born <number> <pid>``, ``died <number> <pid>``.
The product's code is as it is; the points are in what it is given: its database and its mailer.
"""

import asyncio
import json
import os
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Executable, event
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.sending.office import Office
from services.notifier.sending.rounds import send_due
from services.notifier.smtp.mailer import Connection, SmtpMailer
from services.notifier.worker import Reminding
from shared.db import PooledDatabase, Reader
from shared.tasks import is_transient

# What a transaction does is known by what it writes.
DEEDS = {
    "INSERT INTO mails": "claim",
    "UPDATE mails SET state": "claim",
}
# Where a process may die, all around what is written and what goes on the wire.
POINTS = (
    *(f"{deed}: {when}" for deed in ("plan", "claim", "mark", "put back")
      for when in ("statement", "before commit", "after commit")),
    "connect: before", "connect: after", "send: before", "send: during", "send: after",
)  # fmt: skip


@dataclass(frozen=True)
class Order:
    """Die when a point is passed for the n-th time; without a point, live.

    Who is to die while sending does not plan and watch before: nobody needs to wait for that.
    """

    number: int
    point: str = ""
    nth: int = 1

    @property
    def only_sends(self) -> bool:
        return bool(self.point) and not self.point.startswith("plan")


class Fate:
    """Counts what is passed, and ends the process where it was ordered to."""

    def __init__(self, order: Order, report: int) -> None:
        self._order = order
        self._report = report
        self._passed: Counter[str] = Counter()

    def note(self, word: str) -> None:
        os.write(self._report, f"{self._order.number} {word}\n".encode())

    def is_near(self, point: str) -> bool:
        return self._order.point == point and self._passed[point] == self._order.nth - 1

    def passes(self, point: str) -> None:
        if self.is_near(point):
            self.note(point)
            os.kill(os.getpid(), signal.SIGKILL)
        self._passed[point] += 1


class DoomedDatabase:
    """The real one, with points before, in and after each transaction.

    An engine may be forked with all it has compiled; the driver's own pool belongs to one life.
    """

    def __init__(self, database: PooledDatabase, own: PooledDatabase, fate: Fate) -> None:
        self._database = database
        self._own = own
        self._fate = fate
        event.listen(database.engine.sync_engine, "after_cursor_execute", self._executed)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        async with self._database.transaction() as session:
            connection = await session.connection()
            deeds: dict[str, None] = {}
            connection.sync_connection.info["deeds"] = deeds  # type: ignore[union-attr]
            yield session
            for deed in deeds:
                self._fate.passes(f"{deed}: before commit")
        for deed in deeds:
            self._fate.passes(f"{deed}: after commit")

    def reading(self) -> Any:
        return self._own.reading()

    @asynccontextmanager
    async def autocommit(self) -> AsyncIterator["_DoomedReader"]:
        async with self._own.autocommit() as reader:
            yield _DoomedReader(reader, self._fate)

    def _executed(self, connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        deed = _deed(statement)
        if deed and "deeds" in connection.info:
            connection.info["deeds"][deed] = None
            self._fate.passes(f"{deed}: statement")


def _deed(statement: str) -> str | None:
    if statement.startswith("UPDATE mails") and "mails.claimed_at =" in statement:
        return "put back"
    if "INSERT INTO reminders" in statement:  # after a WITH
        return "plan"
    return next((deed for start, deed in DEEDS.items() if statement.startswith(start)), None)


class _DoomedReader:
    """Its one statement is the mark: before it, while the server is at it, and once it is there."""

    def __init__(self, reader: Reader, fate: Fate) -> None:
        self._reader = reader
        self._fate = fate

    async def value(self, statement: Executable, /, **values: Any) -> Any:
        self._fate.passes("mark: before commit")
        marking = asyncio.ensure_future(self._reader.value(statement, **values))
        if self._fate.is_near("mark: statement"):
            await asyncio.wait([marking], timeout=0.001)
        self._fate.passes("mark: statement")
        done = await marking
        self._fate.passes("mark: after commit")
        return done


class DoomedMailer:
    """The real one, with points around each connection and each mail."""

    def __init__(self, mailer: SmtpMailer, fate: Fate) -> None:
        self._mailer = mailer
        self._fate = fate

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        self._fate.passes("connect: before")
        async with self._mailer.connect() as connection:
            self._fate.passes("connect: after")
            yield _DoomedConnection(connection, self._fate)


class _DoomedConnection:
    def __init__(self, connection: Connection, fate: Fate) -> None:
        self._connection = connection
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def send(self, *words: Any, **more: Any) -> None:
        self._fate.passes("send: before")
        sending = asyncio.ensure_future(self._connection.send(*words, **more))
        if self._fate.is_near("send: during"):
            await asyncio.wait([sending], timeout=0.003)
        self._fate.passes("send: during")
        await sending
        self._fate.passes("send: after")


@dataclass(frozen=True)
class Life:
    """What all of them share. Their day passes ``speed`` times as fast as ours, so that claims end soon."""

    database_url: str
    smtp_url: str
    report: str
    started: float
    day: str
    speed: int
    claim: float

    def clock(self) -> datetime:
        passed = (time.time() - self.started) * self.speed
        return datetime.fromisoformat(self.day) + timedelta(seconds=passed)

    def office(self, database: Any, mailer: Any) -> Office:
        return Office(
            database=database,
            mailer=mailer,
            clock=self.clock,
            mail_from="PII Hà Nội <pii@pii.example.vn>",
            public_url="https://pii.example.vn/",
            claim=timedelta(seconds=self.claim),
        )


async def live(life: Life, database: PooledDatabase, order: Order, report: int) -> None:
    """Work as the worker does; order 0 only shows itself."""
    fate = Fate(order, report)
    mailer = SmtpMailer(life.smtp_url, timeout=life.claim * 0.4 / life.speed)
    own = PooledDatabase(life.database_url, name="doomed", pool=2)
    office = life.office(DoomedDatabase(database, own, fate), DoomedMailer(mailer, fate))
    work = partial(send_due, office) if order.only_sends else Reminding(office).sweep
    parent = os.getppid()
    while os.getppid() == parent:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 as the worker does; the test looks at them
            if not is_transient(error):
                fate.note(f"fault: {error!r}")
        if order.number == 0:
            break
        await asyncio.sleep(0.02)
    await own.close()
    await database.engine.dispose()


def main() -> None:
    life = Life(**json.loads(sys.argv[1]))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    report = os.open(life.report, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    database = PooledDatabase(life.database_url, name="doomed", pool=3)
    # Whoever is forked finds each statement compiled.
    asyncio.run(live(life, database, Order(0), report))
    numbers: dict[int, int] = {}
    _say("ready")
    while (line := _line_within(0.005)) != "":
        if line:
            order = Order(**json.loads(line))
            if (pid := os.fork()) == 0:
                try:
                    asyncio.run(live(life, database, order, report))
                finally:
                    os._exit(1)
            numbers[pid] = order.number
            _say(f"born {order.number} {pid}")
        while numbers and (dead := os.waitpid(-1, os.WNOHANG)[0]):
            _say(f"died {numbers.pop(dead)} {dead}")


def _say(words: str) -> None:
    os.write(1, f"{words}\n".encode())


def _line_within(seconds: float) -> str | None:
    """Read a line as it is on the way, so that none waits in a buffer; nothing at the end."""
    if not select.select([0], [], [], seconds)[0]:
        return None
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(0, 1)):
        line += byte
    return line.decode()


if __name__ == "__main__":
    main()
