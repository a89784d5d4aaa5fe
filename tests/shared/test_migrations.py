"""The migrations go up, down and up again, end where the models are, and guard history."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from deploy.embedded import Servers
from deploy.migrate import alembic_config
from shared.db import Base
from tests.conftest import run_sql, settings_for

GUARDED = (
    "audit_log",
    "audit_links",
    "audit_heads",
    "runs",
    "run_nodes",
    "panels",
    "panel_values",
    "packs",
    "pack_files",
    "reminder_templates",
)


Blank = tuple[Config, AsyncEngine]


@pytest.fixture
async def blank_database(servers: Servers) -> AsyncIterator[Blank]:
    """Give a database with nothing in it, by what migrates it and what looks at it."""
    name = f"t_{uuid4().hex[:12]}"
    await run_sql(servers, f"CREATE DATABASE {name}")
    try:
        url = settings_for(servers, servers.postgres.database_url(name)).database_url
        engine = create_async_engine(url)
        yield alembic_config(url), engine
        await engine.dispose()
    finally:
        await run_sql(servers, f"DROP DATABASE {name} WITH (FORCE)")


async def up_and_down_twice(config: Config, before: str) -> AsyncIterator[None]:
    """Go to the newest revision, to be looked at, and back; and once more."""
    for _ in range(2):
        await asyncio.to_thread(command.upgrade, config, "head")
        yield
        await asyncio.to_thread(command.downgrade, config, before)


async def test_the_migrations_go_up_and_down_and_up_again(blank_database: Blank) -> None:
    config, engine = blank_database

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


BEFORE_SCALES = "d3a1f6c8b0e5"
OLD_RULES = """
SET session_replication_role = replica;
INSERT INTO indicator_rules (node_id, scale, denominator_change_percent) VALUES
  ('00000000-0000-4000-8000-000000000001', 1, NULL), ('00000000-0000-4000-8000-000000000002', 100, 5)
"""


async def test_a_scale_that_nobody_said_is_the_units_from_now_on(blank_database: Blank) -> None:
    config, engine = blank_database
    await asyncio.to_thread(command.upgrade, config, BEFORE_SCALES)
    async with engine.begin() as connection:
        for statement in OLD_RULES.split(";"):
            await connection.execute(text(statement))
    async for _ in up_and_down_twice(config, BEFORE_SCALES):
        async with engine.connect() as connection:
            found = await connection.execute(
                text(
                    "SELECT scale, scale_from_unit, denominator_change_percent"
                    " FROM indicator_rules ORDER BY node_id"
                )
            )
            assert [tuple(row) for row in found] == [(1.0, True, 20.0), (100.0, False, 5.0)]


BEFORE_USES = "a7b5e4f6c8d9"
OLD_ROUND = """
SET session_replication_role = replica;
INSERT INTO organisations (id, code, name_vi, name_en, kind, part_in_the_plan, plan_section,
  is_coordinator, search) VALUES ('00000000-0000-4000-8000-000000000001', 'so', '', '', '', '', '', false, '');
INSERT INTO assignments (id, period_id, responsibility_id, node_id, organisation_id, kind, due_on, sort_key)
  VALUES ('00000000-0000-4000-8000-000000000002', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),
  '00000000-0000-4000-8000-000000000001', 'figure', '2024-12-01', '');
INSERT INTO submissions (id, assignment_id, revision, value, nil_reason, note, source, state, created_by, created_by_name)
  VALUES ('00000000-0000-4000-8000-000000000003', '00000000-0000-4000-8000-000000000002', 1, 5, '', '', '',
  'rejected', gen_random_uuid(), ''), ('00000000-0000-4000-8000-000000000004',
  '00000000-0000-4000-8000-000000000002', 2, NULL, 'none', '', '', 'submitted', gen_random_uuid(), '');
INSERT INTO evidence (id, submission_id, filename, media_type, size, sha256, storage_key, document_number, issuer,
  uploaded_by, uploaded_by_name) VALUES ('00000000-0000-4000-8000-000000000005',
  '00000000-0000-4000-8000-000000000003', 'a.pdf', '', 1, '', 'x/y', '', '', gen_random_uuid(), 'An')
