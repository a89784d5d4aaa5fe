"""The one rule of who is to be reminded of what, as SQL: planning and the last check before sending both ask it."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    FromClause,
    Subquery,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import aliased
from sqlalchemy.types import TypeEngine

from services.notifier.plan.prepared import Prepared
from services.notifier.plan.schedule import Step
from shared.answering import answering_role
from shared.db import among_given
from shared.duty import HANOI, effective_due_on, is_done
from shared.models import (
    Assignment,
    ExplanationRequest,
    Node,
    Period,
    Reminder,
    Responsibility,
    Submission,
)
from shared.policies import governing
from shared.recipients import is_theirs, recipients

Asked = ExplanationRequest
Conditions = tuple[ColumnElement[bool], ColumnElement[bool]]
"""Which duties, over ``Assignment``, and which requests for an explanation, over ``ExplanationRequest``."""
_period = bindparam("scope_period", type_=Uuid())
_SCOPES: dict[str, Conditions] = {
    "everything": (true(), true()),
    "period": (Assignment.period_id == _period, Asked.period_id == _period),
    "subjects": (
        among_given(Assignment.id, "scope_subjects"),
        among_given(Asked.id, "scope_subjects"),
    ),
}


class Scope(NamedTuple):
    """What is looked at: everything, a period or some subjects; with the values that say which."""

    kind: str
    values: Mapping[str, Any]

    @property
    def conditions(self) -> Conditions:
        return _SCOPES[self.kind]


_undone_since = (
    select(func.max(Submission.updated_at))
    .where(
        Submission.assignment_id == Assignment.id,
        Submission.state.in_(("returned", "rejected", "withdrawn", "reopened")),
    )
    .correlate(Assignment)
    .scalar_subquery()
)


is_watched: ColumnElement[bool] = or_(
    Period.state == "open",
    and_(
        Period.state == "closed",
        Assignment.extended_due_on >= func.date(func.timezone(HANOI.key, Period.closed_at)),
    ),
)
"""True where somebody is told: the period is open, or an extension went on after it was closed."""


def in_period(period_id: UUID | None) -> Scope:
    if period_id is None:
        return Scope("everything", {})
    return Scope("period", {"scope_period": period_id})


def of_subjects(subjects: Sequence[UUID]) -> Scope:
    return Scope("subjects", {"scope_subjects": list(subjects)})


def _owed(scope: Conditions) -> Subquery:
    """List what is unfinished: duties in periods that are watched, and explanations that were asked for."""
    parent = aliased(Node)
    duties = (
        select(
            Assignment.id.label("subject_id"),
            Assignment.id.label("assignment_id"),
            null().cast(Uuid).label("explanation_id"),
            Assignment.kind.label("kind"),
            Assignment.organisation_id.label("organisation_id"),
            Assignment.period_id.label("period_id"),
            Node.code.label("code"),
            parent.code.label("parent"),
            effective_due_on.label("due_on"),
            (Period.state != "open").label("closed"),
            Responsibility.role.label("role"),
            # Of nothing that is not there, the greatest is the other.
            func.greatest(_undone_since, Assignment.excuse_lifted_at).label("undone_since"),
        )
        .join(Period, Period.id == Assignment.period_id)
        .join(Responsibility, Responsibility.id == Assignment.responsibility_id)
        .join(Node, Node.id == Assignment.node_id)
        .outerjoin(parent, parent.id == Node.parent_id)
        .where(is_watched, ~is_done, scope[0])
    )
    explanations = (
        select(
            Asked.id,
            Asked.assignment_id,
            Asked.id,
            literal("explanation"),
            Asked.organisation_id,
            Asked.period_id,
            Node.code,
            parent.code,
            Asked.due_on,
            literal(value=False),
            answering_role(Asked),
            null().cast(DateTime(timezone=True)),
        )
        .join(Node, Node.id == Asked.node_id)
        .outerjoin(parent, parent.id == Node.parent_id)
        .where(Asked.state == "asked", scope[1])
    )
    return union_all(duties, explanations).subquery("owed")


def _governed(scope: Conditions) -> FromClause:
    """Add to each the policy that is its plan."""
    duty = _owed(scope)
    policy = governing(
        kind=duty.c.kind,
        organisation_id=duty.c.organisation_id,
        indicator=duty.c.code,
        parent=duty.c.parent,
        period_id=duty.c.period_id,
    )
    chosen = select(duty, policy.label("policy_id")).cte("governed")
    # Or Postgres would look for the policy of each duty anew for each of its steps and people.
    return chosen.prefix_with("MATERIALIZED")


_STEP: dict[str, TypeEngine[Any]] = {
    "policy_id": Uuid(),
    "due_on": Date(),
    "audience": Text(),
    "day": Date(),
    "send_at": DateTime(timezone=True),
    "step": Text(),
    "separate": Boolean(),
    "template_id": Uuid(),
}


def _steps_table() -> FromClause:
    """Hand the schedule to Postgres as arrays: one statement, however many steps."""
    given = (
        cast(bindparam(f"steps_{name}", type_=ARRAY(kind)), ARRAY(kind))
        for name, kind in _STEP.items()
    )
    return (
        func.unnest(*given)
        .table_valued(*(column(name, kind) for name, kind in _STEP.items()), name="steps")
        .render_derived()
    )


def wanted(steps: Sequence[Step], *, scope: Scope, today: date) -> Prepared:
    """Join what is unfinished with its steps and whom they are for.

    It is the one rule of who is to be reminded: planning inserts what it has and the ledger has not, and
    a reminder that it no longer has is not sent. It knows the facts alone, not what was planned before:
    whenever a notifier runs, it comes to the same.
    """
    schedule = {f"steps_{name}": [getattr(step, name) for step in steps] for name in _STEP}
    return Prepared(_wanted(scope.kind), {**scope.values, **schedule, "today": today})


@cache
def _wanted(kind: str) -> Subquery:
    table = _steps_table()
    duty = _governed(_SCOPES[kind])
    people = recipients()
    today = bindparam("today", type_=Date())
    return (
        select(
            duty.c.subject_id,
            duty.c.assignment_id,
            duty.c.explanation_id,
            duty.c.organisation_id,
            duty.c.period_id,
            duty.c.undone_since,
            table.c.due_on,
            table.c.step,
            table.c.audience,
            table.c.separate,
            table.c.template_id,
            table.c.send_at,
            people.c.contact_id,
            people.c.user_id,
            people.c.recipient,
            people.c.recipient_name,
        )
        .join_from(
            duty,
            table,
            and_(table.c.policy_id == duty.c.policy_id, table.c.due_on == duty.c.due_on),
        )
        .join(
            people,
            and_(
                is_theirs(people, duty.c.organisation_id, table.c.day),
                people.c.audience == table.c.audience,
                # Nor is it sent later to whoever no longer stands in.
                people.c.valid_to >= today,
            ),
        )
        .where(
            # What came while the duty was done or excused is over; a return is told by itself.
            or_(duty.c.undone_since.is_(None), table.c.send_at > duty.c.undone_since),
            # Outside the city's line of command nobody is escalated to: they are asked.
            or_(duty.c.role != "requested", table.c.audience.in_(("officer", "deputy"))),
            # Once an extension has run out in a closed period, nothing can be handed in any more.
            or_(
                ~duty.c.closed,
                and_(table.c.day <= table.c.due_on, table.c.due_on >= today),
            ),
        )
        .subquery("wanted")
    )


def is_in(rows: Any, *, line: Any = Reminder) -> ColumnElement[bool]:
    return and_(
        line.kind == "step",
        line.subject_id == rows.c.subject_id,
        line.due_on == rows.c.due_on,
        line.step == rows.c.step,
        line.recipient == rows.c.recipient,
    )
