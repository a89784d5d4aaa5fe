"""Which policy governs a duty, as SQL: the plan of reminders and whoever asks about it follow one rule.

A policy's scope is a kind, a body, an indicator and a period, each null for all. Of the active ones that
fit, the most specific is the whole plan; for a component what names it itself goes before what names the
indicator above it. Two that fit never tie: they would have the same scope, which the database refuses.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    ScalarSelect,
    Text,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from shared.models import Assignment, ExplanationRequest, Node, ReminderPolicy

# By which part of a scope a policy is the more specific; the sums of any of them differ.
WEIGHTS = {"indicator": 8, "organisation_id": 4, "period_id": 2, "kind": 1}


def specificity(policy: Any = ReminderPolicy) -> ColumnElement[int]:
    """Weigh a policy's scope: 0 is of everything, 15 of one duty alone."""
    parts = (
        case((getattr(policy, name).is_not(None), weight), else_=0)
        for name, weight in WEIGHTS.items()
    )
    return cast(sum(parts, start=literal(0)), Integer)


def governing(
    *,
    kind: Any,
    organisation_id: Any,
    indicator: Any,
    period_id: Any,
    parent: Any = None,
) -> ScalarSelect[UUID]:
    """Find the policy of a duty with these columns; null where none fits: then nobody is reminded.

    ``kind`` is figure, report or explanation. ``indicator`` is the code of the duty's node, ``parent`` the
    code of the node above it, which counts where that is an indicator.
    """
    policy = aliased(ReminderPolicy)
    own = policy.indicator == indicator
    above = null() if parent is None else parent
    return (
        select(policy.id)
        .where(
            policy.active,
            or_(policy.kind.is_(None), policy.kind == kind),
            or_(policy.organisation_id.is_(None), policy.organisation_id == organisation_id),
            or_(policy.indicator.is_(None), own, policy.indicator == cast(above, Text)),
            or_(policy.period_id.is_(None), policy.period_id == period_id),
        )
        .order_by(func.coalesce(own, False).desc(), specificity(policy).desc())
        .limit(1)
        .correlate_except(policy)
        .scalar_subquery()
    )


def _codes(node_id: Any) -> tuple[ScalarSelect[str], ScalarSelect[str]]:
    """Give the codes of a node and of the one above it, for a statement that has not joined them."""
    node, above = aliased(Node), aliased(Node)
    of_node = select(node.code).where(node.id == node_id).correlate_except(node)
    joined = select(above.code).join(node, node.parent_id == above.id).where(node.id == node_id)
    of_parent = joined.correlate_except(node, above)
    return of_node.scalar_subquery(), of_parent.scalar_subquery()


def of_duty(duty: Any = Assignment) -> ScalarSelect[UUID]:
    """Find the policy of an assignment that the statement selects from."""
    indicator, parent = _codes(duty.node_id)
    return governing(
        kind=duty.kind,
        organisation_id=duty.organisation_id,
        indicator=indicator,
        parent=parent,
        period_id=duty.period_id,
    )


def of_explanation(asked: Any = ExplanationRequest) -> ScalarSelect[UUID]:
    """Find the policy of a request for an explanation that the statement selects from."""
    indicator, parent = _codes(asked.node_id)
    return governing(
        kind=literal("explanation"),
        organisation_id=asked.organisation_id,
        indicator=indicator,
        parent=parent,
        period_id=asked.period_id,
    )
