"""What a run reads: the framework, the panel, and the figures that are accepted now."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.scoring.figures import Accepted
from shared.events import RECALCULATE
from shared.freshness import accepted_now, is_stale, newest_panel, newest_run_id
from shared.inputs import PanelFigure
from shared.models import (
    Assignment,
    Framework,
    Locality,
    Node,
    OutboxMessage,
    Panel,
    PanelValue,
    Period,
    Responsibility,
    Run,
    Submission,
)


class State(NamedTuple):
    """A period as it is now, and its newest run."""

    period: Period
    framework: Framework
    submission_ids: list[UUID]
    panel: Panel | None
    newest_number: int
    newest_run: Run | None
    stale: bool


async def state_of(session: AsyncSession, period_id: UUID) -> State | None:
    """Read in one statement, and so at one moment, what the next run is to cover."""
    row = (
        await session.execute(
            select(Period, Framework, accepted_now, Panel, Run, is_stale)
            .join(Framework, Framework.id == Period.framework_id)
            .outerjoin(Run, Run.id == newest_run_id)
            .outerjoin(Panel, Panel.id == newest_panel)
            .where(Period.id == period_id)
        )
    ).one_or_none()
    if row is None:
        return None
    period, framework, submission_ids, panel, run, stale = row
    return State(
        period, framework, list(submission_ids), panel, run.number if run else 0, run, stale
    )


async def stale_periods(session: AsyncSession) -> list[UUID]:
    """List the periods, opened and maybe closed since, whose newest run has not seen all there is."""
    found = await session.scalars(
        select(Period.id)
        .join(Framework, Framework.id == Period.framework_id)
        .outerjoin(Run, Run.id == newest_run_id)
        .where(Period.state != "draft", is_stale)
        .order_by(Period.opened_at)
        .limit(1000)
    )
    return list(found)


async def newest_cause(session: AsyncSession, period_id: UUID) -> str | None:
    """Give the trace id of the newest request that asked for a run of the period."""
    cause: str | None = await session.scalar(
        select(OutboxMessage.trace_id)
        .where(
            OutboxMessage.task == RECALCULATE.task,
            OutboxMessage.payload["period_id"].astext == str(period_id),
        )
        .order_by(OutboxMessage.id.desc())
        .limit(1)
    )
    return cause


async def tree(session: AsyncSession, framework_id: UUID) -> list[tuple[Node, str | None]]:
    """List the nodes, parents' codes beside them, in an order that never changes."""
    parent = aliased(Node)
    rows = await session.execute(
        select(Node, parent.code)
        .outerjoin(parent, parent.id == Node.parent_id)
        .where(Node.framework_id == framework_id)
        .order_by(Node.sort_key, Node.code)
    )
    return [(node, code) for node, code in rows]


async def panel_figures(session: AsyncSession, panel_id: UUID) -> list[PanelFigure]:
    """List (locality's code, node's code, figure) of a panel."""
    rows = await session.execute(
        select(Locality.code, Node.code, PanelValue.value)
        .join(Locality, Locality.id == PanelValue.locality_id)
        .join(Node, Node.id == PanelValue.node_id)
        .where(PanelValue.panel_id == panel_id)
    )
    return [(code, node, value) for code, node, value in rows]


async def accepted_figures(session: AsyncSession, ids: list[UUID]) -> list[Accepted]:
    """List the accepted figures and other answers among ``ids``."""
    rows = await session.execute(
        select(Node.code, Submission.id, Submission.value, Responsibility.role, Submission.answer)
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .join(Node, Node.id == Assignment.node_id)
        .join(Responsibility, Responsibility.id == Assignment.responsibility_id)
        .where(Submission.id.in_(ids), Assignment.kind == "figure")
        .order_by(Submission.id)
    )
    return [Accepted(*row) for row in rows]
