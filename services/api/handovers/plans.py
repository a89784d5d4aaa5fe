"""A hand-over worked out: what it would move at this moment, what stays, what stands against it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, NamedTuple, Self
from uuid import UUID

import orjson
from sqlalchemy import Text, bindparam, cast, select

from services.api.handovers.bound import bound_of, left_behind
from services.api.handovers.conflicts import Conflict, conflicts_of
from services.api.handovers.facts import Body, Facts, Row, facts_of
from services.api.handovers.moves import ENDS, Aims, Moves, Pick, aims_of, is_history, moves_of
from services.api.handovers.returns import Returned, aims_back
from services.api.handovers.reviews import reviews_of
from shared.db import Reader
from shared.models import Handover, HandoverMove, Organisation

AHEAD = timedelta(days=30)


class Act(NamedTuple):
    """A hand-over as it was asked for, whether it is stored or not."""

    id: UUID
    kind: str
    from_ids: list[UUID]
    to_id: UUID | None
    to_ids: list[UUID]
    new_body: dict[str, Any] | None
    chosen: list[dict[str, Any]]
    exceptions: list[dict[str, Any]]
    effective_on: date
    basis_title: str
    basis_number: str
    basis_date: date | None
    reverses_id: UUID | None

    @classmethod
    def of(cls, handover: Handover) -> Self:
        return cls(**{name: getattr(handover, name) for name in cls._fields})

    @property
    def basis(self) -> str:
        return basis_text(self.basis_title, self.basis_number, self.basis_date)

    @property
    def ending(self) -> list[UUID]:
        """List the bodies that end with it."""
        if self.kind not in ENDS:
            return []
        return [body for body in self.from_ids if body != self.to_id]


def basis_text(title: str, number: str, day: date | None) -> str:
    """Name a document as people do: what it is, its number, its date."""
    parts = [title, f"số {number}" if number else "", f"ngày {day:%d/%m/%Y}" if day else ""]
    return " ".join(part for part in parts if part)


class Plan(NamedTuple):
    act: Act
    facts: Facts
    moves: Moves
    conflicts: list[Conflict]
    # Of a reversal: what changed since and stays, and which bodies come back.
    returned: Returned | None = None

    @property
    def blocked(self) -> bool:
        return any(conflict.blocks for conflict in self.conflicts)

    @property
    def done_duties(self) -> list[Row]:
        """List the duties of open periods that are done: they stay with the body that did them."""
        return [
            row
            for row in self.facts.assignments
            if row["organisation_id"] in self.act.from_ids and is_history(row)
        ]


def earliest_on(plan: Plan) -> date:
    """Say from which day on it may be carried out: ahead only where nothing changes hands at once."""
    day = plan.act.effective_on
    return day if plan.moves.at_once else day - AHEAD


ACT = select(
    *(
        cast(column, Text).label(column.key)
        if column.key in {"new_body", "chosen", "exceptions"}
        else column
        for column in (getattr(Handover, name) for name in Act._fields)
    )
).where(Handover.id == bindparam("id"))
NEW_BODY_ID = select(Organisation.id).where(Organisation.code == bindparam("code"))
MOVES = (
    select(
        HandoverMove.kind,
        HandoverMove.action,
        HandoverMove.object_id,
        HandoverMove.new_object_id,
        HandoverMove.from_id,
        HandoverMove.to_id,
        cast(HandoverMove.old, Text).label("old"),
        cast(HandoverMove.new, Text).label("new"),
        cast(HandoverMove.facts, Text).label("facts"),
    )
    .where(HandoverMove.handover_id == bindparam("id"))
    .order_by(HandoverMove.number)
)


def read_json(row: Row, *names: str) -> dict[str, Any]:
    """Take a row whose JSON came as text, as the driver's connections differ in how they read it."""
    made = dict(row)
    for name in names:
        made[name] = None if row[name] is None else orjson.loads(row[name])
    return made


async def act_of(read: Reader, handover_id: UUID) -> Act | None:
    row = await read.first(ACT, id=handover_id)
    return row and Act(**read_json(row, "new_body", "chosen", "exceptions"))


async def moves_done(read: Reader, handover_id: UUID) -> list[dict[str, Any]]:
    rows = await read.all(MOVES, id=handover_id)
    return [read_json(row, "old", "new", "facts") for row in rows]


async def plan_of(read: Reader, act: Act, *, today: date) -> Plan:
    """Work it out from what is true now; the same for preview and act."""
    act, made = await _resolved(read, act)
    facts = await facts_of(
        read,
        handover=act.id,
        givers=act.from_ids,
        receivers=act.to_ids,
        made=made,
        day=act.effective_on,
        today=today,
    )
    if act.reverses_id is None:
        aims, also = _aimed(act, facts)
        return _planned(act, facts, aims, receivers=act.to_ids, today=today, also=also)
    returned = aims_back(facts, await moves_done(read, act.reverses_id), day=act.effective_on)
    # Bodies that ended come back with it.
    plan = _planned(act, facts, returned.aims, receivers=(), today=today, also=())
    return plan._replace(returned=returned)


def _aimed(act: Act, facts: Facts) -> tuple[Aims, list[Conflict]]:
    """Aim all that the givers have, and say what of it cannot go along."""
    assert act.to_id is not None
    aims = aims_of(
        facts,
        kind=act.kind,
        givers=act.from_ids,
        to_id=act.to_id,
        chosen=picks(act.chosen, facts),
        exceptions=picks(act.exceptions, facts),
    )
    bound = bound_of(
        facts,
        aims,
        givers=act.from_ids,
        ending=act.ending,
        to_id=act.to_id,
        receivers=act.to_ids,
    )
    reviews = reviews_of(facts, ending=act.ending, receivers=act.to_ids, day=act.effective_on)
    also = [*left_behind(facts, bound), *reviews.conflicts]
    return replace(aims, bound=bound.aims, reviews=reviews.moves), also


def _planned(
    act: Act,
    facts: Facts,
    aims: Aims,
    *,
    receivers: Sequence[UUID],
    today: date,
    also: Sequence[Conflict],
) -> Plan:
    moves = moves_of(facts, aims, day=act.effective_on)
    conflicts = conflicts_of(
        facts,
        moves,
        givers=act.from_ids if receivers else (),
        receivers=receivers,
        ending=act.ending,
        day=max(act.effective_on, today) if act.kind == "transfer" else act.effective_on,
        basis=act.basis,
        also=also,
    )
    return Plan(act, facts, moves, conflicts)


async def _resolved(read: Reader, act: Act) -> tuple[Act, Body | None]:
    """Give a body that is to be made its id: another hand-over may have made it meanwhile."""
    if act.new_body is None:
        return act, None
    code = act.new_body["code"]
    known = await read.value(NEW_BODY_ID, code=code)
    if known is not None:
        to_ids = [known if one == act.to_id else one for one in act.to_ids]
        return act._replace(to_id=known, to_ids=to_ids, new_body=None), None
    assert act.to_id is not None
    founded = None if act.new_body["existed_before"] else act.effective_on
    return act, Body(act.to_id, code, act.new_body["name_vi"], valid_from=founded)


def picks(told: Sequence[Mapping[str, Any]], facts: Facts) -> list[Pick]:
    """Read stored choices; bodies are kept by code, as a new one has no row yet."""
    ids = {body.code: body.id for body in facts.bodies.values()}
    return [
        Pick(
            UUID(one["responsibility"]) if one.get("responsibility") else None,
            one.get("node"),
            one.get("from"),
            ids.get(one["to"]) if one.get("to") else None,
        )
        for one in told
    ]
