"""A plan as people read it before they carry it out."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.api.deps.caller import Caller
from services.api.handovers.conflicts import Conflict
from services.api.handovers.labels import labels
from services.api.handovers.moves import Move
from services.api.handovers.plans import Act, Plan, act_of, earliest_on, plan_of
from services.api.handovers.queries import HandoverNotFoundError, own_stays, visible
from shared.db import Reader


def preview_of(plan: Plan, *, today: date, bodies: Sequence[UUID] | None = None) -> dict[str, Any]:
    """Show it; ``bodies`` limits what moves to what these give or get."""
    moves = {
        name: [_move(move, plan) for move in listed if _concerns(move, bodies)]
        for name, listed in plan.moves._asdict().items()
    }
    seen = [move for move in plan.moves.everything() if _concerns(move, bodies)]
    moving = {move.object_id for move in seen}
    reminders = [
        dict(row)
        for row in plan.facts.reminders
        if (row["explanation"] or row["assignment"]) in moving
    ]
    return {
        "effective_on": plan.act.effective_on,
        "today": today,
        "earliest_on": earliest_on(plan),
        "blocked": plan.blocked,
        "counts": {
            **{name: len(listed) for name, listed in moves.items()},
            "reminders": len(reminders),
        },
        **moves,
        "reminders": reminders,
        "conflicts": [
            _conflict(one, plan.act)
            for one in plan.conflicts
            if bodies is None or one.body in bodies or one.object_id in {None, *moving, *bodies}
        ],
        "stays": _stays(plan, bodies),
    }


def _conflict(one: Conflict, act: Act) -> dict[str, Any]:
    # A body that is to be made is not there to be looked up.
    made = act.new_body is not None and one.object_id == act.to_id
    return {
        "code": one.code,
        "blocks": one.blocks,
        "message_vi": one.vietnamese,
        "message_en": one.english,
        "kind": one.kind,
        "object_id": None if made else one.object_id,
    }


def _concerns(move: Move, bodies: Sequence[UUID] | None) -> bool:
    return bodies is None or move.from_id in bodies or move.to_id in bodies


def _move(move: Move, plan: Plan) -> dict[str, Any]:
    return {
        "id": move.object_id,
        "action": move.action,
        "from": plan.facts.code(move.from_id),
        "to": plan.facts.code(move.to_id),
        "facts": labels(move),
    }


def _stays(plan: Plan, bodies: Sequence[UUID] | None) -> dict[str, Any]:
    closed = plan.facts.closed
    return {
        "closed_duties": closed["assignments"],
        "closed_submissions": closed["submissions"],
        "accepted_figures": closed["accepted"],
        "done_duties": [
            {name: row[name] for name in ("id", "period", "node", "status")}
            for row in plan.done_duties
            if bodies is None or row["organisation_id"] in bodies
        ],
        "not_taken_back": own_stays(plan.returned.stays if plan.returned else [], bodies),
    }


async def preview_shown(
    read: Reader, caller: Caller, handover_id: UUID, *, today: date
) -> dict[str, Any]:
    """Work it out afresh."""
    await visible(read, caller, handover_id)
    act = await act_of(read, handover_id)
    if act is None:
        raise HandoverNotFoundError
    plan = await plan_of(read, act, today=today)
    bodies = caller.own_only("handovers:read")
    return {**preview_of(plan, today=today, bodies=bodies), "handover": handover_id}
