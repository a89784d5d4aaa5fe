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
from hashlib import md5
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from httpx import AsyncClient
from pydantic import SecretStr
from sqlalchemy import Executable

from shared.db import PooledDatabase, Reader, compiled
from shared.settings import Settings
from tests.bench.filling import checked, officer_of
from tests.bench.history import fill
from tests.bench.measures import Bench
from tests.bench.row import Row
from tests.conftest import serving

ROUNDS = 40
PLANS = Path(__file__).parent / "plans"
GROWING = (
    "submissions assignments evidence evidence_uses audit_log audit_words comments reminders mails"
)
LIMIT = 50  # ms

PATHS = {
    "submissions": "/v1/submissions?limit=50",
    "submissions of a body": "/v1/submissions?organisation=nam-7&limit=50",
    "submissions of a year that wait": "/v1/submissions?period=nam-5&state=submitted&limit=50",
    "submissions of a rare state": "/v1/submissions?state=rejected&limit=50",
    "submissions since a day": "/v1/submissions?submitted_since=2020-01-01&limit=50",
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
    "audit of an object": "/v1/audit?object_type=submission&object_id={object}&limit=50",
    "audit of a person": "/v1/audit?actor={person}&limit=50",
    "audit of a trace": "/v1/audit?trace_id={trace}&limit=50",
    "search of bodies": "/v1/organisations?q=co%20quan%206",
    "figures of a year": "/v1/periods/nam-4/figures?limit=50",
    "extensions": "/v1/extensions?limit=50",
    "extensions of a body": "/v1/extensions?organisation=nam-7&limit=50",
    "refused extensions of a year": "/v1/extensions?period=nam-2&state=refused&limit=50",
    "explanations that wait": "/v1/explanations?status=overdue&limit=50",
    "explanations of a year": "/v1/explanations?period=nam-2&limit=50",
    "comments": "/v1/submissions/{submission}/comments",
    "reminders": "/v1/reminders?limit=50",
    "reminders of a body in a year": "/v1/reminders?organisation=nam-7&period=nam-2&limit=50",
    "reminders that failed": "/v1/reminders?state=failed&limit=50",
    "reminders that are held": "/v1/reminders?state=held&limit=50",
    "reminders of a topic": "/v1/reminders?topic=returned&limit=50",
    "reminders of a year": "/v1/reminders?period=nam-1&limit=50",
    "reminders to a person": "/v1/reminders?recipient=officer@nam-7.test&limit=50",
    "reminders sent in a month": "/v1/reminders?sent_from=2003-10-01&sent_to=2003-10-31&limit=50",
    "mails": "/v1/mails?limit=50",
    "mails that failed": "/v1/mails?state=failed&limit=50",
    "mails of a day": "/v1/mails?day=2003-10-05&limit=50",
    "mails to a person": "/v1/mails?recipient=officer@nam-7.test&limit=50",
}
# As a body sees them that has what a year asks of every body; and one that came late and has nothing yet.
OWN_PATHS = {
    "own submissions": "/v1/submissions?limit=50",
    "own submissions of a year": "/v1/submissions?period=nam-3&limit=50",
    "own assignments": "/v1/assignments?limit=50",
    "own figures of a year": "/v1/periods/nam-4/figures?limit=50",
    "own board of a year": "/v1/board?period=nam-4",
    "own follow-up of a year": "/v1/board/follow-up?period=nam-4",
    "own extensions": "/v1/extensions?limit=50",
    "own explanations": "/v1/explanations?limit=50",
    "own reminders": "/v1/reminders?limit=50",
    "own mails": "/v1/mails?limit=50",
}
BODIES = {"": "nam-7", " of a new body": "moi"}
Asked = dict[str, tuple[str, dict[str, str]]]
"""Paths by name, each with the headers of who asks."""


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
    await fill(bench.system.database_url)
    worst: dict[str, float] = {}
    asked = await _asked(bench)
    for name, (path, headers) in asked.items():
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
    scans = await _explain(bench, asked)
    found = ", ".join(f"{name}: {table}" for name, table in scans) or "none"
    yield Row("sequential scans of growing tables", "none", found, not scans, {"scans": scans})


async def _asked(bench: Bench) -> Asked:
    """Put in whom and what is asked about: somebody in the middle of the history, and the newest figure."""
    headers = bench.city.people.coordinator
    newest = checked(await bench.client.get("/v1/submissions?limit=1", headers=headers))
    about = {
        "submission": newest["items"][0]["id"],
        "object": UUID(_named("1234")),
        "person": UUID(_named("7")),
        "trace": _named("500000"),
    }
    asked = {name: (path.format_map(about), headers) for name, path in PATHS.items()}
    for whose, body in BODIES.items():
        own = await officer_of(bench.system, bench.client, body)
        asked |= {f"{name}{whose}": (path, own) for name, path in OWN_PATHS.items()}
    return asked


def _named(what: str) -> str:
    """Name a thing of the history as it was written."""
    return md5(what.encode(), usedforsecurity=False).hexdigest()


async def _explain(bench: Bench, asked: Asked) -> list[tuple[str, str]]:
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
        for name, (path, headers) in asked.items():
            database.said.clear()
            await _ask(client, path, headers)
            plans = [plan for sql, plan in database.said if "sign_ins" not in sql]
            file = PLANS / f"{name.replace(' ', '-')}.txt"
            told = PATHS.get(name, path)
            file.write_text(f"GET {told}\n\n" + "\n\n".join(map(_steady, plans)) + "\n")
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
    """Leave out times and random ids: the plan is kept, not the machine's mood."""
    plan = re.sub(r"'\{[0-9a-f-]{36}(,[0-9a-f-]{36})*\}'", "'{...}'", plan)
    return re.sub(r"\(actual time=\S+ (rows=\S+) loops=(\d+)\)", r"(\1 loops=\2)", plan)
