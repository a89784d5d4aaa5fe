"""Who of a body can be written to: its contacts that are in force and whose address is not known to be dead."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, exists, func, literal
from sqlalchemy.orm import aliased

from shared.duty import today
from shared.models import Contact
from shared.suppression import is_suppressed

EVER, FOREVER = date(1970, 1, 1), date(9999, 12, 31)


def begins(contact: Any = Contact) -> ColumnElement[date]:
    """Give the first day of a contact."""
    return func.coalesce(contact.valid_from, literal(EVER, Date))


def ends(contact: Any = Contact) -> ColumnElement[date]:
    """Give the last day of a contact."""
    return func.coalesce(contact.valid_to, literal(FOREVER, Date))


def in_force(contact: Any = Contact, *, on: Any = today) -> ColumnElement[bool]:
    """Make the condition that a contact is written to on a day: it is active, and the day lies in its dates."""
    return and_(contact.active, begins(contact) <= on, ends(contact) >= on)


def is_reachable(organisation_id: Any, *, on: Any = today) -> ColumnElement[bool]:
    """Make the condition that a body has somebody who gets what is written to it."""
    somebody = aliased(Contact)
    return exists().where(
        somebody.organisation_id == organisation_id,
        in_force(somebody, on=on),
        ~is_suppressed(somebody.email),
    )
