"""A mailer that lets a test look on, and something happen, around each mail."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.notifier.smtp.mailer import Connection, Mailer
from services.notifier.smtp.session import Before


class Watched:
    """A mailer that does something just before each mail, then sends it by the real one."""

    def __init__(self, mailer: Mailer) -> None:
        self.mailer = mailer
        self.to: list[str] = []

    async def before(self, to: str) -> None:
        self.to.append(to)

    async def after(self, _to: str) -> None:
        """Do nothing, unless told."""

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        async with self.mailer.connect() as connection:
            yield Through(self, connection)


class Through:
    def __init__(self, watched: Watched, connection: Connection) -> None:
        self._watched = watched
        self._connection = connection

    @property
    def relay(self) -> str:
        return self._connection.relay

    @property
    def broken(self) -> bool:
        return self._connection.broken

    async def send(
        self, message: bytes, *, sender: str, to: str, before: Before | None = None
    ) -> None:
        await self._watched.before(to)
        await self._connection.send(message, sender=sender, to=to, before=before)
        await self._watched.after(to)
