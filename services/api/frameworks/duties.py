"""What hangs on a framework's nodes and goes with them into next year's draft: responsibilities and rules."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.models import HandoverMove, IndicatorRule, Responsibility

_OWN = frozenset({"id", "node_id", "updated_at"})


async def copy_responsibilities(
    session: AsyncSession, nodes: Mapping[UUID, UUID], *, start: date
) -> int:
    """Copy what holds on ``start`` or begins later, with its dates and legal basis; ``nodes`` maps old to new."""
    held = Responsibility.__table__
    rows = await session.execute(
        select(held).where(
            Responsibility.node_id.in_(nodes),
            func.coalesce(Responsibility.valid_to, start) >= start,
        )
    )
    return await _copy(session, Responsibility, rows.mappings(), nodes)


async def copy_rules(session: AsyncSession, nodes: Mapping[UUID, UUID]) -> int:
    """Copy by which rules figures are checked; they name other nodes by their codes, which are the same."""
    rules = IndicatorRule.__table__
    rows = await session.execute(select(rules).where(IndicatorRule.node_id.in_(nodes)))
    return await _copy(session, IndicatorRule, rows.mappings(), nodes)


async def _copy(session: AsyncSession, model: Any, rows: Any, nodes: Mapping[UUID, UUID]) -> int:
    copies = [
        {name: value for name, value in row.items() if name not in _OWN}
        | {"node_id": nodes[row["node_id"]]}
        | ({"id": uuid4()} if "id" in row else {})
        for row in rows
    ]
    if copies:
        await session.execute(insert(model), copies)
    return len(copies)


async def handed_over(session: AsyncSession, nodes: Select[UUID]) -> bool:
    """Tell whether a hand-over moved a responsibility of these nodes: its receipt must keep naming something."""
    held = select(Responsibility.id).where(Responsibility.node_id.in_(nodes))
    moved = select(HandoverMove.id).where(
        or_(HandoverMove.object_id.in_(held), HandoverMove.new_object_id.in_(held))
    )
    return await session.scalar(moved.limit(1)) is not None


async def drop_responsibilities(session: AsyncSession, nodes: Select[UUID]) -> int:
    """Remove a draft's responsibilities with its nodes. Rules go with their node by themselves."""
    gone = await session.scalars(
        delete(Responsibility)
        .where(Responsibility.node_id.in_(nodes))
        .returning(Responsibility.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())
