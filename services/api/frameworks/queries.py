"""The framework's tree and its indicators, in natural order and found without accents."""

from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import (
    Executable,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from services.api.deps.caller import Caller
from services.api.deps.paging import page, start_of
from services.api.frameworks.schemas import FrameworkQuery, IndicatorQuery
from services.api.frameworks.states import ACTIONS, NODE_ACTIONS
from shared.db import Reader
from shared.duty import day_in_hanoi
from shared.errors import NotFoundError
from shared.models import Framework, Node, Organisation, Responsibility
from shared.text import searched


class FrameworkNotFoundError(NotFoundError):
    """There is no framework for this year.

    Không có bộ chỉ số của năm này.
    """


class NodeNotFoundError(NotFoundError):
    """The framework has no node with this code.

    Bộ chỉ số không có mục mang mã này.
    """


_FRAMEWORK = select(
    Framework.id,
    Framework.year,
    Framework.name_vi,
    Framework.name_en,
    Framework.basis,
    Framework.locality_code,
    Framework.weights_assumed,
    Framework.state,
    Framework.published_at,
    Framework.revision,
    Framework.updated_at,
)
FRAMEWORK_BY_YEAR = _FRAMEWORK.add_columns(
    Framework.method, Framework.expected_local, Framework.expected_central
).where(Framework.year == bindparam("year"))
# A draft is seen by those who ask for its year.
NEWEST_YEAR = select(func.max(Framework.year)).where(Framework.state == "published")

_Parent = aliased(Node)
_NODE = (
    select(
        Node.code,
        _Parent.code.label("parent"),
        Node.kind,
        Node.name_vi,
        Node.name_en,
        Node.weight,
        Framework.weights_assumed.label("weight_assumed"),
        Node.direction,
        Node.unit,
        Node.unit_assumed,
        Node.lower_bound,
        Node.upper_bound,
        Node.goalpost_min,
        Node.goalpost_max,
        Node.target,
        Node.treatment,
        Node.combination,
        Node.supply,
        Node.supply_assumed,
        Node.evidence_required,
        Node.accepted_evidence,
        Node.source,
        Node.guidance_vi,
        Node.guidance_en,
        Node.note,
        Node.updated_at,
        Framework.state,
    )
    .join(Framework, Framework.id == Node.framework_id)
    .outerjoin(_Parent, _Parent.id == Node.parent_id)
    .where(Framework.year == bindparam("year"))
)
NODES = _NODE.order_by(Node.sort_key)
ONE_NODE = _NODE.where(Node.code == bindparam("code"))

_today = day_in_hanoi(func.now())
_Holder = aliased(Node)
# Written out, because PostgreSQL takes two parameters of one value for two expressions when it groups.
_is_component = _Holder.kind == literal_column("'component'")
_indicator_id = case((_is_component, _Holder.parent_id), else_=_Holder.id)
_held = (
    select(
        _indicator_id.label("node_id"),
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_object(
                    "organisation",
                    Organisation.code,
                    "name_vi",
                    Organisation.name_vi,
                    "role",
                    Responsibility.role,
                    "component",
                    case((_is_component, _Holder.code)),
                ),
                _Holder.sort_key,
                Responsibility.role,
                Organisation.code,
            )
        ).label("leads"),
        func.array_agg(Organisation.code)
        .filter(or_(Responsibility.role == "lead", Responsibility.role == "joint_lead"))
        .label("lead_codes"),
    )
    .join(Responsibility, Responsibility.node_id == _Holder.id)
    .join(Organisation, Organisation.id == Responsibility.organisation_id)
    .where(
        Responsibility.valid_from <= _today,
        func.coalesce(Responsibility.valid_to, text("'infinity'::date")) >= _today,
    )
    .group_by(_indicator_id)
    .subquery("held")
)
_Group, _Pillar = aliased(Node), aliased(Node)


def _indicators() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Node.code,
            Node.name_vi,
            Node.name_en,
            Framework.year.label("framework"),
            _Group.code.label("group"),
            _Pillar.code.label("pillar"),
            Node.unit,
            Node.direction,
            Node.weight,
            Node.lower_bound,
            Node.upper_bound,
            Node.supply,
            Node.supply_assumed,
            Node.evidence_required,
            Node.accepted_evidence,
            Node.source,
            Node.guidance_vi,
            Node.guidance_en,
            cast(_held.c.leads, Text).label("responsibilities"),
            Node.sort_key,
            Framework.state,
        )
        .join(Framework, Framework.id == Node.framework_id)
        .join(_Group, _Group.id == Node.parent_id)
        .join(_Pillar, _Pillar.id == _Group.parent_id)
        .outerjoin(_held, _held.c.node_id == Node.id)
        .where(Node.kind == "indicator")
    )


