"""A period's duties as they stand, in one pass: what is to be followed up is chosen from them."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    any_,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)

from services.api.assignments.states import NEWEST, STATUS
from services.api.board.queries import REACHABLE, mine
from shared.duty import effective_due_on
from shared.models import Assignment, Node, Organisation, Period, Responsibility


def any_of(found: Select[Any]) -> ColumnElement[Any]:
    """Hand what was found to an index as one sorted list: a row at a time it would be asked for each anew."""
    return any_(func.array(found.scalar_subquery()))


_NOT_ACCEPTED: ColumnElement[Any] = literal_column(
    """'[{"code": "evidence_not_accepted"}]'::jsonb"""
)
# Once for each body: for each duty all contacts would be looked through again.
_BODIES = (
    select(
        Organisation.id,
        Organisation.code,
        Organisation.name_vi,
        REACHABLE.label("reachable"),
    )
    .where(mine)
    .cte("bodies")
    .prefix_with("MATERIALIZED")
)
DUTIES = (
    select(
        Assignment.id.label("assignment"),
        Assignment.sort_key,
        Node.code.label("indicator"),
        _BODIES.c.code.label("organisation"),
        _BODIES.c.name_vi.label("organisation_name_vi"),
        _BODIES.c.reachable,
        STATUS.label("status"),
        (Responsibility.role == literal_column("'requested'")).label("asked"),
        effective_due_on.label("effective_due_on"),
        func.coalesce(NEWEST.c.nil_reason, "").label("nil_reason"),
        NEWEST.c.id.label("newest"),
        NEWEST.c.revision.label("revision"),
        NEWEST.c.state.label("newest_state"),
        NEWEST.c.submitted_at.label("submitted_at"),
        NEWEST.c.value.is_not(None).label("is_figure"),
        Period.reference_year,
        and_(
            Assignment.kind == "figure",
            Node.evidence_required,
            NEWEST.c.value.is_not(None),
            or_(NEWEST.c.state == "submitted", NEWEST.c.state == "accepted"),
        ).label("to_prove"),
        func.coalesce(
            and_(
                NEWEST.c.findings.op("@>")(_NOT_ACCEPTED),
                or_(NEWEST.c.state == "submitted", NEWEST.c.state == "accepted"),
            ),
            false(),
        ).label("not_accepted"),
    )
    .select_from(Assignment)
    .join(Period, Period.id == Assignment.period_id)
    .join(Node, Node.id == Assignment.node_id)
    .join(Responsibility, Responsibility.id == Assignment.responsibility_id)
    .join(_BODIES, _BODIES.c.id == Assignment.organisation_id)
    .outerjoin(NEWEST, true())
    .where(Period.code == bindparam("code"))
    .cte("duties")
    .prefix_with("MATERIALIZED")
)
