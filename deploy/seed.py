"""Load a plan's data into the database; what is there already is left as the coordinator made it."""

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.plans.reader import Node as PlanNode
from deploy.plans.reader import PlanData
from services.api.calendar.commands import fill_year
from services.api.calendar.library import FIRST_YEAR, LAST_YEAR
from services.api.deps.caller import NOBODY
from services.api.frameworks.tree import sort_key
from services.api.frameworks.versions import keep_version
from services.api.panels.names import locality_key, node_of
from shared.composite import Method
from shared.models import (
    AuditEntry,
    Framework,
    Locality,
    Node,
    OfficialResult,
    Organisation,
    Period,
    ReminderPolicy,
    ReminderStep,
    Responsibility,
)
from shared.text import fold

# Working days after the deadline, repeat every, how often (none: until it is done), to whom. The coordinator
# may change them.
DEFAULT_STEPS: tuple[tuple[int, int | None, int | None, str], ...] = (
    *(
        (days, None, None, audience)
        for days in (-10, -5, -1, 0, 1, 3)
        for audience in ("officer", "deputy")
    ),
    (3, None, None, "head"),
    *((5, 5, None, audience) for audience in ("officer", "deputy", "coordinator")),
    (15, None, None, "leadership"),
)
EXPLANATION_STEPS: tuple[tuple[int, int | None, int | None, str], ...] = (
    *((days, None, None, audience) for days in (-1, 0, 1) for audience in ("officer", "deputy")),
    (2, None, None, "head"),
    (3, None, None, "coordinator"),
)
_SEED = "pii seed"


async def load_plan(session: AsyncSession, plan: PlanData) -> Counter[str]:
    """Insert what is missing, by natural keys; return how many rows of each kind were new."""
    new: Counter[str] = Counter()
    new["organisations"] = await _organisations(session, plan)
    new["localities"] = await _add(
        session,
        Locality,
        [{"id": uuid4(), "code": plan.city.locality_code, "name": plan.city.name_vi}],
    )
    new["frameworks"] = await _framework(session, plan)
    framework_id = await session.scalar(
        select(Framework.id).where(Framework.year == plan.framework.year)
    )
    new["nodes"] = await _nodes(session, plan, framework_id)
    if new["frameworks"] or new["nodes"]:
        await _keep_version(session, plan, framework_id, first=bool(new["frameworks"]))
    new["responsibilities"] = await _responsibilities(session, plan, framework_id)
    new["official results"] = await _official_results(session, plan)
    if not await session.scalar(select(ReminderPolicy.id).limit(1)):
        new["reminder steps"] = await _reminder_steps(session)
    if any(new.values()):
        session.add(
            AuditEntry(
                actor_kind="system",
                actor_id=None,
                actor_name=_SEED,
                action="seeded",
                object_type="framework",
                object_id=str(plan.framework.year),
                changes={kind: [0, number] for kind, number in new.items() if number},
                reason=plan.framework.basis,
                trace_id="",
            )
        )
    return new


async def fill_calendar(session: AsyncSession, *, today: date, now: datetime) -> list[int]:
    """Fill this year, the next, and those of periods' deadlines from a library; return the years that were empty.

    None of them is confirmed by it: that takes the year's decision.
    """
    days = await session.execute(select(Period.due_on, Period.ministry_due_on))
    years = {today.year, today.year + 1} | {day.year for row in days for day in row if day}
    return [
        year
        for year in sorted(years)
        if FIRST_YEAR <= year <= LAST_YEAR and await fill_year(session, NOBODY, year, now=now)
    ]


async def _add(session: AsyncSession, model: Any, rows: list[dict[str, Any]]) -> int:
    added = await session.scalars(insert(model).on_conflict_do_nothing().returning(model.id), rows)
    return len(added.all())


async def _by_code(session: AsyncSession, statement: Select[str, UUID]) -> dict[str, UUID]:
    return dict((await session.execute(statement)).all())


async def _organisations(session: AsyncSession, plan: PlanData) -> int:
    rows = [
        {
            "id": uuid4(),
            "code": body.code,
            "name_vi": body.name_vi,
            "name_en": body.name_en,
            "kind": body.kind,
            "part_in_the_plan": body.part_in_the_plan,
            "plan_section": body.plan_section,
            "is_coordinator": body.is_coordinator,
            "search": fold(f"{body.code} {body.name_vi} {body.name_en}"),
        }
        for body in plan.organisations
    ]
    return await _add(session, Organisation, rows)