"""


async def test_what_was_sent_before_files_served_several_figures_is_kept(
    blank_database: Blank,
) -> None:
    config, engine = blank_database
    await asyncio.to_thread(command.upgrade, config, BEFORE_USES)
    async with engine.begin() as connection:
        for statement in OLD_ROUND.split(";"):
            await connection.execute(text(statement))
    await asyncio.to_thread(command.upgrade, config, "head")
    async with engine.connect() as connection:
        moved = await connection.execute(
            text(
                "SELECT right(u.submission_id::text, 1), u.added_by_name, e.level, e.scan,"
                " right(e.organisation_id::text, 1)"
                " FROM evidence_uses u JOIN evidence e ON e.id = u.evidence_id"
            )
        )
        assert [tuple(row) for row in moved] == [("3", "An", "copy", "not_scanned", "1")]
        answers = await connection.scalars(text("SELECT answer FROM submissions ORDER BY revision"))
        assert list(answers) == ["value", "nil"]
    await asyncio.to_thread(command.downgrade, config, BEFORE_USES)
    async with engine.connect() as connection:
        back = await connection.scalars(text("SELECT right(submission_id::text, 1) FROM evidence"))
        assert list(back) == ["3"]


BEFORE_WHAT_HANGS_ON_A_BODY = "c1d9a8b0e2f4"
RECEIPT = """
SET session_replication_role = replica;
INSERT INTO handover_moves (id, handover_id, number, kind, action, object_id, from_id, to_id, old, new, facts)
  SELECT gen_random_uuid(), gen_random_uuid(), 1, kind, 'in_place', gen_random_uuid(), gen_random_uuid(),
  gen_random_uuid(), '{}', '{}', '{}' FROM unnest(ARRAY['assignment', 'explanation']) AS kind
"""


async def test_a_receipt_of_a_question_outlives_the_way_down_and_up(blank_database: Blank) -> None:
    config, engine = blank_database
    await asyncio.to_thread(command.upgrade, config, "head")
    async with engine.begin() as connection:
        for statement in RECEIPT.split(";"):
            await connection.execute(text(statement))
    await asyncio.to_thread(command.downgrade, config, BEFORE_WHAT_HANGS_ON_A_BODY)
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError, match="ck_handover_moves_kind"):
            await connection.execute(
                text("INSERT INTO handover_moves SELECT gen_random_uuid(), handover_id, 2, 'policy',"
                     " action, object_id, NULL, from_id, to_id, old, new, facts FROM handover_moves")
            )  # fmt: skip
    await asyncio.to_thread(command.upgrade, config, "head")
    async with engine.connect() as connection:
        kinds = await connection.scalars(text("SELECT kind FROM handover_moves ORDER BY kind"))
        assert list(kinds) == ["assignment", "explanation"]


BEFORE_PERIODS_OF_LINES = "9a5e3c1d7f24"
LINES = """
SET session_replication_role = replica;
INSERT INTO assignments (id, period_id, responsibility_id, node_id, organisation_id, kind, due_on, sort_key)
  VALUES ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-00000000000a', gen_random_uuid(),
  gen_random_uuid(), gen_random_uuid(), 'figure', '2030-01-01', '');
INSERT INTO explanation_requests (id, period_id, node_id, organisation_id, question, due_on, asked_by, asked_by_name)
  VALUES ('00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-00000000000b', gen_random_uuid(),
  gen_random_uuid(), '', '2030-01-01', gen_random_uuid(), '');
INSERT INTO reminders (kind, topic, subject_id, assignment_id, explanation_id, organisation_id, audience, recipient,
  recipient_name, planned_at, send_at, trace_id)
  SELECT 'notice', 'returned', gen_random_uuid(), a::uuid, e::uuid, gen_random_uuid(), 'officer', n, '', now(), now(), ''
  FROM (VALUES ('duty', '00000000-0000-4000-8000-000000000001', NULL),
  ('explanation', NULL, '00000000-0000-4000-8000-000000000002'), ('neither', NULL, NULL)) AS line (n, a, e)
