"""Recalculate a period's index from what is true now, and store the run with all that went into it."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import structlog
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.scoring import figures, queries
from services.scoring.queries import State
from services.scoring.summary import run_nodes, summary
from shared.composite import Method, Result
from shared.inputs import Inputs, gathered, written
from shared.log import trace_id
from shared.models import Node, Period, Run, RunNode
from shared.public import announce_run

log = structlog.get_logger()


@dataclass(frozen=True)
class Calculation:
    """A run before it is stored."""

    inputs: Inputs
    result: Result
    rows: list[tuple[Node, str | None]]


async def calculate(session: AsyncSession, state: State) -> Calculation:
    """Evaluate the index from scratch: nothing of an earlier run is used."""
    rows = await queries.tree(session, state.framework.id)
    panel = await queries.panel_figures(session, state.panel.id) if state.panel else []
    own_code = state.framework.locality_code
    central = {node: value for code, node, value in panel if code == own_code}
    accepted = await queries.accepted_figures(session, state.submission_ids)
    inputs = gathered(
        figures.composite_framework(rows),
        Method.from_dict(state.framework.method["engine"]),
        panel,
        figures.own_figures(figures.leaves_of(rows), accepted, central),
        own_code=own_code,
    )
    return Calculation(inputs, inputs.evaluate(), rows)


async def recalculate(
    session: AsyncSession, period_id: UUID, *, now: datetime, trigger: str
) -> Run | None:
    """Store the next run, or None when the newest has already seen all there is.

    The lock lets one run of a period be made at a time; ``NO KEY UPDATE`` leaves the API's foreign-key
    checks alone. What was committed before the lock was got is read after it, so nothing is missed.
    """
    held = await session.scalar(
        select(Period.id).where(Period.id == period_id).with_for_update(key_share=True)
    )
    started = time.perf_counter()
    state = await queries.state_of(session, period_id) if held else None
    if state is None or state.period.state == "draft" or not state.stale:
        return None
    # Of several events that one run covers, the newest is its cause.
    trace_id.set(await queries.newest_cause(session, period_id) or trace_id.get())
    calculation = await calculate(session, state)
    run = _run(state, calculation, now=now, trigger=trigger)
    run.duration_ms = round((time.perf_counter() - started) * 1000, 3)
    session.add(run)
    await session.flush()
    await session.execute(
        insert(RunNode),
        run_nodes(run.id, calculation.result, calculation.rows, calculation.inputs),
    )
    announce_run(session, run)
    log.info(
        "run_stored",
        period=state.period.code,
        run=str(run.id),
        number=run.number,
        score=run.score,
        submissions=len(state.submission_ids),
        ms=run.duration_ms,
    )
    return run


def _run(state: State, calculation: Calculation, *, now: datetime, trigger: str) -> Run:
    inputs, result = calculation.inputs, calculation.result
    root = result.node(result.framework.root.code)
    score = float(result.scores[inputs.own_row, root])
    rank = int(result.ranks[inputs.own_row, root])
    return Run(
        id=uuid4(),
        period_id=state.period.id,
        number=state.newest_number + 1,
        framework_id=state.framework.id,
        framework_revision=state.framework.revision,
        panel_id=state.panel.id if state.panel else None,
        submission_ids=state.submission_ids,
        inputs=_kept(state, inputs),
        hash=inputs.hash(),
        score=None if np.isnan(score) else score,
        rank=rank or None,
        units=int(result.ranked[root]),
        summary=summary(state, result, calculation.rows, inputs),
        trigger=trigger,
        trace_id=trace_id.get(),
        created_at=now,
    )


def _kept(state: State, inputs: Inputs) -> dict[str, Any]:
    """Write down all that the run read, so that it can be made again; the panel is kept as its own row."""
    return {
        **written(inputs),
        "framework": {"year": state.framework.year, "revision": state.framework.revision},
        "panel": {
            "id": str(state.panel.id),
            "source": state.panel.source,
            "made_up": state.panel.made_up,
        }
        if state.panel
        else None,
    }
