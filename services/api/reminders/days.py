"""What the preview asks of the database, over one day of the ledger."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.api.reminders.missing import TOLD
from services.api.reminders.queries import REMINDER
from shared.answering import answering_role
from shared.duty import effective_due_on, is_done, reminds_of, today
from shared.models import (
    Assignment,
    ExplanationRequest,
    Hold,
    Node,
    Organisation,
    Period,
    Reminder,
    ReminderStep,
    Responsibility,
)
from shared.policies import of_duty, of_explanation
from shared.recipients import OWN_AUDIENCES

MOST_ROWS = 10_000
MOST_DUTIES = 10_000

_bodies = bindparam("bodies", type_=ARRAY(Uuid))
_code = bindparam("organisation", type_=Text)
_from: ColumnElement[datetime] = bindparam("from", type_=DateTime(timezone=True))
_to: ColumnElement[datetime] = bindparam("to", type_=DateTime(timezone=True))


def _chosen(organisation_id: Any) -> ColumnElement[bool]:
    """Keep to the bodies that the caller may read, and to the one that is asked for; null is all."""
    return and_(
        or_(_bodies.is_(None), organisation_id == any_(_bodies)),
        or_(_code.is_(None), Organisation.code == _code),
    )


_goes = or_(
    *(Reminder.state == state for state in ("planned", "held", "claimed", "sent", "delivered"))
)
_that_day = and_(Reminder.send_at >= _from, Reminder.send_at < _to)
_left_out = or_(Reminder.state == "skipped", Reminder.state == "failed")
LEFT_OUT = (
    REMINDER.where(_that_day, _left_out, _chosen(Reminder.organisation_id))
    .order_by(Reminder.recipient, Reminder.send_at, Reminder.id)
    .limit(bindparam("limit"))
)
ROWS = (
    REMINDER.where(_that_day, _goes, _chosen(Reminder.organisation_id))
    .order_by(Reminder.recipient, Reminder.send_at, Reminder.id)
    .limit(MOST_ROWS + 1)
)


def _ledger(about: ColumnElement[bool], source: Any) -> tuple[Any, Any, Any]:
    """Give a duty's states on that day, whether its own body is told, and when it is reminded of next."""
    states = select(func.array_agg(Reminder.state.distinct())).where(about, _that_day)
    own = select(Reminder.id).where(
        about,
        _that_day,
        or_(*(Reminder.state == state for state in sorted(TOLD))),
        or_(*(Reminder.audience == audience for audience in OWN_AUDIENCES)),
    )
    following = select(func.min(Reminder.send_at)).where(
        about, Reminder.state == "planned", Reminder.send_at >= _to
    )
    return (
        states.correlate(source).scalar_subquery().label("states"),
        own.correlate(source).exists().label("own"),
        following.correlate(source).scalar_subquery().label("next_at"),
    )


_named = (
    Period.code.label("period"),
    Node.code.label("indicator"),
    Organisation.code.label("organisation"),
)
DUTIES = (
    select(
        Assignment.id,
        Assignment.kind,
        *_named,
        Assignment.organisation_id,
        effective_due_on.label("due_on"),
        is_done.label("done"),
        Assignment.excused_at.is_not(None).label("excused"),
        Responsibility.role,
        (Period.state != "open").label("closed"),
        of_duty().label("policy"),
        *_ledger(reminds_of(Assignment.id), Assignment),
    )
    .select_from(Assignment)
    .join(Responsibility, Responsibility.id == Assignment.responsibility_id)
    .join(Period, Period.id == Assignment.period_id)
    .join(Node, Node.id == Assignment.node_id)
    .join(Organisation, Organisation.id == Assignment.organisation_id)
    .where(
        or_(
            Period.state == "open",
            and_(Period.state == "closed", Assignment.extended_due_on >= today),
        ),
        _chosen(Assignment.organisation_id),
    )
    .order_by(Assignment.sort_key, Assignment.id)
    .limit(MOST_DUTIES + 1)
)
_Asked = ExplanationRequest
ASKED = (
    select(
        _Asked.id,
        literal("explanation").label("kind"),
        *_named,
        _Asked.organisation_id,
        _Asked.due_on,
        (_Asked.state == "answered").label("done"),
        literal(False).label("excused"),  # noqa: FBT003 a column's value
        answering_role(_Asked).label("role"),
        literal(False).label("closed"),  # noqa: FBT003
        of_explanation().label("policy"),
        *_ledger(Reminder.subject_id == _Asked.id, _Asked),
    )
    .select_from(_Asked)
    .join(Period, Period.id == _Asked.period_id)
    .join(Node, Node.id == _Asked.node_id)
    .join(Organisation, Organisation.id == _Asked.organisation_id)
    .where(_Asked.state != "closed", _chosen(_Asked.organisation_id))
    .order_by(_Asked.due_on, _Asked.id)
    .limit(MOST_DUTIES + 1)
)
STEPS = select(
    ReminderStep.policy_id,
    ReminderStep.offset_days,
    ReminderStep.days,
    ReminderStep.repeat_every,
    ReminderStep.repeat_count,
    ReminderStep.audience,
)
HOLDS = (
    select(
        Hold.id,
        Hold.kind,
        func.count(Reminder.id).label("rows"),
    )
    .outerjoin(Reminder, and_(Reminder.hold_id == Hold.id, Reminder.state == "held"))
    .where(Hold.state == "waiting")
    .group_by(Hold.id)
    .order_by(Hold.created_at, Hold.id)
)
