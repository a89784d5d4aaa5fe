"""The one rule of who is to be told what, as SQL: planning and the last check before sending both ask it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    DateTime,
    FromClause,
    Integer,
    Subquery,
    Text,
    and_,
    cast,
    column,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import aliased

from services.notifier.schedule import Step
from shared.duty import effective_due_on, is_done
from shared.models import (
    Assignment,
    Contact,
    Organisation,
    Period,
    Reminder,
    Responsibility,
    Submission,
)

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
        Assignment.extended_due_on
        >= func.date(func.timezone("Asia/Ho_Chi_Minh", Period.closed_at)),
    ),
)
"""True where somebody is told: the period is open, or an extension went on after it was closed."""


def in_period(period_id: UUID | None) -> ColumnElement[bool]:
    return true() if period_id is None else Assignment.period_id == period_id


def _steps_table(steps: Sequence[Step]) -> FromClause:
    """Hand the schedule to Postgres as four arrays: one statement, however many steps."""
    return (
        func.unnest(
            cast([step.due_on for step in steps], ARRAY(Date)),
            cast([step.step_days for step in steps], ARRAY(Integer)),
            cast([step.audience for step in steps], ARRAY(Text)),
            cast([step.send_at for step in steps], ARRAY(DateTime(timezone=True))),
        )
        .table_valued(
            column("due_on", Date),
            column("step_days", Integer),
            column("audience", Text),
            column("send_at", DateTime(timezone=True)),
            name="steps",
        )
        .render_derived()
    )


def _recipients() -> Subquery:
    """List whom a body's audiences are; without an officer the head is written to."""
    officer = aliased(Contact)
    has_officer = exists().where(
        officer.organisation_id == Contact.organisation_id,
        officer.role == "officer",
        officer.active,
    )
    columns = (Contact.organisation_id, Contact.id, Contact.email, Contact.name)
    is_head = and_(Contact.active, Contact.role == "head")
    return union_all(
        select(literal("officer").label("audience"), *columns).where(
            Contact.active, Contact.role == "officer"
        ),
        select(literal("officer"), *columns).where(is_head, ~has_officer),
        select(literal("head"), *columns).where(is_head),
    ).subquery("recipients")


def wanted(steps: Sequence[Step], *, duties: ColumnElement[bool]) -> Subquery:
    """Join what is unfinished in open periods with its steps and whom they are for.

    It is the one rule of who is to be told what: planning inserts what it has and the ledger has not, and
    a reminder that it no longer has is not sent.
    """
    table = _steps_table(steps)
    recipients = _recipients()
    duty = (
        select(
            Assignment.id,
            Assignment.organisation_id,
            effective_due_on.label("due_on"),
            (Period.state != "open").label("closed"),
            Responsibility.role,
            _undone_since.label("undone_since"),
        )
        .join(Period, Period.id == Assignment.period_id)
        .join(Responsibility, Responsibility.id == Assignment.responsibility_id)
        .where(is_watched, ~is_done, duties)
        .cte("duty")
    )
    columns = (
        duty.c.id.label("assignment_id"),
        table.c.due_on,
        table.c.step_days,
        table.c.audience,
        table.c.send_at,
        duty.c.undone_since,
    )
    # Once an extension has run out in a closed period, nothing can be handed in any more.
    may_be_told = or_(~duty.c.closed, table.c.step_days <= 0)
    own = (
        select(
            *columns,
            recipients.c.id.label("contact_id"),
            recipients.c.email.label("recipient"),
            recipients.c.name.label("recipient_name"),
        )
        .join_from(duty, table, table.c.due_on == duty.c.due_on)
        .join(
            recipients,
            and_(
                recipients.c.organisation_id == duty.c.organisation_id,
                recipients.c.audience == table.c.audience,
            ),
        )
        # Outside the city's line of command nobody is escalated to: they are asked.
        .where(or_(duty.c.role != "requested", table.c.audience != "head"), may_be_told)
    )
    coordinator = (
        select(*columns, Contact.id, Contact.email, Contact.name)
        .join_from(duty, table, table.c.due_on == duty.c.due_on)
        .join(Contact, and_(Contact.active, Contact.role == "officer"))
        .join(Organisation, Organisation.id == Contact.organisation_id)
        .where(table.c.audience == "coordinator", Organisation.is_coordinator, may_be_told)
    )
    return union_all(own, coordinator).subquery("wanted")


def is_in(rows: Any) -> ColumnElement[bool]:
    return and_(
        Reminder.assignment_id == rows.c.assignment_id,
        Reminder.due_on == rows.c.due_on,
        Reminder.step_days == rows.c.step_days,
        Reminder.recipient == rows.c.recipient,
    )
