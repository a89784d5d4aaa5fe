"""Reminders at the size of many cities: planning 100,000 duties, finding what is due among a million lines, sending.

The ceiling of sending is a loop of the library alone that pushes the very same mails to the same server.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import aiosmtplib
import structlog
from sqlalchemy import text

from services.notifier.plan.planning import plan_reminders
from services.notifier.plan.rules import read_rules
from services.notifier.plan.schedule import today_in_hanoi
from services.notifier.sending.claims import claim_due
from shared.db import PooledDatabase
from tests.bench.ledger import Ledger, fill_city, own_database, settle
from tests.bench.row import Row
from tests.bench.sender import kept

DUTIES, LINES = 100_000, 1_000_000
SLICE = 100_000  # lines that one statement writes within its limit of time
DUE = 3_000  # lines that are due when they are looked for
PEOPLE, EACH = 3_000, 3  # digests, and duties in each
ROUNDS = 5  # of sending
PLAN = Path(__file__).parent / "plans/what-is-due.txt"
FIRST_STEP = 10  # working days before a deadline, by the policy that is shipped
# A ledger of years: old lines that were sent, beside what is planned.
_HISTORY = (
    "INSERT INTO reminders (kind, topic, subject_id, organisation_id, due_on, step, audience, recipient, "
    "recipient_name, planned_at, send_at, state, trace_id) SELECT 'step', 'due', gen_random_uuid(), "
    "(SELECT id FROM organisations LIMIT 1), current_date - 400, '-5w', 'officer', 'x' || n || '@bench.test', "
    "'', now() - interval '400 days', now() - interval '400 days', 'sent', '' FROM generate_series(1, :lines) n"
)
# What has come due by now, of duties here and there.
_DUE = (
    "UPDATE reminders SET send_at = now() - interval '1 minute' WHERE id IN "
    "(SELECT id FROM reminders WHERE state = 'planned' ORDER BY step, id LIMIT :lines)"
)
_CROWD = (
    (
        "INSERT INTO organisations (id, code, name_vi, name_en, kind, part_in_the_plan, plan_section, "
        "is_coordinator, search) SELECT gen_random_uuid(), :crowd || n, 'Cơ quan ' || n, '', 'department', '', "
        "'', false, '' FROM generate_series(1, :people) n"
    ),
    (
        "INSERT INTO contacts (id, organisation_id, name, role, email, phone) SELECT gen_random_uuid(), id, "
        "'Đầu mối', 'officer', code || '@bench.test', '' FROM organisations WHERE code LIKE :crowd || '%'"
    ),
    (
        "INSERT INTO responsibilities (id, node_id, organisation_id, role, legal_basis, plan_section, valid_from) "
        "SELECT gen_random_uuid(), n.id, o.id, 'lead', 'Kế hoạch 234/KH-UBND', '', '2001-02-03' FROM organisations o, "
        "(SELECT id FROM nodes WHERE kind = 'indicator' ORDER BY sort_key LIMIT :each) n WHERE o.code LIKE :crowd || '%'"
    ),
    (
        "INSERT INTO assignments (id, period_id, responsibility_id, node_id, organisation_id, kind, due_on, "
        "sort_key) SELECT uuidv7(), (SELECT id FROM periods LIMIT 1), r.id, r.node_id, "
        "r.organisation_id, 'figure', :due_on, '' FROM responsibilities r JOIN organisations o "
        "ON o.id = r.organisation_id WHERE o.code LIKE :crowd || '%'"
    ),
)


async def reminding(rounds: int, _seconds: float) -> AsyncIterator[Row]:
    """Plan, find and send; the logs of a line for each mail are left out."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    quick = rounds < 5
    async with own_database() as ledger:
        await fill_city(ledger.database, DUTIES // 10 if quick else DUTIES)
        async for row in _planning(ledger.database, quick=quick):
            yield row
        yield await _finding(ledger.database, quick=quick)
    async with own_database() as ledger:
        await fill_city(ledger.database, 0)
        yield await _sending(ledger, PEOPLE // 5 if quick else PEOPLE, 1 if quick else ROUNDS)


async def _planning(database: PooledDatabase, *, quick: bool) -> AsyncIterator[Row]:
    duties = DUTIES // 10 if quick else DUTIES
    took = []
    for _ in range(2):
        started = time.perf_counter()
        async with database.transaction() as session:
            planned = await plan_reminders(session, period_id=None, now=datetime.now(UTC))
        took.append((time.perf_counter() - started, planned.added))
        await settle(database)
    (first, lines), (again, none) = took
    limit = 20 * duties / DUTIES
    yield Row(
        f"planning {duties:,} open duties",
        f"≤ {limit:.0f} s",
        f"{first:.1f} s for {lines:,} lines",
        first <= limit,
        {"seconds": first, "lines": lines},
    )
    yield Row(
        "planning again without news",
        f"≤ {limit / 4:.1f} s, nothing written",
        f"{again:.1f} s, {none} lines",
        again <= limit / 4 and none == 0,
        {"seconds": again},
    )


async def _finding(database: PooledDatabase, *, quick: bool) -> Row:
    """Take the first batch of what is due, undone each time; keep the plan of the search."""
    for _ in range(1 if quick else LINES // SLICE):
        async with database.transaction() as session:
            await session.execute(text(_HISTORY), {"lines": SLICE})
    await settle(database)
    now = datetime.now(UTC)
    look = (
        "SELECT recipient FROM (SELECT recipient, send_at FROM reminders WHERE state = 'planned' "
        "AND send_at <= now() ORDER BY send_at, recipient LIMIT 1000) AS due GROUP BY recipient"
    )
    took = []
    async with database.transaction() as session:
        lines = await session.scalar(text("SELECT count(*) FROM reminders"))
        await session.execute(text(_DUE), {"lines": DUE})
        for _ in range(30):
            started = time.perf_counter()
            await session.execute(text(look))
            took.append((time.perf_counter() - started) * 1000)
        plan = "\n".join(await session.scalars(text(f"EXPLAIN {look}")))
        PLAN.parent.mkdir(exist_ok=True)
        PLAN.write_text(plan + "\n")
        rules = await read_rules(session, now=now)
        started = time.perf_counter()
        taken, _ = await claim_due(
            session, rules, now=now, claim=timedelta(seconds=40), domain="x.vn", always=False
        )
        claimed = (time.perf_counter() - started) * 1000
        await session.rollback()
    p95 = sorted(took)[int(len(took) * 0.95)]
    return Row(
        f"finding what is due among {lines:,} lines",
        "p95 ≤ 20 ms, by index",
        f"p95 {p95:.1f} ms; a whole claim of {len(taken)} mails {claimed:.0f} ms",
        p95 <= 20 and "Seq Scan" not in plan,
        {"ms": took, "claim_ms": claimed},
    )


async def _sending(ledger: Ledger, people: int, rounds: int) -> Row:
    """Send the digests of the morning on which the first step is due, then push the same bytes by the library alone.

    Each round has people of its own; the ratio is the middle one, as what else the machine does falls on either.
    """
    own, ratios, memory, failed = [], [], 0.0, 0.0
    with TemporaryDirectory() as folder:
        file = Path(folder) / "mails"
        for turn in range(rounds):
            await _become_due(ledger, people, f"crowd-{turn}-")
            async with _sink() as port:
                sent = await _notifier(ledger.url, port, file)
                bare = await _bare(port, file)
            own.append(sent["sent"] / sent["seconds"])
            ratios.append(own[-1] / bare)
            memory = max(memory, sent["memory"])
            failed += sent["failed"] + abs(people - sent["sent"])
    rate, ratio = median(own), median(ratios)
    return Row(
        f"sending {people:,} digests of {EACH} duties",
        "≥ 300/s, ≥ 0.5 of a bare loop, ≤ 150 MB",
        f"{rate:.0f}/s, {ratio:.2f} of a bare loop ({min(ratios):.2f}-{max(ratios):.2f}), {memory:.0f} MB",
        rate >= 300 and ratio >= 0.5 and memory <= 150 and failed == 0,
        {"own": own, "ratios": ratios, "memory": memory},
    )


async def _become_due(ledger: Ledger, people: int, crowd: str) -> None:
    now = datetime.now(UTC)
    async with ledger.database.transaction() as session:
        rules = await read_rules(session, now=now)
        due_on = rules.hours.calendar.add(today_in_hanoi(now), FIRST_STEP)
        values = {"people": people, "each": EACH, "due_on": due_on, "crowd": crowd}
        for statement in _CROWD:
            await session.execute(text(statement), values)
        await plan_reminders(session, period_id=None, now=now)
    await settle(ledger.database)


async def _notifier(url: str, port: int, file: Path) -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.sender", url, str(port), str(file)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    answer: dict[str, float] = json.loads(said)
    return answer


async def _bare(port: int, file: Path) -> float:
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False)
    await client.connect()
    mails = list(kept(file))
    started = time.perf_counter()
    for to, message in mails:
        await client.sendmail("pii@pii.example.vn", [to], message)
    took = time.perf_counter() - started
    client.close()
    return len(mails) / took


@asynccontextmanager
async def _sink() -> AsyncIterator[int]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.sink", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()
