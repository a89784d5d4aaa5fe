"""A period's duties and what stands for each, in one pass: the board counts them, the follow-up list chooses from them.

All of a period's rows are looked for by one search of an index each. For that, what was found is handed on as an
array (``any_of``), of which the planner expects few rows whatever there are; so it is joined to the duties from
outside (they are as many as expected), or else it would be gone through anew for each of them. Rows are kept
narrow: what is only shown is looked up for the few that are shown.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from shared.duty import effective_due_on, is_asked, stands
from shared.models import Assignment, Node, Organisation, Period, Submission

mine = or_(bindparam("everybody"), Organisation.id == any_(bindparam("bodies", type_=ARRAY(Uuid))))
"""Duties of the caller's own bodies, or of all."""


def any_of(found: Select[Any]) -> ColumnElement[Any]:
    """Hand what was found to an index as one sorted list: a row at a time it would be asked for each anew."""
    return any_(func.array(found.scalar_subquery()))


_PERIOD = select(Period.id).where(Period.code == bindparam("code")).scalar_subquery()
_mine = or_(
    bindparam("everybody"),
    Assignment.organisation_id == any_(bindparam("bodies", type_=ARRAY(Uuid))),
)
DUTIES = (
    select(
        Assignment.id.label("assignment"),
        Assignment.sort_key,
        Assignment.node_id,
        Assignment.organisation_id,
        is_asked.label("asked"),
        effective_due_on.label("effective_due_on"),
        Assignment.excused_at.is_not(None).label("excused"),
        and_(
            Assignment.kind == literal_column("'figure'"),
            Assignment.node_id.in_(select(Node.id).where(Node.evidence_required)),
        ).label("to_prove"),
    )
    .where(Assignment.period_id == _PERIOD, _mine)
    .cte("duties")
    .prefix_with("MATERIALIZED")
)
_NOT_ACCEPTED: ColumnElement[Any] = literal_column(
    """'[{"code": "evidence_not_accepted"}]'::jsonb"""
)
STANDING = (
    select(
        Submission.id.label("submission"),
        Submission.assignment_id.label("assignment"),
        Submission.revision,
        case(
            (and_(Submission.state == "accepted", Submission.nil_reason != ""), "nil"),
            else_=Submission.state,
        ).label("status"),
        Submission.submitted_at,
        (Submission.nil_reason != "").label("is_nil"),
        Submission.value.is_not(None).label("is_figure"),
        Submission.findings.op("@>")(_NOT_ACCEPTED).label("not_accepted"),
    )
    .where(Submission.assignment_id == any_of(select(DUTIES.c.assignment)), stands)
    .cte("standing")
    .prefix_with("MATERIALIZED")
)
"""What waits or was accepted; beside what waits, what was accepted before it stands until it is decided."""

_waiting = select(STANDING.c.assignment).where(STANDING.c.status == "submitted")
_newest = (
    select(STANDING)
    .where(or_(STANDING.c.status == "submitted", STANDING.c.assignment.not_in(_waiting)))
    .subquery("newest")
)
_n = _newest.c
ANSWERED = (
    select(
        *(DUTIES.c[name] for name in ("assignment", "sort_key", "node_id", "organisation_id")),
        *(DUTIES.c[name] for name in ("asked", "effective_due_on")),
        case((DUTIES.c.excused, "excused"), else_=func.coalesce(_n.status, "")).label("status"),
        and_(DUTIES.c.to_prove, _n.is_figure).label("to_prove"),
        _n.submission,
        _n.submitted_at,
        _n.is_nil,
        _n.not_accepted,
    )
    .outerjoin_from(DUTIES, _newest, _n.assignment == DUTIES.c.assignment)
    .subquery("answered")
)
"""Each duty with the newest that stands, or with nulls.

``status`` is what ``assignments.states.STATUS`` says, but empty where nothing stands and something should.
"""


def status_of(duty: Any) -> ColumnElement[str]:
    """Say the status of a row like those of ``ANSWERED``: what was returned is looked up by index where nothing stands."""
    newest_state = (
        select(Submission.state)
        .where(Submission.assignment_id == duty.assignment)
        .order_by(Submission.revision.desc())
        .limit(1)
        .scalar_subquery()
    )
    return case(
        (duty.status != "", duty.status),
        (newest_state == "returned", "returned"),
        else_="open",
    )
