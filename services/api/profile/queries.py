"""The city's profile: one stored run, beside the one of the year before."""

from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, func, or_, select

from services.api.index.queries import NoPeriodError, RunNotFoundError
from services.api.periods.queries import MEANT, PeriodNotFoundError
from services.api.profile import standing, years
from services.api.profile.schemas import ProfileQuery
from services.api.profile.standing import Row
from shared.composite import Method
from shared.db import Reader
from shared.freshness import is_stale, newest_run_id
from shared.models import Framework, Locality, Node, Period, Run, RunNode

_SHOWN = (
    select(
        Period.code,
        Period.name,
        Period.reference_year,
        Period.made_up,
        Period.state,
        Framework.year.label("framework"),
        Framework.name_vi,
        Framework.name_en,
        Framework.locality_code,
        Locality.name.label("locality"),
        is_stale.label("stale"),
        Run.id.label("run_id"),
        Run.number,
        Run.created_at,
        Run.hash,
        Run.trace_id,
        Run.score,
        Run.rank,
        Run.units,
        Run.framework_revision,
        Run.summary,
        Run.inputs["method"].label("method"),
    )
    .join(Framework, Framework.id == Period.framework_id)
    .outerjoin(Locality, Locality.code == Framework.locality_code)
)
_NEWEST = _SHOWN.outerjoin(Run, Run.id == newest_run_id)
NEWEST_OF_PERIOD = _NEWEST.where(Period.code == bindparam("period"))
NEWEST = _NEWEST.where(Period.opened_at.is_not(None)).order_by(*MEANT).limit(1)
ONE_RUN = _SHOWN.join(Run, Run.period_id == Period.id).where(
    Run.id == bindparam("run"),
    or_(bindparam("period", type_=Period.code.type).is_(None), Period.code == bindparam("period")),
)
NEWEST_OF_YEAR = (
    _SHOWN.join(Run, Run.id == newest_run_id)
    .where(Period.reference_year == bindparam("year"), Period.opened_at.is_not(None))
    .order_by(*MEANT)
    .limit(1)
)
NODES = (
    select(
        RunNode.code,
        RunNode.kind,
        RunNode.parent_code,
        func.coalesce(Node.name_vi, "").label("name_vi"),
        func.coalesce(Node.name_en, "").label("name_en"),
        RunNode.score,
        RunNode.rank,
        RunNode.ranked,
        RunNode.coverage,
        RunNode.weight,
        RunNode.weight_in_force,
        RunNode.contribution,
        RunNode.reason,
    )
    .join(Run, Run.id == RunNode.run_id)
    .outerjoin(Node, and_(Node.framework_id == Run.framework_id, Node.code == RunNode.code))
    .where(RunNode.run_id == bindparam("run"))
    .order_by(RunNode.sort_key)
)
_FIELDS = [field.name for field in fields(Row)]


async def _found(read: Reader, query: ProfileQuery) -> Any:
    if query.run:
        row = await read.first(ONE_RUN, run=query.run, period=query.period)
        if row is None:
            raise RunNotFoundError
    elif query.period:
        row = await read.first(NEWEST_OF_PERIOD, period=query.period)
        if row is None:
            raise PeriodNotFoundError
    else:
        row = await read.first(NEWEST)
        if row is None:
            raise NoPeriodError
    return row


async def _rows(read: Reader, run_id: UUID | None) -> list[Row]:
    if run_id is None:
        return []
    found = await read.all(NODES, run=run_id)
    return [Row(**{name: row[name] for name in _FIELDS}) for row in found]


async def profile(read: Reader, query: ProfileQuery) -> dict[str, Any]:
    """Make the profile of the run that is asked for; all but its name is empty before the first run."""
    found = await _found(read, query)
    rows = await _rows(read, found["run_id"])
    shown = standing.indicators(rows)
    strengths, weaknesses = standing.strengths_and_weaknesses(shown)
    return {
        **_head(found),
        "coverage": next((row.coverage for row in rows if row.parent_code is None), None),
        "subindices": [standing.level(row) for row in rows if row.kind == "subindex"],
        "pillars": [standing.level(row) for row in rows if row.kind == "pillar"],
        "indicators": shown,
        "strengths": strengths,
        "weaknesses": weaknesses,
        "groups": standing.groups(shown),
        "last_year": await _last_year(read, found, rows),
    }


def _head(found: Any) -> dict[str, Any]:
    summary = found["summary"] or {}
    method = Method.from_dict(found["method"]) if found["method"] else None
    code = found["locality_code"]
    return {
        "result": "estimate",
        "made_up": _made_up(found),
        "stale": found["stale"],
        "assumed": summary.get("assumed", []),
        "locality": {"code": code, "name": found["locality"] or code},
        "framework": {
            "year": found["framework"],
            "name_vi": found["name_vi"],
            "name_en": found["name_en"],
            "revision": found["framework_revision"],
        },
        "period": _period(found),
        "run": _run(found) if found["run_id"] else None,
        "score": found["score"],
        "rank": found["rank"],
        "units": found["units"] or 0,
        "scale": method.normalisation.range if method else None,
    }


def _made_up(found: Any) -> bool:
    return found["made_up"] or bool((found["summary"] or {}).get("made_up"))


def _period(found: Any) -> dict[str, Any]:
    return {name: found[name] for name in ("code", "name", "reference_year", "framework", "state")}


def _run(found: Any) -> dict[str, Any]:
    named = {name: found[name] for name in ("number", "created_at", "hash", "trace_id")}
    return {"id": found["run_id"], **named}


def _basis(found: Any) -> years.Basis:
    return years.Basis(
        framework=found["framework"],
        revision=found["framework_revision"],
        method=Method.from_dict(found["method"]),
        units=found["units"],
    )


async def _last_year(read: Reader, found: Any, rows: list[Row]) -> dict[str, Any] | None:
    if found["run_id"] is None:
        return None
    then = await read.first(NEWEST_OF_YEAR, year=found["reference_year"] - 1)
    if then is None:
        return None
    reasons = years.breaks(_basis(found), _basis(then))
    return {
        "period": _period(then),
        "run": _run(then),
        "made_up": _made_up(then),
        "comparable": reasons is None,
        "reason_vi": reasons[0] if reasons else None,
        "reason_en": reasons[1] if reasons else None,
        **years.against(rows, await _rows(read, then["run_id"]), comparable=reasons is None),
    }
