"""The versions of a framework, and what one framework says otherwise than another."""

from functools import lru_cache
from typing import Any

from sqlalchemy import Executable, bindparam, func, literal_column, or_, select

from services.api.deps.clock import today_in_hanoi
from services.api.deps.paging import page, start_of
from services.api.frameworks.difference import method_difference, node_difference, rule_difference
from services.api.frameworks.queries import FRAMEWORK_BY_YEAR, NODES, FrameworkNotFoundError
from services.api.frameworks.schemas import DifferenceQuery, VersionQuery
from shared.db import Reader
from shared.errors import NotFoundError
from shared.models import (
    Framework,
    FrameworkVersion,
    IndicatorRule,
    Node,
    Organisation,
    Responsibility,
)
from shared.models.review import RULE_DEFAULTS
from shared.units import scale_of


class VersionNotFoundError(NotFoundError):
    """The framework has no version of this revision.

    Bộ chỉ số không có phiên bản này.
    """


_VERSION = (
    select(
        FrameworkVersion.revision,
        FrameworkVersion.hash,
        FrameworkVersion.reason,
        FrameworkVersion.created_by_name,
        FrameworkVersion.created_at,
    )
    .join(Framework, Framework.id == FrameworkVersion.framework_id)
    .where(Framework.year == bindparam("year"))
)
ONE_VERSION = _VERSION.add_columns(FrameworkVersion.nodes, FrameworkVersion.method).where(
    FrameworkVersion.revision == bindparam("revision")
)

_DUTIES = (
    select(Node.code.label("node"), Organisation.code.label("organisation"), Responsibility.role)
    .join(Node, Node.id == Responsibility.node_id)
    .join(Framework, Framework.id == Node.framework_id)
    .join(Organisation, Organisation.id == Responsibility.organisation_id)
    .where(
        Framework.year == bindparam("year"),
        Responsibility.valid_from <= bindparam("today"),
        func.coalesce(Responsibility.valid_to, bindparam("today")) >= bindparam("today"),
    )
    .order_by(Node.sort_key, Organisation.code, Responsibility.role)
)


_RULES = (
    select(
        Node.code,
        Node.unit,
        IndicatorRule.node_id,
        IndicatorRule.scale,
        IndicatorRule.scale_from_unit,
        *(getattr(IndicatorRule, name) for name in RULE_DEFAULTS),
    )
    .join(Framework, Framework.id == Node.framework_id)
    .outerjoin(IndicatorRule, IndicatorRule.node_id == Node.id)
    .where(
        Framework.year == bindparam("year"),
        or_(Node.kind == literal_column("'indicator'"), Node.kind == literal_column("'component'")),
    )
    .order_by(Node.sort_key)
)


@lru_cache
def versions_statement(*, after: bool) -> Executable:
    statement = _VERSION.order_by(FrameworkVersion.revision.desc()).limit(bindparam("limit"))
    return statement.where(FrameworkVersion.revision < bindparam("after")) if after else statement


async def versions_page(read: Reader, query: VersionQuery, *, year: int) -> dict[str, Any]:
    await _framework(read, year)
    after = start_of(query, int)
    rows = await read.all(
        versions_statement(after=after is not None),
        year=year,
        limit=query.limit + 1,
        after=after[0] if after else None,
    )
    return page(query, rows, dict, lambda row: [row["revision"]])


async def version_shown(read: Reader, *, year: int, revision: int) -> dict[str, Any]:
    await _framework(read, year)
    row = await read.first(ONE_VERSION, year=year, revision=revision)
    if row is None:
        raise VersionNotFoundError
    return dict(row)


async def difference_shown(read: Reader, query: DifferenceQuery, *, year: int) -> dict[str, Any]:
    """Compare this year's framework as it stands with another, or with one of its own versions."""
    old = await _stood(read, query.other, query.revision)
    new = await _stood(read, year, None)
    return {
        "from": {name: old[name] for name in ("year", "revision")},
        "to": {name: new[name] for name in ("year", "revision")},
        **node_difference(old["nodes"], new["nodes"]),
        "method": method_difference(old["method"], new["method"]),
        "rules": await _rules(read, query.other, year),
        **await _duties(read, query.other, year),
    }


async def _rules(read: Reader, old: int, new: int) -> list[dict[str, Any]]:
    """Compare by which rules figures are checked today; versions keep no rules."""
    before = [_rules_of(row) for row in await read.all(_RULES, year=old)]
    after = [_rules_of(row) for row in await read.all(_RULES, year=new)]
    return rule_difference(before, after)


def _rules_of(row: Any) -> dict[str, Any]:
    """Say all of a node's rules, the scale as it is used, whoever said it."""
    said = row["node_id"] is not None
    rules = {name: row[name] if said else usual for name, usual in RULE_DEFAULTS.items()}
    own_scale = said and not row["scale_from_unit"]
    scale = row["scale"] if own_scale else scale_of(row["unit"])
    return {"code": row["code"], "scale": scale, **rules}


async def _duties(read: Reader, old: int, new: int) -> dict[str, list[dict[str, Any]]]:
    """Say who answers today in one year's framework and not in the other's; versions keep no responsibilities."""
    today = today_in_hanoi()
    before = [dict(row) for row in await read.all(_DUTIES, year=old, today=today)]
    after = [dict(row) for row in await read.all(_DUTIES, year=new, today=today)]
    return {
        "assigned": [duty for duty in after if duty not in before],
        "released": [duty for duty in before if duty not in after],
    }


async def _stood(read: Reader, year: int, revision: int | None) -> dict[str, Any]:
    if revision is not None:
        return {"year": year, **await version_shown(read, year=year, revision=revision)}
    framework = await _framework(read, year)
    return {
        "year": year,
        "revision": framework["revision"],
        "nodes": await read.all(NODES, year=year),
        "method": framework["method"]["engine"],
    }


async def _framework(read: Reader, year: int) -> Any:
    framework = await read.first(FRAMEWORK_BY_YEAR, year=year)
    if framework is None:
        raise FrameworkNotFoundError
    return framework
