"""What the newest run of a period must have seen; the period is stale until it has."""

from sqlalchemy import ARRAY, ColumnElement, Uuid, cast, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from shared.models import Assignment, Framework, Panel, Period, Run, Submission

accepted_now = func.coalesce(
    select(func.array_agg(aggregate_order_by(Submission.id, Submission.id)))
    .join(Assignment, Assignment.id == Submission.assignment_id)
    .where(Assignment.period_id == Period.id, Submission.state == "accepted")
    .correlate(Period)
    .scalar_subquery(),
    cast(literal_column("'{}'"), ARRAY(Uuid)),
)
"""Ids of the accepted submissions of ``Period``, in order: the very set, not a time or a count."""

newest_panel = (
    select(Panel.id)
    .where(Panel.period_id == Period.id)
    .order_by(Panel.revision.desc())
    .limit(1)
    .correlate(Period)
    .scalar_subquery()
)

newest_run_id = (
    select(Run.id)
    .where(Run.period_id == Period.id)
    .order_by(Run.number.desc())
    .limit(1)
    .correlate(Period)
    .scalar_subquery()
)

is_stale: ColumnElement[bool] = or_(
    Run.id.is_(None),
    Run.submission_ids.is_distinct_from(accepted_now),
    Run.panel_id.is_distinct_from(newest_panel),
    Run.framework_revision.is_distinct_from(Framework.revision),
)
"""True where ``Run``, the newest of ``Period`` (outer-joined), has not seen what is true now."""
