"""Who was told what and when, by which rules, and who cannot be reached."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.api.deps.answers import answer, require_match
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.paging import Page, PageQuery
from services.api.reminders import commands, queries, schemas

reading = APIRouter(prefix="/v1", tags=["reminders"], route_class=Reading)
writing = APIRouter(prefix="/v1", tags=["reminders"], route_class=Writing)


@reading.get("/reminders", operation_id="listReminders", response_model=Page[schemas.ReminderShown])
async def list_reminders(
    request: ReadRequest, query: Annotated[schemas.ReminderQuery, Query()]
) -> Response:
    """Show the ledger, latest first: what is planned, was sent, failed, or was left out and why."""
    return answer(request, await queries.reminders_page(request.read, request.caller, query))


@reading.get(
    "/reminder-policies",
    operation_id="listReminderPolicies",
    response_model=Page[schemas.PolicyShown],
)
async def list_policies(request: ReadRequest, query: Annotated[PageQuery, Query()]) -> Response:
    request.caller.require("plan:read")
    return answer(request, await queries.policies_page(request.read, request.caller, query))


@reading.get(
    "/reminder-policies/{policy_id}",
    operation_id="getReminderPolicy",
    response_model=schemas.PolicyShown,
)
async def get_policy(request: ReadRequest, policy_id: UUID) -> Response:
    request.caller.require("plan:read")
    return answer(request, await queries.policy_shown(request.read, request.caller, policy_id))


@writing.post(
    "/reminder-policies",
    operation_id="createReminderPolicy",
    status_code=201,
    response_model=schemas.PolicyShown,
)
async def create_policy(request: WriteRequest, body: schemas.NewPolicy) -> Response:
    """Add a step: so many days before or after the deadline, once or repeated."""
    request.caller.require("reminders:write")
    policy_id = await commands.create_policy(request.db, request.caller, new=body)
    shown = await queries.policy_shown(await request.fresh(), request.caller, policy_id)
    return answer(
        request, shown, status=201, headers={"location": f"/v1/reminder-policies/{policy_id}"}
    )


@writing.patch(
    "/reminder-policies/{policy_id}",
    operation_id="changeReminderPolicy",
    response_model=schemas.PolicyShown,
)
async def change_policy(
    request: WriteRequest, policy_id: UUID, body: schemas.PolicyPatch
) -> Response:
    request.caller.require("reminders:write")
    require_match(request, await queries.policy_shown(request.read, request.caller, policy_id))
    await commands.change_policy(
        request.db, request.caller, policy_id, active=body.active, now=datetime.now(UTC)
    )
    return answer(
        request, await queries.policy_shown(await request.fresh(), request.caller, policy_id)
    )


@reading.get("/alarms", operation_id="listAlarms", response_model=Page[schemas.AlarmShown])
async def list_alarms(
    request: ReadRequest, query: Annotated[schemas.AlarmQuery, Query()]
) -> Response:
    """Show what needs the coordinator, such as a body with duties and nobody to write to."""
    request.caller.require("reminders:write")
    return answer(request, await queries.alarms_page(request.read, query))


routers = (reading, writing)
