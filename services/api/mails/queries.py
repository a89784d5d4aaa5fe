"""What went out, in what state it is, and the addresses that get none."""

from datetime import datetime
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
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.api.deps.caller import Caller
from services.api.deps.newest import NewestFirst
from services.api.deps.paging import page, start_of
from services.api.mails.schemas import AddressQuery, MailQuery
from shared.db import Reader, records
from shared.errors import NotFoundError
from shared.models import (
    Assignment,
    ExplanationRequest,
    Mail,
    Node,
    Organisation,
    Reminder,
    SuppressedAddress,
)
from shared.models.mails import MAIL_KINDS, MAIL_STATES

MOST_ROWS = 500


class MailNotFoundError(NotFoundError):
    """There is no such mail, or it is not yours to see.

    Không có thư này, hoặc thư không thuộc phạm vi của bạn.
    """


class AddressNotFoundError(NotFoundError):
    """There is no such suppressed address.

    Không có địa chỉ bị ngừng gửi này.
    """


# Null is every body's.
_bodies = bindparam("bodies", type_=ARRAY(Uuid))
_own = or_(_bodies.is_(None), Reminder.organisation_id == any_(_bodies))
_carried = (
    select(func.count())
    .select_from(Reminder)
    .where(Reminder.mail_id == Mail.id, _own)
    .correlate(Mail)
    .scalar_subquery()
)
_MAIL = select(
    Mail.id,
    Mail.kind,
    Mail.recipient,
    Mail.recipient_name,
    Mail.day,
    Mail.subject,
    Mail.message_id,
    Mail.state,
    Mail.reason,
    Mail.attempts,
    Mail.next_at,
    Mail.relay,
    Mail.sent_at,
    Mail.delivered_at,
    Mail.bounced_at,
    _carried.label("rows"),
    Mail.trace_id,
    Mail.created_at,
)
# A mail is a body's where it carries one of its rows.
_theirs = exists().where(Reminder.mail_id == Mail.id, Reminder.organisation_id == any_(_bodies))
_seen = or_(_bodies.is_(None), _theirs.correlate(Mail))
ONE_MAIL = _MAIL.where(Mail.id == bindparam("id"), _seen)
CARRIED = (
    select(
        Reminder.id,
        Reminder.kind,
        Reminder.topic,
        Reminder.assignment_id.label("assignment"),
        Reminder.explanation_id.label("explanation"),
        Organisation.code.label("organisation"),
        Node.code.label("indicator"),
        Reminder.due_on,
        Reminder.step,
        Reminder.audience,
        Reminder.state,
        Reminder.reason,
    )
    .join(Organisation, Organisation.id == Reminder.organisation_id)
    .outerjoin(Assignment, Assignment.id == Reminder.assignment_id)
    .outerjoin(ExplanationRequest, ExplanationRequest.id == Reminder.explanation_id)
    .outerjoin(Node, Node.id == func.coalesce(ExplanationRequest.node_id, Assignment.node_id))
    .where(Reminder.mail_id == bindparam("id"), _own)
    .order_by(Reminder.due_on, Reminder.id)
    .limit(MOST_ROWS)
)
_FILTERS: dict[str, ColumnElement[bool]] = {
    # Written out: once a statement is planned for any value, no parameter fits an index of some.
    **{f"kind_{kind}": Mail.kind == literal_column(f"'{kind}'") for kind in MAIL_KINDS},
    **{f"state_{state}": Mail.state == literal_column(f"'{state}'") for state in MAIL_STATES},
    "recipient": Mail.recipient == bindparam("recipient"),
    "day": Mail.day == bindparam("day"),
}
_LIST = NewestFirst(_MAIL.where(_seen), at=Mail.created_at, key=Mail.id, filters=_FILTERS)
_ADDRESS = select(
    SuppressedAddress.id,
    SuppressedAddress.address,
    SuppressedAddress.reason,
    SuppressedAddress.mail_id.label("mail"),
    SuppressedAddress.suppressed_at,
    SuppressedAddress.lifted_at,
    SuppressedAddress.lifted_by_name.label("lifted_by"),
)
ONE_ADDRESS = _ADDRESS.where(SuppressedAddress.id == bindparam("id"))


@lru_cache
def addresses_statement(*, standing: bool, after: bool) -> Executable:
    at, key = SuppressedAddress.suppressed_at, SuppressedAddress.id
    begun = or_(
        at < bindparam("after_at"), and_(at == bindparam("after_at"), key < bindparam("after_id"))
    )
    return (
        _ADDRESS.where(
            SuppressedAddress.lifted_at.is_(None) if standing else true(),
            begun if after else true(),
        )
        .order_by(at.desc(), key.desc())
        .limit(bindparam("limit"))
    )


async def mails_page(read: Reader, caller: Caller, query: MailQuery) -> dict[str, Any]:
    values: dict[str, Any] = query.filters()
    values |= {f"{name}_{values[name]}": True for name in values.keys() & {"kind", "state"}}
    if query.day:
        values["day"] = query.day
    values["bodies"] = caller.own_only("reminders:read")
    return await _LIST.page(read, query, values, dict)


async def mail_shown(read: Reader, caller: Caller, mail_id: UUID) -> dict[str, Any]:
    bodies = caller.own_only("reminders:read")
    row = await read.first(ONE_MAIL, id=mail_id, bodies=bodies)
    if row is None:
        raise MailNotFoundError
    carried = await read.all(CARRIED, id=mail_id, bodies=bodies)
    return {**row, "carried": records(carried)}


def _address(row: Any, caller: Caller) -> dict[str, Any]:
    lifts = row["lifted_at"] is None and caller.may("reminders:write")
    return {**row, "allowed_actions": ["lift"] if lifts else []}


async def addresses_page(read: Reader, caller: Caller, query: AddressQuery) -> dict[str, Any]:
    after = start_of(query, datetime.fromisoformat, UUID)
    at, key = after or (None, None)
    rows = await read.all(
        addresses_statement(standing=query.standing, after=after is not None),
        limit=query.limit + 1,
        after_at=at,
        after_id=key,
    )
    return page(
        query,
        rows,
        lambda row: _address(row, caller),
        lambda row: [row["suppressed_at"].isoformat(), row["id"]],
    )


async def address_shown(read: Reader, caller: Caller, address_id: UUID) -> dict[str, Any]:
    row = await read.first(ONE_ADDRESS, id=address_id)
    if row is None:
        raise AddressNotFoundError
    return _address(row, caller)
