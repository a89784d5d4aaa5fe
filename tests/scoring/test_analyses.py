"""A long question is answered once, by whoever lives to the end, and says what became of it."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from deploy.embedded import Servers
from services.scoring.analyses import Analyses, AnalysisError, in_a_process
from services.scoring.commands import recalculate
from shared.db import PooledDatabase
from shared.models import Analysis
from tests.cast import make_cast
from tests.conftest import copied_database, serving, settings_for
from tests.factories import opened_period

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ECHO = "import json, sys; asked = json.load(sys.stdin); print(json.dumps({'result': asked}))"


def script(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text)


async def reports(text: str, *, limit: float = 10) -> list[dict[str, Any]]:
    return [report async for report in in_a_process({"a": 1}, command=script(text), limit=limit)]


async def test_the_process_is_given_the_question_and_its_lines_are_reports() -> None:
    assert await reports(ECHO) == [{"result": {"a": 1}}]


async def test_a_process_that_fails_or_lasts_too_long_gives_no_result() -> None:
    with pytest.raises(AnalysisError, match="status 3"):
        await reports("import sys; sys.stdin.read(); sys.exit(3)")
    with pytest.raises(AnalysisError, match="longer than"):
        await reports("import sys, time; sys.stdin.read(); time.sleep(60)", limit=0.5)


class Computer:
    """Reports what it is told to, and remembers what it was asked."""

    def __init__(self, *reports: dict[str, Any]) -> None:
        self.reports = reports
        self.asked: list[dict[str, Any]] = []

    async def __call__(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        self.asked.append(request)
        for report in self.reports:
            yield report


@pytest.fixture
async def database(servers: Servers, template: str) -> AsyncIterator[PooledDatabase]:
    async with copied_database(servers, template) as url:
        pooled = PooledDatabase(settings_for(servers, url).database_url, pool=3)
        yield pooled
        await pooled.close()


@pytest.fixture
async def asked(servers: Servers, database: PooledDatabase) -> Analysis:
    url = database.engine.url.render_as_string(hide_password=False)
    async with database.transaction() as session:
        cast = await make_cast(session)
    async with serving(settings_for(servers, url)) as client:
        period = await opened_period(client, cast)
    async with database.transaction() as session:
        run = await recalculate(session, period["id"], now=NOW, trigger="event")
        assert run is not None
        analysis = Analysis(
            id=uuid4(),
            run_id=run.id,
            kind="uncertainty",
            plan={"seed": 1},
            plan_hash="x",
            steps=10,
            asked_by=uuid4(),
            asked_by_name="Ai",
            trace_id="t",
        )
        session.add(analysis)
    return analysis


async def now(database: PooledDatabase) -> Analysis:
    async with database.transaction() as session:
        return (await session.scalars(select(Analysis))).one()


@pytest.mark.usefixtures("asked")
async def test_an_answer_is_stored_with_its_progress(database: PooledDatabase) -> None:
    computer = Computer({"progress": [5, 10]}, {"result": {"answer": 42}})
    worker = Analyses(database, pause=1, compute=computer)
    assert await worker.next()
    assert not await worker.next()
    done = await now(database)
    assert (done.state, done.result, done.steps_done, done.tries) == ("done", {"answer": 42}, 10, 1)
    (request,) = computer.asked
    assert (request["plan"], request["own_unit"]) == ({"seed": 1}, "ha-noi")
    assert len(request["nodes"]) > len(request["raw"][0]) == 55


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("reports", "why"), [((), "gave no result"), (({"error": {"message": "quá lớn"}},), "quá lớn")]
)
async def test_a_failure_says_why(
    database: PooledDatabase, reports: tuple[dict[str, Any], ...], why: str
) -> None:
    assert await Analyses(database, pause=1, compute=Computer(*reports)).next()
    failed = await now(database)
    assert failed.state == "failed"
    assert why in (failed.error or "")


@pytest.mark.usefixtures("asked")
async def test_what_a_lost_worker_left_is_taken_over_but_not_for_ever(
    database: PooledDatabase,
) -> None:
    class Lost(Exception):  # noqa: N818 not an error of ours
        pass

    async def dies(_request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        raise Lost
        yield {}

    for tries in (1, 2, 3):
        with suppress(Lost):
            await Analyses(database, pause=1, compute=dies).next()
        assert ((await now(database)).state, (await now(database)).tries) == ("running", tries)
        computer = Computer({"result": {}})
        assert not await Analyses(database, pause=1, compute=computer).next(), "the claim holds"
        async with database.transaction() as session:
            past = datetime.now(UTC) - timedelta(seconds=1)
            await session.execute(update(Analysis).values(claimed_until=past))
    assert not await Analyses(database, pause=1, compute=Computer({"result": {}})).next()
    assert (await now(database)).state == "failed"


@pytest.mark.usefixtures("asked")
async def test_the_bell_wakes_the_worker_and_two_workers_answer_once(
    database: PooledDatabase,
) -> None:
    computer = Computer({"result": {"answer": 42}})
    workers = [Analyses(database, pause=0.1, compute=computer) for _ in range(2)]
    loops = [asyncio.create_task(worker.forever()) for worker in workers]
    await workers[0].wake(uuid4())
    async with asyncio.timeout(10):
        while (await now(database)).state != "done":  # noqa: ASYNC110 it is another task's work
            await asyncio.sleep(0.02)
    for loop in loops:
        loop.cancel()
    await asyncio.gather(*loops, return_exceptions=True)
    assert len(computer.asked) == 1