_FILTERS = {
    "framework": Framework.year == bindparam("framework"),
    "newest": Framework.year == NEWEST_YEAR.scalar_subquery(),
    "pillar": _Pillar.code == bindparam("pillar"),
    "group": _Group.code == bindparam("group"),
    "lead": bindparam("lead", type_=Text) == func.any(_held.c.lead_codes),
    "supply": Node.supply == bindparam("supply"),
    "q": Node.search.contains(bindparam("q")),
    "after": Node.sort_key > bindparam("after"),
    "code": Node.code == bindparam("code"),
}


@lru_cache
def indicators_statement(filters: frozenset[str]) -> Executable:
    chosen = and_(*(_FILTERS[name] for name in sorted(filters)))
    return _indicators().where(chosen).order_by(Node.sort_key).limit(bindparam("limit"))


def _shown(row: Any, *, writes: bool) -> dict[str, Any]:
    shown = dict(row)
    del shown["sort_key"]
    shown["responsibilities"] = orjson.Fragment(row["responsibilities"] or "[]")
    actions = NODE_ACTIONS[shown.pop("state")]
    shown["allowed_actions"] = actions if writes else []
    return shown


async def indicators_page(read: Reader, caller: Caller, query: IndicatorQuery) -> dict[str, Any]:
    values: dict[str, Any] = query.filters()
    if "q" in values:
        values["q"] = searched(values["q"])
    if after := start_of(query, str):
        values["after"] = after[0]
    if "framework" not in values:
        values["newest"] = True
    rows = await read.all(indicators_statement(frozenset(values)), limit=query.limit + 1, **values)
    writes = caller.may("plan:write")
    return page(query, rows, lambda row: _shown(row, writes=writes), lambda row: [row["sort_key"]])


async def indicator_shown(
    read: Reader, caller: Caller, *, code: str, year: int | None
) -> dict[str, Any]:
    filters = frozenset({"code", "framework" if year else "newest"})
    row = await read.first(indicators_statement(filters), code=code, framework=year, limit=1)
    if row is None:
        raise NodeNotFoundError
    return _shown(row, writes=caller.may("plan:write"))


async def frameworks_page(read: Reader, caller: Caller, query: FrameworkQuery) -> dict[str, Any]:
    after = start_of(query, int)
    rows = await read.all(
        frameworks_statement(after=after is not None),
        limit=query.limit + 1,
        after=after[0] if after else None,
    )
    return page(
        query,
        rows,
        lambda row: {**row, "allowed_actions": _actions(caller, row["state"])},
        lambda row: [row["year"]],
    )


@lru_cache
def frameworks_statement(*, after: bool) -> Executable:
    statement = _FRAMEWORK.order_by(Framework.year.desc()).limit(bindparam("limit"))
    return statement.where(Framework.year < bindparam("after")) if after else statement


def _actions(caller: Caller, state: str) -> list[str]:
    return ACTIONS[state] if caller.may("plan:write") else []


def node_shown(row: Any, caller: Caller) -> dict[str, Any]:
    shown = dict(row)
    state = shown.pop("state")
    actions = NODE_ACTIONS[state] if caller.may("plan:write") else []
    return {**shown, "allowed_actions": actions}


async def framework_tree(read: Reader, caller: Caller, year: int) -> dict[str, Any]:
    framework = await read.first(FRAMEWORK_BY_YEAR, year=year)
    if framework is None:
        raise FrameworkNotFoundError
    shown = dict(framework)
    expected = {
        "local": shown.pop("expected_local"),
        "central": shown.pop("expected_central"),
        "unknown": None,
    }
    nodes = [node_shown(row, caller) for row in await read.all(NODES, year=year)]
    marks = [node["supply"] for node in nodes if node["kind"] == "indicator"]
    return {
        **shown,
        "supply": {
            supply: {"marked": marks.count(supply), "expected": number}
            for supply, number in expected.items()
        },
        "nodes": nodes,
        "allowed_actions": _actions(caller, shown["state"]),
    }


async def one_node(read: Reader, caller: Caller, *, year: int, code: str) -> dict[str, Any]:
    row = await read.first(ONE_NODE, year=year, code=code)
    if row is None:
        raise NodeNotFoundError
    return node_shown(row, caller)
