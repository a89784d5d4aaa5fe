"""Frameworks by year, their nodes and the indicators."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from services.api.deps.answers import answer, require_match
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.paging import Code, Page
from services.api.frameworks import commands, queries, schemas

reading = APIRouter(prefix="/v1", tags=["plan"], route_class=Reading)
writing = APIRouter(prefix="/v1", tags=["plan"], route_class=Writing)

FrameworkYear = Annotated[int, Path(ge=2000, le=2200)]


@reading.get(
    "/frameworks", operation_id="listFrameworks", response_model=Page[schemas.FrameworkShown]
)
async def list_frameworks(
    request: ReadRequest, query: Annotated[schemas.FrameworkQuery, Query()]
) -> Response:
    request.caller.require("plan:read")
    return answer(request, await queries.frameworks_page(request.read, request.caller, query))


@reading.get(
    "/frameworks/{year}", operation_id="getFramework", response_model=schemas.FrameworkTree
)
async def get_framework(request: ReadRequest, year: FrameworkYear) -> Response:
    """Show the whole tree in natural order, and how far ``supply`` is from the plan's 13 and 39."""
    request.caller.require("plan:read")
    return answer(request, await queries.framework_tree(request.read, request.caller, year))


@reading.get(
    "/frameworks/{year}/nodes/{code}", operation_id="getNode", response_model=schemas.NodeShown
)
async def get_node(request: ReadRequest, year: FrameworkYear, code: Code) -> Response:
    request.caller.require("plan:read")
    return answer(
        request, await queries.one_node(request.read, request.caller, year=year, code=code)
    )


@writing.patch(
    "/frameworks/{year}/nodes/{code}", operation_id="changeNode", response_model=schemas.NodeShown
)
async def change_node(
    request: WriteRequest, year: FrameworkYear, code: Code, body: schemas.NodePatch
) -> Response:
    """State a name, weight, bound, goalpost or supply. Only members that are sent are changed."""
    request.caller.require("plan:write")
    shown = await queries.one_node(request.read, request.caller, year=year, code=code)
    require_match(request, shown)
    values = {
        name: value
        for name, value in body.model_dump(exclude_unset=True).items()
        if value is not None or name in NULLABLE
    }
    await commands.change_node(
        request.db, request.caller, year=year, code=code, values=values, now=datetime.now(UTC)
    )
    read = await request.fresh()
    return answer(request, await queries.one_node(read, request.caller, year=year, code=code))


NULLABLE = frozenset({"lower_bound", "upper_bound", "goalpost_min", "goalpost_max"})


@reading.get(
    "/indicators", operation_id="listIndicators", response_model=Page[schemas.IndicatorShown]
)
async def list_indicators(
    request: ReadRequest, query: Annotated[schemas.IndicatorQuery, Query()]
) -> Response:
    request.caller.require("plan:read")
    return answer(request, await queries.indicators_page(request.read, request.caller, query))


@reading.get(
    "/indicators/{code}", operation_id="getIndicator", response_model=schemas.IndicatorShown
)
async def get_indicator(
    request: ReadRequest, code: Code, query: Annotated[schemas.OneFramework, Query()]
) -> Response:
    request.caller.require("plan:read")
    shown = await queries.indicator_shown(
        request.read, request.caller, code=code, year=query.framework
    )
    return answer(request, shown)


routers = (reading, writing)
