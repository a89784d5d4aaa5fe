"""The ledger: who was told what, when, and why not."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Uuid,
    and_,
    any_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.api.deps.caller import Caller
from services.api.deps.clock import HANOI
from services.api.deps.known import of_code
from services.api.deps.newest import NewestFirst
from services.api.reminders.schemas import ReminderQuery
from services.api.reminders.words import why
from shared.db import Reader
from shared.duty import reminds_of
from shared.models import (
    Assignment,
    ExplanationRequest,
    Mail,
    Node,
    Organisation,
    Period,
    Reminder,
    ReminderTemplate,
)
from shared.models.reminders import REMINDER_STATES

DAY = timedelta(days=1)
_OF_MAIL = (
    "message_id",
    "state",
    "subject",
    "sent_at",
    "delivered_at",
    "bounced_at",
    "attempts",
    "relay",
    "reason",
)
REMINDER = (
    select(
        Reminder.id,
        Reminder.kind,
        Reminder.topic,
        Reminder.subject_id.label("subject"),
        Reminder.assignment_id.label("assignment"),
        Reminder.explanation_id.label("explanation"),
        Period.code.label("period"),
        Node.code.label("indicator"),
        Organisation.code.label("organisation"),
        Reminder.due_on,
        Reminder.step,
        Reminder.audience,
        Reminder.separate,
        ReminderTemplate.code.label("template"),
        ReminderTemplate.version.label("template_version"),
        Reminder.recipient,
        Reminder.recipient_name,
        Reminder.send_at,
        Reminder.state,
        Reminder.reason,
        Reminder.hold_id.label("hold"),
        Reminder.mail_id,
        *(getattr(Mail, name).label(f"mail_{name}") for name in _OF_MAIL),
        Reminder.sent_at,
        Reminder.acknowledged_at,
        Reminder.trace_id,
        Reminder.created_at,
    )
    .join(Organisation, Organisation.id == Reminder.organisation_id)
    .outerjoin(Assignment, Assignment.id == Reminder.assignment_id)
    .outerjoin(ExplanationRequest, ExplanationRequest.id == Reminder.explanation_id)
    .outerjoin(Period, Period.id == Reminder.period_id)
    .outerjoin(Node, Node.id == func.coalesce(ExplanationRequest.node_id, Assignment.node_id))
    .outerjoin(Mail, Mail.id == Reminder.mail_id)
    .outerjoin(ReminderTemplate, ReminderTemplate.id == Reminder.template_id)
)


def _sent(*when: ColumnElement[bool]) -> ColumnElement[bool]:
    """Choose by the mail, as a line is sent when its mail is: of all mails those of some days are found at once."""
    return Reminder.mail_id.in_(select(Mail.id).where(*when))


_sent_from = Mail.sent_at >= bindparam("sent_from")
_sent_to = Mail.sent_at < bindparam("sent_to")
# Nothing is sent before its time.
_was_due = Reminder.send_at < bindparam("sent_to")
# Written out: once a statement is planned for any value, no parameter fits an index of some states.
_STATES: dict[str, ColumnElement[bool]] = {
    f"state_{state}": Reminder.state == literal_column(f"'{state}'") for state in REMINDER_STATES
}
_FILTERS: dict[str, ColumnElement[bool]] = {
    **_STATES,
    "assignment": reminds_of(bindparam("assignment")),
    # It is the subject of all that is about it.
    "explanation": and_(
        Reminder.subject_id == bindparam("explanation"),
        Reminder.explanation_id == bindparam("explanation"),
    ),
    "period": of_code(Reminder.period_id, "period"),
    "organisation": of_code(Reminder.organisation_id, "organisation"),
    # Each half has an index.
    "recipient": and_(
        Reminder.recipient == bindparam("recipient"),
        or_(_STATES["state_planned"], Reminder.state != literal_column("'planned'")),
    ),
    "topic": Reminder.topic == bindparam("topic"),
    "kind_step": Reminder.kind == literal_column("'step'"),
    "kind_notice": Reminder.kind == literal_column("'notice'"),
    "planned_from": Reminder.send_at >= bindparam("planned_from"),
    "planned_to": Reminder.send_at < bindparam("planned_to"),
    "sent_since": _sent(_sent_from),
    "sent_until": and_(_was_due, _sent(_sent_to)),
    "sent_between": and_(_was_due, _sent(_sent_from, _sent_to)),
    "bodies": Reminder.organisation_id == any_(bindparam("bodies", type_=ARRAY(Uuid))),
}
_LIST = NewestFirst(
    REMINDER,
    at=Reminder.send_at,
    key=Reminder.id,
    filters=_FILTERS,
    found=select(Reminder.id),
    few=("assignment", "explanation", "period", "organisation", "recipient", "bodies"),
)


def begins(day: date) -> datetime:
    """Give the first moment of a day in Hanoi."""
    return datetime.combine(day, time(tzinfo=HANOI))


def shown(row: Any) -> dict[str, Any]:
    made = dict(row)
    mail_id = made.pop("mail_id")
    mail = {"id": mail_id} | {name: made.pop(f"mail_{name}") for name in _OF_MAIL}
    said = why(row["state"], row["reason"], mail["reason"])
    return {
        **made,
        "why": said._asdict() if said else None,
        "mail": mail if mail_id else None,
    }


def _values(caller: Caller, query: ReminderQuery) -> dict[str, Any]:
    """Give what the filters read, and the names of those that read nothing."""
    values: dict[str, Any] = {name: getattr(query, name) for name in query.filters()}
    for name in values.keys() & {"planned_from", "sent_from"}:
        values[name] = begins(values[name])
    for name in values.keys() & {"planned_to", "sent_to"}:
        values[name] = begins(values[name] + DAY)
    names = {f"{name}_{values[name]}" for name in values.keys() & {"state", "kind"}}
    if query.topic not in {None, "due"}:  # whatever else is told is a notice
        names.add("kind_notice")
    if query.sent_from or query.sent_to:
        open_ended = "sent_since" if query.sent_from else "sent_until"
        names.add("sent_between" if query.sent_from and query.sent_to else open_ended)
    bodies = caller.own_only("reminders:read")
    if bodies is not None:
        values["bodies"] = bodies
    return values | dict.fromkeys(names, True)


async def reminders_rows(
    read: Reader, caller: Caller, query: ReminderQuery, *, limit: int
) -> list[Any]:
    """Give up to one row more than ``limit``, which says that there are more."""
    return await _LIST.read(read, query, _values(caller, query), limit=limit + 1)


def as_page(query: ReminderQuery, rows: list[Any]) -> dict[str, Any]:
    return _LIST.as_page(query, rows, shown)


async def reminders_page(read: Reader, caller: Caller, query: ReminderQuery) -> dict[str, Any]:
    return as_page(query, await reminders_rows(read, caller, query, limit=query.limit))


def all_shown(rows: Iterable[Any]) -> list[dict[str, Any]]:
    return [shown(row) for row in rows]
