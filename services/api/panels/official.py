"""Take in what the ministry published: new rows, and corrections of what is stored."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, record
from services.api.deps.caller import Caller
from services.api.frameworks.queries import FrameworkNotFoundError
from services.api.panels.names import level_of, locality_key
from services.api.panels.queries import MOST_SAMPLES
from services.api.panels.results import Known, Result, read_results
from services.api.sheets.faults import Faults
from services.api.sheets.tables import Table
from shared.models import Framework, Locality, Node, OfficialResult
from shared.text import fold

Correction = tuple[OfficialResult, dict[str, Any]]
"""A stored row, and its members that the file states otherwise."""
_UNKNOWN: dict[str, Any] = {"score": None, "rank": None, "value": None, "note": ""}


class CheckedResults(NamedTuple):
    """What a file says of a year, what is wrong with it, and what it would change or has changed."""

    framework: int
    results: list[Result]
    faults: Faults
    new: int
    changed: int
    samples: list[dict[str, Any]]


async def import_results(
    session: AsyncSession,
    caller: Caller,
    *,
    year: int,
    table: Table,
    source: str,
    dry_run: bool,
    now: datetime,
) -> CheckedResults:
    """Check a file; store it unless it is a dry run. A dry run raises nothing for what is in the file."""
    framework, kinds = await _tree_of(session, year)
    stored = await _stored(session, year, lock=not dry_run)
    known = await _known(session, kinds, stored)
    results, faults = await asyncio.to_thread(read_results, table, known, year=year, source=source)
    if not dry_run:
        faults.refuse()
    new, corrections = _compared(results, stored)
    samples = _samples(corrections)
    if not dry_run:
        stamp = {"imported_at": now, "imported_by": caller.id, "imported_by_name": caller.name}
        await _store(session, year, kinds, new, stamp)
        _correct(session, caller, corrections, stamp)
        _record(session, caller, year, len(new), len(corrections))
    return CheckedResults(framework, results, faults, len(new), len(corrections), samples)


async def _tree_of(session: AsyncSession, year: int) -> tuple[int, dict[str, str]]:
    """Find the framework whose nodes a year's results are of: its own, the nearest before, or the first."""
    near = (
        select(Framework.id, Framework.year)
        .where(Framework.state != "draft")
        .order_by((Framework.year > year), func.abs(Framework.year - year))
        .limit(1)
    )
    framework = (await session.execute(near)).one_or_none()
    if framework is None:
        raise FrameworkNotFoundError
    nodes = select(Node.code, Node.kind).where(Node.framework_id == framework.id)
    return framework.year, dict((await session.execute(nodes.order_by(Node.sort_key))).all())


async def _stored(session: AsyncSession, year: int, *, lock: bool) -> list[OfficialResult]:
    found = select(OfficialResult).where(OfficialResult.year == year).order_by(OfficialResult.id)
    return list(await session.scalars(found.with_for_update() if lock else found))


async def _known(
    session: AsyncSession, kinds: dict[str, str], stored: Iterable[OfficialResult]
) -> Known:
    localities = await session.execute(select(Locality.code, Locality.name))
    names = {row.locality_code: row.locality for row in stored if row.locality_code}
    names |= dict(localities.all())
    codes = {locality_key(name): code for code, name in names.items()}
    codes |= {locality_key(row.locality): row.locality_code for row in stored if row.locality_code}
    return Known(kinds, names, codes)


def _compared(
    results: list[Result], stored: Iterable[OfficialResult]
) -> tuple[list[Result], list[Correction]]:
    """Part what is new from what is stored otherwise; what is stored so already is neither."""
    rows: dict[tuple[str, str], OfficialResult] = {}
    for known in stored:
        if known.node_code is not None:
            rows[locality_key(known.locality), known.node_code] = known
            rows[known.locality_code or "", known.node_code] = known
    new: list[Result] = []
    corrections: list[Correction] = []
    for result in results:
        row = next((rows[key] for key in result.keys if key in rows), None)
        if row is None:
            new.append(result)
            continue
        told = {**result.given, "locality_code": result.locality_code or row.locality_code}
        if other := {name: told[name] for name in told if getattr(row, name) != told[name]}:
            corrections.append((row, other))
    return new, corrections


async def _store(
    session: AsyncSession,
    year: int,
    kinds: dict[str, str],
    new: list[Result],
    stamp: dict[str, Any],
) -> None:
    rows = [
        {
            "id": uuid4(),
            "year": year,
            "locality": result.locality,
            "locality_code": result.locality_code,
            "level": level_of(kinds[result.node], result.node),
            "node_code": result.node,
            "search": fold(result.locality),
            **_UNKNOWN,
            **result.given,
            **stamp,
        }
        for result in new
    ]
    if rows:
        await session.execute(insert(OfficialResult), rows)


def _correct(
    session: AsyncSession, caller: Caller, corrections: list[Correction], stamp: dict[str, Any]
) -> None:
    for row, other in corrections:
        changes = apply(row, other)
        apply(row, stamp)
        record(session, caller, "corrected", ("official_result", row.id), changes=changes)


def _record(session: AsyncSession, caller: Caller, year: int, new: int, changed: int) -> None:
    if new or changed:
        record(
            session,
            caller,
            "imported",
            ("official_results", str(year)),
            changes={"new": [None, new], "changed": [None, changed]},
        )


def _samples(corrections: list[Correction]) -> list[dict[str, Any]]:
    return [
        {
            "locality": row.locality,
            "node": row.node_code,
            "member": name,
            "from": getattr(row, name),
            "to": value,
        }
        for row, other in corrections
        for name, value in other.items()
    ][:MOST_SAMPLES]
