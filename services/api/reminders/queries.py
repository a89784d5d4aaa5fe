"""The ledger: who was told what, when, and why not."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    Uuid,
    and_,
    any_,
    bindparam,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.api.deps.caller import Caller
from services.api.deps.clock import HANOI
from services.api.deps.known import refuse_unknown
from services.api.deps.paging import page, start_of
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
    .outerjoin(
        Period, Period.id == func.coalesce(ExplanationRequest.period_id, Assignment.period_id)
    )
    .outerjoin(Node, Node.id == func.coalesce(ExplanationRequest.node_id, Assignment.node_id))
    .outerjoin(Mail, Mail.id == Reminder.mail_id)
    .outerjoin(ReminderTemplate, ReminderTemplate.id == Reminder.template_id)
)
_FILTERS: dict[str, ColumnElement[bool]] = {
    "assignment": reminds_of(bindparam("assignment")),
    "explanation": Reminder.explanation_id == bindparam("explanation"),
    "period": Period.code == bindparam("period"),
    "organisation": Organisation.code == bindparam("organisation"),
    "recipient": Reminder.recipient == bindparam("recipient"),
    "state": Reminder.state == bindparam("state"),
    "topic": Reminder.topic == bindparam("topic"),
    "kind": Reminder.kind == bindparam("kind"),
    "planned_from": Reminder.send_at >= bindparam("planned_from"),
    "planned_to": Reminder.send_at < bindparam("planned_to"),
    "sent_from": Reminder.sent_at >= bindparam("sent_from"),
    "sent_to": Reminder.sent_at < bindparam("sent_to"),
    "bodies": Reminder.organisation_id == any_(bindparam("bodies", type_=ARRAY(Uuid))),
    "after": or_(
        Reminder.send_at < bindparam("after_at"),
        and_(Reminder.send_at == bindparam("after_at"), Reminder.id < bindparam("after_id")),
    ),
}


@lru_cache
def reminders_statement(filters: frozenset[str]) -> Executable:
    chosen = and_(true(), *(_FILTERS[name] for name in sorted(filters)))
    return (
        REMINDER.where(chosen)
        .order_by(Reminder.send_at.desc(), Reminder.id.desc())
        .limit(bindparam("limit"))
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


def _values(query: ReminderQuery) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(query, name) for name in query.filters()}
    for name in values.keys() & {"planned_from", "sent_from"}:
        values[name] = begins(values[name])
    for name in values.keys() & {"planned_to", "sent_to"}:
        values[name] = begins(values[name] + DAY)
    return values


async def reminders_rows(
    read: Reader, caller: Caller, query: ReminderQuery, *, limit: int
) -> list[Any]:
    """Give up to one row more than ``limit``, which says that there are more."""
    values = _values(query)
    bodies = caller.own_only("reminders:read")
    if bodies is not None:
        values["bodies"] = bodies
    names = frozenset(values)
    if after := start_of(query, datetime.fromisoformat, UUID):
        values["after_at"], values["after_id"] = after
        names |= {"after"}
    rows = await read.all(reminders_statement(names), limit=limit + 1, **values)
    if not rows:
        await refuse_unknown(read, query)
    return list(rows)


def as_page(query: ReminderQuery, rows: list[Any]) -> dict[str, Any]:
    return page(query, rows, shown, lambda row: [row["send_at"].isoformat(), row["id"]])


async def reminders_page(read: Reader, caller: Caller, query: ReminderQuery) -> dict[str, Any]:
    return as_page(query, await reminders_rows(read, caller, query, limit=query.limit))


def all_shown(rows: Iterable[Any]) -> list[dict[str, Any]]:
    return [shown(row) for row in rows]
