"""One engine per process, one transaction per request or task, and a fast path for reading."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, Protocol

import asyncpg
import orjson
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Executable,
    MetaData,
    Text,
    any_,
    bindparam,
    event,
    literal,
)
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase

Sessions = async_sessionmaker[AsyncSession]

# What a closed or refused connection looks like, with and without SQLAlchemy around it.
CONNECTION_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    # The driver loses count when the server says good-bye between two of its own messages.
    asyncpg.InternalClientError,
    OSError,
)


class Base(DeclarativeBase):
    """Parent of every table: named constraints, aware datetimes."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        str: Text(),
    }


def _connect_args(name: str) -> dict[str, Any]:
    return {
        "timeout": 5,
        "command_timeout": 30,
        # The longest are those for which being planned anew each time costs most; all are our own.
        "max_cacheable_statement_size": 0,
        "server_settings": {
            "application_name": name,
            "statement_timeout": "20000",
            "lock_timeout": "8000",
            "idle_in_transaction_session_timeout": "60000",
        },
    }


def create_engine(url: str, *, name: str = "pii", pool: int = 10) -> AsyncEngine:
    """Make the process's engine; every wait on it has a limit."""
    engine = create_async_engine(
        url,
        pool_size=pool,
        max_overflow=0,
        pool_timeout=10,
        json_deserializer=orjson.loads,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        connect_args=_connect_args(name),
    )

    @event.listens_for(engine.sync_engine, "checkout")
    def refuse_closed(connection: Any, _record: Any, _proxy: Any) -> None:
        # A ping without the round trip: the event loop has seen the socket close.
        if connection.driver_connection.is_closed():
            raise DisconnectionError

    return engine


def create_reader_pool(url: str, *, name: str = "pii", pool: int = 10) -> asyncpg.Pool:
    """Make a pool of the driver's own connections; a closed one is replaced before it is given out.

    SQLAlchemy's pool works in a greenlet, which costs a small reading request a fifth of its time.
    """
    return asyncpg.create_pool(
        url.replace("postgresql+asyncpg://", "postgresql://", 1),
        **_connect_args(name),
        min_size=0,
        max_size=pool,
        init=_read_jsonb,
        reset=_keep,
    )


async def _read_jsonb(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + orjson.dumps(value),
        decoder=lambda data: orjson.loads(data[1:]),  # the first byte is the format's version
    )


async def _keep(_connection: asyncpg.Connection) -> None:
    """Give it back as it is: a reader leaves nothing behind that a statement would have to reset."""


@lru_cache(maxsize=1024)
def compiled(statement: Executable) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    made = statement.compile(dialect=dialect())  # type: ignore[attr-defined,no-untyped-call]
    # IN is written out only when SQLAlchemy executes: use OR, or = ANY(array), for the reader.
    assert "POSTCOMPILE" not in str(made)
    return str(made), tuple(made.positiontup or ()), made.params


class Reader:
    """Runs a ``select()`` on the driver itself, compiled once for each statement object.

    A list of fifty rows costs half of what the ORM's path costs (``docs/decisions``). Statements must
    be made once, at import or behind a cache; values are passed by name.
    """

    __slots__ = ("_connection",)

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def all(self, statement: Executable, /, **values: Any) -> list[asyncpg.Record]:
        sql, names, defaults = compiled(statement)
        rows: list[asyncpg.Record] = await self._connection.fetch(
            sql, *(values[name] if name in values else defaults[name] for name in names)
        )
        return rows

    async def first(self, statement: Executable, /, **values: Any) -> asyncpg.Record | None:
        rows = await self.all(statement, **values)
        return rows[0] if rows else None

    async def value(self, statement: Executable, /, **values: Any) -> Any:
        row = await self.first(statement, **values)
        return row[0] if row else None


async def reader_of(connection: AsyncConnection) -> Reader:
    raw = await connection.get_raw_connection()
    assert raw.driver_connection is not None
    return Reader(raw.driver_connection)


class Database(Protocol):
    """The edges: where a connection is taken and a transaction starts and ends."""

    def transaction(self) -> Any:
        """Enter a session whose changes are committed on success and undone on error."""

    def reading(self) -> Any:
        """Enter a reader; each statement sees what is committed."""

    def autocommit(self) -> Any:
        """Enter a reader that may write: each statement is a transaction of its own."""


class PooledDatabase:
    """The edges of a process: one pool for transactions, one for reading; neither connects before it is used."""

    def __init__(self, url: str, *, name: str = "pii", pool: int = 10) -> None:
        self.engine = create_engine(url, name=name, pool=pool)
        self.sessions: Sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._readers = create_reader_pool(url, name=name, pool=pool)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Commit on success, roll back on error. Beside ``autocommit`` the only place that commits."""
        async with self.sessions() as session, session.begin():
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        await self._readers  # made ready by the first who comes; no connection is opened for it
        async with self._readers.acquire() as connection:
            yield Reader(connection)

    def autocommit(self) -> AbstractAsyncContextManager[Reader]:
        """Save BEGIN, COMMIT and a greenlet where a single statement is all: it is there or it is not."""
        return self.reading()

    async def close(self) -> None:
        await self._readers
        self._readers.terminate()  # nobody reads any more
        await self.engine.dispose()


async def session_reader(session: AsyncSession) -> Reader:
    """Read inside a transaction what it has written so far."""
    await session.flush()
    return await reader_of(await session.connection())


def one_of(*values: str) -> str:
    """Write the CHECK of a text column that holds one of a few words."""
    return ", ".join(f"'{value}'" for value in values)


def records(rows: Sequence[asyncpg.Record]) -> list[dict[str, Any]]:
    return [dict(row) for row in rows]


def among(column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """Write ``column = ANY(values)``: one parameter however many values, where IN takes one for each."""
    own: ColumnElement[bool] = column == any_(literal(list(values), ARRAY(column.type)))
    return own


def among_given(column: Any, name: str) -> ColumnElement[bool]:
    """Write it for a statement that is made once: the values come with each execution, under this name."""
    own: ColumnElement[bool] = column == any_(bindparam(name, type_=ARRAY(column.type)))
    return own
