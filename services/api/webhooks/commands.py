"""Where other systems are told: made, changed, paused, removed; secrets replaced; messages sent again."""

import base64
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import delete, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, record
from services.api.deps.caller import Caller
from services.api.webhooks.queries import DeliveryNotFoundError, WebhookNotFoundError
from services.api.webhooks.schemas import NewWebhook
from shared.errors import ConflictError, InvalidError
from shared.log import trace_id
from shared.models import (
    Organisation,
    PublicEvent,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookSecret,
)
from shared.outward import Fault, Outward, Resolve
from shared.public import PING, VERSION

MOST = 100  # each event is compared with each of them
KEY_BYTES = 32
PREFIX = "whsec_"
FAULTS: dict[Fault, tuple[str, str]] = {
    "form": (
        "It is not a usable address: no spaces, no fragment, a host and at most 2,000 characters.",
        "Địa chỉ không dùng được: không có dấu cách, không có phần #, phải có tên máy, tối đa 2.000 ký tự.",
    ),
    "scheme": ("It must begin with https://.", "Địa chỉ phải bắt đầu bằng https://."),
    "userinfo": (
        "It must not contain a user or a password.",
        "Địa chỉ không được chứa tên người dùng hoặc mật khẩu.",
    ),
    "unknown_host": ("Its host is not known.", "Không tìm thấy tên máy trong địa chỉ."),
    "address": (
        "Its host is inside, where nothing may be sent to unless an operator allows it.",
        "Địa chỉ thuộc mạng nội bộ, không được gửi tới nếu người vận hành chưa cho phép.",
    ),
}


class TooManyWebhooksError(ConflictError):
    """There are a hundred webhooks already; delete one that is not needed.

    Đã có một trăm webhook; hãy xóa webhook không còn dùng.
    """


class WebhookOffError(ConflictError):
    """It is paused or disabled; enable it first.

    Webhook đang tạm dừng hoặc đã bị ngừng; hãy bật lại trước.
    """


class BeingSentError(ConflictError):
    """It is being sent at this moment.

    Thông điệp đang được gửi.
    """


def _host(url: str) -> str:
    """Name the address in the audit log by its host: the rest may hold a secret of the receiver."""
    return f"{httpx.URL(url).host}/…"


async def _check_url(url: str, outward: Outward, resolve: Resolve) -> None:
    if fault := await outward.fault(url, resolve):
        english, vietnamese = FAULTS[fault]
        raise InvalidError(english, vi=vietnamese, pointer="/url")


def _new_secret(session: AsyncSession, endpoint_id: UUID, *, now: datetime) -> str:
    key = secrets.token_bytes(KEY_BYTES)
    session.add(WebhookSecret(endpoint_id=endpoint_id, key=key, created_at=now))
    return PREFIX + base64.b64encode(key).decode()


async def create_webhook(
    session: AsyncSession,
    caller: Caller,
    *,
    new: NewWebhook,
    outward: Outward,
    resolve: Resolve,
    now: datetime,
) -> tuple[UUID, str]:
    """Make it; its secret is known to the caller alone from here on, and to whoever signs."""
    await _check_url(new.url, outward, resolve)
    body: UUID | None = None
    if new.organisation is not None:
        body = await session.scalar(
            select(Organisation.id).where(Organisation.code == new.organisation)
        )
        if body is None:
            raise InvalidError(
                "There is no organisation with this code.",
                vi="Không có cơ quan nào mang mã này.",
                pointer="/organisation",
            )
    if (await session.scalar(select(func.count()).select_from(WebhookEndpoint)) or 0) >= MOST:
        raise TooManyWebhooksError
    endpoint = WebhookEndpoint(
        id=uuid4(),
        url=new.url,
        description=new.description,
        event_types=_once(new.event_types),
        organisation_id=body,
        owner_email=new.owner_email,
        created_at=now,
        updated_at=now,
    )
    session.add(endpoint)
    await session.flush()
    secret = _new_secret(session, endpoint.id, now=now)
    record(
        session,
        caller,
        "created",
        ("webhook", endpoint.id),
        changes={
            "url": [None, _host(new.url)],
            "event_types": [None, endpoint.event_types],
            "organisation": [None, new.organisation],
        },
    )
    return endpoint.id, secret


