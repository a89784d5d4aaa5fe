"""Other localities' figures, and what the ministry published."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.api.deps.answers import answer
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.paging import Code, Page
from services.api.panels import commands, queries, schemas

reading = APIRouter(prefix="/v1", tags=["panels"], route_class=Reading)
writing = APIRouter(prefix="/v1", tags=["panels"], route_class=Writing)

PANEL_LIMIT = 8 * 1024 * 1024  # bytes; 200 localities with 500 figures each


@reading.get("/panels/{period}", operation_id="getPanel", response_model=schemas.PanelPage)
async def get_panel(
    request: ReadRequest, period: Code, query: Annotated[schemas.PanelQuery, Query()]
) -> Response:
    """Show the newest panel of the period, a page of localities at a time."""
    request.caller.require("index:read")
    return answer(request, await queries.panel_page(request.read, request.caller, period, query))


@writing.put(
    "/panels/{period}",
    operation_id="loadPanel",
    response_model=schemas.PanelShown,
    max_body_size=PANEL_LIMIT,
)
async def load_panel(request: WriteRequest, period: Code, body: schemas.NewPanel) -> Response:
    """Load all localities' figures, whole or not at all. The city's own figures count where central bodies supply them."""
    request.caller.require("panels:write")
    await commands.load_panel(request.db, request.caller, period_code=period, new=body)
    return answer(request, await queries.panel_shown(await request.fresh(), request.caller, period))


@reading.get(
    "/official-results",
    operation_id="listOfficialResults",
    response_model=Page[schemas.OfficialResultShown],
)
async def list_official(
    request: ReadRequest, query: Annotated[schemas.OfficialQuery, Query()]
) -> Response:
    """Show what the ministry published, newest year first; scores of different years are not comparable."""
    request.caller.require("plan:read")
    return answer(request, await queries.official_page(request.read, query))


routers = (reading, writing)
