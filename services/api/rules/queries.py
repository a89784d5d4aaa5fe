"""By which rules an indicator's figures are checked."""

from typing import Any
from uuid import UUID

from sqlalchemy import Integer, bindparam, case, func, literal_column, or_, select, true
from sqlalchemy.orm import aliased

from services.api.deps.caller import Caller
from services.api.deps.paging import page, start_of
from services.api.frameworks.queries import NEWEST_YEAR, NodeNotFoundError
from services.api.organisations.queries import OrganisationNotFoundError
from services.api.rules.schemas import ReviewRuleQuery, Rules
from shared.db import Reader
from shared.models import Framework, IndicatorRule, Node, Organisation, ReviewRule
from shared.units import scale_of

_MEMBERS = tuple(name for name in Rules.model_fields if name != "scale")
ONE_RULE = (
    select(
        Node.id.label("node_id"),
        Node.code.label("indicator"),
        Framework.year.label("framework"),
        Framework.state,
        Node.unit,
        case((~IndicatorRule.scale_from_unit, IndicatorRule.scale)).label("scale"),
        *(getattr(IndicatorRule, name) for name in _MEMBERS),
        IndicatorRule.updated_at,
    )
    .join(Framework, Framework.id == Node.framework_id)
    .outerjoin(IndicatorRule, IndicatorRule.node_id == Node.id)
    .where(
        Node.code == bindparam("code"),
        Framework.year
        == func.coalesce(bindparam("year", type_=Integer), NEWEST_YEAR.scalar_subquery()),
        or_(Node.kind == literal_column("'indicator'"), Node.kind == literal_column("'component'")),
    )
)


async def _row(read: Reader, code: str, year: int | None) -> Any:
    row = await read.first(ONE_RULE, code=code, year=year)
    if row is None:
        raise NodeNotFoundError
    return row


async def node_of(read: Reader, code: str, year: int | None) -> UUID:
    found: UUID = (await _row(read, code, year))["node_id"]
    return found


async def rules_shown(
    read: Reader, caller: Caller, *, code: str, year: int | None
) -> dict[str, Any]:
    shown = dict(await _row(read, code, year))
    del shown["node_id"]
    writes = shown.pop("state") != "retired" and caller.may("plan:write")
    if shown["updated_at"] is None:
        shown |= Rules().model_dump()
    unit_says = scale_of(shown.pop("unit"))
    shown["scale_used"] = unit_says if shown["scale"] is None else shown["scale"]
    return {**shown, "allowed_actions": ["edit"] if writes else []}


_Reviewer = aliased(Organisation)
_REVIEW = (
    select(
        Organisation.id,
        Organisation.code.label("organisation"),
        Organisation.name_vi,
        func.coalesce(
            ReviewRule.kind,
            case((Organisation.is_coordinator, "second_reviewer"), else_="one_reviewer"),
        ).label("kind"),
        _Reviewer.code.label("reviewer"),
        ReviewRule.updated_at,
    )
    .outerjoin(ReviewRule, ReviewRule.organisation_id == Organisation.id)
    .outerjoin(_Reviewer, _Reviewer.id == ReviewRule.reviewer_id)
)
ONE_REVIEW = _REVIEW.where(Organisation.code == bindparam("code"))
_REVIEWS = _REVIEW.order_by(Organisation.code).limit(bindparam("limit"))
REVIEWS = {
    False: _REVIEWS.where(true()),
    True: _REVIEWS.where(Organisation.code > bindparam("after")),
}


def _review(row: Any, caller: Caller) -> dict[str, Any]:
    shown = dict(row)
    del shown["id"]
    return {**shown, "allowed_actions": ["edit"] if caller.may("plan:write") else []}


async def reviews_page(read: Reader, caller: Caller, query: ReviewRuleQuery) -> dict[str, Any]:
    after = start_of(query, str)
    rows = await read.all(
        REVIEWS[after is not None], limit=query.limit + 1, after=after[0] if after else None
    )
    return page(query, rows, lambda row: _review(row, caller), lambda row: [row["organisation"]])


async def review_shown(read: Reader, caller: Caller, code: str) -> dict[str, Any]:
    row = await read.first(ONE_REVIEW, code=code)
    if row is None:
        raise OrganisationNotFoundError
    return _review(row, caller)
