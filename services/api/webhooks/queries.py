"""Who is told what, and how it went. Secrets are never read here."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Text, and_, bindparam, func, or_, select, true

from services.api.deps.caller import Caller
from services.api.deps.paging import PageQuery, page, start_of
from services.api.webhooks.schemas import DeliveryQuery
from shared.db import Reader
from shared.errors import NotFoundError
from shared.models import (
    Organisation,
    PublicEvent,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookSecret,
)
from shared.public import TYPES, is_wanted


class WebhookNotFoundError(NotFoundError):
    """There is no such webhook.

    Không có webhook này.
    """


class DeliveryNotFoundError(NotFoundError):
    """There is no such delivery; it may have been removed, a month after it ended.

    Không có lần gửi này; có thể đã được xóa sau một tháng.
    """


_of_endpoint = WebhookSecret.endpoint_id == WebhookEndpoint.id
_WEBHOOK = select(
    WebhookEndpoint.id,
    WebhookEndpoint.url,
    WebhookEndpoint.description,
    WebhookEndpoint.event_types,
    Organisation.code.label("organisation"),
    WebhookEndpoint.owner_email,
    WebhookEndpoint.active,
    WebhookEndpoint.disabled_at,
    WebhookEndpoint.disabled_reason,
    WebhookEndpoint.failing_since,
    WebhookEndpoint.retry_after,
    select(func.max(WebhookSecret.created_at))
    .where(_of_endpoint)
    .scalar_subquery()
    .label("secret_since"),
    select(func.max(WebhookSecret.expires_at))
    .where(_of_endpoint, WebhookSecret.expires_at > func.now())
    .scalar_subquery()
    .label("old_secret_until"),
    WebhookEndpoint.created_at,
    WebhookEndpoint.updated_at,
).outerjoin(Organisation, Organisation.id == WebhookEndpoint.organisation_id)
ONE_WEBHOOK = _WEBHOOK.where(WebhookEndpoint.id == bindparam("id"))
_SAME_ADDRESS = (
    select(WebhookEndpoint.id, WebhookEndpoint.event_types)
    .where(
        WebhookEndpoint.url == bindparam("url"),
        WebhookEndpoint.id != bindparam("id"),
        or_(
            bindparam("organisation", type_=Text).is_(None),
            WebhookEndpoint.organisation_id.is_(None),
            WebhookEndpoint.organisation_id
            == select(Organisation.id)
            .where(Organisation.code == bindparam("organisation"))
            .scalar_subquery(),
        ),
    )
    .order_by(WebhookEndpoint.created_at, WebhookEndpoint.id)
)
_newest = (
    select(
        WebhookAttempt.at,
        WebhookAttempt.ms,
        WebhookAttempt.status,
        WebhookAttempt.error,
        WebhookAttempt.answer,
    )
    .where(WebhookAttempt.delivery_id == WebhookDelivery.id)
    .order_by(WebhookAttempt.at.desc(), WebhookAttempt.id.desc())
    .limit(1)
    .lateral("newest")
)
_DELIVERY = (
    select(
        WebhookDelivery.id,
        WebhookDelivery.endpoint_id.label("webhook"),
        PublicEvent.id.label("event"),
        PublicEvent.type,
        PublicEvent.occurred_at,
        WebhookDelivery.state,
        WebhookDelivery.reason,
        WebhookDelivery.attempts,
        WebhookDelivery.next_at,
        WebhookDelivery.created_at,
        WebhookDelivery.finished_at,
        PublicEvent.trace_id,
        *(newest.label(f"last_{newest.name}") for newest in _newest.c),
    )
    .join(PublicEvent, PublicEvent.id == WebhookDelivery.event_id)
    .outerjoin(_newest, true())
)
ONE_DELIVERY = _DELIVERY.where(WebhookDelivery.id == bindparam("id"))
ATTEMPTS = (
    select(
        WebhookAttempt.at,
        WebhookAttempt.ms,
        WebhookAttempt.status,
        WebhookAttempt.error,
        WebhookAttempt.answer,
    )
    .where(WebhookAttempt.delivery_id == bindparam("id"))
    .order_by(WebhookAttempt.at.desc(), WebhookAttempt.id.desc())
    .limit(50)
)


def _before(table: type[WebhookEndpoint] | type[WebhookDelivery]) -> Any:
    return or_(
        table.created_at < bindparam("after_at"),
        and_(table.created_at == bindparam("after_at"), table.id < bindparam("after_id")),
    )


_FILTERS = {
    "webhook": WebhookDelivery.endpoint_id == bindparam("webhook"),
    "state": WebhookDelivery.state == bindparam("state"),
    "type": PublicEvent.type == bindparam("type"),
    "after": _before(WebhookDelivery),
}


@lru_cache
def webhooks_statement(*, after: bool) -> Executable:
    statement = _WEBHOOK.where(_before(WebhookEndpoint)) if after else _WEBHOOK
    return statement.order_by(WebhookEndpoint.created_at.desc(), WebhookEndpoint.id.desc()).limit(
        bindparam("limit")
    )


@lru_cache
def deliveries_statement(filters: frozenset[str]) -> Executable:
    return (
        _DELIVERY.where(and_(*(_FILTERS[name] for name in sorted(filters))))
        .order_by(WebhookDelivery.created_at.desc(), WebhookDelivery.id.desc())
        .limit(bindparam("limit"))
    )


def _webhook(row: Any) -> dict[str, Any]:
    state = "disabled" if row["disabled_at"] else "active" if row["active"] else "paused"
    actions = ["edit", "delete", "rotate", "ping" if state == "active" else "enable"]
    return {**dict(row), "state": state, "allowed_actions": actions}


def _delivery(row: Any) -> dict[str, Any]:
    shown = dict(row)
    last = {name: shown.pop(f"last_{name}") for name in ("at", "ms", "status", "error", "answer")}
    waits = shown["state"] in {"waiting", "claimed"}
    return {
        **shown,
        "message_id": f"msg_{shown['event'].hex}",
        "next_at": shown["next_at"] if waits else None,
        "last_attempt": last if last["at"] else None,
        "allowed_actions": [] if shown["state"] == "claimed" else ["resend"],
    }


def _after(query: PageQuery) -> dict[str, Any]:
    start = start_of(query, datetime.fromisoformat, UUID)
    return {} if start is None else {"after_at": start[0], "after_id": start[1]}


def _key(row: Any) -> list[Any]:
    return [row["created_at"], row["id"]]


async def webhooks_page(read: Reader, caller: Caller, query: PageQuery) -> dict[str, Any]:
    caller.require("webhooks:write")
    start = _after(query)
    rows = await read.all(webhooks_statement(after=bool(start)), limit=query.limit + 1, **start)
    return page(query, rows, _webhook, _key)


async def webhook_shown(read: Reader, caller: Caller, webhook_id: UUID) -> dict[str, Any]:
    caller.require("webhooks:write")
    row = await read.first(ONE_WEBHOOK, id=webhook_id)
    if row is None:
        raise WebhookNotFoundError
    return _webhook(row)


async def deliveries_page(
    read: Reader, caller: Caller, webhook_id: UUID, query: DeliveryQuery
) -> dict[str, Any]:
    await webhook_shown(read, caller, webhook_id)
    start = _after(query)
    values = {"webhook": webhook_id, **query.filters()}
    names = frozenset({*values, *(["after"] if start else [])})
    rows = await read.all(deliveries_statement(names), limit=query.limit + 1, **values, **start)
    return page(query, rows, _delivery, _key)


async def delivery_shown(read: Reader, caller: Caller, delivery_id: UUID) -> dict[str, Any]:
    caller.require("webhooks:write")
    row = await read.first(ONE_DELIVERY, id=delivery_id)
    if row is None:
        raise DeliveryNotFoundError
    log = await read.all(ATTEMPTS, id=delivery_id)
    return {**_delivery(row), "log": [dict(one) for one in log]}


async def overlapping(read: Reader, shown: dict[str, Any]) -> list[UUID]:
    """Find the webhooks of the same address that are told some of what this one is told."""
    same = {name: shown[name] for name in ("id", "url", "organisation")}
    return [
        row["id"]
        for row in await read.all(_SAME_ADDRESS, **same)
        if any(
            is_wanted(name, row["event_types"]) and is_wanted(name, shown["event_types"])
            for name in TYPES
        )
    ]
