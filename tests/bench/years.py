"""Ten years of 63 bodies: how lists, board and search answer when the tables have grown.

200,000 submissions and a million audit entries are written with SQL, made up and evenly spread. Each path is
asked over HTTP one request after another; then the same paths are asked of an application in this process
whose reader explains each statement first. The plans are kept in ``tests/bench/plans``.
"""

import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from httpx import AsyncClient
from pydantic import SecretStr
from sqlalchemy import Executable

from shared.db import PooledDatabase, Reader, compiled
from shared.settings import Settings
from tests.bench.filling import checked
from tests.bench.measures import Bench
from tests.bench.row import Row
from tests.conftest import serving

# ruff: noqa: S608 numbers of our own

YEARS, BODIES, REVISIONS = 10, 63, 6  # and one more of every ninth duty
ENTRIES = 1_000_000
ROUNDS = 40
PLANS = Path(__file__).parent / "plans"
GROWING = (
    "submissions assignments evidence evidence_uses audit_log audit_words comments reminders mails"
)
LIMIT = 50  # ms

_FILL = (
    "SET session_replication_role = replica",
    f"""INSERT INTO organisations (id, code, name_vi, name_en, kind, part_in_the_plan, plan_section,
        is_coordinator, search)
      SELECT gen_random_uuid(), 'nam-' || b, 'Cơ quan ' || b, 'Body ' || b, 'department', '', '', false, 'co quan ' || b
      FROM generate_series(1, {BODIES}) b""",
    """INSERT INTO contacts (id, organisation_id, name, role, email, phone)
      SELECT gen_random_uuid(), id, 'Đầu mối', role, role || '@' || code || '.test', ''
      FROM organisations, unnest(ARRAY['officer', 'head']) AS role WHERE code LIKE 'nam-%'""",
    f"""INSERT INTO periods (id, code, name, framework_id, reference_year, due_on, state, made_up, opened_at, closed_at)
      SELECT gen_random_uuid(), 'nam-' || y, 'Kỳ ' || y, (SELECT id FROM frameworks WHERE year = 2024), 2000 + y,
        make_date(2000 + y, 9, 30), 'closed', true, make_date(2000 + y, 6, 1), make_date(2000 + y, 12, 1)
      FROM generate_series(1, {YEARS}) y""",
    """INSERT INTO responsibilities (id, node_id, organisation_id, role, legal_basis, plan_section, valid_from)
      SELECT gen_random_uuid(), n.id, o.id, 'lead', '', '', '2000-01-01'
      FROM nodes n, organisations o WHERE n.kind = 'indicator' AND o.code LIKE 'nam-%'
        AND n.framework_id = (SELECT id FROM frameworks WHERE year = 2024)""",
    # Ids in the order of time, as the product makes them: year by year, and within one as it comes.
    """INSERT INTO assignments (id, period_id, responsibility_id, node_id, organisation_id, kind, due_on, sort_key)
      SELECT uuidv7(), p.id, r.id, r.node_id, r.organisation_id, 'figure', p.due_on, n.sort_key
      FROM periods p, responsibilities r JOIN nodes n ON n.id = r.node_id
        JOIN organisations o ON o.id = r.organisation_id
      WHERE p.code LIKE 'nam-%' AND o.code LIKE 'nam-%' ORDER BY p.due_on, random()""",
    f"""INSERT INTO submissions (id, assignment_id, revision, value, nil_reason, note, source, state, created_by,
        created_by_name, created_at, submitted_by, submitted_by_name, submitted_at, decided_by, decided_by_name,
        decided_at, decision_reason, updated_at)
      SELECT uuidv7(), a.id, r, random() * 100, '', '', 'Báo cáo thử', CASE WHEN r < a.last
        THEN 'returned' WHEN random() < 0.9 THEN 'accepted' ELSE 'submitted' END, gen_random_uuid(), 'An',
        a.due_on + r * interval '1 day 1 second' * random(), gen_random_uuid(), 'An', a.due_on + r * interval '1 day',
        gen_random_uuid(), 'Bình', a.due_on + r * interval '2 days', 'Thử', a.due_on + r * interval '2 days'
      FROM (SELECT *, {REVISIONS} + (row_number() OVER () % 9 = 0)::int AS last FROM assignments) a
        JOIN periods p ON p.id = a.period_id, generate_series(1, a.last) r
      WHERE p.code LIKE 'nam-%' ORDER BY p.due_on, r, random()""",
    """INSERT INTO evidence (id, organisation_id, filename, media_type, size, sha256, storage_key, document_number,
        issuer, uploaded_by, uploaded_by_name)
      SELECT s.id, a.organisation_id, 'thu.pdf', 'application/pdf', 1000, md5(s.id::text) || md5(s.id::text),
        'thu/' || s.id, '1/BC', 'Sở', gen_random_uuid(), 'An'
      FROM submissions s JOIN assignments a ON a.id = s.assignment_id JOIN periods p ON p.id = a.period_id
      WHERE p.code LIKE 'nam-%' AND s.state <> 'returned' ORDER BY s.id""",
    """INSERT INTO evidence_uses (submission_id, evidence_id, place, added_by, added_by_name)
      SELECT id, id, 'tr. 1', uploaded_by, 'An' FROM evidence WHERE storage_key LIKE 'thu/%'""",
    f"""INSERT INTO audit_log (at, actor_kind, actor_id, actor_name, action, object_type, object_id, changes, trace_id)
      SELECT '2001-01-01'::timestamptz + i * interval '5 minutes', 'user', md5((i % 500)::text)::uuid, 'An',
        (ARRAY['drafted', 'submitted', 'returned', 'accepted'])[i % 4 + 1],
        (ARRAY['submission', 'evidence', 'assignment'])[i % 3 + 1], md5((i % 200000)::text)::uuid::text,
        jsonb_build_object('value', jsonb_build_array(null, i)), md5(i::text)
      FROM generate_series(1, {ENTRIES}) i""",
    """INSERT INTO audit_words SELECT id, to_tsvector('simple', action || ' gia tri ' || id % 1000)
      FROM audit_log WHERE at < '2015-01-01' ON CONFLICT DO NOTHING""",
    "VACUUM ANALYZE",  # as autovacuum does within minutes
)
PATHS = {
    "submissions": "/v1/submissions?limit=50",
    "submissions of a body": "/v1/submissions?organisation=nam-7&limit=50",
    "submissions of a year that wait": "/v1/submissions?period=nam-5&state=submitted&limit=50",
    "submissions of an indicator": "/v1/submissions?indicator=2.1.1&limit=50",
    "assignments": "/v1/assignments?limit=50",
    "assignments of a year": "/v1/assignments?period=nam-3&limit=50",
    "assignments of a body": "/v1/assignments?organisation=nam-7&limit=50",
    "overdue assignments of a year": "/v1/assignments?period=nam-3&status=overdue&limit=50",
    "accepted assignments": "/v1/assignments?status=accepted&limit=50",
    "board of a year": "/v1/board?period=nam-4",
    "follow-up of a year": "/v1/board/follow-up?period=nam-4",
    "audit": "/v1/audit?limit=50",
    "audit of a kind and action": "/v1/audit?object_type=submission&action=returned&limit=50",
    "audit by words": "/v1/audit?q=gia%20tri%20517&limit=50",
    "audit of a day": "/v1/audit?from=2005-05-05T00:00:00Z&to=2005-05-06T00:00:00Z&limit=50",
    "search of bodies": "/v1/organisations?q=co%20quan%206",
}


