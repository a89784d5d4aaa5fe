"""The ledger of reminders, their rules, and what needs a person."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Uuid, and_, any_, bindparam, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY

from services.api.deps.caller import Caller
from services.api.deps.paging import PageQuery, page, start_of
from services.api.reminders.schemas import AlarmQuery, ReminderQuery
from shared.db import Reader
from shared.errors import NotFoundError
from shared.models import (
    Alarm,
    Assignment,
    Mail,
    Node,
    Organisation,
    Period,
    Reminder,
    ReminderPolicy,
)


class PolicyNotFoundError(NotFoundError):
    """There is no such reminder step.

    Không có bước nhắc này.
    """


_REMINDER = (
    select(
        Reminder.id,
        Reminder.assignment_id.label("assignment"),
        Period.code.label("period"),
        Node.code.label("indicator"),
        Organisation.code.label("organisation"),
        Reminder.kind,
        Reminder.topic,
        Reminder.due_on,
        Reminder.step,
        Reminder.audience,
        Reminder.recipient,
        Reminder.recipient_name,
        Reminder.send_at,
        Reminder.state,
        Reminder.reason,
        Reminder.sent_at,
        Reminder.mail_id.label("mail"),
        Mail.message_id,
        Reminder.trace_id,
    )
    .join(Organisation, Organisation.id == Reminder.organisation_id)
    .outerjoin(Assignment, Assignment.id == Reminder.assignment_id)
    .outerjoin(Period, Period.id == Assignment.period_id)
    .outerjoin(Node, Node.id == Assignment.node_id)
    .outerjoin(Mail, Mail.id == Reminder.mail_id)
)
_FILTERS = {
    "assignment": Reminder.assignment_id == bindparam("assignment"),
    "period": Period.code == bindparam("period"),
    "organisation": Organisation.code == bindparam("organisation"),
    "state": Reminder.state == bindparam("state"),
    "bodies": Reminder.organisation_id == any_(bindparam("bodies", type_=ARRAY(Uuid))),
    "after": or_(
        Reminder.send_at < bindparam("after_at"),
        and_(Reminder.send_at == bindparam("after_at"), Reminder.id < bindparam("after_id")),
    ),
}
_POLICY = select(
    ReminderPolicy.id,
    ReminderPolicy.name,
    ReminderPolicy.active,
    ReminderPolicy.updated_at,
)
ONE_POLICY = _POLICY.where(ReminderPolicy.id == bindparam("id"))
_ALARM = select(
    Alarm.id,
    Alarm.kind,
    Organisation.code.label("organisation"),
    Organisation.name_vi.label("organisation_name_vi"),
    Alarm.detail,
    Alarm.raised_at,
    Alarm.cleared_at,
).outerjoin(Organisation, Organisation.id == Alarm.organisation_id)


@lru_cache
def reminders_statement(filters: frozenset[str]) -> Executable:
    chosen = and_(true(), *(_FILTERS[name] for name in sorted(filters)))
    return (
        _REMINDER.where(chosen)
        .order_by(Reminder.send_at.desc(), Reminder.id.desc())
        .limit(bindparam("limit"))
    )


@lru_cache
def policies_statement(*, after: bool) -> Executable:
    statement = _POLICY.order_by(ReminderPolicy.name, ReminderPolicy.id).limit(bindparam("limit"))
    if not after:
        return statement
    return statement.where(
        or_(
            ReminderPolicy.name > bindparam("after_days"),
            and_(
                ReminderPolicy.name == bindparam("after_days"),
                ReminderPolicy.id > bindparam("after_id"),
            ),
        )
    )


@lru_cache
def alarms_statement(*, standing: bool, after: bool) -> Executable:
    statement = _ALARM.order_by(Alarm.raised_at.desc(), Alarm.id.desc()).limit(bindparam("limit"))
    if standing:
        statement = statement.where(Alarm.cleared_at.is_(None))
    if after:
        statement = statement.where(
            or_(
                Alarm.raised_at < bindparam("after_at"),
                and_(Alarm.raised_at == bindparam("after_at"), Alarm.id < bindparam("after_id")),
            )
        )
    return statement


async def reminders_page(read: Reader, caller: Caller, query: ReminderQuery) -> dict[str, Any]:
    bodies = caller.own_only("reminders:read")
    values: dict[str, Any] = query.filters()
    names = frozenset(values)
    if query.assignment:
        values["assignment"] = query.assignment
    if bodies is not None:
        values["bodies"] = bodies
        names |= {"bodies"}
    if after := start_of(query, datetime.fromisoformat, UUID):
        values["after_at"], values["after_id"] = after
        names |= {"after"}
    rows = await read.all(reminders_statement(names), limit=query.limit + 1, **values)
    return page(query, rows, dict, lambda row: [row["send_at"].isoformat(), row["id"]])


def _policy(row: Any, caller: Caller) -> dict[str, Any]:
    return {**row, "allowed_actions": ["edit"] if caller.may("reminders:write") else []}


async def policies_page(read: Reader, caller: Caller, query: PageQuery) -> dict[str, Any]:
    after = start_of(query, str, UUID)
    days, key = after or (None, None)
    rows = await read.all(
        policies_statement(after=after is not None),
        limit=query.limit + 1,
        after_days=days,
        after_id=key,
    )
    return page(query, rows, lambda row: _policy(row, caller), lambda row: [row["name"], row["id"]])


async def policy_shown(read: Reader, caller: Caller, policy_id: UUID) -> dict[str, Any]:
    row = await read.first(ONE_POLICY, id=policy_id)
    if row is None:
        raise PolicyNotFoundError
    return _policy(row, caller)


async def alarms_page(read: Reader, query: AlarmQuery) -> dict[str, Any]:
    after = start_of(query, datetime.fromisoformat, UUID)
    at, key = after or (None, None)
    rows = await read.all(
        alarms_statement(standing=query.standing, after=after is not None),
        limit=query.limit + 1,
        after_at=at,
        after_id=key,
    )
    return page(query, rows, dict, lambda row: [row["raised_at"].isoformat(), row["id"]])
