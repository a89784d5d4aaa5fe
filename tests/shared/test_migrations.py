"""The migrations go up, down and up again, end where the models are, and guard history."""

import asyncio
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from deploy.embedded import Servers
from deploy.migrate import alembic_config
from shared.db import Base
from tests.conftest import run_sql, settings_for

GUARDED = ("audit_log", "audit_links", "audit_heads", "runs", "run_nodes", "panels", "panel_values")


async def test_the_migrations_go_up_and_down_and_up_again(servers: Servers) -> None:
    name = f"t_{uuid4().hex[:12]}"
    await run_sql(servers, f"CREATE DATABASE {name}")
    try:
        url = settings_for(servers, servers.postgres.database_url(name)).database_url
        config = alembic_config(url)
        engine = create_async_engine(url)

        async def left() -> set[str]:
            """Name our tables, functions and triggers."""
            async with engine.connect() as connection:
                found = await connection.scalars(
                    text(
                        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' UNION ALL "
                        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
                        "UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
                    )
                )
                return set(found)

        await asyncio.to_thread(command.upgrade, config, "head")
        up = await left()
        assert {*Base.metadata.tables, "ring", "never_changed"} <= up
        await asyncio.to_thread(command.downgrade, config, "base")
        assert await left() == {"alembic_version"}
        await asyncio.to_thread(command.upgrade, config, "head")
        assert await left() == up
        await asyncio.to_thread(command.check, config)
        await engine.dispose()
    finally:
        await run_sql(servers, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("table", GUARDED)
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
async def test_history_is_never_changed(
    connection: AsyncConnection, table: str, statement: str
) -> None:
    column = next(iter(Base.metadata.tables[table].columns)).name
    with pytest.raises(DBAPIError, match="is history"):
        async with connection.begin_nested():
            await connection.execute(text(statement.format(table, column, column)))
