"""The proof sheet of one duty: what it is, what governs it, who was told of it, how its deadline moved."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Executable, Text, bindparam, func, select

from services.api.assignments.queries import AssignmentNotFoundError, assignment_shown
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.explanations.queries import ExplanationNotFoundError, explanation_shown
from services.api.policies.queries import policy_shown
from services.api.reminders.queries import REMINDER, all_shown
from shared.db import Reader, records
from shared.duty import reminds_of
from shared.models import (
    Assignment,
    AuditEntry,
    ExplanationRequest,
    Extension,
    Node,
    Organisation,
    Period,
    Reminder,
)
from shared.models.reminders import REMINDER_STATES
from shared.policies import of_duty, of_explanation

MOST_ROWS = 2_000
_OF_DUTY = select(Assignment.organisation_id, of_duty().label("policy")).where(
    Assignment.id == bindparam("id")
)
_OF_EXPLANATION = (
    select(
        Period.made_up,
        Node.code.label("indicator_code"),
        Node.name_vi.label("indicator_name"),
        Organisation.code.label("organisation_code"),
        Organisation.name_vi.label("organisation_name"),
        ExplanationRequest.organisation_id,
        of_explanation().label("policy"),
    )
    .join(Period, Period.id == ExplanationRequest.period_id)
    .join(Node, Node.id == ExplanationRequest.node_id)
    .join(Organisation, Organisation.id == ExplanationRequest.organisation_id)
    .where(ExplanationRequest.id == bindparam("id"))
)
# What is about a duty says so; what is about a request has it as its subject.
_about = {
    "duty": reminds_of(bindparam("id")),
    "explanation": Reminder.subject_id == bindparam("id"),
}
_ROWS: dict[str, Executable] = {
    of: REMINDER.where(about).order_by(Reminder.send_at, Reminder.id).limit(MOST_ROWS)
    for of, about in _about.items()
}
_COUNTS: dict[str, Executable] = {
    of: select(
        Reminder.state,
        func.count().label("rows"),
        func.count(Reminder.acknowledged_at).label("acknowledged"),
    )
    .where(about)
    .group_by(Reminder.state)
    for of, about in _about.items()
}
_DEADLINES = (
    select(
        Extension.asked_at,
        Extension.asked_by_name.label("asked_by"),
        Extension.reason,
        Extension.due_on,
        Extension.wished_on,
        Extension.state,
        Extension.granted_until,
        Extension.decided_by_name.label("decided_by"),
        Extension.decided_at,
        Extension.decision_reason,
    )
    .where(Extension.assignment_id == bindparam("id"))
    .order_by(Extension.asked_at, Extension.id)
    .limit(200)
)


_MOVES = (
    select(
        AuditEntry.at,
        AuditEntry.actor_name.label("by"),
        AuditEntry.changes["due_on"][0].astext.cast(Date).label("from"),
        AuditEntry.changes["due_on"][1].astext.cast(Date).label("to"),
        AuditEntry.reason,
    )
    .where(
        AuditEntry.object_type == "assignment",
        AuditEntry.object_id == bindparam("id", type_=Text),
        AuditEntry.action == "deadline_moved",
    )
    .order_by(AuditEntry.at, AuditEntry.id)
    .limit(200)
)


async def _duty_of(read: Reader, caller: Caller, assignment_id: UUID) -> tuple[Any, dict[str, Any]]:
    """Give a duty to whoever may read what was written about it, which its body's helpers may not."""
    caller.require("reminders:read")
    row = await read.first(_OF_DUTY, id=assignment_id)
    if row is None or not caller.may("reminders:read", row["organisation_id"]):
        raise AssignmentNotFoundError
    return row, await assignment_shown(read, caller, assignment_id)


async def _asked_of(
    read: Reader, caller: Caller, explanation_id: UUID
) -> tuple[Any, dict[str, Any]]:
    caller.require("reminders:read")
    row = await read.first(_OF_EXPLANATION, id=explanation_id)
    if row is None or not caller.may("reminders:read", row["organisation_id"]):
        raise ExplanationNotFoundError
    return row, await explanation_shown(read, caller, explanation_id)


async def _policy(read: Reader, caller: Caller, row: Any) -> dict[str, Any] | None:
    return None if row["policy"] is None else await policy_shown(read, caller, row["policy"])


async def governing_duty(read: Reader, caller: Caller, assignment_id: UUID) -> dict[str, Any]:
    row, _ = await _duty_of(read, caller, assignment_id)
    return {"policy": await _policy(read, caller, row)}


async def governing_explanation(
    read: Reader, caller: Caller, explanation_id: UUID
) -> dict[str, Any]:
    row, _ = await _asked_of(read, caller, explanation_id)
    return {"policy": await _policy(read, caller, row)}


async def proof_of_duty(read: Reader, caller: Caller, assignment_id: UUID) -> dict[str, Any]:
    row, duty = await _duty_of(read, caller, assignment_id)
    subject = {
        name: duty[name]
        for name in (
            "id", "kind", "period", "made_up", "indicator", "organisation", "role", "legal_basis",
            "due_on", "effective_due_on", "status", "days_late",
        )
    }  # fmt: skip
    moves = records(await read.all(_MOVES, id=str(assignment_id)))
    subject |= {
        "due_on": moves[0]["from"] if moves else duty["due_on"],
        "assignment": assignment_id,
        "excused_reason": duty["excused"]["reason"] if duty["excused"] else None,
        "question": None,
        "answered_at": None,
    }
    return {
        "subject": subject,
        "policy": await _policy(read, caller, row),
        "deadlines": records(await read.all(_DEADLINES, id=assignment_id)),
        "moves": moves,
        **await _told(read, "duty", assignment_id),
    }


async def proof_of_explanation(
    read: Reader, caller: Caller, explanation_id: UUID
) -> dict[str, Any]:
    row, asked = await _asked_of(read, caller, explanation_id)
    subject = {
        "id": explanation_id,
        "kind": "explanation",
        "assignment": asked["assignment"],
        "period": asked["period"],
        "made_up": row["made_up"],
        "indicator": {"code": row["indicator_code"], "name_vi": row["indicator_name"]},
        "organisation": {"code": row["organisation_code"], "name_vi": row["organisation_name"]},
        "role": None,
        "legal_basis": None,
        "due_on": asked["due_on"],
        "effective_due_on": asked["due_on"],
        "status": asked["state"],
        "days_late": _days_late(asked, today_in_hanoi()),
        "excused_reason": None,
        "question": asked["question"],
        "answered_at": asked["answered_at"],
    }
    return {
        "subject": subject,
        "policy": await _policy(read, caller, row),
        "deadlines": [],
        "moves": [],
        **await _told(read, "explanation", explanation_id),
    }


def _days_late(asked: dict[str, Any], today: date) -> int:
    return (today - asked["due_on"]).days if asked["overdue"] else 0


async def _told(read: Reader, of: str, subject: UUID) -> dict[str, Any]:
    counted = await read.all(_COUNTS[of], id=subject)
    found = {row["state"]: row["rows"] for row in counted}
    rows = await read.all(_ROWS[of], id=subject)
    return {
        "counts": {state: found.get(state, 0) for state in REMINDER_STATES},
        "acknowledged": sum(row["acknowledged"] for row in counted),
        "rows": all_shown(rows),
        "complete": len(rows) == sum(found.values()),
    }
