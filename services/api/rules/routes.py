"""The rules by which an indicator's figures are checked."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.api.deps.answers import answer, require_match
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.paging import Code, Page
from services.api.rules import commands, queries, schemas

reading = APIRouter(prefix="/v1", tags=["plan"], route_class=Reading)
writing = APIRouter(prefix="/v1", tags=["plan"], route_class=Writing)

Of = Annotated[schemas.OfFramework, Query()]


@reading.get(
    "/indicators/{code}/rules",
    operation_id="getIndicatorRules",
    response_model=schemas.RulesShown,
)
async def get_rules(request: ReadRequest, code: Code, query: Of) -> Response:
    """Hard rules refuse a figure; soft ones ask for an explanation before it is submitted."""
    request.caller.require("plan:read")
    shown = await queries.rules_shown(request.read, request.caller, code=code, year=query.framework)
    return answer(request, shown)


@writing.put(
    "/indicators/{code}/rules",
    operation_id="setIndicatorRules",
    response_model=schemas.RulesShown,
)
async def set_rules(request: WriteRequest, code: Code, query: Of, body: schemas.Rules) -> Response:
    """Replace all of them. They hold for what is drafted or submitted from now on."""
    request.caller.require("plan:write")
    year = query.framework
    node_id = await queries.node_of(request.read, code, year)
    await commands.locked_node(request.db, node_id)
    shown = await queries.rules_shown(request.read, request.caller, code=code, year=year)
    require_match(request, shown)
    await commands.set_rules(
        request.db,
        request.caller,
        node_id,
        target=f"{shown['framework']}/{code}",
        rules=body,
        now=datetime.now(UTC),
    )
    read = await request.fresh()
    shown = await queries.rules_shown(read, request.caller, code=code, year=year)
    return answer(request, shown)


@reading.get(
    "/review-rules",
    operation_id="listReviewRules",
    response_model=Page[schemas.ReviewRuleShown],
)
async def list_reviews(
    request: ReadRequest, query: Annotated[schemas.ReviewRuleQuery, Query()]
) -> Response:
    """Who must accept each body's figures."""
    request.caller.require("plan:read")
    return answer(request, await queries.reviews_page(request.read, request.caller, query))


@reading.get(
    "/review-rules/{code}",
    operation_id="getReviewRule",
    response_model=schemas.ReviewRuleShown,
)
async def get_review(request: ReadRequest, code: Code) -> Response:
    request.caller.require("plan:read")
    return answer(request, await queries.review_shown(request.read, request.caller, code))


@writing.put(
    "/review-rules/{code}",
    operation_id="setReviewRule",
    response_model=schemas.ReviewRuleShown,
)
async def set_review(request: WriteRequest, code: Code, body: schemas.ReviewRule) -> Response:
    """Say who must accept this body's figures; the coordinator's own body always needs two."""
    request.caller.require("plan:write")
    await commands.locked_bodies(request.db, code, body.reviewer)
    require_match(request, await queries.review_shown(request.read, request.caller, code))
    await commands.set_review(request.db, request.caller, code, wanted=body, now=datetime.now(UTC))
    read = await request.fresh()
    return answer(request, await queries.review_shown(read, request.caller, code))


routers = (reading, writing)
