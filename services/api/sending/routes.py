"""When mail may go out, which runs wait for a person, and what needs one."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.api.deps.answers import answer, require_match
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.paging import Page
from services.api.sending import commands, hand, queries, schemas

reading = APIRouter(prefix="/v1", tags=["reminders"], route_class=Reading)
writing = APIRouter(prefix="/v1", tags=["reminders"], route_class=Writing)


@reading.get(
    "/reminder-settings", operation_id="getReminderSettings", response_model=schemas.SettingsShown
)
async def get_settings(request: ReadRequest) -> Response:
    """Show when mail may go out, how much of it, and whether it is paused."""
    request.caller.require("reminders:write")
    return answer(request, await queries.settings_shown(request.read, request.caller))


@writing.put(
    "/reminder-settings", operation_id="setReminderSettings", response_model=schemas.SettingsShown
)
async def set_settings(request: WriteRequest, body: schemas.ReminderSettings) -> Response:
    """Replace the settings. A pause needs a reason, and stops all mail at once; the ledger is planned on."""
    request.caller.require("reminders:write")
    await commands.settings_in_hand(request.db)
    require_match(request, await queries.settings_shown(request.read, request.caller))
    await commands.set_settings(request.db, request.caller, new=body, now=datetime.now(UTC))
    return answer(request, await queries.settings_shown(await request.fresh(), request.caller))


@reading.get(
    "/reminder-holds", operation_id="listReminderHolds", response_model=Page[schemas.HoldShown]
)
async def list_holds(
    request: ReadRequest, query: Annotated[schemas.HoldQuery, Query()]
) -> Response:
    """List runs that were held, newest first: more mail than is usual, or days that nobody has confirmed."""
    request.caller.require("reminders:write")
    return answer(request, await queries.holds_page(request.read, request.caller, query))


@reading.get(
    "/reminder-holds/{hold_id}", operation_id="getReminderHold", response_model=schemas.HoldShown
)
async def get_hold(request: ReadRequest, hold_id: UUID) -> Response:
    request.caller.require("reminders:write")
    return answer(request, await queries.hold_shown(request.read, request.caller, hold_id))


async def _seen(request: WriteRequest, hold_id: UUID) -> None:
    request.caller.require("reminders:write")
    shown = await queries.hold_shown(request.read, request.caller, hold_id)
    require_match(request, shown, optional=True)


@writing.post(
    "/reminder-holds/{hold_id}/release",
    operation_id="releaseReminderHold",
    response_model=schemas.HoldShown,
)
async def release_hold(
    request: WriteRequest, hold_id: UUID, body: schemas.Release | None = None
) -> Response:
    """Let the mail of a held run go out."""
    await _seen(request, hold_id)
    await hand.release_hold(
        request.db,
        request.caller,
        hold_id,
        reason=body.reason if body else None,
        now=datetime.now(UTC),
    )
    return answer(request, await queries.hold_shown(await request.fresh(), request.caller, hold_id))


@writing.post(
    "/reminder-holds/{hold_id}/discard",
    operation_id="discardReminderHold",
    response_model=schemas.HoldShown,
)
async def discard_hold(request: WriteRequest, hold_id: UUID, body: schemas.Discard) -> Response:
    """Drop the mail of a held run; its rows stay in the ledger as skipped, with the reason."""
    await _seen(request, hold_id)
    await hand.discard_hold(
        request.db, request.caller, hold_id, reason=body.reason, now=datetime.now(UTC)
    )
    return answer(request, await queries.hold_shown(await request.fresh(), request.caller, hold_id))


@reading.get("/alarms", operation_id="listAlarms", response_model=Page[schemas.AlarmShown])
async def list_alarms(
    request: ReadRequest, query: Annotated[schemas.AlarmQuery, Query()]
) -> Response:
    """Show what needs the coordinator, such as a body with duties and nobody to write to, or a silent notifier."""
    request.caller.require("reminders:write")
    return answer(request, await queries.alarms_page(request.read, query))


routers = (reading, writing)
