"""Duties in a period; their status is derived from the facts, never stored."""

from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    Uuid,
    and_,
    any_,
    bindparam,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.api.assignments.parts import has_part
from services.api.assignments.schemas import AssignmentQuery
from services.api.assignments.states import (
    EXTENSION_WAITS,
    LATE,
    NEWEST,
    REFUSED_TO_CALLER,
    STANDS_SINCE,
    STATUS,
    UNFINISHED,
)
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.deps.known import refuse_unknown
from services.api.deps.paging import page, start_of
from shared.db import Reader
from shared.duty import effective_due_on, is_asked, is_late, is_writable
from shared.errors import NotFoundError
from shared.models import (
    Assignment,
    Node,
    Organisation,
    Period,
    Responsibility,
)
from shared.text import natural_key


class AssignmentNotFoundError(NotFoundError):
    """There is no such assignment, or it is not yours to see.

    Không có nhiệm vụ này, hoặc nhiệm vụ không thuộc phạm vi của bạn.
    """


_ASSIGNMENT = (
    select(
        Assignment.id,
        Period.code.label("period"),
        Period.made_up,
        Period.state.label("period_state"),
        Node.code.label("indicator_code"),
        Node.name_vi.label("indicator_name"),
        Organisation.code.label("organisation_code"),
        Organisation.name_vi.label("organisation_name"),
        Assignment.organisation_id,
        Responsibility.role,
        Responsibility.legal_basis,
        Assignment.kind,
        Assignment.due_on,
        effective_due_on.label("effective_due_on"),
        Assignment.extended_due_on,
        Assignment.excused_at,
        Assignment.excused_by_name,
        Assignment.excused_reason,
        Period.late_allowed,
        EXTENSION_WAITS.label("extension_waits"),
        REFUSED_TO_CALLER.label("refused_to_caller"),
        STATUS.label("status"),
        STANDS_SINCE.label("stands_since"),
        Node.evidence_required,
        Node.accepted_evidence,
        Node.source.label("data_source"),
        Node.guidance_vi,
        Node.guidance_en,
        NEWEST.c.id.label("submission_id"),
        NEWEST.c.revision,
        NEWEST.c.state,
        NEWEST.c.value,
        NEWEST.c.submitted_at,
        NEWEST.c.decision_reason,
        Assignment.updated_at,
        Assignment.sort_key,
    )
    .select_from(Assignment)
    .join(Period, Period.id == Assignment.period_id)
    .join(Node, Node.id == Assignment.node_id)
    .join(Organisation, Organisation.id == Assignment.organisation_id)
    .join(Responsibility, Responsibility.id == Assignment.responsibility_id)
    .outerjoin(NEWEST, true())
)
# How the figure is made and proved.
_OF_NODE = ("accepted_evidence", "data_source", "guidance_vi", "guidance_en")
ONE_ASSIGNMENT = _ASSIGNMENT.where(Assignment.id == bindparam("id"))
_bodies = any_(bindparam("bodies", type_=ARRAY(Uuid)))
_own = Assignment.organisation_id == _bodies
_concerned = has_part(_bodies)
CONCERNED = (
    select(Assignment.id)
    .join(Node, Node.id == Assignment.node_id)
    .where(Assignment.id == bindparam("id"), _concerned)
)
CONCERNED_BODIES = (
    select(Organisation.id)
    .join(Assignment, Assignment.id == bindparam("id"))
    .join(Node, Node.id == Assignment.node_id)
    .where(
        Organisation.id == _bodies,
        Organisation.id != Assignment.organisation_id,
        has_part(Organisation.id),
    )
    .order_by(Organisation.id)
)
_FILTERS: dict[str, ColumnElement[bool]] = {
    "period": Period.code == bindparam("period"),
    "organisation": Organisation.code == bindparam("organisation"),
    "indicator": or_(
        Node.code == bindparam("indicator"),
        Node.sort_key.startswith(bindparam("below"), autoescape=False),
    ),
    "due_before": effective_due_on < bindparam("due_before"),
    "bodies": _own,
    "status": bindparam("status") == STATUS,
    "overdue": and_(effective_due_on < bindparam("today"), UNFINISHED, ~is_asked),
    "late": and_(LATE, ~is_asked),
    "concerned": or_(_own, _concerned),
    "after": or_(
        Assignment.sort_key > bindparam("after_key"),
        and_(Assignment.sort_key == bindparam("after_key"), Assignment.id > bindparam("after_id")),
    ),
}


@lru_cache
def assignments_statement(filters: frozenset[str]) -> Executable:
    chosen = and_(true(), *(_FILTERS[name] for name in sorted(filters)))
    return (
        _ASSIGNMENT.where(chosen)
        .order_by(Assignment.sort_key, Assignment.id)
        .limit(bindparam("limit"))
    )


