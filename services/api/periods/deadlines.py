"""Deadlines that differ by body or indicator: set as a whole, applied by an act that lists what it changes."""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.periods import schemas
from services.api.periods.opening import deadlines_of
from shared import outbox
from shared.db import session_reader
from shared.duty import is_done
from shared.errors import Fault, InvalidError
from shared.events import DeadlineMoved
from shared.models import Assignment, Node, Organisation, Period, PeriodDeadline


class Move(NamedTuple):
    """A deadline that is moved, or would be."""

    assignment: UUID
    indicator: str
    organisation: str
    due_on: date
    new_due_on: date


async def set_deadlines(
    session: AsyncSession, caller: Caller, period: Period, *, new: schemas.Deadlines
) -> None:
    """Replace the period's differing deadlines, whole or not at all; duties that exist keep theirs."""
    bodies: dict[str, UUID] = dict(
        (await session.execute(select(Organisation.code, Organisation.id))).all()
    )
    nodes: dict[str, UUID] = dict(
        (
            await session.execute(
                select(Node.code, Node.id).where(Node.framework_id == period.framework_id)
            )
        ).all()
    )
    if faults := _faults(new.deadlines, bodies, nodes):
        raise InvalidError(faults=faults)
    before = await _told(session, period.id)
    await session.execute(delete(PeriodDeadline).where(PeriodDeadline.period_id == period.id))
    session.add_all(
        PeriodDeadline(
            id=uuid4(),
            period_id=period.id,
            organisation_id=bodies.get(rule.organisation or ""),
            node_id=nodes.get(rule.node or ""),
            due_on=rule.due_on,
        )
        for rule in new.deadlines
    )
    await session.flush()
    after = await _told(session, period.id)
    if before != after:
        record(
            session,
            caller,
            "deadlines_set",
            ("period", period.code),
            changes={"deadlines": [before, after]},
        )


def _faults(
    rules: list[schemas.Deadline], bodies: dict[str, UUID], nodes: dict[str, UUID]
) -> list[Fault]:
    faults = []
    seen = set()
    for place, rule in enumerate(rules):
        at = f"/deadlines/{place}"
        if rule.organisation is None and rule.node is None:
            faults.append(
                Fault(
                    at, "Name a body, a node, or both.", "Hãy nêu cơ quan, mục chỉ số, hoặc cả hai."
                )
            )
        if rule.organisation is not None and rule.organisation not in bodies:
            faults.append(
                Fault(
                    f"{at}/organisation", "There is no such organisation.", "Không có cơ quan này."
                )
            )
        if rule.node is not None and rule.node not in nodes:
            faults.append(
                Fault(
                    f"{at}/node",
                    "The period's framework has no such node.",
                    "Bộ chỉ số của kỳ không có mục này.",
                )
            )
        if (key := (rule.organisation, rule.node)) in seen:
            faults.append(Fault(at, "This stands here twice.", "Mục này bị lặp."))
        seen.add(key)
    return faults


async def _told(session: AsyncSession, period_id: UUID) -> list[dict[str, Any]]:
    rows = await session.execute(
        select(Organisation.code, Node.code, PeriodDeadline.due_on)
        .select_from(PeriodDeadline)
        .outerjoin(Organisation, Organisation.id == PeriodDeadline.organisation_id)
        .outerjoin(Node, Node.id == PeriodDeadline.node_id)
        .where(PeriodDeadline.period_id == period_id)
        .order_by(Organisation.code, Node.sort_key)
    )
    return [{"organisation": body, "node": node, "due_on": str(day)} for body, node, day in rows]


async def apply_deadlines(
    session: AsyncSession, caller: Caller, period: Period, *, dry_run: bool, now: datetime
) -> list[Move]:
    """Move what is unfinished to the deadlines that hold now; return what was moved, or would be.

    What is done keeps its deadline, and what was extended keeps what was granted.
    """
    deadlines = await deadlines_of(await session_reader(session), period.id, period.due_on)
    rows = await session.execute(
        select(Assignment, Node.code, Organisation.code)
        .join(Period, Period.id == Assignment.period_id)
        .join(Node, Node.id == Assignment.node_id)
        .join(Organisation, Organisation.id == Assignment.organisation_id)
        .where(Period.id == period.id, ~is_done, Assignment.extended_due_on.is_(None))
        .order_by(Assignment.sort_key, Assignment.id)
        .with_for_update(of=Assignment, key_share=True)
    )
    moves = []
    for assignment, node, body in rows:
        due_on = deadlines.of(assignment.organisation_id, assignment.node_id)
        if due_on == assignment.due_on:
            continue
        moves.append(Move(assignment.id, node, body, assignment.due_on, due_on))
        if not dry_run:
            _move(session, caller, assignment, due_on, now=now)
    return moves


def _move(
    session: AsyncSession, caller: Caller, assignment: Assignment, due_on: date, *, now: datetime
) -> None:
    record(
        session,
        caller,
        "deadline_moved",
        ("assignment", assignment.id),
        changes={"due_on": [assignment.due_on, due_on]},
    )
    assignment.due_on, assignment.updated_at = due_on, now
    outbox.emit(session, DeadlineMoved(period_id=assignment.period_id, assignment_id=assignment.id))
