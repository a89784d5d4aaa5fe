"""More time for a duty: asked with a reason, decided with a reason."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.api.assignments.queries import assignment_shown
from services.api.deps.answers import answer, require_match
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.fields import Nothing
from services.api.deps.paging import Page
from services.api.extensions import commands, hand, queries, schemas

reading = APIRouter(prefix="/v1", tags=["duties"], route_class=Reading)
writing = APIRouter(prefix="/v1", tags=["duties"], route_class=Writing)

Shown = schemas.ExtensionShown


@reading.get("/extensions", operation_id="listExtensions", response_model=Page[Shown])
async def list_extensions(
    request: ReadRequest, query: Annotated[schemas.ExtensionQuery, Query()]
) -> Response:
    """Newest first; ``state=asked`` is what waits for a decision."""
    return answer(request, await queries.extensions_page(request.read, request.caller, query))


@reading.get(
    "/assignments/{assignment_id}/extensions",
    operation_id="listDutyExtensions",
    response_model=Page[Shown],
)
async def list_duty_extensions(
    request: ReadRequest, assignment_id: UUID, query: Annotated[schemas.DutyExtensionQuery, Query()]
) -> Response:
    request.caller.require("assignments:read")
    return answer(
        request, await queries.extensions_of(request.read, request.caller, assignment_id, query)
    )


@reading.get("/extensions/{extension_id}", operation_id="getExtension", response_model=Shown)
async def get_extension(request: ReadRequest, extension_id: UUID) -> Response:
    request.caller.require("assignments:read")
    return answer(
        request, await queries.extension_shown(request.read, request.caller, extension_id)
    )


@writing.post(
    "/assignments/{assignment_id}/extensions",
    operation_id="askExtension",
    status_code=201,
    response_model=Shown,
)
async def ask_extension(
    request: WriteRequest, assignment_id: UUID, body: schemas.NewExtension
) -> Response:
    """Ask for a later day, in a closed period too: granted, it lifts the lock until that day."""
    request.caller.require("assignments:read")
    await assignment_shown(request.read, request.caller, assignment_id)
    made = await hand.ask_extension(
        request.db,
        request.caller,
        assignment_id,
        reason=body.reason,
        wished_on=body.wished_on,
        now=datetime.now(UTC),
    )
    shown = await queries.extension_shown(await request.fresh(), request.caller, made)
    return answer(request, shown, status=201, headers={"location": f"/v1/extensions/{made}"})


async def _seen(request: WriteRequest, extension_id: UUID) -> None:
    request.caller.require("assignments:read")
    shown = await queries.extension_shown(request.read, request.caller, extension_id)
    require_match(request, shown, optional=True)


async def _answer(request: WriteRequest, extension_id: UUID) -> Response:
    shown = await queries.extension_shown(await request.fresh(), request.caller, extension_id)
    return answer(request, shown)


@writing.post(
    "/extensions/{extension_id}/grant", operation_id="grantExtension", response_model=Shown
)
async def grant_extension(
    request: WriteRequest, extension_id: UUID, body: schemas.Grant
) -> Response:
    """Grant the day that was wished for, or another; reminders follow. Whoever asked may not."""
    await _seen(request, extension_id)
    await commands.grant_extension(
        request.db,
        request.caller,
        extension_id,
        until=body.until,
        reason=body.reason,
        now=datetime.now(UTC),
    )
    return await _answer(request, extension_id)


@writing.post(
    "/extensions/{extension_id}/refuse", operation_id="refuseExtension", response_model=Shown
)
async def refuse_extension(
    request: WriteRequest, extension_id: UUID, body: schemas.Refusal
) -> Response:
    await _seen(request, extension_id)
    await commands.refuse_extension(
        request.db, request.caller, extension_id, reason=body.reason, now=datetime.now(UTC)
    )
    return await _answer(request, extension_id)


@writing.post(
    "/extensions/{extension_id}/withdraw", operation_id="withdrawExtension", response_model=Shown
)
async def withdraw_extension(
    request: WriteRequest, extension_id: UUID, _body: Nothing | None = None
) -> Response:
    await _seen(request, extension_id)
    await commands.withdraw_extension(
        request.db, request.caller, extension_id, now=datetime.now(UTC)
    )
    return await _answer(request, extension_id)


routers = (reading, writing)
