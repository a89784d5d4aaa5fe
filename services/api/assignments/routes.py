"""Duties in a period."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.api.assignments import commands, queries, schemas
from services.api.deps.answers import answer, require_match
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.paging import Page

reading = APIRouter(prefix="/v1/assignments", tags=["duties"], route_class=Reading)
writing = APIRouter(prefix="/v1/assignments", tags=["duties"], route_class=Writing)


@reading.get("", operation_id="listAssignments", response_model=Page[schemas.AssignmentShown])
async def list_assignments(
    request: ReadRequest, query: Annotated[schemas.AssignmentQuery, Query()]
) -> Response:
    """In the natural order of indicators. ``overdue``: the deadline passed and nothing is waiting or accepted."""
    return answer(request, await queries.assignments_page(request.read, request.caller, query))


@reading.get(
    "/{assignment_id}", operation_id="getAssignment", response_model=schemas.AssignmentShown
)
async def get_assignment(request: ReadRequest, assignment_id: UUID) -> Response:
    request.caller.require("assignments:read")
    return answer(
        request, await queries.assignment_shown(request.read, request.caller, assignment_id)
    )


@writing.patch(
    "/{assignment_id}", operation_id="changeAssignment", response_model=schemas.AssignmentShown
)
async def change_assignment(
    request: WriteRequest, assignment_id: UUID, body: schemas.AssignmentPatch
) -> Response:
    """Move the deadline; reminders follow."""
    request.caller.require("assignments:write")
    require_match(
        request, await queries.assignment_shown(request.read, request.caller, assignment_id)
    )
    await commands.move_deadline(
        request.db, request.caller, assignment_id, due_on=body.due_on, now=datetime.now(UTC)
    )
    read = await request.fresh()
    return answer(request, await queries.assignment_shown(read, request.caller, assignment_id))


routers = (reading, writing)
