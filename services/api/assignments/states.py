"""What a duty's status is, as SQL over ``Assignment`` beside its newest revision; derived, never stored."""

from sqlalchemy import ColumnElement, Select, and_, case, func, literal_column, or_, select
from sqlalchemy.orm import aliased

from shared.duty import effective_due_on
from shared.models import Assignment, Extension, Submission

_Any = aliased(Submission)
NEWEST = (
    select(_Any)
    .where(_Any.assignment_id == Assignment.id)
    .order_by(_Any.revision.desc())
    .limit(1)
    .lateral("newest")
)
_accepted: Select[int] = (
    select(literal_column("1"))
    .where(Submission.assignment_id == Assignment.id, Submission.state == "accepted")
    .correlate(Assignment)
)
# In this order: the newest revision mostly settles it, and nothing else is looked up then.
STATUS: ColumnElement[str] = case(
    (Assignment.excused_at.is_not(None), "excused"),
    (and_(NEWEST.c.state == "accepted", NEWEST.c.nil_reason != ""), "nil"),
    (NEWEST.c.state == "accepted", "accepted"),
    (NEWEST.c.state == "submitted", "submitted"),
    (_accepted.where(Submission.nil_reason != "").exists(), "nil"),
    (_accepted.exists(), "accepted"),
    (NEWEST.c.state == "returned", "returned"),
    else_="open",
)
UNFINISHED = or_(STATUS == "open", STATUS == "returned")
_newest_day = func.date(func.timezone("Asia/Ho_Chi_Minh", NEWEST.c.submitted_at))
# What waits or was taken came after the last day.
LATE = and_(
    or_(NEWEST.c.state == "submitted", NEWEST.c.state == "accepted"),
    _newest_day > effective_due_on,
    Assignment.excused_at.is_(None),
)
EXTENSION_WAITS = (
    select(literal_column("1"))
    .where(Extension.assignment_id == Assignment.id, Extension.state == "asked")
    .correlate(Assignment)
    .exists()
)
