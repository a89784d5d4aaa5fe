"""The settings of reminders, the runs that wait for a person, and what needs one."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    ColumnElement,
    Executable,
    Text,
    and_,
    bindparam,
    cast,
    func,
    or_,
    select,
    true,
)

from services.api.deps.caller import Caller
from services.api.deps.paging import page, start_of
from services.api.sending.schemas import AlarmQuery, HoldQuery
from shared.db import Reader
from shared.errors import NotFoundError
from shared.holds import mails_in, people_in
from shared.models import Alarm, Hold, Organisation, Reminder, ReminderSettings


class HoldNotFoundError(NotFoundError):
    """There is no such held run.

    Không có lượt gửi bị giữ này.
    """


SETTINGS = select(
    *(
        column
        for column in ReminderSettings.__table__.columns
        if column.name not in {"id", "notices_since"}
    )
).limit(1)
_waiting = (
    select(
        func.count().label("rows"),
        mails_in(Reminder).label("mails"),
        people_in(Reminder).label("recipients"),
    )
    .where(Reminder.state == "held", Reminder.hold_id == Hold.id)
    .correlate(Hold)
    .lateral("waiting")
)
_HOLD = select(
    Hold.id,
    Hold.kind,
    cast(Hold.detail, Text).label("detail"),
    Hold.state,
    _waiting.c.rows,
    _waiting.c.mails,
    _waiting.c.recipients,
    Hold.created_at,
    Hold.decided_by_name.label("decided_by"),
    Hold.decided_at,
    Hold.decision_reason,
).join(_waiting, true())
ONE_HOLD = _HOLD.where(Hold.id == bindparam("id"))
_HOLDS: dict[str, ColumnElement[bool]] = {
    "state": Hold.state == bindparam("state"),
    "after": or_(
        Hold.created_at < bindparam("after_at"),
        and_(Hold.created_at == bindparam("after_at"), Hold.id < bindparam("after_id")),
    ),
}
_ALARM = select(
    Alarm.id,
    Alarm.kind,
    Alarm.subject,
    Organisation.code.label("organisation"),
    Organisation.name_vi.label("organisation_name_vi"),
    Alarm.detail,
    Alarm.raised_at,
    Alarm.cleared_at,
    Alarm.mailed_at,
).outerjoin(Organisation, Organisation.id == Alarm.organisation_id)
_ALARMS: dict[str, ColumnElement[bool]] = {
    "standing": Alarm.cleared_at.is_(None),
    "kind": Alarm.kind == bindparam("kind"),
    "after": or_(
        Alarm.raised_at < bindparam("after_at"),
        and_(Alarm.raised_at == bindparam("after_at"), Alarm.id < bindparam("after_id")),
    ),
}


@lru_cache
def holds_statement(filters: frozenset[str]) -> Executable:
    chosen = and_(true(), *(_HOLDS[name] for name in sorted(filters)))
    return (
        _HOLD.where(chosen)
        .order_by(Hold.created_at.desc(), Hold.id.desc())
        .limit(bindparam("limit"))
    )


@lru_cache
def alarms_statement(filters: frozenset[str]) -> Executable:
    chosen = and_(true(), *(_ALARMS[name] for name in sorted(filters)))
    return (
        _ALARM.where(chosen)
        .order_by(Alarm.raised_at.desc(), Alarm.id.desc())
        .limit(bindparam("limit"))
    )


async def settings_now(read: Reader) -> dict[str, Any]:
    """Read the one row; times as they are written."""
    row = await read.first(SETTINGS)
    assert row is not None
    shown = dict(row)
    for name in ("opens_at", "closes_at", "digest_at"):
        shown[name] = row[name].strftime("%H:%M")
    return shown


async def settings_shown(read: Reader, caller: Caller) -> dict[str, Any]:
    actions = ["edit"] if caller.may("reminders:write") else []
    return {**await settings_now(read), "allowed_actions": actions}


def _hold(row: Any, caller: Caller) -> dict[str, Any]:
    decides = row["state"] == "waiting" and caller.may("reminders:write")
    detail = orjson.loads(row["detail"])
    return {
        **row,
        "decided": detail.pop("decided", None),
        "detail": detail,
        "allowed_actions": ["release", "discard"] if decides else [],
    }


async def holds_page(read: Reader, caller: Caller, query: HoldQuery) -> dict[str, Any]:
    values: dict[str, Any] = query.filters()
    names = frozenset(values)
    if after := start_of(query, datetime.fromisoformat, UUID):
        values["after_at"], values["after_id"] = after
        names |= {"after"}
    rows = await read.all(holds_statement(names), limit=query.limit + 1, **values)
    return page(
        query,
        rows,
        lambda row: _hold(row, caller),
        lambda row: [row["created_at"].isoformat(), row["id"]],
    )


async def hold_shown(read: Reader, caller: Caller, hold_id: UUID) -> dict[str, Any]:
    row = await read.first(ONE_HOLD, id=hold_id)
    if row is None:
        raise HoldNotFoundError
    return _hold(row, caller)


async def alarms_page(read: Reader, query: AlarmQuery) -> dict[str, Any]:
    values: dict[str, Any] = {} if query.kind is None else {"kind": query.kind}
    names = frozenset(values) | (frozenset({"standing"}) if query.standing else frozenset())
    if after := start_of(query, datetime.fromisoformat, UUID):
        values["after_at"], values["after_id"] = after
        names |= {"after"}
    rows = await read.all(alarms_statement(names), limit=query.limit + 1, **values)
    return page(query, rows, dict, lambda row: [row["raised_at"].isoformat(), row["id"]])