class _Explaining(Reader):
    """Explains each statement before it runs it."""

    __slots__ = ("_raw", "_said")

    def __init__(self, connection: asyncpg.Connection, said: list[tuple[str, str]]) -> None:
        super().__init__(connection)
        self._raw, self._said = connection, said

    async def all(self, statement: Executable, /, **values: Any) -> list[asyncpg.Record]:
        sql, names, defaults = compiled(statement)
        given = [values[name] if name in values else defaults[name] for name in names]
        rows = await self._raw.fetch(f"EXPLAIN (ANALYZE, BUFFERS OFF, SUMMARY OFF) {sql}", *given)
        self._said.append((sql, "\n".join(row[0] for row in rows)))
        return await super().all(statement, **values)


class _Explained(PooledDatabase):
    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.said: list[tuple[str, str]] = []

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        async with super().reading() as read:
            yield _Explaining(read._connection, self.said)  # noqa: SLF001 the driver's own connection


async def years(bench: Bench) -> AsyncIterator[Row]:
    """Measure lists, board and search over ten years of history."""
    await _fill(bench.system.database_url)
    headers = bench.city.people.coordinator
    worst: dict[str, float] = {}
    for name, path in PATHS.items():
        took = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            checked(await bench.client.get(path, headers=headers))
            took.append((time.perf_counter() - started) * 1000)
        worst[name] = sorted(took)[int(ROUNDS * 0.95)]
    slowest = max(worst, key=lambda name: worst[name])
    reached = f"slowest p95 {worst[slowest]:.0f} ms ({slowest})"
    yield Row(
        "lists over 200,000 submissions",
        f"p95 ≤ {LIMIT} ms",
        reached,
        worst[slowest] <= LIMIT,
        worst,
    )
    scans = await _explain(bench)
    found = ", ".join(f"{name}: {table}" for name, table in scans) or "none"
    yield Row("sequential scans of growing tables", "none", found, not scans, {"scans": scans})


async def _fill(url: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""), command_timeout=600)
    try:
        for statement in _FILL:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _explain(bench: Bench) -> list[tuple[str, str]]:
    """Keep each path's plans; name the growing tables that any of them reads from end to end."""
    settings = Settings(
        database_url=bench.system.database_url,
        redis_url="redis://unused",
        smtp_url=SecretStr("smtp://127.0.0.1:1"),
        audit_key_file=bench.system.accounts.with_name("audit-key.pem"),
    )
    database = _Explained(settings.database_url)
    PLANS.mkdir(exist_ok=True)
    scans = []
    async with serving(settings, database) as client:
        for name, path in PATHS.items():
            database.said.clear()
            await _ask(client, path, bench.city.people.coordinator)
            plans = [plan for sql, plan in database.said if "sign_ins" not in sql]
            file = PLANS / f"{name.replace(' ', '-')}.txt"
            file.write_text(f"GET {path}\n\n" + "\n\n".join(map(_steady, plans)) + "\n")
            scans += [
                (name, table) for table in GROWING.split() if any(_scans(p, table) for p in plans)
            ]
    await database.close()
    return scans


def _scans(plan: str, table: str) -> bool:
    return bool(re.search(rf"Seq Scan on {table}\b(?!.*never executed)", plan))


async def _ask(client: AsyncClient, path: str, headers: dict[str, str]) -> None:
    answer = await client.get(path, headers=headers)
    if answer.is_error:
        raise RuntimeError(f"{path}: {json.dumps(answer.json())}")


def _steady(plan: str) -> str:
    """Leave out times: the plan is kept, not the machine's mood."""
    return re.sub(r"\(actual time=\S+ (rows=\S+) loops=(\d+)\)", r"(\1 loops=\2)", plan)
