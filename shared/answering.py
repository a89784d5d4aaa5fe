"""As what a body answers a request for an explanation, as SQL: who is only asked is not ordered, nor escalated."""

from typing import Any

from sqlalchemy import ColumnElement, and_, any_, case, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from shared.duty import HANOI
from shared.models import Assignment, ExplanationRequest, Node, Organisation, Responsibility

_STRONGEST = {"lead": 0, "joint_lead": 1, "cooperating": 2, "requested": 3}


def _in_force(held: Any, asked: Any) -> ColumnElement[bool]:
    day = func.date(func.timezone(HANOI.key, asked.asked_at))
    return and_(held.valid_from <= day, or_(held.valid_to.is_(None), held.valid_to >= day))


def answered_under(asked: Any = ExplanationRequest) -> ColumnElement[Any]:
    """Find the responsibility that a request rests on; null where the body has none for what it is asked about.

    It is that of the duty; or, where it is about an indicator, the one that its body had for it when it was
    asked, or for a component of it, or for what it is a component of.
    """
    duty, held = aliased(Assignment), aliased(Responsibility)
    about, held_for = aliased(Node), aliased(Node)
    of_duty = (
        select(duty.responsibility_id)
        .where(duty.id == asked.assignment_id)
        .correlate_except(duty)
        .scalar_subquery()
    )
    is_about = held.node_id == asked.node_id
    of_body = (
        select(held.id)
        .join(held_for, held_for.id == held.node_id)
        .join(about, about.id == asked.node_id)
        .where(
            held.organisation_id == asked.organisation_id,
            or_(is_about, held_for.parent_id == about.id, held_for.id == about.parent_id),
            _in_force(held, asked),
        )
        .order_by(is_about.desc(), case(_STRONGEST, value=held.role), held.id)
        .limit(1)
        .correlate_except(held, held_for, about)
        .scalar_subquery()
    )
    return func.coalesce(of_duty, of_body)


def role_in_the_plan(asked: Any = ExplanationRequest) -> ColumnElement[str]:
    """Give what the body of a request is in the plan: ``requested`` where all that it does there is on request."""
    held, body = aliased(Responsibility), aliased(Organisation)
    of_body = and_(held.organisation_id == asked.organisation_id, _in_force(held, asked))
    leads = exists().where(of_body, held.role != "requested").correlate_except(held)
    helps = exists().where(of_body, held.role == "requested").correlate_except(held)
    parts = func.regexp_split_to_array(func.lower(body.part_in_the_plan), literal(r"\s*;\s*"))
    is_said = (
        exists()
        .where(body.id == asked.organisation_id, literal("requested") == any_(parts))
        .correlate_except(body)
    )
    return case((leads, "lead"), (or_(helps, is_said), "requested"), else_="lead")


def answering_role(asked: Any = ExplanationRequest) -> ColumnElement[str]:
    """Give the role in which a body answers: that of its responsibility, or else what it is in the plan."""
    held = aliased(Responsibility)
    role = (
        select(held.role)
        .where(held.id == answered_under(asked))
        .correlate_except(held)
        .scalar_subquery()
    )
    return func.coalesce(role, role_in_the_plan(asked))
