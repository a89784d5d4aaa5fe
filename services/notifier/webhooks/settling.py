"""How tries ended is written down in batches; an endpoint that fails for the whole schedule is disabled."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import structlog
from sqlalchemy import (
    DateTime,
    Integer,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    column,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.webhooks import schedule
from services.notifier.webhooks.deliveries import Claimed
from services.notifier.webhooks.schedule import Verdict
from services.notifier.webhooks.sender import Answer
from shared.alarms import WEBHOOK_DISABLED, raise_alarm
from shared.models import Alarm, WebhookAttempt, WebhookDelivery, WebhookEndpoint

log = structlog.get_logger()

_MOMENT = DateTime(timezone=True)
_COLUMNS: dict[str, Any] = {
    "id": Uuid(),
    "claimed_at": _MOMENT,
    "attempts": Integer(),
    "state": Text(),
    "reason": Text(),
    "next_at": _MOMENT,
}
_told = (
    func.unnest(*(bindparam(f"told_{name}", type_=ARRAY(kind)) for name, kind in _COLUMNS.items()))
    .table_valued(*(column(name, kind) for name, kind in _COLUMNS.items()), name="told")
    .render_derived()
)
# Only where the claim still stands: another notifier may have taken it over.
_SETTLE = (
    update(WebhookDelivery)
    .where(
        WebhookDelivery.id == _told.c.id,
        WebhookDelivery.state == "claimed",
        WebhookDelivery.claimed_at == _told.c.claimed_at,
    )
    .values(
        state=_told.c.state,
        attempts=_told.c.attempts,
        reason=_told.c.reason,
        next_at=_told.c.next_at,
        claimed_at=None,
        finished_at=case(
            (_told.c.state == "waiting", None), else_=bindparam("settled_at", type_=_MOMENT)
        ),
    )
    .returning(WebhookDelivery.id)
    .execution_options(synchronize_session=False)
)


class Outcome(NamedTuple):
    """One try, and what came of it."""

    claimed: Claimed
    at: datetime
    answer: Answer
    ended_at: datetime

    @property
    def wait_until(self) -> datetime | None:
        return schedule.wait_asked(self.answer.status, self.answer.retry_after, now=self.ended_at)

    def verdict(self) -> Verdict:
        return schedule.verdict(
            delivery_id=self.claimed.id,
            attempts=self.claimed.attempts + 1,
            status=self.answer.status,
            error=self.answer.error,
            wait_until=self.wait_until,
            now=self.ended_at,
        )


Judged = Sequence[tuple[Outcome, Verdict]]


async def settle(session: AsyncSession, outcomes: Sequence[Outcome], *, now: datetime) -> int:
    """Write a batch down; return how many claims had been lost to another meanwhile."""
    judged = [(outcome, outcome.verdict()) for outcome in outcomes]
    ours = await _write(session, judged, now=now)
    judged = [(outcome, verdict) for outcome, verdict in judged if outcome.claimed.id in ours]
    if judged:
        await session.execute(insert(WebhookAttempt), [_attempt(one) for one, _ in judged])
        await _tell_endpoints(session, judged, now=now)
    lost = len(outcomes) - len(judged)
    if lost:
        log.warning("webhook_claims_lost", deliveries=lost)
    return lost


async def _write(session: AsyncSession, judged: Judged, *, now: datetime) -> set[UUID]:
    rows = [
        (
            outcome.claimed.id,
            outcome.claimed.claimed_at,
            outcome.claimed.attempts + 1,
            verdict.state,
            verdict.reason,
            verdict.next_at,
        )
        for outcome, verdict in judged
    ]
    columns = zip(_COLUMNS, zip(*rows, strict=True), strict=True)
    written = await session.scalars(
        _SETTLE, {"settled_at": now, **{f"told_{name}": list(found) for name, found in columns}}
    )
    return set(written.all())


def _attempt(outcome: Outcome) -> dict[str, Any]:
    answer = outcome.answer
    return {
        "id": uuid4(),
        "delivery_id": outcome.claimed.id,
        "at": outcome.at,
        "ms": answer.ms,
        "status": answer.status,
        "error": answer.error,
        "answer": answer.text,
    }


async def _tell_endpoints(session: AsyncSession, judged: Judged, *, now: datetime) -> None:
    """Keep since when each fails, and until when it is left alone; written only where it changes."""
    reached = {outcome.claimed.endpoint_id for outcome, verdict in judged if verdict.reason is None}
    failed = {outcome.claimed.endpoint_id for outcome, verdict in judged if verdict.reason}
    table = WebhookEndpoint
    # One that failed when it was claimed: of others there is nothing to write.
    mended = {
        outcome.claimed.endpoint_id
        for outcome, verdict in judged
        if verdict.reason is None and outcome.claimed.failing
    }
    await _change(session, mended, table.failing_since.is_not(None), failing_since=None)
    for outcome, _ in sorted(judged, key=lambda pair: pair[0].at):
        if (endpoint := outcome.claimed.endpoint_id) in failed - reached:
            standing = table.failing_since.is_(None)
            await _change(session, {endpoint}, standing, failing_since=outcome.at)
    for outcome, _ in judged:
        if until := outcome.wait_until:
            earlier = or_(table.retry_after.is_(None), table.retry_after < until)
            await _change(session, {outcome.claimed.endpoint_id}, earlier, retry_after=until)
    for endpoint in {outcome.claimed.endpoint_id for outcome, verdict in judged if verdict.gone}:
        await disable(session, endpoint, "gone", now=now)
    over = {outcome.claimed.endpoint_id for outcome, verdict in judged if verdict.state == "failed"}
    for endpoint in over - reached:
        await disable(session, endpoint, "failing", now=now)


async def _change(session: AsyncSession, ids: set[UUID], where: Any, **values: Any) -> None:
    for endpoint_id in sorted(ids):  # one order for all: no two wait for each other
        await session.execute(
            update(WebhookEndpoint)
            .where(WebhookEndpoint.id == endpoint_id, where)
            .values(**values)
            .execution_options(synchronize_session=False)
        )


async def disable(session: AsyncSession, endpoint_id: UUID, reason: str, *, now: datetime) -> bool:
    """Tell it nothing more, and raise an alarm, of which its owner is written to.

    For failing only where nothing at all has arrived for as long as the schedule takes: one message that
    its receiver cannot digest disables nothing.
    """
    failing = WebhookEndpoint.failing_since <= now - schedule.WHOLE
    url = await session.scalar(
        update(WebhookEndpoint)
        .where(
            WebhookEndpoint.id == endpoint_id,
            WebhookEndpoint.disabled_at.is_(None),
            *([failing] if reason == "failing" else []),
        )
        .values(disabled_at=now, disabled_reason=reason, updated_at=now)
        .returning(WebhookEndpoint.url)
        .execution_options(synchronize_session=False)
    )
    if url is None:
        return False
    await session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.endpoint_id == endpoint_id,
            WebhookDelivery.state.in_(("waiting", "claimed")),
        )
        .values(state="dropped", reason="endpoint disabled", claimed_at=None, finished_at=now)
        .execution_options(synchronize_session=False)
    )
    await raise_alarm(
        session, WEBHOOK_DISABLED, str(endpoint_id), detail=_detail(url, reason), now=now
    )
    log.warning("webhook_disabled", endpoint=str(endpoint_id), reason=reason)
    return True


_AGAIN = (
    "Khi bên nhận sẵn sàng, đề nghị cơ quan điều phối bật lại.",
    "Once the receiver is well, ask the coordinating body to enable it.",
)


def _detail(url: str, reason: str) -> str:
    host = url.split("/")[2]
    if reason == "gone":
        return (
            f"Webhook tới {host} đã bị ngừng: bên nhận trả lời 410 (không còn nhận). {_AGAIN[0]} / "
            f"The webhook to {host} was disabled: its receiver answered 410 (gone). {_AGAIN[1]}"
        )
    return (
        f"Webhook tới {host} đã bị ngừng: không gửi được lần nào trong hơn ba ngày. {_AGAIN[0]} / "
        f"The webhook to {host} was disabled: nothing could be delivered for more than three days. {_AGAIN[1]}"
    )


async def clear_alarms(session: AsyncSession, *, now: datetime) -> None:
    """Clear the alarms of what was enabled again or deleted; written only where there is one."""
    disabled = exists().where(
        cast(WebhookEndpoint.id, Text) == Alarm.subject, WebhookEndpoint.disabled_at.is_not(None)
    )
    over = await session.scalars(
        select(Alarm.id).where(
            Alarm.kind == WEBHOOK_DISABLED, Alarm.cleared_at.is_(None), ~disabled
        )
    )
    if ids := over.all():
        await session.execute(
            update(Alarm)
            .where(Alarm.id.in_(ids))
            .values(cleared_at=now)
            .execution_options(synchronize_session=False)
        )
