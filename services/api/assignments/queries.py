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
    case,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from services.api.assignments.schemas import AssignmentQuery
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.deps.paging import page, start_of
from shared.db import Reader
from shared.errors import NotFoundError
from shared.models import Assignment, Node, Organisation, Period, Responsibility, Submission
from shared.text import natural_key


class AssignmentNotFoundError(NotFoundError):
    """There is no such assignment, or it is not yours to see.

    Không có nhiệm vụ này, hoặc nhiệm vụ không thuộc phạm vi của bạn.
    """


_Any = aliased(Submission)
_newest = (
    select(_Any)
    .where(_Any.assignment_id == Assignment.id)
    .order_by(_Any.revision.desc())
    .limit(1)
    .lateral("newest")
)
_accepted = (
    select(literal_column("1"))
    .where(Submission.assignment_id == Assignment.id, Submission.state == "accepted")
    .correlate(Assignment)
    .exists()
)
STATUS: ColumnElement[str] = case(
    (_newest.c.state == "accepted", "accepted"),
    (_newest.c.state == "submitted", "submitted"),
    (_accepted, "accepted"),
    (_newest.c.state == "returned", "returned"),
    else_="open",
)
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
        STATUS.label("status"),
        Node.evidence_required,
        _newest.c.id.label("submission_id"),
        _newest.c.revision,
        _newest.c.state,
        _newest.c.value,
        _newest.c.submitted_at,
        _newest.c.decision_reason,
        Assignment.updated_at,
        Assignment.sort_key,
    )
    .select_from(Assignment)
    .join(Period, Period.id == Assignment.period_id)
    .join(Node, Node.id == Assignment.node_id)
    .join(Organisation, Organisation.id == Assignment.organisation_id)
    .join(Responsibility, Responsibility.id == Assignment.responsibility_id)
    .outerjoin(_newest, true())
)
ONE_ASSIGNMENT = _ASSIGNMENT.where(Assignment.id == bindparam("id"))
_FILTERS: dict[str, ColumnElement[bool]] = {
    "period": Period.code == bindparam("period"),
    "organisation": Organisation.code == bindparam("organisation"),
    "indicator": or_(
        Node.code == bindparam("indicator"),
        Node.sort_key.startswith(bindparam("below"), autoescape=False),
    ),
    "due_before": Assignment.due_on < bindparam("due_before"),
    "bodies": Assignment.organisation_id == any_(bindparam("bodies", type_=ARRAY(Uuid))),
    "status": bindparam("status") == STATUS,
    "overdue": and_(
        Assignment.due_on < bindparam("today"), or_(STATUS == "open", STATUS == "returned")
    ),
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
    unfinished = row["status"] in {"open", "returned"}
    late = (today - row["due_on"]).days if unfinished and row["due_on"] < today else 0
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
        "status": row["status"],
        "overdue": late > 0,
        "days_late": late,
        "evidence_required": row["evidence_required"] and row["kind"] == "figure",
        "submission": newest,
        "updated_at": row["updated_at"],
        "allowed_actions": _actions(row, caller),
    }


def _may_see_newest(row: Any, caller: Caller) -> bool:
    """Drafts are the body's own until they are submitted."""
    return row["state"] != "draft" or caller.may("submissions:write", row["organisation_id"])


def _actions(row: Any, caller: Caller) -> list[str]:
    if row["period_state"] != "open":
        return []
    actions = []
    if row["state"] not in {"draft", "submitted"} and caller.may(
        "submissions:write", row["organisation_id"]
    ):
        actions.append("create_submission")
    if caller.may("assignments:write"):
        actions.append("edit")
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
    if query.status == "overdue":
        names = names - {"status"} | {"overdue"}
        values["today"] = today
    if bodies is not None:
        values["bodies"] = bodies
        names |= {"bodies"}
    if after := start_of(query, str, UUID):
        values["after_key"], values["after_id"] = after
        names |= {"after"}
    rows = await read.all(assignments_statement(names), limit=query.limit + 1, **values)
    return page(
        query,
        rows,
        lambda row: shown(row, caller, today=today),
        lambda row: [row["sort_key"], row["id"]],
    )


async def assignment_shown(read: Reader, caller: Caller, assignment_id: UUID) -> dict[str, Any]:
    row = await read.first(ONE_ASSIGNMENT, id=assignment_id)
    if row is None or not caller.may("assignments:read", row["organisation_id"]):
        raise AssignmentNotFoundError
    return shown(row, caller, today=today_in_hanoi())
