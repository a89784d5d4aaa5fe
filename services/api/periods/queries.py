"""Reporting periods."""

from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from services.api.deps.caller import Caller
from services.api.deps.newest import NewestFirst
from services.api.periods.schemas import PeriodQuery
from shared.db import Reader
from shared.errors import ConflictError, NotFoundError
from shared.models import (
    Assignment,
    Framework,
    Node,
    Organisation,
    Period,
    PeriodDeadline,
    PeriodScope,
)


class PeriodNotFoundError(NotFoundError):
    """There is no period with this code.

    Không có kỳ báo cáo nào mang mã này.
    """


class PeriodClosedError(ConflictError):
    """The period is closed.

    Kỳ báo cáo đã đóng.
    """


class PeriodNotOpenError(ConflictError):
    """The period is not open.

    Kỳ báo cáo chưa mở.
    """


MEANT = (
    Period.made_up,
    Period.state == literal_column("'closed'"),
    Period.opened_at.desc(),
    Period.id,
)
"""Which period comes first where none is named: a real one, an open one, the one opened last."""


def in_scope(of_period: ColumnElement[bool], *, node: Any, body: Any) -> ColumnElement[bool]:
    """Make the condition that a duty of ``body`` at ``node`` is asked for; ``of_period`` is over ``PeriodScope``."""
    below = aliased(Node)
    named = select(PeriodScope.node_id.label("id")).where(
        of_period, PeriodScope.node_id.is_not(None)
    )
    nodes = named.cte("scoped_nodes", recursive=True)
    nodes = nodes.union(select(below.id).join(nodes, below.parent_id == nodes.c.id))
    bodies = (
        select(PeriodScope.organisation_id.label("id"))
        .where(of_period, PeriodScope.organisation_id.is_not(None))
        .cte("scoped_bodies")
    )
    return and_(
        or_(~exists(select(nodes.c.id)), node.in_(select(nodes.c.id))),
        or_(~exists(select(bodies.c.id)), body.in_(select(bodies.c.id))),
    )


def _scoped(code: Any, order: Any, thing: Any, named: Any) -> Any:
    codes = func.array_agg(aggregate_order_by(code, order))
    found = select(codes).join(PeriodScope, named == thing)
    return found.where(PeriodScope.period_id == Period.id).correlate(Period).scalar_subquery()


_PERIOD = select(
    Period.id,
    Period.code,
    Period.name,
    Framework.year.label("framework"),
    Framework.state.label("framework_state"),
    Period.reference_year,
    Period.kind,
    Period.span,
    Period.covers_from,
    Period.covers_to,
    Period.due_on,
    Period.ministry_due_on,
    Period.working_days_before,
    Period.late_allowed,
    Period.state,
    Period.made_up,
    Period.created_at,
    Period.opened_at,
    Period.closed_at,
    Period.updated_at,
    select(func.count())
    .select_from(Assignment)
    .where(Assignment.period_id == Period.id)
    .scalar_subquery()
    .label("assignments"),
    _scoped(Node.code, Node.sort_key, Node.id, PeriodScope.node_id).label("scope_nodes"),
    _scoped(
        Organisation.code, Organisation.code, Organisation.id, PeriodScope.organisation_id
    ).label("scope_organisations"),
).join(Framework, Framework.id == Period.framework_id)
PERIOD_ROW = _PERIOD.where(Period.code == bindparam("code"))
_DEADLINES = (
    select(Organisation.code.label("organisation"), Node.code.label("node"), PeriodDeadline.due_on)
    .select_from(PeriodDeadline)
    .join(Period, Period.id == PeriodDeadline.period_id)
    .outerjoin(Organisation, Organisation.id == PeriodDeadline.organisation_id)
    .outerjoin(Node, Node.id == PeriodDeadline.node_id)
    .where(Period.code == bindparam("code"))
    .order_by(Organisation.code, Node.sort_key)
)
_LIST = NewestFirst(
    _PERIOD,
    at=Period.created_at,
    key=Period.id,
    filters={"state": Period.state == bindparam("state")},
)


def scope_of(row: Any) -> dict[str, list[str]]:
    return {name: row[f"scope_{name}"] or [] for name in ("nodes", "organisations")}


def _shown(row: Any, caller: Caller) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if not name.startswith("scope_")}
    shown["scope"] = scope_of(row)
    published = shown.pop("framework_state") == "published"
    return {**shown, "allowed_actions": _actions(caller, row["state"], published=published)}


def _actions(caller: Caller, state: str, *, published: bool) -> list[str]:
    actions = []
    if caller.may("periods:write"):
        actions.append("edit")
        # What is open is opened again for later responsibilities, its framework retired or not.
        if state == "open" or (state == "draft" and published):
            actions.append("open")
        if state == "open":
            actions.append("close")
        if state == "closed":
            actions.append("reopen")
    if state != "closed" and caller.may("panels:write"):
        actions.append("load_panel")
    return actions


async def periods_page(read: Reader, caller: Caller, query: PeriodQuery) -> dict[str, Any]:
    return await _LIST.page(read, query, query.filters(), lambda row: _shown(row, caller))


async def period_shown(read: Reader, caller: Caller, code: str) -> dict[str, Any]:
    row = await read.first(PERIOD_ROW, code=code)
    if row is None:
        raise PeriodNotFoundError
    return _shown(row, caller)


async def deadlines_shown(read: Reader, caller: Caller, code: str) -> dict[str, Any]:
    """Show the deadlines of a period that differ from its own."""
    period = await period_shown(read, caller, code)
    return {
        "period": code,
        "due_on": period["due_on"],
        "deadlines": [dict(row) for row in await read.all(_DEADLINES, code=code)],
        "allowed_actions": ["edit", "apply"]
        if period["state"] != "closed" and caller.may("periods:write")
        else [],
    }
