"""What went out, whether it arrived, and the addresses that get no mail."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.api.deps.answers import answer, require_match
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.fields import Nothing
from services.api.deps.paging import Page
from services.api.mails import commands, queries, schemas

reading = APIRouter(prefix="/v1", tags=["reminders"], route_class=Reading)
writing = APIRouter(prefix="/v1", tags=["reminders"], route_class=Writing)


@reading.get("/mails", operation_id="listMails", response_model=Page[schemas.MailShown])
async def list_mails(
    request: ReadRequest, query: Annotated[schemas.MailQuery, Query()]
) -> Response:
    """Newest first: every envelope, when it left, what became of it. Bodies see those that carry rows of theirs."""
    return answer(request, await queries.mails_page(request.read, request.caller, query))


@reading.get("/mails/{mail_id}", operation_id="getMail", response_model=schemas.MailDetail)
async def get_mail(request: ReadRequest, mail_id: UUID) -> Response:
    """Show a mail with the rows of the ledger that it carries."""
    return answer(request, await queries.mail_shown(request.read, request.caller, mail_id))


@writing.post(
    "/reminders/test",
    operation_id="sendTestMail",
    status_code=201,
    response_model=schemas.MailDetail,
)
async def send_test(request: WriteRequest, body: schemas.NewTest) -> Response:
    """Send a mail to an address, to see whether it arrives; ``GET /v1/mails/{mail_id}`` says what became of it."""
    request.caller.require("reminders:write")
    made = await commands.ask_test(
        request.db,
        request.caller,
        new=body,
        mail_from=request.settings.mail_from,
        now=datetime.now(UTC),
    )
    shown = await queries.mail_shown(await request.fresh(), request.caller, made)
    return answer(request, shown, status=201, headers={"location": f"/v1/mails/{made}"})


@reading.get(
    "/suppressed-addresses",
    operation_id="listSuppressed",
    response_model=Page[schemas.AddressShown],
)
async def list_addresses(
    request: ReadRequest, query: Annotated[schemas.AddressQuery, Query()]
) -> Response:
    """List the addresses that get no mail since theirs came back for good; their duties stay visible."""
    request.caller.require("reminders:write")
    return answer(request, await queries.addresses_page(request.read, request.caller, query))


@writing.post(
    "/suppressed-addresses/{address_id}/lift",
    operation_id="liftSuppressed",
    response_model=schemas.AddressShown,
)
async def lift_address(
    request: WriteRequest, address_id: UUID, _body: Nothing | None = None
) -> Response:
    """Let mail go to an address again."""
    request.caller.require("reminders:write")
    seen = await queries.address_shown(request.read, request.caller, address_id)
    require_match(request, seen, optional=True)
    await commands.lift_address(request.db, request.caller, address_id, now=datetime.now(UTC))
    return answer(
        request, await queries.address_shown(await request.fresh(), request.caller, address_id)
    )


routers = (reading, writing)
