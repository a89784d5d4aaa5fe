"""Standing duties: who answers for which indicator, on which legal basis."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.api.deps.answers import answer, require_match
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.paging import Page
from services.api.responsibilities import commands, queries, schemas

reading = APIRouter(prefix="/v1/responsibilities", tags=["plan"], route_class=Reading)
writing = APIRouter(prefix="/v1/responsibilities", tags=["plan"], route_class=Writing)


@reading.get(
    "", operation_id="listResponsibilities", response_model=Page[schemas.ResponsibilityShown]
)
async def list_responsibilities(
    request: ReadRequest, query: Annotated[schemas.ResponsibilityQuery, Query()]
) -> Response:
    request.caller.require("plan:read")
    return answer(request, await queries.responsibilities_page(request.read, request.caller, query))


@reading.get(
    "/{responsibility_id}",
    operation_id="getResponsibility",
    response_model=schemas.ResponsibilityShown,
)
async def get_responsibility(request: ReadRequest, responsibility_id: UUID) -> Response:
    request.caller.require("plan:read")
    return answer(
        request, await queries.responsibility_shown(request.read, request.caller, responsibility_id)
    )


@writing.post(
    "",
    operation_id="createResponsibility",
    status_code=201,
    response_model=schemas.ResponsibilityShown,
)
async def create_responsibility(request: WriteRequest, body: schemas.NewResponsibility) -> Response:
    request.caller.require("plan:write")
    made = await commands.add_responsibility(request.db, request.caller, new=body)
    shown = await queries.responsibility_shown(await request.fresh(), request.caller, made)
    return answer(request, shown, status=201, headers={"location": f"/v1/responsibilities/{made}"})


@writing.patch(
    "/{responsibility_id}",
    operation_id="changeResponsibility",
    response_model=schemas.ResponsibilityShown,
)
async def change_responsibility(
    request: WriteRequest, responsibility_id: UUID, body: schemas.ResponsibilityPatch
) -> Response:
    """Correct a wrong basis, note or kind of duty, with a reason."""
    request.caller.require("plan:write")
    await commands.locked_responsibility(request.db, responsibility_id)
    require_match(
        request, await queries.responsibility_shown(request.read, request.caller, responsibility_id)
    )
    values = {
        name: value
        for name, value in body.model_dump(exclude_unset=True, exclude={"reason"}).items()
        if value is not None or name == "kind"
    }
    await commands.correct_responsibility(
        request.db, request.caller, responsibility_id, values=values, reason=body.reason
    )
    shown = await queries.responsibility_shown(
        await request.fresh(), request.caller, responsibility_id
    )
    return answer(request, shown)


@writing.post(
    "/{responsibility_id}/end",
    operation_id="endResponsibility",
    response_model=schemas.ResponsibilityShown,
)
async def end_responsibility(
    request: WriteRequest, responsibility_id: UUID, body: schemas.EndResponsibility
) -> Response:
    request.caller.require("plan:write")
    await commands.end_responsibility(
        request.db, request.caller, responsibility_id, valid_to=body.valid_to
    )
    shown = await queries.responsibility_shown(
        await request.fresh(), request.caller, responsibility_id
    )
    return answer(request, shown)


routers = (reading, writing)
