"""Which bodies have a part in a duty beside the one that owes it."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import aliased

from shared.duty import today as today_there
from shared.models import Assignment, Node, Organisation, Responsibility

_Theirs, _TheirNode = aliased(Assignment), aliased(Node)
_Held, _HeldNode = aliased(Responsibility), aliased(Node)


def _indicator(node: type[Node]) -> ColumnElement[UUID]:
    return case((node.kind == "component", node.parent_id), else_=node.id)


def has_part(body: Any) -> ColumnElement[bool]:
    """Tell whether ``body`` has a duty on the indicator in the same period, or answers for it today.

    Whoever became responsible after the period was opened has no duty in it.
    """
    duty = (
        select(_Theirs.id)
        .join(_TheirNode, _TheirNode.id == _Theirs.node_id)
        .where(
            _Theirs.period_id == Assignment.period_id,
            _Theirs.organisation_id == body,
            _indicator(_TheirNode) == _indicator(Node),
        )
    )
    standing = (
        select(_Held.id)
        .join(_HeldNode, _HeldNode.id == _Held.node_id)
        .where(
            _Held.organisation_id == body,
            _Held.valid_from <= today_there,
            func.coalesce(_Held.valid_to, today_there) >= today_there,
            _indicator(_HeldNode) == _indicator(Node),
        )
    )
    beside = (Assignment, Node, Organisation)
    return or_(duty.correlate(*beside).exists(), standing.correlate(*beside).exists())
