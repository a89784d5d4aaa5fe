"""Plan reminders into the ledger, send what is due, and raise an alarm where nobody can be reached."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import structlog
from sqlalchemy import CursorResult, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier import queries
from services.notifier.mail import message_id
from services.notifier.queries import Obstacle
from services.notifier.schedule import pause_after
from services.notifier.wanted import in_period
from shared.log import trace_id
from shared.models import Alarm, Assignment, Reminder

log = structlog.get_logger()

BATCH = 50  # mails of one connection
INSERT_BATCH = 5_000
MAX_ATTEMPTS = 10
NO_CONTACT = "no_contact"


class Planned(NamedTuple):
    """How many rows of the ledger changed."""

    added: int
    again: int
    skipped: int


class Claim(NamedTuple):
    """A reminder that is ours until the claim expires."""

    reminder_id: UUID
    assignment_id: UUID
    claimed_at: datetime


async def plan_reminders(
    session: AsyncSession, *, period_id: UUID | None, now: datetime, domain: str
) -> Planned:
    """Bring the ledger in line with the facts, of one period or of all.

    It may be repeated and may run twice at once. Where nothing changed it only reads: a write, even of no
    row, would ring the bell of everybody who watches the ledger.
    """
    await queries.compare_by_hashing(session)
    duties = in_period(period_id)
    due_dates = await queries.deadlines(session, duties=duties)
    steps = await queries.steps_of(session, due_dates, now=now)
    against = await queries.obstacles(
        session, steps, rows=Reminder.state == "planned", duties=duties
    )
    await _skip(session, against)
    again = await queries.wanted_again(session, steps, duties=duties, now=now)
    await _plan_again(session, again)
    missing = await queries.missing(session, steps, duties=duties)
    await _add(session, [row._asdict() for row in missing], domain=domain)
    planned = Planned(added=len(missing), again=len(again), skipped=len(against))
    if any(planned):
        log.info(
            "reminders_planned",
            period_id=None if period_id is None else str(period_id),
            **planned._asdict(),
        )
    return planned


async def _add(session: AsyncSession, rows: Sequence[dict[str, Any]], *, domain: str) -> None:
    cause = trace_id.get()
    for row in rows:
        row["id"] = uuid4()
        row["trace_id"] = cause
        row["message_id"] = message_id(
            row["assignment_id"], row["due_on"], row["step_days"], row["recipient"], domain=domain
        )
    # Another notifier may plan the same at this moment.
    statement = insert(Reminder).on_conflict_do_nothing(
        index_elements=["assignment_id", "due_on", "step_days", "recipient"]
    )
    for start in range(0, len(rows), INSERT_BATCH):
        await session.execute(statement, rows[start : start + INSERT_BATCH])


async def _plan_again(session: AsyncSession, again: dict[UUID, datetime]) -> None:
    by_time: dict[datetime, list[UUID]] = defaultdict(list)
    for reminder_id, send_at in again.items():
        by_time[send_at].append(reminder_id)
    for send_at, ids in by_time.items():
        await session.execute(
            update(Reminder)
            .where(Reminder.id.in_(ids), Reminder.state == "skipped")
            .values(
                state="planned",
                reason=None,
                send_at=send_at,
                attempts=0,
                claimed_at=None,
                trace_id=trace_id.get(),
            )
        )


async def _skip(session: AsyncSession, against: Iterable[Obstacle]) -> None:
    by_reason: dict[str, list[UUID]] = defaultdict(list)
    for reminder_id, reason in against:
        by_reason[reason].append(reminder_id)
    for reason, ids in by_reason.items():
        await session.execute(
            update(Reminder)
            .where(Reminder.id.in_(ids), Reminder.state.in_(("planned", "claimed")))
            .values(state="skipped", reason=reason, claimed_at=None)
        )
        log.info("reminders_skipped", reason=reason, reminders=[str(i) for i in ids[:100]])


async def claim_due(
    session: AsyncSession, *, now: datetime, claim: timedelta
) -> tuple[list[Claim], int]:
    """Take up to a batch of what is due; say how many were skipped instead.

    The rows are locked while the facts are read again, and other notifiers pass over them. A claim whose
    owner died is due again when it has expired.
    """
    due = (
        await session.execute(
            select(Reminder.id, Reminder.assignment_id, Reminder.due_on)
            .where(queries.is_due(now=now, claim=claim))
            .order_by(Reminder.send_at, Reminder.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
    ).all()
    if not due:
        return [], 0
    ids = [row.id for row in due]
    steps = await queries.steps_of(session, [row.due_on for row in due], now=now)
    overtaken = await queries.superseded(session, ids, now=now)
    against = await queries.obstacles(
        session,
        steps,
        rows=Reminder.id.in_(ids),
        duties=Assignment.id.in_({row.assignment_id for row in due}),
    )
    # What the facts forbid may be wanted again one day; what was overtaken is over.
    reasons = {**dict(overtaken), **dict(against)}
    await _skip(session, (Obstacle(*pair) for pair in reasons.items()))
    claimed = [Claim(row.id, row.assignment_id, now) for row in due if row.id not in reasons]
    if claimed:
        await session.execute(
            update(Reminder)
            .where(Reminder.id.in_([one.reminder_id for one in claimed]))
            .values(state="claimed", claimed_at=now, reason=None)
        )
    return claimed, len(reasons)


async def skip_if_unwanted(session: AsyncSession, claim: Claim, *, now: datetime) -> bool:
    """Look once more, right before sending: a batch takes seconds, and people act meanwhile."""
    deadline = await session.scalar(select(Reminder.due_on).where(Reminder.id == claim.reminder_id))
    steps = await queries.steps_of(session, [deadline] if deadline else [], now=now)
    against = await queries.obstacles(
        session,
        steps,
        rows=_is_ours(claim),
        duties=Assignment.id == claim.assignment_id,
    )
    await _skip(session, against)
    return bool(against)


def _is_ours(claim: Claim) -> Any:
    return (
        (Reminder.id == claim.reminder_id)
        & (Reminder.state == "claimed")
        & (Reminder.claimed_at == claim.claimed_at)
    )


async def _settle(session: AsyncSession, claim: Claim, **values: Any) -> bool:
    """Write down how it ended, unless the claim has expired and another notifier has it."""
    done: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(Reminder).where(_is_ours(claim)).values(claimed_at=None, **values)
    )
    if done.rowcount == 0:
        log.warning("reminder_claim_lost", reminder=str(claim.reminder_id), state=values["state"])
    return done.rowcount == 1


async def mark_sent(session: AsyncSession, claim: Claim, *, now: datetime) -> bool:
    return await _settle(
        session, claim, state="sent", sent_at=now, attempts=Reminder.attempts + 1, reason=None
    )


async def mark_failed(session: AsyncSession, claim: Claim, *, reason: str) -> bool:
    """Give up: the coordinator sees it in the ledger."""
    return await _settle(
        session, claim, state="failed", attempts=Reminder.attempts + 1, reason=reason
    )


async def put_back(
    session: AsyncSession, claim: Claim, *, reason: str, limit: int | None, now: datetime
) -> bool:
    """Try again later, each time after a longer pause; give up after so many attempts.

    Without a limit, for a broken connection, it waits as long as the mail server is away: a newer step
    or a finished duty ends it.
    """
    before = await session.scalar(
        select(Reminder.attempts).where(_is_ours(claim)).with_for_update()
    )
    attempts = (before or 0) + 1
    if limit is not None and attempts >= limit:
        return await mark_failed(session, claim, reason=reason)
    return await _settle(
        session,
        claim,
        state="planned",
        attempts=attempts,
        reason=reason,
        send_at=now + pause_after(attempts, claim.reminder_id),
    )


async def release(session: AsyncSession, claims: Iterable[Claim]) -> None:
    """Give back what was claimed and not tried."""
    for claim in claims:
        await _settle(session, claim, state="planned")


async def watch_reachability(session: AsyncSession, *, now: datetime) -> None:
    """Keep one standing alarm for every body that has unfinished duties and nobody to write to."""
    unreachable = await queries.unreachable_bodies(session)
    standing = {
        alarm.organisation_id: alarm
        for alarm in await session.scalars(
            select(Alarm).where(Alarm.kind == NO_CONTACT, Alarm.cleared_at.is_(None))
        )
    }
    for body, alarm in standing.items():
        if body not in unreachable:
            alarm.cleared_at = now
            log.info("alarm_cleared", kind=NO_CONTACT, organisation_id=str(body))
        else:  # written only where the number is another
            alarm.detail = _detail(unreachable[body])
    for body in sorted(unreachable.keys() - standing.keys()):
        await session.execute(
            insert(Alarm)
            .values(
                id=uuid4(),
                kind=NO_CONTACT,
                organisation_id=body,
                detail=_detail(unreachable[body]),
                raised_at=now,
            )
            # Another notifier may raise the same at this moment.
            .on_conflict_do_nothing(
                index_elements=["kind", "organisation_id"], index_where=Alarm.cleared_at.is_(None)
            )
        )
        log.warning("alarm_raised", kind=NO_CONTACT, organisation_id=str(body))


def _detail(duties: int) -> str:
    return (
        f"Chưa có đầu mối liên hệ nào đang hoạt động: {duties} nhiệm vụ chưa hoàn thành không gửi "
        "được nhắc việc. Đề nghị bổ sung đầu mối."
    )
