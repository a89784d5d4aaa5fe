"""What is kept of a person, for himself and for who looks after accounts; and its erasure."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, Response

from services.api.deps.answers import answer
from services.api.deps.clock import today_in_hanoi
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.privacy import commands, queries, schemas
from shared.errors import NotFoundError

reading = APIRouter(prefix="/v1/users", tags=["people"], route_class=Reading)
writing = APIRouter(prefix="/v1/users", tags=["people"], route_class=Writing)
reading_contacts = APIRouter(prefix="/v1/contacts", tags=["people"], route_class=Reading)
writing_contacts = APIRouter(prefix="/v1/contacts", tags=["people"], route_class=Writing)


@reading.get(
    "/{user_id}/personal-data",
    operation_id="getPersonalData",
    response_model=schemas.PersonalData,
)
async def get_personal_data(request: ReadRequest, user_id: UUID) -> Response:
    """Show what is kept of a person, by the account's id and address: to himself, and to administrators."""
    caller = request.caller
    if not (caller.kind == "user" and caller.id == user_id):
        caller.require("people:write")
    found = await queries.personal_data(request.read, user_id)
    if found is None:
        raise NotFoundError
    headers = {"content-disposition": f'attachment; filename="personal-data-{user_id}.json"'}
    return answer(request, found, headers=headers)


@writing.post("/{user_id}/erase", operation_id="erasePersonalData", response_model=schemas.Erased)
async def erase_personal_data(
    request: WriteRequest, user_id: UUID, body: schemas.Erasure
) -> Response:
    """Erase a person: the account is closed, name, login and addresses give way to a pseudonym, for good.

    Acts stay under the pseudonym, the audit log included, whose chain still holds. Free text, such as notes and
    reasons, and files are left as they are.
    """
    request.caller.require("people:write")
    erased = await commands.erase(
        request.db,
        request.caller,
        user_id,
        reason=body.reason,
        now=datetime.now(UTC),
        today=today_in_hanoi(),
    )
    return answer(request, erased)


@reading_contacts.get(
    "/{contact_id}/personal-data",
    operation_id="getContactData",
    response_model=schemas.ContactData,
)
async def get_contact_data(request: ReadRequest, contact_id: UUID) -> Response:
    """Show what is kept of a contact, who need not have an account, by his id and address: to administrators."""
    request.caller.require("people:write")
    found = await queries.contact_data(request.read, contact_id)
    if found is None:
        raise NotFoundError
    headers = {"content-disposition": f'attachment; filename="personal-data-{contact_id}.json"'}
    return answer(request, found, headers=headers)


@writing_contacts.post(
    "/{contact_id}/erase", operation_id="eraseContactData", response_model=schemas.ContactErased
)
async def erase_contact_data(
    request: WriteRequest, contact_id: UUID, body: schemas.Erasure
) -> Response:
    """Erase a contact without an account, as ``/v1/users/{id}/erase`` erases a person with one.

    With an account it is 409: erase the account, which takes the contact along.
    """
    request.caller.require("people:write")
    return answer(
        request,
        await commands.erase_contact(request.db, request.caller, contact_id, reason=body.reason),
    )


routers = (reading, writing, reading_contacts, writing_contacts)
