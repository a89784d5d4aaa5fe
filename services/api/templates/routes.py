"""What reminders say beside the facts."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from services.api.deps.answers import answer, require_match
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.paging import Code, Page
from services.api.templates import commands, queries, schemas

reading = APIRouter(prefix="/v1/reminder-templates", tags=["reminders"], route_class=Reading)
writing = APIRouter(prefix="/v1/reminder-templates", tags=["reminders"], route_class=Writing)

Shown = schemas.TemplateShown
TemplateCode = Annotated[Code, Path()]


@reading.get("", operation_id="listReminderTemplates", response_model=Page[Shown])
async def list_templates(
    request: ReadRequest, query: Annotated[schemas.TemplateQuery, Query()]
) -> Response:
    request.caller.require("plan:read")
    return answer(request, await queries.templates_page(request.read, request.caller, query))


@reading.get("/{code}", operation_id="getReminderTemplate", response_model=Shown)
async def get_template(request: ReadRequest, code: TemplateCode) -> Response:
    request.caller.require("plan:read")
    return answer(request, await queries.template_shown(request.read, request.caller, code))


@reading.get(
    "/{code}/versions",
    operation_id="listTemplateVersions",
    response_model=Page[schemas.VersionShown],
)
async def list_versions(
    request: ReadRequest, code: TemplateCode, query: Annotated[schemas.VersionQuery, Query()]
) -> Response:
    """Say what was sent under this code at any time: a row of the ledger names its version."""
    request.caller.require("plan:read")
    return answer(request, await queries.versions_page(request.read, code, query))


@writing.post("", operation_id="createReminderTemplate", status_code=201, response_model=Shown)
async def create_template(request: WriteRequest, body: schemas.NewTemplate) -> Response:
    """Write words that steps of policies may name; they stand in the mail above its duties."""
    request.caller.require("reminders:write")
    await commands.create_template(request.db, request.caller, new=body, now=datetime.now(UTC))
    shown = await queries.template_shown(await request.fresh(), request.caller, body.code)
    where = {"location": f"/v1/reminder-templates/{body.code}"}
    return answer(request, shown, status=201, headers=where)


@writing.patch("/{code}", operation_id="changeReminderTemplate", response_model=Shown)
async def change_template(
    request: WriteRequest, code: TemplateCode, body: schemas.TemplatePatch
) -> Response:
    """Make a new version; mail that is planned takes it, what was sent keeps the one it had."""
    request.caller.require("reminders:write")
    await commands.template_in_hand(request.db, code)
    require_match(request, await queries.template_shown(request.read, request.caller, code))
    await commands.change_template(
        request.db, request.caller, code, patch=body, now=datetime.now(UTC)
    )
    shown = await queries.template_shown(await request.fresh(), request.caller, code)
    return answer(request, shown)


routers = (reading, writing)
