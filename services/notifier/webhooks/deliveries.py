"""What is due is claimed: of each endpoint so much that a slow one never takes another's room."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, or_, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.webhooks.signing import message
from shared.models import PublicEvent, WebhookDelivery, WebhookEndpoint, WebhookSecret

# The longest due first; an endpoint that fails is tried one at a time.
_CLAIM = text("""
    WITH under_way AS (
        SELECT * FROM unnest(CAST(:endpoints AS uuid[]), CAST(:busy AS int[]), CAST(:most AS int[]))
            AS t(endpoint_id, busy, most)
    ), due AS (
        SELECT d.id FROM webhook_endpoints e
        LEFT JOIN under_way u ON u.endpoint_id = e.id
        CROSS JOIN LATERAL (
            SELECT id, next_at FROM webhook_deliveries
            WHERE endpoint_id = e.id AND state IN ('waiting', 'claimed')
                AND CASE state WHEN 'waiting' THEN next_at <= :now ELSE claimed_at <= :expired END
            ORDER BY next_at, id
            LIMIT greatest(0, CASE WHEN e.failing_since IS NULL THEN coalesce(u.most, :most_each)
                ELSE 1 END - coalesce(u.busy, 0))
            FOR UPDATE SKIP LOCKED
        ) d
        WHERE e.active AND e.disabled_at IS NULL AND coalesce(e.retry_after <= :now, true)
        ORDER BY d.next_at, d.id LIMIT :room
    )
    UPDATE webhook_deliveries SET state = 'claimed', claimed_at = :now
    FROM due WHERE webhook_deliveries.id = due.id RETURNING webhook_deliveries.id
""")
_standing_keys = (
    select(func.array_agg(aggregate_order_by(WebhookSecret.key, WebhookSecret.created_at.desc())))
    .where(
        WebhookSecret.endpoint_id == WebhookEndpoint.id,
        or_(WebhookSecret.expires_at.is_(None), WebhookSecret.expires_at > text(":now")),
    )
    .scalar_subquery()
)
_WHOLE = (
    select(
        WebhookDelivery.id,
        WebhookDelivery.attempts,
        WebhookEndpoint.id.label("endpoint_id"),
        WebhookEndpoint.url,
        WebhookEndpoint.failing_since.is_not(None).label("failing"),
        _standing_keys.label("keys"),
        PublicEvent.id.label("event_id"),
        PublicEvent.type,
        PublicEvent.version,
        PublicEvent.occurred_at,
        PublicEvent.data,
    )
    .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
    .join(PublicEvent, PublicEvent.id == WebhookDelivery.event_id)
)


class Busy(NamedTuple):
    """What is under way to an endpoint, and how much may be."""

    now: int
    most: int


class Claimed(NamedTuple):
    """A delivery that is ours until the claim expires, with all that is needed to send it."""

    id: UUID
    claimed_at: datetime
    endpoint_id: UUID
    url: str
    failing: bool
    keys: tuple[bytes, ...]
    attempts: int
    event_id: UUID
    body: bytes


async def claim(
    session: AsyncSession,
    *,
    now: datetime,
    expires: timedelta,
    busy: Mapping[UUID, Busy],
    most_each: int,
    room: int,
    public_url: str,
) -> list[Claimed]:
    """Take what is due. The claim of a notifier that died is due again when it has expired."""
    found = await session.scalars(
        _CLAIM,
        {
            "endpoints": list(busy),
            "busy": [one.now for one in busy.values()],
            "most": [one.most for one in busy.values()],
            "now": now,
            "expired": now - expires,
            "most_each": most_each,
            "room": room,
        },
    )
    ids = found.all()
    return await _with_all(session, ids, now=now, public_url=public_url) if ids else []


async def _with_all(
    session: AsyncSession, ids: Sequence[UUID], *, now: datetime, public_url: str
) -> list[Claimed]:
    rows = await session.execute(_WHOLE.where(WebhookDelivery.id.in_(ids)), {"now": now})
    return [
        Claimed(
            id=row.id,
            claimed_at=now,
            endpoint_id=row.endpoint_id,
            url=row.url,
            failing=row.failing,
            keys=tuple(row.keys),
            attempts=row.attempts,
            event_id=row.event_id,
            body=message(
                event_type=row.type,
                version=row.version,
                occurred_at=row.occurred_at,
                data=row.data,
                public_url=public_url,
            ),
        )
        for row in rows
    ]
