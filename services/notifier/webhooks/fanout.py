"""From a public event to a delivery for each endpoint that asked for it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import delete, exists, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.models import PublicEvent, WebhookDelivery, WebhookEndpoint
from shared.public import is_wanted

log = structlog.get_logger()

BATCH = 500
KEEP = timedelta(days=30)
FORGET_BATCH = 5_000


async def fan_out(session: AsyncSession, *, now: datetime, limit: int = BATCH) -> int:
    """Make deliveries of what is new; return how many events were taken.

    A row is marked when it has been taken, and no number is remembered up to which all are taken: whichever
    transaction commits late, its row is still unmarked. Rows another notifier holds are passed over.
    """
    events = (
        await session.execute(
            select(
                PublicEvent.id,
                PublicEvent.type,
                PublicEvent.organisation_ids,
                (PublicEvent.data != literal_column("'{}'::jsonb")).label("told"),
            )
            .where(PublicEvent.fanned_out_at.is_(None))
            .order_by(PublicEvent.occurred_at, PublicEvent.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    ).all()
    if not events:
        return 0
    # Held, so that none is deleted before its deliveries are in.
    endpoints = (
        await session.scalars(
            select(WebhookEndpoint)
            .where(WebhookEndpoint.active, WebhookEndpoint.disabled_at.is_(None))
            .order_by(WebhookEndpoint.id)
            .with_for_update(read=True, key_share=True)
        )
    ).all()
    wanted = [
        {"id": uuid4(), "endpoint_id": endpoint.id, "event_id": event.id, "next_at": now}
        for event in events
        for endpoint in endpoints
        if concerns(event, endpoint)
    ]
    if wanted:
        once = insert(WebhookDelivery).on_conflict_do_nothing(
            index_elements=["endpoint_id", "event_id"]
        )
        for start in range(0, len(wanted), FORGET_BATCH):
            await session.execute(once, wanted[start : start + FORGET_BATCH])
    await session.execute(
        update(PublicEvent)
        .where(PublicEvent.id.in_([event.id for event in events]))
        .values(fanned_out_at=now)
        .execution_options(synchronize_session=False)
    )
    log.debug("events_fanned_out", events=len(events), deliveries=len(wanted))
    return len(events)


def concerns(event: Any, endpoint: WebhookEndpoint) -> bool:
    """Tell whether the endpoint asked for it and may hear of it; an empty event is nobody's."""
    body = endpoint.organisation_id
    return (
        event.told
        and is_wanted(event.type, endpoint.event_types)
        and (body is None or body in event.organisation_ids)
    )


async def forget_old(session: AsyncSession, *, now: datetime) -> None:
    """Remove what ended a month ago; what the clock made stays, since it must not be made again."""
    old = (
        select(WebhookDelivery.id)
        .where(WebhookDelivery.finished_at < now - KEEP)
        .limit(FORGET_BATCH)
    )
    await session.execute(
        delete(WebhookDelivery)
        .where(WebhookDelivery.id.in_(old))
        .execution_options(synchronize_session=False)
    )
    unused = (
        select(PublicEvent.id)
        .where(
            PublicEvent.fanned_out_at < now - KEEP,
            PublicEvent.key.is_(None),
            ~exists().where(WebhookDelivery.event_id == PublicEvent.id),
        )
        .limit(FORGET_BATCH)
    )
    await session.execute(
        delete(PublicEvent)
        .where(PublicEvent.id.in_(unused))
        .execution_options(synchronize_session=False)
    )
