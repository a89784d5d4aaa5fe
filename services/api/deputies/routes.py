"""Who may act for whom while he is away."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.api.deps.answers import answer
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.fields import Nothing
from services.api.deps.paging import Page
from services.api.deputies import commands, hand, queries, schemas

reading = APIRouter(prefix="/v1/deputies", tags=["duties"], route_class=Reading)
writing = APIRouter(prefix="/v1/deputies", tags=["duties"], route_class=Writing)

Shown = schemas.DeputyShown


@reading.get("", operation_id="listDeputies", response_model=Page[Shown])
async def list_deputies(
    request: ReadRequest, query: Annotated[schemas.DeputyQuery, Query()]
) -> Response:
    """Newest first; those of the caller's own bodies."""
    return answer(request, await queries.deputies_page(request.read, request.caller, query))


@reading.get("/{deputy_id}", operation_id="getDeputy", response_model=Shown)
async def get_deputy(request: ReadRequest, deputy_id: UUID) -> Response:
    request.caller.require("assignments:read")
    return answer(request, await queries.deputy_shown(request.read, request.caller, deputy_id))


@writing.post("", operation_id="nameDeputy", status_code=201, response_model=Shown)
async def name_deputy(request: WriteRequest, body: schemas.NewDeputy) -> Response:
    """Let somebody of the same body do what one may do oneself there, on those days and no further."""
    request.caller.require("submissions:write")
    made = await hand.name_deputy(request.db, request.caller, new=body, now=datetime.now(UTC))
    shown = await queries.deputy_shown(await request.fresh(), request.caller, made)
    return answer(request, shown, status=201, headers={"location": f"/v1/deputies/{made}"})


@writing.post("/{deputy_id}/end", operation_id="endDeputy", response_model=Shown)
async def end_deputy(
    request: WriteRequest, deputy_id: UUID, _body: Nothing | None = None
) -> Response:
    request.caller.require("assignments:read")
    await queries.deputy_shown(request.read, request.caller, deputy_id)
    await commands.end_deputy(request.db, request.caller, deputy_id, now=datetime.now(UTC))
    return answer(
        request, await queries.deputy_shown(await request.fresh(), request.caller, deputy_id)
    )


routers = (reading, writing)