def shown(row: Any, caller: Caller, *, today: date) -> dict[str, Any]:
    due_on = row["effective_due_on"]
    unfinished = row["status"] in {"open", "returned"}
    asked = row["role"] == "requested"  # by whom nothing is owed, so that it is never late
    days = (today - due_on).days if unfinished and due_on < today and not asked else 0
    excused = None
    if row["excused_at"] is not None:
        excused = {
            "at": row["excused_at"],
            "by": row["excused_by_name"],
            "reason": row["excused_reason"],
        }
    newest = None
    if row["submission_id"] is not None and _may_see_newest(row, caller):
        newest = {
            "id": row["submission_id"],
            "revision": row["revision"],
            "state": row["state"],
            "value": row["value"],
            "submitted_at": row["submitted_at"],
            "decision_reason": row["decision_reason"],
        }
    return {
        "id": row["id"],
        "period": row["period"],
        "made_up": row["made_up"],
        "indicator": {"code": row["indicator_code"], "name_vi": row["indicator_name"]},
        "organisation": {"code": row["organisation_code"], "name_vi": row["organisation_name"]},
        "role": row["role"],
        "kind": row["kind"],
        "legal_basis": row["legal_basis"],
        "due_on": row["due_on"],
        "effective_due_on": due_on,
        "extended": row["extended_due_on"] is not None,
        "status": row["status"],
        "overdue": days > 0,
        "days_late": days,
        "late": row["status"] != "excused" and not asked and _came_late(row),
        "excused": excused,
        "evidence_required": row["evidence_required"] and row["kind"] == "figure",
        **{name: row[name] for name in _OF_NODE},
        "submission": newest,
        "updated_at": row["updated_at"],
        "allowed_actions": _actions(row, caller, today),
    }


def _came_late(row: Any) -> bool:
    """Say what ``LATE`` says of a row in hand."""
    since = row["stands_since"]
    return since is not None and is_late(since, row["effective_due_on"])


def _may_see_newest(row: Any, caller: Caller) -> bool:
    """Drafts are the body's own until they are submitted."""
    return row["state"] != "draft" or caller.may("submissions:write", row["organisation_id"])


def _writable(row: Any, today: date) -> bool:
    return is_writable(
        period_state=row["period_state"],
        late_allowed=row["late_allowed"],
        extended_due_on=row["extended_due_on"],
        excused=row["excused_at"] is not None,
        today=today,
    )


def _actions(row: Any, caller: Caller, today: date) -> list[str]:
    actions = []
    writes = caller.may("submissions:write", row["organisation_id"])
    assigns = caller.may("assignments:write", row["organisation_id"])
    if writes and row["state"] not in {"draft", "submitted"} and _writable(row, today):
        actions.append("create_submission")
    unfinished = row["status"] in {"open", "returned"}
    if unfinished and not row["extension_waits"] and (writes or assigns):
        actions.append("ask_extension")
    if assigns:
        # Who asked for more time does not give it to himself.
        asked_for = row["extension_waits"] or row["refused_to_caller"]
        fixed = row["extended_due_on"] is not None or asked_for
        if row["period_state"] == "open" and not fixed:
            actions.append("edit")
        if row["status"] == "excused":
            actions.append("lift_excuse")
        elif unfinished:
            actions.append("excuse")
    return actions


async def assignments_page(read: Reader, caller: Caller, query: AssignmentQuery) -> dict[str, Any]:
    bodies = caller.own_only("assignments:read")
    values: dict[str, Any] = query.filters()
    today = today_in_hanoi()
    names = frozenset(values)
    if query.due_before:
        values["due_before"] = query.due_before
    if query.indicator:
        values["below"] = natural_key(query.indicator).replace("_", "\\_") + "."
    if query.status in {"overdue", "late"}:
        names = names - {"status"} | {query.status}
        values["today"] = today
    names -= {"concerned"}
    if bodies is not None:
        values["bodies"] = bodies
        names |= {"concerned" if query.concerned else "bodies"}
    if after := start_of(query, str, UUID):
        values["after_key"], values["after_id"] = after
        names |= {"after"}
    values["accounts"] = sorted(caller.accounts)
    rows = await read.all(assignments_statement(names), limit=query.limit + 1, **values)
    if not rows:
        await refuse_unknown(read, query)
    return page(
        query,
        rows,
        lambda row: shown(row, caller, today=today),
        lambda row: [row["sort_key"], row["id"]],
    )


async def assignment_shown(read: Reader, caller: Caller, assignment_id: UUID) -> dict[str, Any]:
    row = await read.first(ONE_ASSIGNMENT, id=assignment_id, accounts=sorted(caller.accounts))
    if row is None:
        raise AssignmentNotFoundError
    own = caller.may("assignments:read", row["organisation_id"])
    if not own and not await is_concerned(read, caller, assignment_id):
        raise AssignmentNotFoundError
    return shown(row, caller, today=today_in_hanoi())


async def is_concerned(read: Reader, caller: Caller, assignment_id: UUID) -> bool:
    """Tell whether a body of the caller's has a part in the same indicator: it sees what the others do there."""
    bodies = caller.reaches.get("assignments:read", frozenset())
    if not bodies:
        return False
    return await read.value(CONCERNED, id=assignment_id, bodies=sorted(bodies)) is not None


async def concerned_bodies(read: Reader, caller: Caller, assignment_id: UUID) -> list[UUID]:
    """List the bodies, other than the one that owes it, for which the caller writes and that have a part in it."""
    bodies = caller.reaches.get("submissions:write", frozenset())
    if not bodies:
        return []
    rows = await read.all(CONCERNED_BODIES, id=assignment_id, bodies=sorted(bodies))
    return [row[0] for row in rows]
