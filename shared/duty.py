"""What stands against writing to a duty, when it is due and when it is done: one rule for all who ask.

Each rule stands here as SQL over ``Assignment`` joined with ``Period`` and, where a row is already in
hand, as a pure function that says the same.
"""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, any_, exists, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import array

from shared.models import Assignment, Period, Reminder, Responsibility, Submission

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")

today: ColumnElement[date] = literal_column("(now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date")

is_asked: ColumnElement[bool] = (
    exists()
    .where(
        Responsibility.id == Assignment.responsibility_id,
        Responsibility.role == literal_column("'requested'"),
    )
    .correlate(Assignment)
)
"""True where the body stands outside the city's line of command: it is asked, and nothing of it is late."""

effective_due_on: ColumnElement[date] = func.coalesce(Assignment.extended_due_on, Assignment.due_on)
"""The last day: what was granted, or else what was set."""


def day_in_hanoi(moment: Any) -> ColumnElement[date]:
    """Give the day that it is in Hanoi at a moment, in SQL."""
    return func.date(func.timezone("Asia/Ho_Chi_Minh", moment))


late: ColumnElement[bool] = day_in_hanoi(Submission.submitted_at) > effective_due_on
"""True where ``Submission`` was submitted after the last day; null before it is submitted."""

writable: ColumnElement[bool] = and_(
    Assignment.excused_at.is_(None),
    or_(
        Period.state == "open",
        and_(
            Period.state == "closed",
            or_(
                Period.late_allowed,
                func.coalesce(Assignment.extended_due_on >= today, False),
            ),
        ),
    ),
)
"""True where figures may be written: the period is open, or closed but late ones are allowed, or an
extension still runs; an excused duty is not owed, so nothing is written to it."""

decidable: ColumnElement[bool] = or_(
    Period.state == "open",
    and_(
        Period.state == "closed",
        or_(Period.late_allowed, Assignment.extended_due_on.is_not(None)),
    ),
)
"""True where what was submitted may be decided: an extension that has run out must not leave it hanging."""

stands: ColumnElement[bool] = Submission.state.in_(
    (literal_column("'submitted'"), literal_column("'accepted'"))
)
"""True where ``Submission`` waits for a decision or was accepted. Written out: as a parameter no index
fits it once the statement is planned for any value."""

_newest_state = (
    select(Submission.state)
    .where(Submission.assignment_id == Assignment.id)
    .order_by(Submission.revision.desc())
    .limit(1)
    .correlate(Assignment)
    .scalar_subquery()
)
_accepted = (
    exists()
    .where(Submission.assignment_id == Assignment.id, Submission.state == "accepted")
    .correlate(Assignment)
)
is_done: ColumnElement[bool] = or_(
    Assignment.excused_at.is_not(None),
    # As the reader needs it, which writes no IN out.
    func.coalesce(_newest_state, "") == any_(array(["accepted", "submitted"])),
    _accepted,
)
"""True where nothing is owed now: submitted, accepted or excused."""


def reminds_of(duty: Any) -> ColumnElement[bool]:
    """Tell whether ``Reminder`` is about this duty: it is the line's subject, or named beside another. Each half has an index."""
    return or_(
        Reminder.subject_id == duty,
        and_(Reminder.assignment_id == duty, Reminder.assignment_id != Reminder.subject_id),
    )


def effective(due_on: date, extended_due_on: date | None) -> date:
    return extended_due_on or due_on


def is_late(submitted_at: datetime, due_on: date) -> bool:
    """Tell whether it was submitted after 23:59:59 in Hanoi of ``due_on``, the effective last day."""
    return submitted_at.astimezone(HANOI).date() > due_on


def is_writable(
    *,
    period_state: str,
    late_allowed: bool,
    extended_due_on: date | None,
    excused: bool,
    today: date,
) -> bool:
    """Say what ``writable`` says of a duty that is in hand; ``today`` is Hanoi's."""
    if excused or period_state == "draft":
        return False
    runs = extended_due_on is not None and extended_due_on >= today
    return period_state == "open" or late_allowed or runs


def is_decidable(*, period_state: str, late_allowed: bool, extended_due_on: date | None) -> bool:
    """Say what ``decidable`` says of a duty that is in hand."""
    if period_state == "closed":
        return late_allowed or extended_due_on is not None
    return period_state == "open"
