"""By which policies people are reminded."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.api.deps.answers import answer, require_match
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.paging import Page
from services.api.policies import commands, queries, schemas

reading = APIRouter(prefix="/v1/reminder-policies", tags=["reminders"], route_class=Reading)
writing = APIRouter(prefix="/v1/reminder-policies", tags=["reminders"], route_class=Writing)

Shown = schemas.PolicyShown


@reading.get("", operation_id="listReminderPolicies", response_model=Page[Shown])
async def list_policies(
    request: ReadRequest, query: Annotated[schemas.PolicyQuery, Query()]
) -> Response:
    request.caller.require("plan:read")
    return answer(request, await queries.policies_page(request.read, request.caller, query))


@reading.get("/{policy_id}", operation_id="getReminderPolicy", response_model=Shown)
async def get_policy(request: ReadRequest, policy_id: UUID) -> Response:
    request.caller.require("plan:read")
    return answer(request, await queries.policy_shown(request.read, request.caller, policy_id))


@writing.post("", operation_id="createReminderPolicy", status_code=201, response_model=Shown)
async def create_policy(request: WriteRequest, body: schemas.NewPolicy) -> Response:
    """Say how some duties are reminded of: a kind, a body, an indicator, a period, or all; no steps are silence.

    The most specific active policy that fits a duty is its whole plan. One of the same scope is 409.
    """
    request.caller.require("reminders:write")
    policy_id = await commands.create_policy(request.db, request.caller, new=body)
    shown = await queries.policy_shown(await request.fresh(), request.caller, policy_id)
    return answer(
        request, shown, status=201, headers={"location": f"/v1/reminder-policies/{policy_id}"}
    )


@writing.patch("/{policy_id}", operation_id="changeReminderPolicy", response_model=Shown)
async def change_policy(
    request: WriteRequest, policy_id: UUID, body: schemas.PolicyPatch
) -> Response:
    """Change the name, the scope, whether it is in force, or all its steps; planned mail follows."""
    request.caller.require("reminders:write")
    await commands.policy_in_hand(request.db, policy_id)
    require_match(request, await queries.policy_shown(request.read, request.caller, policy_id))
    await commands.change_policy(
        request.db, request.caller, policy_id, patch=body, now=datetime.now(UTC)
    )
    return answer(
        request, await queries.policy_shown(await request.fresh(), request.caller, policy_id)
    )


@writing.delete("/{policy_id}", operation_id="deleteReminderPolicy", status_code=204)
async def delete_policy(request: WriteRequest, policy_id: UUID) -> Response:
    """Remove a policy: its duties go to the next one that fits, and where none does nobody is reminded."""
    request.caller.require("reminders:write")
    seen = await queries.policy_shown(request.read, request.caller, policy_id)
    require_match(request, seen, optional=True)
    await commands.delete_policy(request.db, request.caller, policy_id)
    return Response(status_code=204)


routers = (reading, writing)