async def _framework(session: AsyncSession, plan: PlanData) -> int:
    framework = plan.framework
    row = {
        "id": uuid4(),
        "year": framework.year,
        "name_vi": framework.name_vi,
        "name_en": framework.name_en,
        "basis": framework.basis,
        "locality_code": plan.city.locality_code,
        "expected_local": framework.expected_local,
        "expected_central": framework.expected_central,
        "weights_assumed": framework.weights_assumed,
        # The plan is in force: its people work by it from the first day.
        "state": "published",
        "published_at": datetime.now(UTC),
        "method": {
            "engine": Method.from_dict(plan.method.engine).to_dict(),
            "assumed": [
                f"{note.vi} / {note.en}"
                for note in plan.method.assumed
                if note.status != "verified"
            ],
            "verified": [
                f"{note.vi} / {note.en}"
                for note in plan.method.assumed
                if note.status == "verified"
            ],
        },
    }
    return await _add(session, Framework, [row])


async def _keep_version(
    session: AsyncSession, plan: PlanData, framework_id: Any, *, first: bool
) -> None:
    """Freeze what was loaded; what is added to a published framework later is its next version."""
    framework = await session.get_one(Framework, framework_id, populate_existing=True)
    if framework.state == "draft":
        return
    framework.revision += 0 if first else 1
    reason = plan.framework.basis
    await keep_version(
        session, framework, by=None, by_name=_SEED, reason=reason, now=datetime.now(UTC)
    )


async def _nodes(session: AsyncSession, plan: PlanData, framework_id: Any) -> int:
    known = select(Node.code, Node.id).where(Node.framework_id == framework_id)
    ids = await _by_code(session, known)
    missing = [node for node in plan.nodes if node.code not in ids]
    # Parents stand before their children in the file.
    for node in missing:
        ids[node.code] = uuid4()
    rows = [
        {
            "id": ids[node.code],
            "framework_id": framework_id,
            "parent_id": ids[node.parent] if node.parent else None,
            **_node_values(node),
        }
        for node in missing
    ]
    return await _add(session, Node, rows) if rows else 0


def _node_values(node: PlanNode) -> dict[str, Any]:
    return {
        "code": node.code,
        "sort_key": sort_key(node.kind, node.code),
        "kind": node.kind,
        "name_vi": node.name_vi,
        "name_en": node.name_en,
        "weight": node.weight,
        "direction": node.direction,
        "unit": node.unit,
        "unit_assumed": node.unit_assumed,
        "lower_bound": node.lower_bound,
        "upper_bound": node.upper_bound,
        "supply": node.supply,
        "supply_assumed": node.supply_assumed,
        # The plan asks for figures with evidence; the coordinator may lift it for an indicator.
        "evidence_required": node.kind in {"indicator", "component"},
        "accepted_evidence": list(node.accepted_evidence),
        "source": node.source,
        "guidance_vi": node.guidance_vi,
        "guidance_en": node.guidance_en,
        "note": node.note,
        "search": fold(f"{node.code} {node.name_vi} {node.name_en}"),
    }


async def _responsibilities(session: AsyncSession, plan: PlanData, framework_id: Any) -> int:
    nodes = await _by_code(
        session, select(Node.code, Node.id).where(Node.framework_id == framework_id)
    )
    bodies = await _by_code(session, select(Organisation.code, Organisation.id))
    rows = [
        {
            "id": uuid4(),
            "node_id": nodes[duty.node],
            "organisation_id": bodies[duty.organisation],
            "role": duty.role,
            "legal_basis": duty.legal_basis,
            "plan_section": duty.plan_section,
            "valid_from": plan.framework.basis_date,
        }
        for duty in plan.responsibilities
    ]
    return await _add(session, Responsibility, rows)


async def _official_results(session: AsyncSession, plan: PlanData) -> int:
    kinds = {node.code: node.kind for node in plan.nodes}
    known = await session.execute(select(Locality.name, Locality.code))
    codes = {locality_key(name): code for name, code in known}
    rows = [
        {
            "id": uuid4(),
            "year": result.year,
            "locality": result.locality,
            "locality_code": codes.get(locality_key(result.locality)),
            "level": result.level,
            "node_code": node_of(result.level, kinds),
            "score": result.score,
            "rank": result.rank,
            "units_ranked": result.units_ranked,
            "note": result.note,
            "source": result.source,
            "search": fold(result.locality),
        }
        for result in plan.official_results
    ]
    return await _add(session, OfficialResult, rows)


async def _reminder_steps(session: AsyncSession) -> int:
    """Ship a policy of all duties, and one of requests for an explanation, which are answered in days."""
    default, explanations = uuid4(), uuid4()
    await _add(
        session,
        ReminderPolicy,
        [
            {"id": default, "name": "Mặc định / Default", "kind": None},
            {"id": explanations, "name": "Giải trình / Explanations", "kind": "explanation"},
        ],
    )
    return await _add(
        session,
        ReminderStep,
        [
            {
                "id": uuid4(),
                "policy_id": policy,
                "offset_days": offset,
                "days": "working",
                "repeat_every": every,
                "repeat_count": count,
                "audience": audience,
            }
            for policy, steps in ((default, DEFAULT_STEPS), (explanations, EXPLANATION_STEPS))
            for offset, every, count, audience in steps
        ],
    )
