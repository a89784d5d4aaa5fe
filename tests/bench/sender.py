"""A notifier that sends what is due, in a process of its own, so that its memory is a notifier's alone.

It writes each mail to a file as it hands it over (length, address and length, content): a bare loop pushes
the very same ones. At the end it says as JSON how many, in how many seconds, and the memory at its peak.
"""

import argparse
import json
import struct
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import structlog
import uvloop

from services.notifier.sending.office import Office
from services.notifier.sending.rounds import send_due
from services.notifier.smtp.mailer import Connection, SmtpMailer
from services.notifier.smtp.session import Before
from shared.db import PooledDatabase
from shared.memory import leave_what_is_loaded

SENDER = "PII Hà Nội <pii@pii.example.vn>"
_LENGTH = struct.Struct(">I")


class _Kept:
    """A mailer that sends by the real one and keeps what it sent."""

    def __init__(self, mailer: SmtpMailer, file: IO[bytes]) -> None:
        self._mailer = mailer
        self.file = file

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        async with self._mailer.connect() as connection:
            yield _KeptConnection(connection, self.file)


class _KeptConnection:
    def __init__(self, connection: Connection, file: IO[bytes]) -> None:
        self._connection = connection
        self._file = file

    @property
    def relay(self) -> str:
        return self._connection.relay

    @property
    def broken(self) -> bool:
        return self._connection.broken

    async def send(
        self, message: bytes, *, sender: str, to: str, before: Before | None = None
    ) -> None:
        for part in (to.encode(), message):
            self._file.write(_LENGTH.pack(len(part)) + part)
        await self._connection.send(message, sender=sender, to=to, before=before)


def kept(file: Path) -> Iterator[tuple[str, bytes]]:
    """Read the mails of a file one by one."""
    with file.open("rb") as mails:
        while length := mails.read(_LENGTH.size):
            to = mails.read(_LENGTH.unpack(length)[0]).decode()
            yield to, mails.read(_LENGTH.unpack(mails.read(_LENGTH.size))[0])


async def _send(database_url: str, port: int, file: Path) -> dict[str, float]:
    database = PooledDatabase(database_url, name="notifier")
    mailer = SmtpMailer(f"smtp://127.0.0.1:{port}?tls=none")
    with file.open("wb") as mails:
        office = Office(
            database=database,
            mailer=_Kept(mailer, mails),
            clock=lambda: datetime.now(UTC),
            mail_from=SENDER,
            public_url="https://pii.example.vn",
            claim=timedelta(seconds=40),
        )
        started = time.perf_counter()
        sent = await send_due(office)
        took = time.perf_counter() - started
    mailer.close()
    await database.close()
    return {"sent": sent.sent, "failed": sent.failed, "seconds": took, "memory": _peak()}


def _peak() -> float:
    """Give MB; what getrusage says begins with the memory of whoever started us."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) * 1024 / 1e6


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database_url")
    parser.add_argument("port", type=int)
    parser.add_argument("file", type=Path)
    given = parser.parse_args()
    leave_what_is_loaded()  # as at a notifier's start
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    print(json.dumps(uvloop.run(_send(given.database_url, given.port, given.file))))  # noqa: T201 its answer
