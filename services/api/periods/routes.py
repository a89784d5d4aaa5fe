"""Reporting periods."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.api.deps.answers import answer, require_match
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.fields import Nothing
from services.api.deps.paging import Code, Page
from services.api.periods import commands, queries, schemas

reading = APIRouter(prefix="/v1/periods", tags=["periods"], route_class=Reading)
writing = APIRouter(prefix="/v1/periods", tags=["periods"], route_class=Writing)


@reading.get("", operation_id="listPeriods", response_model=Page[schemas.PeriodShown])
async def list_periods(
    request: ReadRequest, query: Annotated[schemas.PeriodQuery, Query()]
) -> Response:
    """Newest first."""
    request.caller.require("plan:read")
    return answer(request, await queries.periods_page(request.read, request.caller, query))


@reading.get("/{code}", operation_id="getPeriod", response_model=schemas.PeriodShown)
async def get_period(request: ReadRequest, code: Code) -> Response:
    request.caller.require("plan:read")
    return answer(request, await queries.period_shown(request.read, request.caller, code))


@writing.post("", operation_id="createPeriod", status_code=201, response_model=schemas.PeriodShown)
async def create_period(request: WriteRequest, body: schemas.NewPeriod) -> Response:
    request.caller.require("periods:write")
    await commands.create_period(request.db, request.caller, new=body)
    shown = await queries.period_shown(await request.fresh(), request.caller, body.code)
    return answer(request, shown, status=201, headers={"location": f"/v1/periods/{body.code}"})


@writing.patch("/{code}", operation_id="changePeriod", response_model=schemas.PeriodShown)
async def change_period(request: WriteRequest, code: Code, body: schemas.PeriodPatch) -> Response:
    request.caller.require("periods:write")
    require_match(request, await queries.period_shown(request.read, request.caller, code))
    values = body.model_dump(exclude_none=True)
    await commands.change_period(
        request.db, request.caller, code=code, values=values, now=datetime.now(UTC)
    )
    return answer(request, await queries.period_shown(await request.fresh(), request.caller, code))


@writing.post("/{code}/open", operation_id="openPeriod", response_model=schemas.PeriodShown)
async def open_period(request: WriteRequest, code: Code, _body: Nothing | None = None) -> Response:
    """Open it, or pick up responsibilities that were added since; repeating it does no harm."""
    request.caller.require("periods:write")
    await commands.open_period(request.db, request.caller, code=code, now=datetime.now(UTC))
    return answer(request, await queries.period_shown(await request.fresh(), request.caller, code))


@writing.post("/{code}/close", operation_id="closePeriod", response_model=schemas.PeriodShown)
async def close_period(request: WriteRequest, code: Code, _body: Nothing | None = None) -> Response:
    """Lock it: figures are neither taken nor decided on any more, and nobody is reminded."""
    request.caller.require("periods:write")
    await commands.close_period(request.db, request.caller, code=code, now=datetime.now(UTC))
    return answer(request, await queries.period_shown(await request.fresh(), request.caller, code))


routers = (reading, writing)
