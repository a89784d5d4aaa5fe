"""Panels and published results."""

from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, and_, bindparam, func, or_, select, true

from services.api.deps.caller import Caller
from services.api.deps.paging import page, start_of
from services.api.panels.layouts import PanelRead
from services.api.panels.published import OfficialQuery
from services.api.panels.schemas import PanelQuery
from shared.db import Reader
from shared.errors import NotFoundError
from shared.models import Locality, Node, OfficialResult, Panel, PanelValue, Period
from shared.text import searched


class PanelNotFoundError(NotFoundError):
    """No panel has been loaded for this period.

    Chưa có bộ số liệu so sánh nào được nạp cho kỳ này.
    """


NEWEST_PANEL = (
    select(
        Panel.id,
        Period.code.label("period"),
        Panel.revision,
        Panel.source,
        Panel.made_up,
        Panel.loaded_by_name.label("loaded_by"),
        Panel.loaded_at,
        select(func.count(PanelValue.locality_id.distinct()))
        .where(PanelValue.panel_id == Panel.id)
        .scalar_subquery()
        .label("localities"),
        select(func.count())
        .select_from(PanelValue)
        .where(PanelValue.panel_id == Panel.id)
        .scalar_subquery()
        .label("values"),
    )
    .join(Period, Period.id == Panel.period_id)
    .where(Period.code == bindparam("period"))
    .order_by(Panel.revision.desc())
    .limit(1)
)
_OFFICIAL = select(
    OfficialResult.id,
    OfficialResult.year,
    OfficialResult.locality,
    OfficialResult.locality_code,
    OfficialResult.level,
    OfficialResult.node_code,
    OfficialResult.score,
    OfficialResult.rank,
    OfficialResult.units_ranked,
    OfficialResult.value,
    OfficialResult.note,
    OfficialResult.source,
    OfficialResult.imported_at,
    OfficialResult.imported_by_name.label("imported_by"),
)
_FILTERS = {
    "year": OfficialResult.year == bindparam("year"),
    "level": OfficialResult.level == bindparam("level"),
    "locality": OfficialResult.locality_code == bindparam("locality"),
    "node": OfficialResult.node_code == bindparam("node"),
    "q": OfficialResult.search.contains(bindparam("q"), autoescape=False),
    "after": or_(
        OfficialResult.year < bindparam("after_year"),
        and_(
            OfficialResult.year == bindparam("after_year"),
            OfficialResult.id > bindparam("after_id"),
        ),
    ),
}
VALUES = (
    select(Locality.code, Node.code.label("indicator"), PanelValue.value)
    .join(PanelValue, PanelValue.locality_id == Locality.id)
    .join(Node, Node.id == PanelValue.node_id)
    .where(PanelValue.panel_id == bindparam("panel"))
)
MOST_SAMPLES = 50


@lru_cache
def localities_statement(*, after: bool) -> Executable:
    statement = (
        select(
            Locality.code,
            Locality.name,
            func.jsonb_object_agg(Node.code, PanelValue.value).label("values"),
        )
        .join(PanelValue, PanelValue.locality_id == Locality.id)
        .join(Node, Node.id == PanelValue.node_id)
        .where(PanelValue.panel_id == bindparam("panel"))
        .group_by(Locality.id)
        .order_by(Locality.code)
        .limit(bindparam("limit"))
    )
    return statement.where(Locality.code > bindparam("after")) if after else statement


@lru_cache
def official_statement(filters: frozenset[str]) -> Executable:
    chosen = and_(true(), *(_FILTERS[name] for name in sorted(filters)))
    return (
        _OFFICIAL.where(chosen)
        .order_by(OfficialResult.year.desc(), OfficialResult.id)
        .limit(bindparam("limit"))
    )


async def panel_shown(read: Reader, caller: Caller, period: str) -> dict[str, Any]:
    row = await read.first(NEWEST_PANEL, period=period)
    if row is None:
        raise PanelNotFoundError
    return {**row, "allowed_actions": ["replace"] if caller.may("panels:write") else []}


async def panel_page(
    read: Reader, caller: Caller, period: str, query: PanelQuery
) -> dict[str, Any]:
    shown = await panel_shown(read, caller, period)
    after = start_of(query, str)
    rows = await read.all(
        localities_statement(after=after is not None),
        panel=shown["id"],
        limit=query.limit + 1,
        after=after[0] if after else None,
    )

    def locality(row: Any) -> dict[str, Any]:
        return {"code": row["code"], "name": row["name"], "values": row["values"]}

    return {**shown, **page(query, rows, locality, lambda row: [row["code"]])}


async def panel_difference(read: Reader, period: str, panel: PanelRead) -> dict[str, Any]:
    """Compare with the newest panel of the period; without one everything is added."""
    newest = await read.first(NEWEST_PANEL, period=period)
    rows = await read.all(VALUES, panel=newest["id"]) if newest else []
    old = {(row["code"], row["indicator"]): row["value"] for row in rows}
    changed = [key for key, value in panel.values.items() if key in old and old[key] != value]
    added, removed = panel.values.keys() - old.keys(), old.keys() - panel.values.keys()
    before, after = {code for code, _ in old}, panel.names.keys()
    samples = sorted(changed) + sorted(added | removed)
    return {
        "would_replace": newest["revision"] if newest else None,
        "localities_added": sorted(after - before),
        "localities_removed": sorted(before - after),
        "values_added": len(added),
        "values_removed": len(removed),
        "values_changed": len(changed),
        "samples": [
            {"code": key[0], "indicator": key[1], "from": old.get(key), "to": panel.values.get(key)}
            for key in samples[:MOST_SAMPLES]
        ],
    }


async def official_page(read: Reader, query: OfficialQuery) -> dict[str, Any]:
    values: dict[str, Any] = query.filters()
    names = frozenset(values)
    if "q" in values:
        values["q"] = searched(values["q"])
    if after := start_of(query, int, UUID):
        values["after_year"], values["after_id"] = after
        names |= {"after"}
    rows = await read.all(official_statement(names), limit=query.limit + 1, **values)
    return page(query, rows, dict, lambda row: [row["year"], row["id"]])
