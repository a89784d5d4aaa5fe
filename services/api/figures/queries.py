"""The duties of a period that ask for a figure, each with its newest revision and the figure before it."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    ColumnElement,
    Executable,
    Uuid,
    and_,
    any_,
    bindparam,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.api.assignments.states import NEWEST, STATUS
from services.api.deps.caller import Caller
from services.api.deps.known import refuse_unknown
from services.api.deps.newest import keys_of_first
from services.api.deps.paging import page, start_of
from services.api.figures.columns import STATEMENT
from services.api.figures.rows import FIGURE
from services.api.figures.schemas import MOST_FIGURES, FigureQuery
from services.api.periods.queries import PERIOD_ROW, PeriodNotFoundError
from services.api.submissions.figures import EMPTY
from shared.db import Reader
from shared.errors import InvalidError
from shared.models import (
    Assignment,
    Node,
    Organisation,
    Period,
)
from shared.text import natural_key


class TooManyFiguresError(InvalidError):
    """The period has more duties than a file holds; ask for one body at a time.

    Kỳ có nhiều nhiệm vụ hơn mức một tệp chứa được; hãy lấy theo từng cơ quan.
    """


_DUTIES = (
    select(Assignment.id)
    .join(Period, Period.id == Assignment.period_id)
    .join(Node, Node.id == Assignment.node_id)
    .join(Organisation, Organisation.id == Assignment.organisation_id)
    .where(Assignment.kind == "figure", Period.code == bindparam("period"))
)
_FILTERS: dict[str, ColumnElement[bool]] = {
    "organisation": Organisation.code == bindparam("organisation"),
    "indicator": or_(
        Node.code == bindparam("indicator"),
        Node.sort_key.startswith(bindparam("below"), autoescape=False),
    ),
    "status": bindparam("status") == STATUS,
    "bodies": Assignment.organisation_id == any_(bindparam("bodies", type_=ARRAY(Uuid))),
    "after": or_(
        Assignment.sort_key > bindparam("after_key"),
        and_(Assignment.sort_key == bindparam("after_key"), Assignment.id > bindparam("after_id")),
    ),
}
_ORDER = (Assignment.sort_key, Assignment.id)
_SOME = FIGURE.where(
    Assignment.kind == "figure",
    Period.code == bindparam("period"),
    Assignment.id == any_(bindparam("ids", type_=ARRAY(Uuid))),
)
CONTENT: Mapping[str, Any] = {**EMPTY, "answer": None}
"""The members that a department fills in, as they are where nothing was written yet."""
PROOF: Mapping[str, Any] = {"document": None, "stated": None, "place": ""}
_AS_IT_IS = (
    "assignment",
    "period",
    "made_up",
    "organisation",
    "organisation_name_vi",
    "indicator",
    "indicator_name_vi",
    "indicator_name_en",
    "component_of",
    "unit",
    "guidance_vi",
    "guidance_en",
    "data_source",
    "lower_bound",
    "upper_bound",
    "expected_low",
    "expected_high",
    "integer_only",
    "decimals",
    "role",
    "due_on",
    "status",
    "evidence_required",
    "accepted_evidence",
)


@lru_cache
def figures_statement(filters: frozenset[str]) -> Executable:
    duties = _DUTIES.outerjoin(NEWEST, true()) if "status" in filters else _DUTIES
    first = keys_of_first(
        duties.where(and_(true(), *(_FILTERS[name] for name in sorted(filters)))),
        *_ORDER,
        few=bool(filters & {"organisation", "bodies"}),
    )
    return FIGURE.where(Assignment.id == any_(first)).order_by(*_ORDER)


def shown(row: Any, caller: Caller) -> dict[str, Any]:
    writes = caller.may("submissions:write", row["organisation_id"])
    # Drafts are the body's own until they are submitted.
    seen = row["submission"] is not None and (writes or row["state"] != "draft")
    may_write = writes and row["open"] and row["state"] != "submitted"
    made = {name: row[name] for name in _AS_IT_IS}
    made |= {name: row[name] if seen else None for name in ("submission", "revision", "state")}
    stands = seen and row["state"] != "withdrawn"
    made |= _content(row) if stands else CONTENT
    made |= {name: row[name] for name in PROOF} if stands else PROOF
    made["findings"] = orjson.loads(row["findings"]) if stands else []
    made["decision_reason"] = row["decision_reason"] if seen else None
    made["last_year"] = _last_year(row)
    made["writable"] = may_write
    made["version"] = _version(made)
    made["allowed_actions"] = ["import"] if may_write else []
    return made


def _content(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in CONTENT} | {
        "explanations": orjson.loads(row["explanations"])
    }


def _last_year(row: Any) -> dict[str, Any] | None:
    if row["last_period"] is None:
        return None
    names = ("period", "reference_year", "value", "numerator", "denominator")
    return {name: row[f"last_{name}"] for name in names}


def _version(made: Mapping[str, Any]) -> str:
    """Tell one state of the newest revision from another; the letter keeps spreadsheets from making it a date."""
    if made["submission"] is None:
        return "r0"
    told = [
        str(made["submission"]),
        made["state"],
        *(made[name] for name in (*CONTENT, *STATEMENT)),
    ]
    digest = hashlib.blake2b(orjson.dumps(told, option=orjson.OPT_SORT_KEYS), digest_size=6)
    return f"r{made['revision']}-{digest.hexdigest()}"


async def period_of(read: Reader, code: str) -> Any:
    period = await read.first(PERIOD_ROW, code=code)
    if period is None:
        raise PeriodNotFoundError
    return period


async def figures_page(
    read: Reader, caller: Caller, period: str, query: FigureQuery
) -> dict[str, Any]:
    names, values = _asked(caller, query)
    if after := start_of(query, str, UUID):
        values["after_key"], values["after_id"] = after
        names |= {"after"}
    statement = figures_statement(names)
    rows = await read.all(statement, period=period, limit=query.limit + 1, **values)
    if not rows:
        await refuse_unknown(read, query)
    return page(
        query,
        rows,
        lambda row: shown(row, caller),
        lambda row: [row["sort_key"], row["assignment"]],
    )


async def all_figures(
    read: Reader, caller: Caller, period: str, query: FigureQuery
) -> list[dict[str, Any]]:
    names, values = _asked(caller, query)
    statement = figures_statement(names)
    rows = await read.all(statement, period=period, limit=MOST_FIGURES + 1, **values)
    if len(rows) > MOST_FIGURES:
        raise TooManyFiguresError
    return [shown(row, caller) for row in rows]


def _asked(caller: Caller, query: FigureQuery) -> tuple[frozenset[str], dict[str, Any]]:
    caller.require("submissions:read")
    bodies = caller.own_only("assignments:read")
    values: dict[str, Any] = query.filters()
    names = frozenset(values)
    if query.indicator:
        values["below"] = natural_key(query.indicator).replace("_", "\\_") + "."
    if bodies is not None:
        values["bodies"] = bodies
        names |= {"bodies"}
    return names, values


async def some_figures(read: Reader, period: str, ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Find duties of the period by id, whoever's they are."""
    return {row["assignment"]: row for row in await read.all(_SOME, period=period, ids=list(ids))}
