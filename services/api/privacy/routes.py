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


routers = (reading, writing)
