"""Tell other systems: their addresses, their secrets, and the log of what was sent."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.api.deps.answers import answer, require_match
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.fields import Nothing
from services.api.deps.paging import Page, PageQuery
from services.api.webhooks import commands, queries, schemas
from shared.outward import Outward, resolve_host

reading = APIRouter(prefix="/v1", tags=["webhooks"], route_class=Reading)
writing = APIRouter(prefix="/v1", tags=["webhooks"], route_class=Writing)

NO_STORE = {"cache-control": "no-store"}
# Deliveries change without ringing, so nothing of them is answered from memory.
NOT_REMEMBERED = {"vary": "authorization"}


def _outward(request: ReadRequest) -> Outward:
    settings = request.settings
    return Outward.of(settings.webhook_allow, plain_http=settings.webhook_http)


async def _shown(request: WriteRequest, webhook_id: UUID) -> dict[str, Any]:
    return await queries.webhook_shown(await request.fresh(), request.caller, webhook_id)


@reading.get("/webhooks", operation_id="listWebhooks", response_model=Page[schemas.WebhookShown])
async def list_webhooks(request: ReadRequest, query: Annotated[PageQuery, Query()]) -> Response:
    """Show where other systems are told, newest first."""
    return answer(request, await queries.webhooks_page(request.read, request.caller, query))


@writing.post(
    "/webhooks",
    operation_id="createWebhook",
    status_code=201,
    response_model=schemas.WebhookWithSecret,
)
async def create_webhook(request: WriteRequest, body: schemas.NewWebhook) -> Response:
    """Register an address. Its secret is shown in this answer and never again."""
    request.caller.require("webhooks:write")
    webhook_id, secret = await commands.create_webhook(
        request.db,
        request.caller,
        new=body,
        outward=_outward(request),
        resolve=resolve_host,
        now=datetime.now(UTC),
    )
    return await _with_secret(request, webhook_id, secret, status=201)


async def _with_secret(
    request: WriteRequest, webhook_id: UUID, secret: str, *, status: int
) -> Response:
    shown = await _shown(request, webhook_id)
    shown["overlaps"] = await queries.overlapping(await request.fresh(), shown)
    headers = {"location": f"/v1/webhooks/{webhook_id}", **NO_STORE}
    request.replay = answer(request, {**shown, "secret": None}, status=status, headers=headers)
    return answer(request, {**shown, "secret": secret}, status=status, headers=headers)


@reading.get(
    "/webhooks/{webhook_id}", operation_id="getWebhook", response_model=schemas.WebhookShown
)
async def get_webhook(request: ReadRequest, webhook_id: UUID) -> Response:
    return answer(request, await queries.webhook_shown(request.read, request.caller, webhook_id))


@writing.patch(
    "/webhooks/{webhook_id}", operation_id="changeWebhook", response_model=schemas.WebhookShown
)
async def change_webhook(
    request: WriteRequest, webhook_id: UUID, body: schemas.WebhookPatch
) -> Response:
    """Change it, or pause it with ``active: false``: what waits then waits on."""
    request.caller.require("webhooks:write")
    await commands.webhook_in_hand(request.db, webhook_id)
    require_match(request, await queries.webhook_shown(request.read, request.caller, webhook_id))
    await commands.change_webhook(
        request.db,
        request.caller,
        webhook_id,
        values=body.model_dump(exclude_none=True),
        outward=_outward(request),
        resolve=resolve_host,
        now=datetime.now(UTC),
    )
    return answer(request, await _shown(request, webhook_id))


@writing.delete("/webhooks/{webhook_id}", operation_id="deleteWebhook", status_code=204)
async def delete_webhook(request: WriteRequest, webhook_id: UUID) -> Response:
    """Delete it with its secrets and its log."""
    request.caller.require("webhooks:write")
    shown = await queries.webhook_shown(request.read, request.caller, webhook_id)
    require_match(request, shown, optional=True)
    await commands.delete_webhook(request.db, request.caller, webhook_id)
    return Response(status_code=204)


@writing.post(
    "/webhooks/{webhook_id}/rotate",
    operation_id="rotateWebhookSecret",
    response_model=schemas.WebhookWithSecret,
)
async def rotate(
    request: WriteRequest, webhook_id: UUID, body: schemas.Rotation | None = None
) -> Response:
    """Make a new secret. For a while messages are signed with the old one as well."""
    request.caller.require("webhooks:write")
    secret = await commands.rotate(
        request.db,
        request.caller,
        webhook_id,
        overlap=timedelta(hours=(body or schemas.Rotation()).overlap_hours),
        now=datetime.now(UTC),
    )
    return await _with_secret(request, webhook_id, secret, status=200)


@writing.post(
    "/webhooks/{webhook_id}/enable",
    operation_id="enableWebhook",
    response_model=schemas.WebhookShown,
)
async def enable(request: WriteRequest, webhook_id: UUID, _body: Nothing | None = None) -> Response:
    """Take it up again after it was paused or disabled."""
    request.caller.require("webhooks:write")
    await commands.enable(request.db, request.caller, webhook_id, now=datetime.now(UTC))
    return answer(request, await _shown(request, webhook_id))


@writing.post(
    "/webhooks/{webhook_id}/ping",
    operation_id="pingWebhook",
    status_code=201,
    response_model=schemas.DeliveryWithAttempts,
)
async def ping(request: WriteRequest, webhook_id: UUID, _body: Nothing | None = None) -> Response:
    """Send a trial message; how it went stands in the delivery a moment later."""
    request.caller.require("webhooks:write")
    delivery_id = await commands.ping(request.db, request.caller, webhook_id, now=datetime.now(UTC))
    shown = await queries.delivery_shown(await request.fresh(), request.caller, delivery_id)
    headers = {"location": f"/v1/webhook-deliveries/{delivery_id}"}
    return answer(request, shown, status=201, headers=headers)


@reading.get(
    "/webhooks/{webhook_id}/deliveries",
    operation_id="listWebhookDeliveries",
    response_model=Page[schemas.DeliveryShown],
)
async def list_deliveries(
    request: ReadRequest, webhook_id: UUID, query: Annotated[schemas.DeliveryQuery, Query()]
) -> Response:
    """Show what was and will be sent there, newest first; kept for a month after its end."""
    shown = await queries.deliveries_page(request.read, request.caller, webhook_id, query)
    return answer(request, shown, headers=NOT_REMEMBERED)


@reading.get(
    "/webhook-deliveries/{delivery_id}",
    operation_id="getWebhookDelivery",
    response_model=schemas.DeliveryWithAttempts,
)
async def get_delivery(request: ReadRequest, delivery_id: UUID) -> Response:
    """Show one delivery with every try."""
    shown = await queries.delivery_shown(request.read, request.caller, delivery_id)
    return answer(request, shown, headers=NOT_REMEMBERED)


@writing.post(
    "/webhook-deliveries/{delivery_id}/resend",
    operation_id="resendWebhookDelivery",
    response_model=schemas.DeliveryWithAttempts,
)
async def resend(
    request: WriteRequest, delivery_id: UUID, _body: Nothing | None = None
) -> Response:
    """Send it again, with the same ``webhook-id``."""
    request.caller.require("webhooks:write")
    await commands.resend(request.db, request.caller, delivery_id, now=datetime.now(UTC))
    shown = await queries.delivery_shown(await request.fresh(), request.caller, delivery_id)
    return answer(request, shown)


routers = (reading, writing)
