"""By which rules an indicator's figures are checked."""

from typing import Any
from uuid import UUID

from sqlalchemy import Integer, bindparam, func, literal_column, or_, select

from services.api.deps.caller import Caller
from services.api.frameworks.queries import NEWEST_YEAR, NodeNotFoundError
from services.api.rules.schemas import Rules
from shared.db import Reader
from shared.models import Framework, IndicatorRule, Node

_MEMBERS = tuple(Rules.model_fields)
ONE_RULE = (
    select(
        Node.id.label("node_id"),
        Node.code.label("indicator"),
        Framework.year.label("framework"),
        *(getattr(IndicatorRule, name) for name in _MEMBERS),
        IndicatorRule.updated_at,
    )
    .join(Framework, Framework.id == Node.framework_id)
    .outerjoin(IndicatorRule, IndicatorRule.node_id == Node.id)
    .where(
        Node.code == bindparam("code"),
        Framework.year
        == func.coalesce(bindparam("year", type_=Integer), NEWEST_YEAR.scalar_subquery()),
        or_(Node.kind == literal_column("'indicator'"), Node.kind == literal_column("'component'")),
    )
)


async def _row(read: Reader, code: str, year: int | None) -> Any:
    row = await read.first(ONE_RULE, code=code, year=year)
    if row is None:
        raise NodeNotFoundError
    return row


async def node_of(read: Reader, code: str, year: int | None) -> UUID:
    found: UUID = (await _row(read, code, year))["node_id"]
    return found


async def rules_shown(
    read: Reader, caller: Caller, *, code: str, year: int | None
) -> dict[str, Any]:
    shown = dict(await _row(read, code, year))
    del shown["node_id"]
    if shown["updated_at"] is None:
        shown |= Rules().model_dump()
    return {**shown, "allowed_actions": ["edit"] if caller.may("plan:write") else []}
