"""Where other systems tell what became of a mail."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from services.api.bounces import commands, schemas
from services.api.deps.answers import JSON, answer
from services.api.deps.edge import WriteRequest, Writing
from services.api.errors import UnsupportedMediaTypeError
from shared.dsn import Report, reports

MAIL = "message/rfc822"
EITHER = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": schemas.BounceTold.model_json_schema()},
            MAIL: {
                "schema": {"type": "string", "description": "The bounce as it came (RFC 3464)."}
            },
        },
    }
}


class UnsupportedBounceTypeError(UnsupportedMediaTypeError):
    """Send application/json, or the mail as message/rfc822.

    Hãy gửi application/json, hoặc thư dạng message/rfc822.
    """


class TakingMail(Writing):
    """Takes a mail as it came, or JSON; the handler reads what the edge has received."""

    def _takes_form(self) -> bool:
        return True  # received before a connection is taken, from those who can sign in

    async def read_form(self, request: Request) -> None:
        if _media(request) not in {JSON, MAIL}:
            raise UnsupportedBounceTypeError
        await request.body()


writing = APIRouter(prefix="/v1", tags=["reminders"], route_class=TakingMail)


@writing.post(
    "/bounces",
    operation_id="takeBounce",
    response_model=schemas.BouncesTaken,
    openapi_extra=EITHER,
)
async def take_bounce(request: WriteRequest) -> Response:
    """Tell what became of a mail: it fails or is delivered, and a dead address gets no more.

    Only a mail that was sent is touched, and only for the recipient that it was sent to. The same report
    again changes nothing. A mail that is no report, such as an absence note, is answered with none.
    """
    request.caller.require("bounces:write")
    found = await _told(request)
    taken = await commands.take_bounces(request.db, request.caller, found, now=datetime.now(UTC))
    return answer(request, {"reports": taken})


async def _told(request: WriteRequest) -> list[Report]:
    body = await request.body()
    if _media(request) == MAIL:
        return await run_in_threadpool(reports, body)
    try:
        told = schemas.BounceTold.model_validate_json(body)
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from error
    return [
        Report((told.message_id,), told.recipient, "", told.action, told.status, told.diagnostic)
    ]


def _media(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


routers = (writing,)
