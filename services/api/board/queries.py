"""Who has delivered, and in time; counted from the duties at this moment."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    exists,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from services.api.board.duties import ANSWERED, mine, status_of
from services.api.board.tally import DEFINITIONS, EQUATIONS, Fact, total
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.periods.queries import PERIOD_ROW, PeriodNotFoundError, in_scope
from shared.db import Reader
from shared.duty import day_in_hanoi
from shared.models import (
    Assignment,
    Node,
    Organisation,
    Period,
    PeriodScope,
    Responsibility,
)
from shared.reach import is_reachable

REACHABLE = is_reachable(Organisation.id)
# Under which pillar each node lies is known before: grouped by it there are few rows to carry over.
_pillar = (
    func.unnest(cast(bindparam("nodes"), ARRAY(Uuid)), cast(bindparam("pillars"), ARRAY(Text)))
    .table_valued(column("node_id", Uuid), column("pillar", Text), name="pillar")
    .render_derived()
)
_other = aliased(Period)
_d = ANSWERED.c
_duty = (
    select(
        _d.organisation_id,
        _pillar.c.pillar,
        status_of(_d).label("status"),
        func.coalesce(
            and_(day_in_hanoi(_d.submitted_at) > _d.effective_due_on, _d.status != "excused"),
            false(),
        ).label("late"),
        (_d.effective_due_on < bindparam("today")).label("past_due"),
        _d.asked.label("requested"),
    )
    .join(_pillar, _pillar.c.node_id == _d.node_id)
    .subquery("duty")
)
_kinds = select(_duty, func.count().label("number")).group_by(*_duty.c).subquery("kinds")
_COUNTED = select(Organisation.code.label("organisation"), _kinds).join(
    _kinds, _kinds.c.organisation_id == Organisation.id
)
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


def sight(caller: Caller, code: str) -> dict[str, Any]:
    """Say of which period and whose duties are read: the caller's own bodies' or all."""
    bodies = caller.own_only("assignments:read")
    return {"code": code, "everybody": bodies is None, "bodies": bodies or []}


async def board(read: Reader, caller: Caller, code: str) -> dict[str, Any]:
    """Count the duties of a period: in all, by body, by pillar, and by both; of the caller's own bodies or all."""
    values = sight(caller, code)
    period = await read.first(PERIOD_ROW, code=code)
    if period is None:
        raise PeriodNotFoundError
    today = today_in_hanoi()
    bodies = await read.all(_BODIES, **values, today=today)
    pillars, pillar_of = _pillars(await read.all(_NODES, code=code))
    above = {"nodes": list(pillar_of), "pillars": list(pillar_of.values())}
    # By body and pillar, by each alone (the other is empty), and in all.
    facts: dict[tuple[str, str], Counter[Fact]] = defaultdict(Counter)
    for row in await read.all(_COUNTED, **values, **above, today=today):
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
