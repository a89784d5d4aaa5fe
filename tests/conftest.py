"""Real PostgreSQL built by the real migrations, real Redis; each test's changes are undone or its database dropped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.embedded import Servers, throwaway_servers
from deploy.migrate import alembic_config
from deploy.plans.reader import PlanData, read_plan
from deploy.seed import load_plan
from services.api.app import behind_the_doorway, create_app
from shared.db import Database, PooledDatabase, Reader, create_engine, reader_of
from shared.settings import Settings
from tests.cast import Cast, make_cast

PLAN_FOLDER = Path("deploy/plans/hanoi-2024")


@pytest.fixture(scope="session")
async def servers() -> AsyncIterator[Servers]:
    async with throwaway_servers() as started:
        yield started


@pytest.fixture(scope="session")
def plan() -> PlanData:
    return read_plan(PLAN_FOLDER)


async def run_sql(servers: Servers, statement: str) -> None:
    """Run what cannot run in a transaction, such as CREATE DATABASE."""
    admin = create_async_engine(
        servers.postgres.database_url("postgres").replace("postgresql://", "postgresql+asyncpg://"),
        isolation_level="AUTOCOMMIT",
    )
    async with admin.connect() as connection:
        await connection.execute(text(statement))
    await admin.dispose()


@pytest.fixture(scope="session")
async def blank(servers: Servers) -> str:
    return await make_blank(servers)


async def make_blank(servers: Servers) -> str:
    """Name a database with the schema alone, of which copies are made. Models and migrations agree."""
    name = "pii_blank"
    await run_sql(servers, f"CREATE DATABASE {name}")
    config = alembic_config(settings_for(servers, servers.postgres.database_url(name)).database_url)
    await asyncio.to_thread(command.upgrade, config, "head")
    await asyncio.to_thread(command.check, config)
    return name


@pytest.fixture(scope="session")
async def template(servers: Servers, blank: str, plan: PlanData) -> str:
    return await make_template(servers, blank, plan)


async def make_template(servers: Servers, blank: str, plan: PlanData) -> str:
    """Name a database with schema and plan, of which copies are made."""
    name = "pii_template"
    await run_sql(servers, f"CREATE DATABASE {name} TEMPLATE {blank}")
    url = settings_for(servers, servers.postgres.database_url(name)).database_url
    database = PooledDatabase(url, pool=1)
    async with database.transaction() as session:
        await load_plan(session, plan)
    await database.close()
    return name


@asynccontextmanager
async def copied_database(servers: Servers, template: str) -> AsyncIterator[str]:
    """Give a database of its own to whoever commits for real."""
    name = f"t_{uuid4().hex[:12]}"
    await run_sql(servers, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield servers.postgres.database_url(name)
    finally:
        await run_sql(servers, f"DROP DATABASE {name} WITH (FORCE)")


def settings_for(servers: Servers, database_url: str, **values: Any) -> Settings:
    return Settings(
        **{
            "database_url": database_url,
            "redis_url": servers.redis.url,
            "smtp_url": "smtp://127.0.0.1:1",
            "link_key": "khoa-cua-cac-bai-thu-nghiem-0123456789",
            **values,
        }
    )


@pytest.fixture(scope="session")
async def shared_database(servers: Servers, template: str) -> AsyncIterator[str]:
    """One database for all tests that undo what they did."""
    async with copied_database(servers, template) as url:
        yield url


@pytest.fixture(scope="session")
def settings(
    servers: Servers, shared_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    evidence = tmp_path_factory.mktemp("evidence")
    return settings_for(servers, shared_database, evidence_url=f"file:{evidence}")


@pytest.fixture(scope="session")
async def engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(settings.database_url, pool=2)
    yield engine
    await engine.dispose()


@pytest.fixture
async def connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with engine.connect() as connection:
        outer = await connection.begin()
        yield connection
        await outer.rollback()


class UndoneDatabase:
    """The edges over one connection, inside a transaction that the test undoes."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        async with (
            AsyncSession(
                self._connection, join_transaction_mode="create_savepoint", expire_on_commit=False
            ) as session,
            session.begin(),
        ):
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        # A statement that fails must not spoil the transaction that the test undoes.
        async with self._connection.begin_nested():
            yield await reader_of(self._connection)

    def autocommit(self) -> AbstractAsyncContextManager[Reader]:
        return self.reading()


@pytest.fixture
def database(connection: AsyncConnection) -> UndoneDatabase:
    return UndoneDatabase(connection)


@pytest.fixture
async def session(connection: AsyncConnection) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(
        connection, join_transaction_mode="create_savepoint", expire_on_commit=False
    ) as session:
        yield session


@asynccontextmanager
async def serving(
    settings: Settings, database: Database | None = None, *, shortcuts: bool = True
) -> AsyncIterator[AsyncClient]:
    """Run the application in this process, its start and stop included, and talk to it over ASGI."""
    app = create_app(settings, database)
    lifespan: AbstractAsyncContextManager[Any] = app.router.lifespan_context(app)
    async with lifespan as state:
        doorway = behind_the_doorway(app, shortcuts=shortcuts)

        async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
            await doorway({**scope, "state": dict(state)}, receive, send)

        served: ASGIApp = with_state
        transport = ASGITransport(served, raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url="http://test", timeout=20) as client:
            yield client


@pytest.fixture
async def client(settings: Settings, database: UndoneDatabase) -> AsyncIterator[AsyncClient]:
    async with serving(settings, database) as client:
        yield client


@pytest.fixture
async def cast(database: UndoneDatabase) -> Cast:
    """Sign in the people of every test: who owns, who helps, who must see nothing."""
    async with database.transaction() as session:
        return await make_cast(session)
