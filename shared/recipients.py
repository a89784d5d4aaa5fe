"""Whom a body's audiences are, as SQL: who plans mail, who foretells it and who misses somebody ask the same."""

from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
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
from shared.reach import begins, ends, in_force
from shared.suppression import is_suppressed

OWN_AUDIENCES = ("officer", "deputy", "head")  # the body itself; the others are every body's
_OWN_PART = literal(value=False).label("stands_in")


@cache
def recipients() -> Subquery:
    """List the people of every audience of every body, from which day to which they are it, and since when we know.

    On days without an officer who can be reached the head ``stands_in``; see ``is_theirs``. Whoever stands in for an officer or a head
    is the body's deputy on those days. The coordinator and the leadership are every body's.
    """
    officer = aliased(Contact)
    # One without dates is there on any day: then no day is to be looked at.
    has_officer = exists().where(
        officer.organisation_id == Contact.organisation_id,
        officer.role == "officer",
        officer.active,
        officer.valid_from.is_(None),
        officer.valid_to.is_(None),
        ~is_suppressed(officer.email),
    )
    person = (
        Contact.id.label("contact_id"),
        null().cast(Uuid).label("user_id"),
        Contact.email.label("recipient"),
        Contact.name.label("recipient_name"),
        begins().label("valid_from"),
        ends().label("valid_to"),
        Contact.created_at.label("made_at"),
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
            Deputy.created_at,
            _OWN_PART,
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
        select(literal("officer").label("audience"), own, *person, _OWN_PART).where(is_officer),
        select(literal("officer"), own, *person, literal(value=True)).where(is_head, ~has_officer),
        deputies,
        select(literal("head"), own, *person, _OWN_PART).where(is_head),
        select(literal("coordinator"), body.id, *person, _OWN_PART)
        .join_from(Contact, home, home.id == Contact.organisation_id)
        .join(body, literal(value=True))
        .where(is_officer, home.is_coordinator),
        select(literal("leadership"), body.id, *person, _OWN_PART)
        .join_from(Contact, home, home.id == Contact.organisation_id)
        .join(body, literal(value=True))
        .where(or_(is_officer, is_head), home.kind == "committee"),
    ).subquery("recipients")


def is_theirs(people: Subquery, body: Any, day: Any) -> ColumnElement[bool]:
    """Make the condition that what a body is told of on a day is for these people."""
    officer = aliased(Contact)
    covered = exists().where(
        officer.organisation_id == body,
        officer.role == "officer",
        in_force(officer, on=day),
        ~is_suppressed(officer.email),
    )
    return and_(
        people.c.organisation_id == body,
        day.between(people.c.valid_from, people.c.valid_to),
        or_(~people.c.stands_in, ~covered),
    )
