"""The shipped policy follows a release where nobody changed it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from deploy.embedded import Servers
from deploy.migrate import alembic_config
from deploy.seed import DEFAULT_STEPS
from tests.conftest import run_sql, settings_for

BEFORE, AFTER = "d2e0b9c1f3a5", "e3f1c0d2a4b6"
SHIPPED = """
INSERT INTO reminder_policies (id, name) VALUES ('00000000-0000-4000-8000-000000000001', 'Mặc định / Default');
INSERT INTO reminder_steps (id, policy_id, offset_days, days, audience)
  SELECT gen_random_uuid(), '00000000-0000-4000-8000-000000000001', day, 'working', who
  FROM unnest(array[-10, -5, -1, 0, 1, 3]) AS day, unnest(array['officer', 'deputy']) AS who;
INSERT INTO reminder_steps (id, policy_id, offset_days, days, audience, repeat_every, repeat_count)
  SELECT gen_random_uuid(), '00000000-0000-4000-8000-000000000001', day, 'working', who, every, count
  FROM (VALUES (3, 'head', NULL::integer, NULL::integer), (5, 'coordinator', NULL, NULL), (8, 'officer', 5, 20),
    (8, 'deputy', 5, 20), (15, 'leadership', NULL, NULL)) AS steps (day, who, every, count)
"""
STEPS = "SELECT offset_days, repeat_every, repeat_count, audience FROM reminder_steps"


@dataclass
class Old:
    """A database of the release before, as it was shipped."""

    config: Config
    engine: AsyncEngine

    async def run(self, *statements: str) -> None:
        async with self.engine.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(statement))]

    async def up(self) -> None:
        await asyncio.to_thread(command.upgrade, self.config, AFTER)

    async def down(self) -> None:
        await asyncio.to_thread(command.downgrade, self.config, BEFORE)


@pytest.fixture
async def old(servers: Servers) -> AsyncIterator[Old]:
    name = f"t_{uuid4().hex[:12]}"
    await run_sql(servers, f"CREATE DATABASE {name}")
    url = settings_for(servers, servers.postgres.database_url(name)).database_url
    made = Old(alembic_config(url), create_async_engine(url))
    try:
        await asyncio.to_thread(command.upgrade, made.config, BEFORE)
        await made.run(*SHIPPED.split(";"))
        yield made
    finally:
        await made.engine.dispose()
        await run_sql(servers, f"DROP DATABASE {name} WITH (FORCE)")


async def test_the_shipped_policy_follows_and_it_is_written_down(old: Old) -> None:
    shipped = set(await old.rows(STEPS))
    await old.up()
    assert set(await old.rows(STEPS)) == set(DEFAULT_STEPS)
    ((name, before, after),) = await old.rows(
        "SELECT actor_name, jsonb_array_length(changes->'steps'->0),"
        " jsonb_array_length(changes->'steps'->1) FROM audit_log"
    )
    assert (name, before, after) == ("pii migrate", len(shipped), len(DEFAULT_STEPS))
    await old.down()
    assert set(await old.rows(STEPS)) == shipped
    await old.up()
    assert set(await old.rows(STEPS)) == set(DEFAULT_STEPS)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE reminder_policies SET active = false",
        "UPDATE reminder_policies SET name = 'Của chúng tôi'",
        "UPDATE reminder_policies SET kind = 'figure'",
        "UPDATE reminder_steps SET separate = true WHERE audience = 'leadership'",
        "UPDATE reminder_steps SET offset_days = 16 WHERE audience = 'leadership'",
        "DELETE FROM reminder_steps WHERE audience = 'leadership'",
        "DELETE FROM reminder_policies",
    ],
)
async def test_a_policy_that_somebody_changed_stays_his(old: Old, change: str) -> None:
    await old.run(change)
    theirs = set(await old.rows(STEPS))
    await old.up()
    assert set(await old.rows(STEPS)) == theirs
    assert await old.rows("SELECT 1 FROM audit_log") == []


async def test_the_release_before_gets_an_end_for_what_has_none(old: Old) -> None:
    await old.up()
    await old.run("UPDATE reminder_steps SET repeat_every = 7 WHERE audience = 'coordinator'")
    await old.down()
    ends = "SELECT repeat_every, repeat_count FROM reminder_steps WHERE audience = 'coordinator'"
    assert await old.rows(ends) == [(7, 100)]
