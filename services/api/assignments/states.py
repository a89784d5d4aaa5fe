"""What a duty's status is, as SQL over ``Assignment`` beside its newest revision; derived, never stored."""

from sqlalchemy import ColumnElement, Uuid, and_, any_, bindparam, case, exists, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from shared.duty import day_in_hanoi, effective_due_on, stands
from shared.models import Assignment, Extension, Submission

_Any = aliased(Submission)
NEWEST = (
    select(_Any)
    .where(_Any.assignment_id == Assignment.id)
    .order_by(_Any.revision.desc())
    .limit(1)
    .lateral("newest")
)
_in_force = (
    select(case((Submission.nil_reason != "", "nil"), else_="accepted"))
    .where(Submission.assignment_id == Assignment.id, Submission.state == "accepted")
    .correlate(Assignment)
    .scalar_subquery()
)
# In this order: the newest revision mostly settles it, and nothing else is looked up then.
STATUS: ColumnElement[str] = case(
    (Assignment.excused_at.is_not(None), "excused"),
    (NEWEST.c.id.is_(None), "open"),
    (and_(NEWEST.c.state == "accepted", NEWEST.c.nil_reason != ""), "nil"),
    (NEWEST.c.state == "accepted", "accepted"),
    (NEWEST.c.state == "submitted", "submitted"),
    else_=func.coalesce(_in_force, case((NEWEST.c.state == "returned", "returned"), else_="open")),
)
# The same as open or returned, and found by an index that has nothing but what stands.
UNFINISHED = and_(
    Assignment.excused_at.is_(None),
    ~exists().where(Submission.assignment_id == Assignment.id, stands).correlate(Assignment),
)
_in_force_since = (
    select(Submission.submitted_at)
    .where(Submission.assignment_id == Assignment.id, Submission.state == "accepted")
    .correlate(Assignment)
    .scalar_subquery()
)
STANDS_SINCE = case(
    (or_(NEWEST.c.state == "submitted", NEWEST.c.state == "accepted"), NEWEST.c.submitted_at),
    else_=_in_force_since,
)
"""When what waits or was accepted was submitted; a newer draft takes nothing from it."""

LATE = and_(
    day_in_hanoi(STANDS_SINCE) > effective_due_on,
    Assignment.excused_at.is_(None),
)
# Not correlated: what waits is few, and is read once for a whole list.
EXTENSION_WAITS = Assignment.id.in_(
    select(Extension.assignment_id).where(Extension.state == "asked")
)
REFUSED_TO_CALLER = Assignment.id.in_(
    select(Extension.assignment_id).where(
        Extension.state == "refused",
        Extension.asked_by == any_(bindparam("accounts", [], type_=ARRAY(Uuid))),
    )
)
"""True where more time was asked for by one of the caller's ``accounts``, and refused."""
