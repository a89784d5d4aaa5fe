"""A city with many duties, written by SQL into a database of its own: what planning and sending are measured on."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time

from sqlalchemy import text, update

from deploy.embedded import EmbeddedPostgres
from deploy.migrate import migrate
from deploy.plans.reader import read_plan
from deploy.seed import load_plan
from services.notifier.plan.rules import read_rules
from services.notifier.plan.schedule import today_in_hanoi
from shared.db import PooledDatabase
from shared.models import ReminderSettings
from tests.bench.filling import PLAN
from tests.bench.system import passable_folder

PERIODS = 10
WORKING_DAYS_AHEAD = 12

_EVERY_DAY = (
    "INSERT INTO calendar_days (day, kind, name, decision) SELECT day, 'worked', '', '' "
    "FROM generate_series(current_date - 1, current_date + 1, interval '1 day') AS day "
    "WHERE extract(isodow FROM day) > 5"
)
_YEARS = (
    "INSERT INTO calendar_years (year, confirmed, decision) "
    "SELECT extract(year FROM current_date)::int + n, true, 'bench' FROM generate_series(-1, 1) n"
)
_CONTACTS = (
    "INSERT INTO contacts (id, organisation_id, name, role, email, phone) "
    "SELECT gen_random_uuid(), id, 'Đầu mối ' || code, role, role || '.' || code || '@bench.test', '' "
    "FROM organisations, unnest(ARRAY['officer', 'head']) AS role"
)
_PERIODS = (
    "INSERT INTO periods (id, code, name, framework_id, reference_year, due_on, state, made_up, opened_at) "
    "SELECT gen_random_uuid(), 'bench-' || n, 'Kỳ ' || n, (SELECT id FROM frameworks LIMIT 1), 2024, "
    ":due_on, 'open', true, now() FROM generate_series(1, :periods) AS n"
)
_RESPONSIBILITIES = (
    "INSERT INTO responsibilities "
    "(id, node_id, organisation_id, role, legal_basis, plan_section, valid_from) "
    "SELECT gen_random_uuid(), nodes.id, organisations.id, 'lead', 'Kế hoạch 234/KH-UBND', '', "
    "date '2000-01-01' + n FROM generate_series(1, 100) AS n, nodes, organisations "
    "WHERE nodes.kind IN ('indicator', 'component') ORDER BY n, nodes.id, organisations.id LIMIT :each"
)
_DUTIES = (
    "INSERT INTO assignments "
    "(id, period_id, responsibility_id, node_id, organisation_id, kind, due_on, sort_key) "
    "SELECT uuidv7(), p.id, r.id, r.node_id, r.organisation_id, 'figure', p.due_on, n.sort_key "
    "FROM periods p, responsibilities r JOIN nodes n ON n.id = r.node_id "
    "WHERE r.valid_from < '2001-01-01'"
)


@dataclass(frozen=True)
class Ledger:
    """A database of its own."""

    database: PooledDatabase
    url: str


@asynccontextmanager
async def own_database() -> AsyncIterator[Ledger]:
    """Start a PostgreSQL that keeps what it promises; it is gone afterwards."""
    folder = passable_folder()
    postgres = EmbeddedPostgres(folder / "postgres", durable=True, log=folder / "postgres.log")
    try:
        await postgres.start()
        url = postgres.url.replace("postgresql://", "postgresql+asyncpg://")
        await migrate(url)
        database = PooledDatabase(url, name="bench", pool=5)
        try:
            yield Ledger(database, url)
        finally:
            await database.close()
    finally:
        await postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def fill_city(database: PooledDatabase, duties: int) -> None:
    """Write the plan's bodies with an officer and a head each, and so many open duties; mail may go out now."""
    now = datetime.now(UTC)
    async with database.transaction() as session:
        await load_plan(session, read_plan(PLAN))
        await session.execute(text(_YEARS))
        await session.execute(text(_EVERY_DAY))
        await session.execute(text(_CONTACTS))
        await session.execute(
            update(ReminderSettings).values(
                opens_at=time(0), digest_at=time(0), closes_at=time(23, 59, 59), most_mails=1_000_000,
                summary_weekday=None,
            )
        )  # fmt: skip
        rules = await read_rules(session, now=now)
        due_on = rules.hours.calendar.add(today_in_hanoi(now), WORKING_DAYS_AHEAD)
        await session.execute(text(_PERIODS), {"due_on": due_on, "periods": PERIODS})
        await session.execute(text(_RESPONSIBILITIES), {"each": duties // PERIODS})
        await session.execute(text(_DUTIES))
    await settle(database)


async def settle(database: PooledDatabase) -> None:
    """Do at once what autovacuum does within a minute."""
    async with database.engine.connect() as connection:
        raw = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await raw.execute(text("VACUUM ANALYZE"))
