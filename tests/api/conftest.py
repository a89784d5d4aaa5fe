"""A furnished stage for tests that ask much and change nothing: built once, undone after each test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from deploy.embedded import Servers, throwaway_servers
from deploy.plans.reader import PlanData
from shared.db import PooledDatabase, create_engine
from tests.api.scene import Scene, make_scene
from tests.cast import Cast, make_cast
from tests.conftest import (
    UndoneDatabase,
    copied_database,
    make_blank,
    make_template,
    serving,
    settings_for,
)


@dataclass(frozen=True)
class Stage:
    client: AsyncClient
    cast: Cast
    scene: Scene
    connection: AsyncConnection

    @property
    def mine(self) -> dict[str, str]:
        """The things of the officer's body."""
        return self.scene["so-gddt"]

    @property
    def foreign(self) -> dict[str, str]:
        return self.scene["so-ct"]

    @asynccontextmanager
    async def undone(self) -> AsyncIterator[None]:
        step = await self.connection.begin_nested()
        yield
        await step.rollback()

    async def counts(self) -> dict[str, int]:
        """Count what a request may change; the last use of tokens and keys aside."""
        tables = (
            "analyses audit_log comments contacts contributions deputies evidence evidence_uses "
            "alarms api_keys explanation_requests extensions feeds idempotency_keys indicator_rules "
            "localities mails memberships nodes organisations outbox pack_files packs panels periods "
            "public_events reminder_policies reminder_steps reminder_templates responsibilities review_rules submission_ticks submissions "
            "successions suppressed_addresses users webhook_deliveries webhook_endpoints "
            "webhook_secrets"
        )
        columns = ", ".join(
            f"(SELECT count(*) FROM {name}) AS {name}"  # noqa: S608 names of our own
            for name in tables.split()
        )
        row = (await self.connection.execute(text(f"SELECT {columns}"))).one()
        return dict(row._mapping)  # noqa: SLF001 SQLAlchemy's public name


@pytest.fixture(scope="session")
async def furnished(
    plan: PlanData, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """One stage for the whole run, on a server of its own.

    What a transaction that lasts as long as the run might still see is cleaned up in no database of its server:
    tests that write much would get slower and slower.
    """
    async with throwaway_servers() as servers:
        name = await make_template(servers, await make_blank(servers), plan)
        url = servers.postgres.database_url(name)
        evidence = tmp_path_factory.mktemp("stage")
        settings = settings_for(servers, url, evidence_url=f"file:{evidence}")
        engine = create_engine(settings.database_url, pool=1)
        async with engine.connect() as connection:
            outer = await connection.begin()
            # This one transaction lasts as long as the run.
            await connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
            database = UndoneDatabase(connection)
            async with database.transaction() as session:
                cast = await make_cast(session)
            async with serving(settings, database) as client:
                async with AsyncSession(
                    connection, join_transaction_mode="create_savepoint", expire_on_commit=False
                ) as session:
                    scene = await make_scene(client, cast, session)
                yield Stage(client, cast, scene, connection)
            await outer.rollback()
        await engine.dispose()


@pytest.fixture
async def stage(furnished: Stage) -> AsyncIterator[Stage]:
    async with furnished.undone():
        yield furnished


@dataclass(frozen=True)
class Real:
    """A system whose requests have connections of their own and commit."""

    client: AsyncClient
    cast: Cast
    database: PooledDatabase
    folder: Path

    async def states(self) -> list[str]:
        async with self.database.transaction() as session:
            found = await session.scalars(text("SELECT state FROM submissions ORDER BY revision"))
            return list(found)


@pytest.fixture
async def real(
    servers: Servers, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Real]:
    async with copied_database(servers, template) as url:
        folder = tmp_path_factory.mktemp("real")
        settings = settings_for(servers, url, evidence_url=f"file:{folder}", database_pool=8)
        database = PooledDatabase(settings.database_url, pool=2)
        async with database.transaction() as session:
            cast = await make_cast(session)
        async with serving(settings) as client:
            yield Real(client, cast, database, folder)
        await database.close()
