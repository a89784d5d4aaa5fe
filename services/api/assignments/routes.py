"""Duties in a period."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.api.assignments import commands, contributions, queries, schemas
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
    """Move the deadline, with a reason; reminders follow, and the proof sheet tells of it."""
    request.caller.require("assignments:write")
    await commands.locked_duty(request.db, assignment_id)
    require_match(
        request, await queries.assignment_shown(request.read, request.caller, assignment_id)
    )
    await commands.move_deadline(
        request.db,
        request.caller,
        assignment_id,
        due_on=body.due_on,
        reason=body.reason,
        now=datetime.now(UTC),
    )
    read = await request.fresh()
    return answer(request, await queries.assignment_shown(read, request.caller, assignment_id))


@writing.post(
    "/{assignment_id}/excuse", operation_id="excuseDuty", response_model=schemas.AssignmentShown
)
async def excuse(request: WriteRequest, assignment_id: UUID, body: schemas.Decision) -> Response:
    """Say, with a reason, that it is not owed: it counts as excused, and nobody is reminded of it."""
    return await _decide(request, assignment_id, commands.excuse, body.reason)


@writing.post(
    "/{assignment_id}/lift-excuse",
    operation_id="liftExcuse",
    response_model=schemas.AssignmentShown,
)
async def lift_excuse(
    request: WriteRequest, assignment_id: UUID, body: schemas.Decision
) -> Response:
    """Say, with a reason, that it is owed after all."""
    return await _decide(request, assignment_id, commands.lift_excuse, body.reason)


async def _decide(
    request: WriteRequest, assignment_id: UUID, command: Any, reason: str
) -> Response:
    request.caller.require("assignments:write")
    await commands.locked_duty(request.db, assignment_id)
    seen = await queries.assignment_shown(request.read, request.caller, assignment_id)
    require_match(request, seen, optional=True)
    await command(request.db, request.caller, assignment_id, reason=reason, now=datetime.now(UTC))
    read = await request.fresh()
    return answer(request, await queries.assignment_shown(read, request.caller, assignment_id))


@reading.get(
    "/{assignment_id}/contributions",
    operation_id="listContributions",
    response_model=Page[schemas.ContributionShown],
)
async def list_contributions(
    request: ReadRequest, assignment_id: UUID, query: Annotated[schemas.ContributionQuery, Query()]
) -> Response:
    """Show what co-operating and requested bodies added, oldest first."""
    request.caller.require("assignments:read")
    found = await contributions.contributions_page(
        request.read, request.caller, assignment_id, query
    )
    return answer(request, found)


@writing.post(
    "/{assignment_id}/contributions",
    operation_id="contribute",
    status_code=201,
    response_model=Page[schemas.ContributionShown],
)
async def contribute(
    request: WriteRequest, assignment_id: UUID, body: schemas.NewContribution
) -> Response:
    """Add a note to another body's duty on an indicator in which one's own body has a part."""
    request.caller.require("assignments:read")
    await queries.assignment_shown(request.read, request.caller, assignment_id)
    request.caller.require("submissions:write")
    await commands.contribute(
        request.db, request.caller, assignment_id, note=body.note, now=datetime.now(UTC)
    )
    read, query = await request.fresh(), schemas.ContributionQuery(limit=200)
    shown = await contributions.contributions_page(read, request.caller, assignment_id, query)
    location = f"/v1/assignments/{assignment_id}/contributions"
    return answer(request, shown, status=201, headers={"location": location})


routers = (reading, writing)
