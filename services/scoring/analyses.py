"""Long questions about a run are worked through one at a time, each in a process of its own.

A process, because an analysis takes more memory than the worker should keep, holds the interpreter
for seconds, and can be ended when it takes too long. Claims expire: what a killed worker left behind
another takes over, and a plan holds its seed, so the answer is the same.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import structlog
from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.scoring import queries
from shared.db import Database
from shared.inputs import Inputs, framework_written, recalled
from shared.log import trace_id
from shared.models import Analysis, Run
from shared.outbox import FAULTS
from shared.tasks import with_trace

CLAIM = timedelta(seconds=60)
TIME_LIMIT = 900  # seconds; 100,000 draws with Sobol indices take a fraction of it
MOST_TRIES = 3
WRITE_EVERY = 0.5  # seconds between two notes of progress
LONGEST_LINE = 64 * 1024 * 1024  # bytes; the result is one line
COMMAND = (sys.executable, "-m", "services.scoring.analysis")

log = structlog.get_logger()

Report = dict[str, Any]
Compute = Callable[[dict[str, Any]], AsyncIterator[Report]]


class AnalysisError(Exception):
    """The analysis ended without a result; the message says why."""


async def in_a_process(
    request: dict[str, Any], *, command: tuple[str, ...] = COMMAND, limit: float = TIME_LIMIT
) -> AsyncIterator[Report]:
    """Yield what ``services.scoring.analysis`` reports, line by line. Raises ``AnalysisError``."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(limit):
            process.stdin.write(orjson.dumps(request))
            await process.stdin.drain()
            process.stdin.close()
            async for line in process.stdout:
                yield orjson.loads(line)
            status = await process.wait()
    except TimeoutError as error:
        raise AnalysisError(f"it took longer than {limit:g} seconds") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if status:
        raise AnalysisError(f"its process ended with status {status}")


class Analyses:
    """Works through what is asked, oldest first; ``wake`` says that there is something new."""

    def __init__(
        self, database: Database, *, pause: float, compute: Compute = in_a_process
    ) -> None:
        self._database = database
        self._pause = pause
        self._compute = compute
        self._bell = asyncio.Event()

    async def wake(self, _period_id: UUID) -> None:
        self._bell.set()

    async def forever(self) -> None:
        while True:
            self._bell.clear()
            try:
                busy = await self.next()
            except FAULTS as error:
                log.warning("analysis_not_taken", error=repr(error), next="tries again")
                busy = False
            if not busy:
                await _either(self._bell.wait(), self._pause)

    async def next(self) -> bool:
        """Answer the oldest question that nobody works at; tell whether there was one."""
        async with self._database.transaction() as session:
            claimed = await _claim(session, now=datetime.now(UTC))
        if claimed is None:
            return False
        with_trace(claimed.trace_id)
        log.info(
            "analysis_started", analysis=str(claimed.id), kind=claimed.kind, tries=claimed.tries
        )
        try:
            await self._answer(claimed)
        except (AnalysisError, orjson.JSONDecodeError, KeyError) as error:
            await self._note(claimed.id, state="failed", error=str(error), finished_at=func.now())
            log.warning("analysis_failed", analysis=str(claimed.id), error=repr(error))
        return True

    async def _answer(self, claimed: Analysis) -> None:
        async with self._database.transaction() as session:
            inputs = await _inputs(session, claimed.run_id)
        clock = asyncio.get_running_loop().time
        noted, result = clock(), None
        async with aclosing(self._compute(request_of(claimed, inputs))) as reports:  # type: ignore[type-var]
            async for report in reports:
                if "error" in report:
                    raise AnalysisError(report["error"]["message"])
                result = report.get("result", result)
                if "progress" in report and clock() - noted >= WRITE_EVERY:
                    noted = clock()
                    done, steps = report["progress"]
                    await self._note(
                        claimed.id,
                        steps_done=done,
                        steps=steps,
                        claimed_until=datetime.now(UTC) + CLAIM,
                    )
        if result is None:
            raise AnalysisError("its process gave no result")
        await self._note(
            claimed.id,
            state="done",
            result=result,
            steps_done=Analysis.steps,
            finished_at=func.now(),
            claimed_until=None,
        )
        log.info("analysis_done", analysis=str(claimed.id))

    async def _note(self, analysis_id: UUID, **values: Any) -> None:
        async with self._database.transaction() as session:
            await session.execute(
                update(Analysis)
                .where(Analysis.id == analysis_id, Analysis.state == "running")
                .values(**values)
            )


async def _either(event: Awaitable[Any], seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event
    except TimeoutError:
        pass


async def _claim(session: AsyncSession, *, now: datetime) -> Analysis | None:
    """Take the oldest that waits, or whose claim has run out; give up on what failed too often."""
    lost = (Analysis.state == "running") & (Analysis.claimed_until < now)
    await session.execute(
        update(Analysis)
        .where(lost, Analysis.tries >= MOST_TRIES)
        .values(state="failed", error="its worker was lost each time", finished_at=func.now())
    )
    oldest = (
        select(Analysis.id)
        .where(or_(Analysis.state == "queued", lost))
        .order_by(Analysis.created_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    claimed: Analysis | None = await session.scalar(
        update(Analysis)
        .where(Analysis.id == oldest)
        .values(
            state="running",
            tries=Analysis.tries + 1,
            started_at=func.coalesce(Analysis.started_at, func.now()),
            claimed_until=now + CLAIM,
        )
        .returning(Analysis)
    )
    return claimed


async def _inputs(session: AsyncSession, run_id: UUID) -> Inputs:
    run = await session.get_one(Run, run_id)
    panel = await queries.panel_figures(session, run.panel_id) if run.panel_id else []
    return recalled(run.inputs, panel)


def request_of(analysis: Analysis, inputs: Inputs) -> dict[str, Any]:
    """Write the question down as the process reads it."""
    return {
        "kind": analysis.kind,
        "plan": analysis.plan,
        "nodes": framework_written(inputs.framework),
        "method": inputs.method.to_dict(),
        "units": list(inputs.units),
        "raw": [[None if np.isnan(x) else x for x in row] for row in inputs.values.tolist()],
        "own_unit": inputs.own_unit,
        "trace_id": trace_id.get(),
    }
