"""Which days are worked, year by year."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.api.calendar import commands, queries, schemas
from services.api.deps.answers import answer, require_match
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing

reading = APIRouter(prefix="/v1/calendar", tags=["periods"], route_class=Reading)
writing = APIRouter(prefix="/v1/calendar", tags=["periods"], route_class=Writing)

CalendarYear = Annotated[int, Path(ge=2000, le=2200)]


@reading.get("/{year}", operation_id="getCalendar", response_model=schemas.CalendarShown)
async def get_calendar(request: ReadRequest, year: CalendarYear) -> Response:
    """Show a year's days off and worked weekends. A year that nobody entered is empty and not confirmed."""
    request.caller.require("plan:read")
    return answer(request, await queries.calendar_shown(request.read, request.caller, year))


@writing.put("/{year}", operation_id="setCalendar", response_model=schemas.CalendarShown)
async def set_calendar(
    request: WriteRequest, year: CalendarYear, body: schemas.CalendarYear
) -> Response:
    """Replace the year, whole or not at all; without ``days`` those that are there stay.

    ``confirmed`` needs the number of the year's decision, and at least one day off.
    """
    request.caller.require("periods:write")
    await commands.hold_year(request.db, year)
    seen = await queries.calendar_shown(request.read, request.caller, year)
    require_match(request, seen)
    await commands.set_year(request.db, request.caller, year, new=body, now=datetime.now(UTC))
    return answer(
        request, await queries.calendar_shown(await request.fresh(), request.caller, year)
    )


@writing.post("/{year}/fill", operation_id="fillCalendar", response_model=schemas.CalendarShown)
async def fill_calendar(request: WriteRequest, year: CalendarYear) -> Response:
    """Enter the holidays that a library knows into a year that has no days; it is unconfirmed then."""
    request.caller.require("periods:write")
    now = datetime.now(UTC)
    if not await commands.fill_year(request.db, request.caller, year, now=now, emptied=True):
        raise commands.CalendarEnteredError
    return answer(
        request, await queries.calendar_shown(await request.fresh(), request.caller, year)
    )


routers = (reading, writing)
