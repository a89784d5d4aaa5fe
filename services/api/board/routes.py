"""Completeness and timeliness, as data and as tables."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.api.board import follow, queries, schemas
from services.api.board.table import Sheets, board_sheets, follow_up_sheets
from services.api.deps.answers import JSON, answer, answer_bytes
from services.api.deps.edge import Reading, ReadRequest
from services.api.deps.media import chosen
from services.api.deps.tables import CSV, XLSX, as_csv, as_xlsx

reading = APIRouter(prefix="/v1/board", tags=["board"], route_class=Reading)

MEDIA = {"json": JSON, "csv": CSV, "xlsx": XLSX}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            CSV: {"schema": {"type": "string"}},
            XLSX: {"schema": {"type": "string", "format": "binary"}},
        },
        "headers": {
            "link": {
                "description": "Of CSV and XLSX, `rel=describedby`: the JSON, whose `definitions` say what is counted.",
                "schema": {"type": "string"},
            }
        },
    },
    404: {},
    406: {},
}


@reading.get("", operation_id="getBoard", response_model=schemas.Board, responses=RESPONSES)
async def get_board(
    request: ReadRequest, query: Annotated[schemas.BoardQuery, Query()]
) -> Response:
    """Count a period's duties by body and pillar: expected, received, accepted, returned, nil, excused, late, overdue.

    The parts of every line add up to its expected; bodies that did nothing are there. Officers see their
    own bodies. CSV has one row for each line, XLSX a sheet for each table and one for the definitions.
    """
    request.caller.require("assignments:read")
    found = await queries.board(request.read, request.caller, query.period)
    return _in_form(request, query, found, board_sheets, "board")


@reading.get(
    "/follow-up",
    operation_id="getFollowUp",
    response_model=schemas.FollowUp,
    responses=RESPONSES,
)
async def get_follow_up(
    request: ReadRequest, query: Annotated[schemas.FollowUpQuery, Query()]
) -> Response:
    """List what needs a person: what was returned often, is overdue, nil, badly proved or far from what was, and who.

    Of each list come the worst ``limit``, and in ``totals`` how many there are; CSV and XLSX have all, one
    row for each duty and reason, and of a file that serves several figures one for each of them.
    """
    request.caller.require("assignments:read")
    limit = query.limit if _media(request, query) == JSON else follow.ALL
    found = await follow.follow_up(request.read, request.caller, query.period, limit=limit)
    return _in_form(request, query, found, follow_up_sheets, "follow-up")


def _media(request: Request, query: schemas.BoardQuery) -> str:
    return MEDIA[query.format] if query.format else chosen(request, tuple(MEDIA.values()))


def _in_form(
    request: Request,
    query: schemas.BoardQuery,
    found: Any,
    as_sheets: Callable[[Any], Sheets],
    name: str,
) -> Response:
    media = _media(request, query)
    headers = {} if query.format else {"vary": "accept"}
    if media == JSON:
        return answer(request, found, headers=headers)
    sheets = as_sheets(found)
    # CSV has no room for what its columns mean.
    described = f"{request.url.path}?period={query.period}&format=json"
    headers["link"] = f'<{described}>; rel="describedby"; type="{JSON}"'
    ending = "csv" if media == CSV else "xlsx"
    # A period's code is letters, digits, dots, dashes and underscores only.
    headers["content-disposition"] = f'attachment; filename="{name}-{query.period}.{ending}"'
    if media == CSV:
        columns, rows = sheets[next(iter(sheets))]
        return answer_bytes(request, as_csv(columns, rows), CSV, headers=headers)
    return answer_bytes(request, as_xlsx(sheets), XLSX, headers=headers)


routers = (reading,)
