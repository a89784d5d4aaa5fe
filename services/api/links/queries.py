"""What a mail was about, as it is now, and who its recipient is now."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased

from services.api.assignments.states import EXTENSION_WAITS, NEWEST, STATUS
from services.api.deps.owner import caller_of
from services.api.links.states import MOST_MATTERS, Letter, Person, matters_of
from shared.db import Reader
from shared.duty import effective_due_on
from shared.errors import GoneError
from shared.links import InvalidLinkError
from shared.models import (
    Assignment,
    Contact,
    Mail,
    Membership,
    Node,
    Organisation,
    Period,
    Reminder,
    Responsibility,
    User,
)
from shared.models import ExplanationRequest as Asked
from shared.reach import in_force

MAIL = select(
    Mail.id, Mail.kind, Mail.recipient, Mail.recipient_name, cast(Mail.facts, Text).label("facts")
).where(Mail.id == bindparam("mail"))

_Home, _Parent = aliased(Organisation), aliased(Node)
# Whose it is now, not whose it was when the mail was written.
_body = func.coalesce(Assignment.organisation_id, Asked.organisation_id, Reminder.organisation_id)
MATTER: ColumnElement[UUID] = func.coalesce(
    Reminder.explanation_id, Reminder.assignment_id, Reminder.subject_id
)
"""What a row of the ledger is about: a request for an explanation, a duty, or what else there is."""


def _same(address: Any) -> ColumnElement[bool]:
    # A contact that was given to somebody else has another address.
    return func.lower(address) == func.lower(Reminder.recipient)


IN_MAIL = and_(
    Reminder.mail_id == bindparam("mail"),
    or_(
        Reminder.state == "claimed",
        Reminder.state == "sent",
        Reminder.state == "delivered",
        Reminder.state == "failed",
    ),
)
ROWS = (
    select(
        MATTER.label("id"),
        Reminder.kind,
        Reminder.topic,
        Reminder.audience,
        Reminder.contact_id,
        Reminder.user_id,
        Reminder.acknowledged_at,
        Reminder.due_on.label("told_due_on"),
        Assignment.id.label("assignment_id"),
        Asked.id.label("explanation_id"),
        _body.label("body_id"),
        case(
            (Asked.id.is_not(None), "explanation"), else_=func.coalesce(Assignment.kind, "")
        ).label("duty"),
        func.coalesce(Period.name, "").label("period"),
        func.coalesce(Period.made_up, false()).label("made_up"),
        func.coalesce(Node.code, "").label("code"),
        func.coalesce(Node.name_vi, "").label("name"),
        func.coalesce(Node.name_en, "").label("name_en"),
        case((Node.kind == "component", _Parent.name_vi), else_="").label("parent"),
        Organisation.name_vi.label("organisation"),
        Organisation.name_en.label("organisation_en"),
        func.coalesce(Responsibility.role, "").label("role"),
        func.coalesce(Responsibility.legal_basis, "").label("legal_basis"),
        func.coalesce(Asked.due_on, effective_due_on).label("due_on"),
        case((Asked.id.is_not(None), Asked.state), (Assignment.id.is_not(None), STATUS)).label(
            "status"
        ),
        case(
            (
                or_(
                    NEWEST.c.state == "returned",
                    NEWEST.c.state == "rejected",
                    NEWEST.c.state == "reopened",
                ),
                NEWEST.c.decision_reason,
            )
        ).label("returned_because"),
        Asked.question,
        func.coalesce(EXTENSION_WAITS, false()).label("extension_waits"),
        func.coalesce(
            case(
                (Contact.id.is_not(None), and_(in_force(), _same(Contact.email))),
                else_=and_(User.active, _same(User.email)),
            ),
            false(),
        ).label("stands"),
        func.coalesce(
            case(
                (
                    or_(Reminder.audience == "coordinator", Reminder.audience == "leadership"),
                    or_(_Home.is_coordinator, _Home.kind == "committee"),
                ),
                else_=Contact.organisation_id == _body,
            ),
            false(),
        ).label("at_home"),
    )
    .select_from(Reminder)
    .outerjoin(Assignment, Assignment.id == Reminder.assignment_id)
    .outerjoin(Asked, Asked.id == Reminder.explanation_id)
    .outerjoin(Period, Period.id == func.coalesce(Asked.period_id, Assignment.period_id))
    .outerjoin(Node, Node.id == func.coalesce(Asked.node_id, Assignment.node_id))
    .outerjoin(_Parent, _Parent.id == Node.parent_id)
    .outerjoin(Responsibility, Responsibility.id == Assignment.responsibility_id)
    .join(Organisation, Organisation.id == Reminder.organisation_id)
    .outerjoin(Contact, Contact.id == Reminder.contact_id)
    .outerjoin(_Home, _Home.id == Contact.organisation_id)
    .outerjoin(User, User.id == Reminder.user_id)
    .outerjoin(NEWEST, true())
    .where(IN_MAIL)
    .order_by(
        func.coalesce(Asked.due_on, effective_due_on).nulls_last(),
        Assignment.sort_key,
        MATTER,
        Reminder.kind.desc(),
        Reminder.id,
    )
    .limit(MOST_MATTERS * 3)
)
# Two are asked for: of an address that several share it is not known who reads.
BY_ADDRESS = (
    select(User.id, User.name)
    .where(
        func.lower(User.email) == func.lower(bindparam("recipient")),
        User.email != "",
        User.active,
    )
    .order_by(User.id)
    .limit(2)
)


def _in_force() -> ColumnElement[bool]:
    return and_(
        Membership.valid_from <= bindparam("today"),
        or_(Membership.valid_to.is_(None), Membership.valid_to >= bindparam("today")),
    )


OWN_BODIES = (
    select(Membership.organisation_id, Organisation.code, Organisation.name_vi)
    .join(Organisation, Organisation.id == Membership.organisation_id)
    .where(
        Membership.user_id == bindparam("user"),
        or_(Membership.role == "officer", Membership.role == "head"),
        _in_force(),
    )
    .distinct()
)
COLLEAGUES = (
    select(User.id, User.name, User.login)
    .join(Membership, Membership.user_id == User.id)
    .where(
        Membership.organisation_id == bindparam("body"),
        User.active,
        User.id != bindparam("user"),
        _in_force(),
    )
    .distinct()
    .order_by(User.name, User.id)
    .limit(200)
)
WHOM_TO_CALL = (
    select(Organisation.name_vi, Contact.name, Contact.phone, Contact.email)
    .outerjoin(
        Contact,
        and_(Contact.organisation_id == Organisation.id, in_force(), Contact.role == "officer"),
    )
    .where(Organisation.is_coordinator)
    .order_by(Contact.created_at.nulls_last(), Contact.id)
    .limit(1)
)


class NotYoursNowError(GoneError):
    """This has passed to another body, or is no longer with you.

    Việc này đã chuyển cho cơ quan khác, hoặc không còn do bạn phụ trách.
    """


async def mail_opened(read: Reader, mail_id: UUID) -> dict[str, Any]:
    """Read the mail itself. Raises InvalidLinkError where it is gone."""
    mail = await read.first(MAIL, mail=mail_id)
    if mail is None:
        raise InvalidLinkError
    return {**mail, "facts": orjson.loads(mail["facts"])}


async def letter_opened(read: Reader, mail_id: UUID, *, today: date) -> Letter:
    """Read what the mail was about and what its recipient may do about it now.

    Raises InvalidLinkError where the mail or all that it carried is gone.
    """
    mail = await mail_opened(read, mail_id)
    rows = await read.all(ROWS, mail=mail_id)
    if not rows:
        raise InvalidLinkError
    standing_in = await _standing_in(read, rows)
    people = await read.all(BY_ADDRESS, recipient=mail["recipient"])
    person = Person(**people[0]) if len(people) == 1 else None
    own: dict[UUID, tuple[str, str]] = {}
    if person is not None:
        found = await read.all(OWN_BODIES, user=person.id, today=today)
        own = {body: (code, name) for body, code, name in found}
    return Letter(
        mail_id=mail_id,
        recipient_name=mail["recipient_name"],
        person=person,
        matters=matters_of(rows, standing_in),
        own=own,
    )


async def _standing_in(read: Reader, rows: Sequence[Any]) -> frozenset[tuple[UUID, UUID]]:
    """List which of the users among the recipients writes for which of the bodies at this moment."""
    pairs = {(row["user_id"], row["body_id"]) for row in rows if row["user_id"] is not None}
    found = set()
    for user in {user for user, _ in pairs}:
        caller = await caller_of(read, user)
        if caller is not None:
            found |= {
                pair
                for pair in pairs
                if pair[0] == user and caller.may("submissions:write", pair[1])
            }
    return frozenset(found)


async def colleagues(read: Reader, person: Person, body: UUID, *, today: date) -> list[Any]:
    """List who else belongs to the body."""
    return await read.all(COLLEAGUES, body=body, user=person.id, today=today)


async def whom_to_call(read: Reader) -> Any | None:
    return await read.first(WHOM_TO_CALL)