"""


async def test_each_line_of_the_ledger_learns_its_period(blank_database: Blank) -> None:
    config, engine = blank_database
    await asyncio.to_thread(command.upgrade, config, BEFORE_PERIODS_OF_LINES)
    async with engine.begin() as connection:
        for statement in LINES.split(";"):
            await connection.execute(text(statement))
    async for _ in up_and_down_twice(config, BEFORE_PERIODS_OF_LINES):
        async with engine.connect() as connection:
            found = await connection.execute(
                text("SELECT recipient, right(period_id::text, 1) FROM reminders")
            )
            assert {row[0]: row[1] for row in found} == {
                "duty": "a",
                "explanation": "b",
                "neither": None,
            }


BEFORE_AUTHORS = "d2e0b9c1f3a5"
OLD_AUTHORS = """
SET session_replication_role = replica;
INSERT INTO submissions (id, assignment_id, revision, nil_reason, note, source, state, created_by, created_by_name,
  submitted_by, decided_by, first_accepted_by)
  VALUES ('00000000-0000-4000-8000-000000000001', gen_random_uuid(), 1, '', '', '', 'submitted',
  '00000000-0000-4000-8000-00000000000a', '', '00000000-0000-4000-8000-00000000000b', NULL,
  '00000000-0000-4000-8000-00000000000c'),
  ('00000000-0000-4000-8000-000000000002', gen_random_uuid(), 1, '', '', '', 'accepted',
  '00000000-0000-4000-8000-00000000000a', '', '00000000-0000-4000-8000-00000000000b',
  '00000000-0000-4000-8000-00000000000c', NULL);
INSERT INTO audit_log (actor_kind, actor_id, actor_name, action, object_type, object_id, changes, trace_id)
  VALUES ('user', '00000000-0000-4000-8000-00000000000c', '', 'edited', 'submission',
  '00000000-0000-4000-8000-000000000001', '{}', ''), ('user', '00000000-0000-4000-8000-00000000000c', '', 'edited',
  'submission', '00000000-0000-4000-8000-000000000002', '{}', '');
INSERT INTO evidence_uses (submission_id, evidence_id, added_by, added_by_name, place)
  VALUES ('00000000-0000-4000-8000-000000000001', gen_random_uuid(), '00000000-0000-4000-8000-00000000000d', '', '');
INSERT INTO memberships (id, user_id, organisation_id, role, valid_from, valid_to)
  VALUES ('00000000-0000-4000-8000-000000000011', '00000000-0000-4000-8000-00000000000a',
  '00000000-0000-4000-8000-00000000000a', 'officer', '2024-01-01', NULL),
  ('00000000-0000-4000-8000-000000000012', '00000000-0000-4000-8000-00000000000a',
  '00000000-0000-4000-8000-00000000000a', 'officer', '2025-01-01', NULL),
  ('00000000-0000-4000-8000-000000000013', '00000000-0000-4000-8000-00000000000a',
  '00000000-0000-4000-8000-00000000000a', 'officer', '2020-01-01', '2020-12-31');
INSERT INTO deputies (id, membership_id, deputy_id, valid_from, valid_to, reason)
  VALUES (gen_random_uuid(), '00000000-0000-4000-8000-000000000012', gen_random_uuid(), '2030-01-01', '2030-01-02', '')
"""


async def test_who_wrote_what_waits_is_told_from_what_was_kept_and_a_role_stands_once(
    blank_database: Blank,
) -> None:
    config, engine = blank_database
    await asyncio.to_thread(command.upgrade, config, BEFORE_AUTHORS)
    async with engine.begin() as connection:
        for statement in OLD_AUTHORS.split(";"):
            await connection.execute(text(statement))
    async for _ in up_and_down_twice(config, BEFORE_AUTHORS):
        async with engine.connect() as connection:
            found = await connection.execute(
                text(
                    "SELECT (SELECT string_agg(right(w::text, 1), '' ORDER BY w) FROM unnest(written_by) w),"
                    " first_accepted_by FROM submissions ORDER BY id"
                )
            )
            assert [tuple(row) for row in found] == [("abcd", None), (None, None)]
            roles = await connection.scalars(
                text("SELECT right(id::text, 2) FROM memberships ORDER BY id")
            )
            assert list(roles) == ["11", "13"]
            lent = await connection.scalar(
                text("SELECT right(membership_id::text, 2) FROM deputies")
            )
            assert lent == "11"
