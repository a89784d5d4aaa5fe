"""The coordinator says how an indicator's figures are checked."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, record
from services.api.deps.caller import Caller
from services.api.rules.schemas import Rules
from shared.errors import InvalidError
from shared.models import IndicatorRule, Node


async def set_rules(
    session: AsyncSession, caller: Caller, node_id: UUID, *, rules: Rules, now: datetime
) -> None:
    """Replace all rules of a node; what was submitted already is not looked at again."""
    node = await session.get_one(Node, node_id, with_for_update={"key_share": True})
    await _check_codes(session, node, rules.same_denominator_as)
    row = await session.get(IndicatorRule, node_id)
    if row is None:
        row = IndicatorRule(node_id=node_id, **Rules().model_dump())
        session.add(row)
    if changes := apply(row, rules.model_dump()):
        row.updated_at = now
        record(session, caller, "rules_set", ("node", node_id), changes=changes)


async def _check_codes(session: AsyncSession, node: Node, codes: list[str]) -> None:
    known = set(
        await session.scalars(
            select(Node.code).where(
                Node.framework_id == node.framework_id,
                Node.code.in_(codes),
                Node.kind.in_(("indicator", "component")),
            )
        )
    )
    for place, code in enumerate(codes):
        if code not in known or code == node.code or code in codes[:place]:
            raise InvalidError(
                f"{code} is no other indicator of this framework.",
                vi=f"{code} không phải là một chỉ số khác của bộ chỉ số này.",
                pointer=f"/same_denominator_as/{place}",
            )
