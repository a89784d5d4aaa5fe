"""Bodies and the people to write to."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from services.api.deps.answers import answer, require_match
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.paging import Code, Page, PageQuery
from services.api.organisations import commands, queries, schemas

reading = APIRouter(prefix="/v1", tags=["bodies"], route_class=Reading)
writing = APIRouter(prefix="/v1", tags=["bodies"], route_class=Writing)


def _sent(body: BaseModel) -> dict[str, Any]:
    """Give what was sent; null stands for a value only where there may be none."""
    return {
        name: value
        for name, value in body.model_dump(exclude_unset=True).items()
        if value is not None or name in schemas.NULLABLE
    }


@reading.get(
    "/organisations",
    operation_id="listOrganisations",
    response_model=Page[schemas.OrganisationShown],
)
async def list_organisations(
    request: ReadRequest, query: Annotated[schemas.OrganisationQuery, Query()]
) -> Response:
    request.caller.require("plan:read")
    return answer(request, await queries.organisations_page(request.read, request.caller, query))


@reading.get(
    "/organisations/{code}",
    operation_id="getOrganisation",
    response_model=schemas.OrganisationDetail,
)
async def get_organisation(request: ReadRequest, code: Code) -> Response:
    request.caller.require("plan:read")
    return answer(request, await queries.organisation_shown(request.read, request.caller, code))


@writing.post(
    "/organisations",
    operation_id="createOrganisation",
    status_code=201,
    response_model=schemas.OrganisationDetail,
)
async def create_organisation(request: WriteRequest, body: schemas.NewOrganisation) -> Response:
    request.caller.require("plan:write")
    await commands.create_organisation(request.db, request.caller, values=body.model_dump())
    shown = await queries.organisation_shown(await request.fresh(), request.caller, body.code)
    return answer(
        request, shown, status=201, headers={"location": f"/v1/organisations/{body.code}"}
    )


@writing.patch(
    "/organisations/{code}",
    operation_id="changeOrganisation",
    response_model=schemas.OrganisationDetail,
)
async def change_organisation(
    request: WriteRequest, code: Code, body: schemas.OrganisationPatch
) -> Response:
    request.caller.require("plan:write")
    await commands.locked_organisation(request.db, code)
    require_match(request, await queries.organisation_shown(request.read, request.caller, code))
    await commands.change_organisation(
        request.db,
        request.caller,
        code=code,
        values=_sent(body),
        now=datetime.now(UTC),
    )
    return answer(
        request, await queries.organisation_shown(await request.fresh(), request.caller, code)
    )


@reading.get(
    "/organisations/{code}/contacts",
    operation_id="listContacts",
    response_model=Page[schemas.ContactShown],
)
async def list_contacts(
    request: ReadRequest, code: Code, query: Annotated[PageQuery, Query()]
) -> Response:
    request.caller.require("contacts:read")
    return answer(request, await queries.contacts_page(request.read, request.caller, code, query))


@writing.post(
    "/organisations/{code}/contacts",
    operation_id="createContact",
    status_code=201,
    response_model=schemas.ContactShown,
)
async def add_contact(request: WriteRequest, code: Code, body: schemas.NewContact) -> Response:
    request.caller.require("contacts:write")
    contact_id = await commands.add_contact(
        request.db, request.caller, code=code, values=body.model_dump()
    )
    shown = await queries.contact_shown(await request.fresh(), request.caller, contact_id)
    return answer(request, shown, status=201, headers={"location": f"/v1/contacts/{contact_id}"})


@reading.get(
    "/contacts/{contact_id}", operation_id="getContact", response_model=schemas.ContactShown
)
async def get_contact(request: ReadRequest, contact_id: UUID) -> Response:
    request.caller.require("contacts:read")
    return answer(request, await queries.contact_shown(request.read, request.caller, contact_id))


@writing.patch(
    "/contacts/{contact_id}", operation_id="changeContact", response_model=schemas.ContactShown
)
async def change_contact(
    request: WriteRequest, contact_id: UUID, body: schemas.ContactPatch
) -> Response:
    """Change a contact, end it with ``active: false``, or say from when to when it is written to."""
    request.caller.require("contacts:write")
    await commands.locked_contact(request.db, contact_id)
    require_match(request, await queries.contact_shown(request.read, request.caller, contact_id))
    await commands.change_contact(
        request.db,
        request.caller,
        contact_id,
        values=_sent(body),
        now=datetime.now(UTC),
    )
    return answer(
        request, await queries.contact_shown(await request.fresh(), request.caller, contact_id)
    )


routers = (reading, writing)
