"""Who has delivered, and in time; counted from the duties at this moment."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    column,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased

from services.api.assignments.states import LATE, NEWEST, STATUS
from services.api.board.tally import DEFINITIONS, EQUATIONS, Fact, total
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.periods.queries import PERIOD_ROW, PeriodNotFoundError, in_scope
from shared.db import Reader
from shared.duty import effective_due_on
from shared.models import (
    Assignment,
    Node,
    Organisation,
    Period,
    PeriodScope,
    Responsibility,
)
from shared.reach import is_reachable

mine = or_(bindparam("everybody"), Organisation.id == any_(bindparam("bodies", type_=ARRAY(Uuid))))
"""Duties of the caller's own bodies, or of all."""

REACHABLE = is_reachable(Organisation.id)
# Under which pillar each node lies is known before: grouped by it there are few rows to carry over.
_pillar = (
    func.unnest(cast(bindparam("nodes"), ARRAY(Uuid)), cast(bindparam("pillars"), ARRAY(Text)))
    .table_valued(column("node_id", Uuid), column("pillar", Text), name="pillar")
    .render_derived()
)
_other = aliased(Period)
_standing = (
    select(
        Organisation.code.label("organisation"),
        _pillar.c.pillar,
        STATUS.label("status"),
        func.coalesce(LATE, false()).label("late"),
        (effective_due_on < bindparam("today")).label("past_due"),
        (Responsibility.role == literal_column("'requested'")).label("requested"),
    )
    .select_from(Assignment)
    .join(Period, Period.id == Assignment.period_id)
    .join(Organisation, Organisation.id == Assignment.organisation_id)
    .join(Responsibility, Responsibility.id == Assignment.responsibility_id)
    .join(_pillar, _pillar.c.node_id == Assignment.node_id)
    .outerjoin(NEWEST, true())
    .where(Period.code == bindparam("code"), mine)
    .subquery("standing")
)
_STANDING = select(_standing, func.count().label("number")).group_by(*_standing.c)
_this = select(_other.id).where(_other.code == bindparam("code")).scalar_subquery()
_BODIES = (
    select(
        Organisation.code,
        Organisation.name_vi,
        REACHABLE.label("reachable"),
    )
    .where(
        mine,
        or_(
            exists()
            .where(Assignment.organisation_id == Organisation.id, Assignment.period_id == Period.id)
            .correlate(Organisation, Period),
            exists()
            .where(
                Responsibility.organisation_id == Organisation.id,
                Responsibility.node_id == Node.id,
                Node.framework_id == Period.framework_id,
                Responsibility.valid_from <= bindparam("today"),
                or_(
                    Responsibility.valid_to.is_(None), Responsibility.valid_to >= bindparam("today")
                ),
                in_scope(PeriodScope.period_id == _this, node=Node.id, body=Organisation.id),
            )
            .correlate(Organisation, Period),
        ),
    )
    .join(Period, Period.code == bindparam("code"))
    .order_by(Organisation.code)
)
_NODES = (
    select(Node.id, Node.parent_id, Node.kind, Node.code, Node.name_vi)
    .join(Period, Period.framework_id == Node.framework_id)
    .where(Period.code == bindparam("code"))
    .order_by(Node.sort_key, Node.code)
)


async def sight(read: Reader, caller: Caller, code: str) -> tuple[Any, dict[str, Any]]:
    bodies = caller.own_only("assignments:read")
    period = await read.first(PERIOD_ROW, code=code)
    if period is None:
        raise PeriodNotFoundError
    return period, {"code": code, "everybody": bodies is None, "bodies": bodies or []}


async def board(read: Reader, caller: Caller, code: str) -> dict[str, Any]:
    """Count the duties of a period: in all, by body, by pillar, and by both; of the caller's own bodies or all."""
    period, values = await sight(read, caller, code)
    today = today_in_hanoi()
    bodies = await read.all(_BODIES, **values, today=today)
    pillars, pillar_of = _pillars(await read.all(_NODES, code=code))
    above = {"nodes": list(pillar_of), "pillars": list(pillar_of.values())}
    # By body and pillar, by each alone (the other is empty), and in all.
    facts: dict[tuple[str, str], Counter[Fact]] = defaultdict(Counter)
    for row in await read.all(_STANDING, **values, **above, today=today):
        body, pillar = row["organisation"], row["pillar"]
        fact = Fact(row["status"], row["late"], row["past_due"], row["requested"])
        for key in ((body, pillar), (body, ""), ("", pillar), ("", "")):
            facts[key][fact] += row["number"]

    def of(organisation: str = "", pillar: str = "") -> dict[str, Any]:
        return total(facts.get((organisation, pillar), {})).shown()

    shown = ("code", "name", "state", "due_on", "made_up")
    return {
        "period": {name: period[name] for name in shown},
        "on": today,
        "total": of(),
        "bodies": [
            {
                "organisation": body["code"],
                "organisation_name_vi": body["name_vi"],
                "reachable": body["reachable"],
                **of(body["code"]),
            }
            for body in bodies
        ],
        "pillars": [
            {"pillar": pillar, "pillar_name_vi": name, **of(pillar=pillar)}
            for pillar, name in pillars.items()
        ],
        "bodies_by_pillar": [
            {"organisation": body, "pillar": pillar, **of(body, pillar)}
            for body, pillar in sorted(facts)
            if body and pillar
        ],
        "equations": EQUATIONS,
        "definitions": definitions(DEFINITIONS),
    }


def _pillars(nodes: Sequence[Any]) -> tuple[dict[str, str], dict[Any, str]]:
    """Name the pillars in natural order, and say under which each node lies."""
    by_id = {node["id"]: node for node in nodes}
    pillar_of: dict[Any, str] = {}
    for node in nodes:
        above = node
        while above["kind"] != "pillar" and above["parent_id"] is not None:
            above = by_id[above["parent_id"]]
        pillar_of[node["id"]] = above["code"]
    names = {node["code"]: node["name_vi"] for node in nodes if node["kind"] == "pillar"}
    return names, pillar_of


def definitions(said: dict[str, tuple[str, str]]) -> dict[str, dict[str, str]]:
    return {name: {"vi": vi, "en": en} for name, (vi, en) in said.items()}