def _once(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


async def webhook_in_hand(session: AsyncSession, webhook_id: UUID) -> WebhookEndpoint:
    # NO KEY UPDATE: deliveries that refer to it go on being written.
    found = await session.get(WebhookEndpoint, webhook_id, with_for_update={"key_share": True})
    if found is None:
        raise WebhookNotFoundError
    return found


async def change_webhook(
    session: AsyncSession,
    caller: Caller,
    webhook_id: UUID,
    *,
    values: dict[str, Any],
    outward: Outward,
    resolve: Resolve,
    now: datetime,
) -> None:
    if "url" in values:
        await _check_url(values["url"], outward, resolve)
    if "event_types" in values:
        values["event_types"] = _once(values["event_types"])
    endpoint = await webhook_in_hand(session, webhook_id)
    changes = apply(endpoint, values)
    if not changes:
        return
    endpoint.updated_at = now
    if "url" in changes:
        changes["url"] = [_host(url) for url in changes["url"]]
    if "owner_email" in changes:
        changes["owner_email"] = [None, None]  # whose it was and is, is no fact for history
    record(session, caller, "changed", ("webhook", webhook_id), changes=changes)


async def delete_webhook(session: AsyncSession, caller: Caller, webhook_id: UUID) -> None:
    """Remove it with its secrets and its log; the audit log keeps that it was there."""
    endpoint = await webhook_in_hand(session, webhook_id)
    record(
        session,
        caller,
        "deleted",
        ("webhook", webhook_id),
        changes={"url": [_host(endpoint.url), None]},
    )
    await session.delete(endpoint)


async def rotate(
    session: AsyncSession, caller: Caller, webhook_id: UUID, *, overlap: timedelta, now: datetime
) -> str:
    """Replace the secret. The one before signs beside it for a while; any older one ends at once."""
    endpoint = await webhook_in_hand(session, webhook_id)
    await session.execute(
        delete(WebhookSecret).where(
            WebhookSecret.endpoint_id == webhook_id,
            or_(WebhookSecret.expires_at.is_not(None), literal(overlap <= timedelta())),
        )
    )
    standing = await session.scalar(
        select(WebhookSecret).where(
            WebhookSecret.endpoint_id == webhook_id, WebhookSecret.expires_at.is_(None)
        )
    )
    if standing is not None:
        standing.expires_at = now + overlap
        await session.flush()
    endpoint.updated_at = now
    hours = int(overlap / timedelta(hours=1))
    record(
        session,
        caller,
        "secret_rotated",
        ("webhook", webhook_id),
        changes={"overlap": [None, hours]},
    )
    return _new_secret(session, webhook_id, now=now)


async def enable(session: AsyncSession, caller: Caller, webhook_id: UUID, *, now: datetime) -> None:
    """Take it up again, from now on: what was dropped meanwhile stays dropped."""
    endpoint = await webhook_in_hand(session, webhook_id)
    values = {"active": True, "disabled_at": None, "disabled_reason": None}
    if changes := apply(endpoint, values):
        endpoint.failing_since = endpoint.retry_after = None
        endpoint.updated_at = now
        record(session, caller, "enabled", ("webhook", webhook_id), changes=changes)


def _require_on(endpoint: WebhookEndpoint) -> None:
    if not endpoint.active or endpoint.disabled_at is not None:
        raise WebhookOffError


async def ping(session: AsyncSession, caller: Caller, webhook_id: UUID, *, now: datetime) -> UUID:
    """Send it a trial message, whatever it asked for."""
    _require_on(await webhook_in_hand(session, webhook_id))
    event = PublicEvent(
        id=uuid4(),
        type=PING,
        version=VERSION,
        occurred_at=now,
        data={"endpoint": str(webhook_id), "link": f"/v1/webhooks/{webhook_id}"},
        trace_id=trace_id.get(),
        fanned_out_at=now,  # it is for this endpoint alone
    )
    session.add(event)
    await session.flush()
    delivery = WebhookDelivery(
        id=uuid4(), endpoint_id=webhook_id, event_id=event.id, next_at=now, created_at=now
    )
    session.add(delivery)
    record(session, caller, "pinged", ("webhook", webhook_id))
    return delivery.id


async def resend(
    session: AsyncSession, caller: Caller, delivery_id: UUID, *, now: datetime
) -> None:
    """Send it again from the start of the schedule; the receiver knows it by its id."""
    delivery = await session.get(WebhookDelivery, delivery_id, with_for_update=True)
    if delivery is None:
        raise DeliveryNotFoundError
    _require_on(await webhook_in_hand(session, delivery.endpoint_id))
    if delivery.state == "claimed":
        raise BeingSentError
    record(
        session,
        caller,
        "resent",
        ("webhook_delivery", delivery_id),
        changes={"state": [delivery.state, "waiting"]},
    )
    delivery.state, delivery.reason, delivery.finished_at = "waiting", None, None
    delivery.attempts, delivery.next_at = 0, now
