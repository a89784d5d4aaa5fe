"""Whom a body's audiences are, as SQL: who plans mail, who foretells it and who misses somebody ask the same."""

from datetime import date
from functools import cache

from sqlalchemy import (
    Date,
    Subquery,
    Uuid,
    and_,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from shared.models import Contact, Deputy, Membership, Organisation, User
from shared.suppression import is_suppressed

OWN_AUDIENCES = ("officer", "deputy", "head")  # the body itself; the others are every body's
_ALWAYS = (
    literal(date(1970, 1, 1), Date).label("valid_from"),
    literal(date(9999, 12, 31), Date).label("valid_to"),
)


@cache
def recipients() -> Subquery:
    """List the people of every audience of every body, and from which day to which they are it.

    Without an officer who can be reached the head is written to. Whoever stands in for an officer or a head
    is the body's deputy on those days. The coordinator and the leadership are every body's.
    """
    officer = aliased(Contact)
    has_officer = exists().where(
        officer.organisation_id == Contact.organisation_id,
        officer.role == "officer",
        officer.active,
        ~is_suppressed(officer.email),
    )
    person = (
        Contact.id.label("contact_id"),
        null().cast(Uuid).label("user_id"),
        Contact.email.label("recipient"),
        Contact.name.label("recipient_name"),
        *_ALWAYS,
    )
    own = Contact.organisation_id.label("organisation_id")
    is_officer = and_(Contact.active, Contact.role == "officer")
    is_head = and_(Contact.active, Contact.role == "head")
    body, home = aliased(Organisation), aliased(Organisation)
    deputies = (
        select(
            literal("deputy"),
            Membership.organisation_id,
            null().cast(Uuid),
            User.id,
            User.email,
            User.name,
            Deputy.valid_from,
            func.least(Deputy.valid_to, func.coalesce(Membership.valid_to, Deputy.valid_to)),
        )
        .join(Membership, Membership.id == Deputy.membership_id)
        .join(User, User.id == Deputy.deputy_id)
        .where(
            Deputy.ended_at.is_(None),
            or_(Membership.role == "officer", Membership.role == "head"),
            User.active,
            User.email != "",
        )
    )
    return union_all(
        select(literal("officer").label("audience"), own, *person).where(is_officer),
        select(literal("officer"), own, *person).where(is_head, ~has_officer),
        deputies,
        select(literal("head"), own, *person).where(is_head),
        select(literal("coordinator"), body.id, *person)
        .join_from(Contact, home, home.id == Contact.organisation_id)
        .join(body, literal(value=True))
        .where(is_officer, home.is_coordinator),
        select(literal("leadership"), body.id, *person)
        .join_from(Contact, home, home.id == Contact.organisation_id)
        .join(body, literal(value=True))
        .where(or_(is_officer, is_head), home.kind == "committee"),
    ).subquery("recipients")
