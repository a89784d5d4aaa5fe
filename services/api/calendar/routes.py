"""Which days are worked, year by year."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Response

from services.api.calendar import commands, queries, schemas
from services.api.calendar.table import COLUMNS, SHEET
from services.api.deps.answers import JSON, answer, answer_bytes, require_match
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.media import chosen
from services.api.deps.tables import CSV, XLSX, as_csv, as_xlsx
from services.api.errors import told
from services.api.sheets.files import read_upload

reading = APIRouter(prefix="/v1/calendar", tags=["periods"], route_class=Reading)
writing = APIRouter(prefix="/v1/calendar", tags=["periods"], route_class=Writing)

CalendarYear = Annotated[int, Path(ge=2000, le=2200)]


MEDIA = {"json": JSON, "csv": CSV, "xlsx": XLSX}
FILE_LIMIT = 1024 * 1024  # bytes; 366 days with long names come to a fifth of it
MOST_UNPACKED = 8 * 1024 * 1024  # bytes
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            CSV: {"schema": {"type": "string"}},
            XLSX: {"schema": {"type": "string", "format": "binary"}},
        }
    },
    406: {},
}


@reading.get(
    "/{year}",
    operation_id="getCalendar",
    response_model=schemas.CalendarShown,
    responses=RESPONSES,
)
async def get_calendar(
    request: ReadRequest, year: CalendarYear, query: Annotated[schemas.CalendarQuery, Query()]
) -> Response:
    """Show a year's days off and worked weekends. A year that nobody entered is empty and not confirmed.

    CSV and XLSX have its days, as the import takes them.
    """
    request.caller.require("plan:read")
    media = MEDIA[query.format] if query.format else chosen(request, tuple(MEDIA.values()))
    headers = {} if query.format else {"vary": "accept"}
    found = await queries.calendar_shown(request.read, request.caller, year)
    if media == JSON:
        return answer(request, found, headers=headers)
    ending = "csv" if media == CSV else "xlsx"
    headers["content-disposition"] = f'attachment; filename="calendar-{year}.{ending}"'
    if media == CSV:
        return answer_bytes(request, as_csv(COLUMNS, found["days"]), CSV, headers=headers)
    content = as_xlsx({SHEET: (COLUMNS, found["days"])})
    return answer_bytes(request, content, XLSX, headers=headers)


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


@writing.post(
    "/{year}/import",
    operation_id="importCalendar",
    response_model=schemas.CalendarImport,
    max_body_size=FILE_LIMIT,
)
async def import_calendar(
    request: WriteRequest,
    year: CalendarYear,
    query: Annotated[schemas.Import, Query()],
    form: Annotated[schemas.CalendarFile, Form(media_type="multipart/form-data")],
) -> Response:
    """Replace the year by a file, whole or not at all: 422 names every cell that is wrong.

    A dry run makes the same checks, stores nothing, and answers 200 with what is wrong and what would change.
    """
    request.caller.require("periods:write")
    table = await read_upload(
        form.file, sheet=SHEET, kinds=("csv", "xlsx"), most_unpacked=MOST_UNPACKED, dates=True
    )
    await commands.hold_year(request.db, year)
    require_match(request, await queries.calendar_shown(request.read, request.caller, year))
    now, dry_run = datetime.now(UTC), query.dry_run
    checked = await commands.import_year(
        request.db, request.caller, year, table=table, form=form, dry_run=dry_run, now=now
    )
    stored = None
    if not dry_run:
        stored = await queries.calendar_shown(await request.fresh(), request.caller, year)
    report = {
        "year": year,
        "dry_run": dry_run,
        "valid": not checked.faults,
        "format": table.kind,
        "days": checked.days,
        "faults": checked.faults.total,
        "errors": told(request, checked.faults),
        "difference": checked.difference,
        "calendar": stored,
    }
    return answer(request, report)


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
