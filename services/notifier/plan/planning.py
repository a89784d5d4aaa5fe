"""Bring the ledger in line with the facts: what is to be told is planned, what is no longer so is skipped."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import (
    select,
    true,
    union,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.plan.adding import add, add_notices
from services.notifier.plan.differences import (
    compare_by_hashing,
    differences,
    may_come_again,
)
from services.notifier.plan.following import follow
from services.notifier.plan.obstacles import Obstacle, obstacles
from services.notifier.plan.prepared import Prepared
from services.notifier.plan.rules import read_rules
from services.notifier.plan.schedule import today_in_hanoi
from services.notifier.plan.wanted import (
    Asked,
    Scope,
    in_period,
    is_in,
    is_watched,
    of_subjects,
    wanted,
)
from shared.db import among
from shared.duty import effective_due_on
from shared.log import trace_id
from shared.models import Assignment, Period, Reminder

log = structlog.get_logger()


class Planned(NamedTuple):
    """How many rows of the ledger changed."""

    added: int
    again: int
    moved: int
    skipped: int
    notices: int


async def plan_reminders(
    session: AsyncSession, *, period_id: UUID | None, now: datetime
) -> Planned:
    """Plan for one period or for all.

    It may be repeated and may run twice at once. Where nothing changed it only reads: a write, even of no
    row, would ring the bell of everybody who watches the ledger.
    """
    await compare_by_hashing(session)
    rules = await read_rules(session, now=now)
    scope = in_period(period_id)
    steps = rules.of(await _deadlines(session, scope), now=now)
    rows = true() if period_id is None else Reminder.period_id == period_id
    today = today_in_hanoi(now)
    missing, other = await differences(session, steps, scope, rows=rows, now=now)
    skipped = moved = again = 0
    if other:
        against = await obstacles(session, steps, today=today, subjects=other)
        await skip(session, against)
        want = wanted(steps, scope=of_subjects(other), today=today)
        skipped = len(against)
        moved = await follow(session, want)
        again = await _plan_again(session, want, now=now)
    planned = Planned(
        added=await add(session, steps, missing, now=now),
        again=again,
        moved=moved,
        skipped=skipped,
        notices=await add_notices(session, rules, now=now),
    )
    if any(planned):
        log.info(
            "reminders_planned",
            period_id=None if period_id is None else str(period_id),
            **planned._asdict(),
        )
    return planned


async def _deadlines(session: AsyncSession, scope: Scope) -> Sequence[date]:
    duties, explanations = scope.conditions
    found = await session.scalars(
        union(
            select(effective_due_on)
            .join(Period, Period.id == Assignment.period_id)
            .where(is_watched, duties),
            select(Asked.due_on).where(Asked.state == "asked", explanations),
        ),
        scope.values,
    )
    return found.all()


async def skip(session: AsyncSession, against: Iterable[Obstacle]) -> None:
    """Write down why; a line that leaves its mail is free of it."""
    by_reason: dict[str, list[UUID]] = defaultdict(list)
    for reminder_id, reason in against:
        by_reason[reason].append(reminder_id)
    for reason, ids in by_reason.items():
        await session.execute(
            update(Reminder)
            .where(among(Reminder.id, ids), Reminder.state.in_(("planned", "held", "claimed")))
            .values(state="skipped", reason=reason, mail_id=None, hold_id=None)
        )
        log.info("reminders_skipped", reason=reason, reminders=[str(i) for i in ids[:100]])


async def _plan_again(session: AsyncSession, wanting: Prepared, *, now: datetime) -> int:
    want = wanting.rows
    found = (
        await session.execute(
            select(Reminder.id, want.c.send_at)
            .join(want, is_in(want))
            .where(may_come_again(Reminder, want, now=now))
            .order_by(Reminder.id)
            .with_for_update(of=Reminder, skip_locked=True),
            wanting.values,
        )
    ).all()
    by_time: dict[datetime, list[UUID]] = defaultdict(list)
    for reminder_id, send_at in found:
        by_time[send_at].append(reminder_id)
    for send_at, ids in by_time.items():
        await session.execute(
            update(Reminder)
            .where(among(Reminder.id, ids), Reminder.state == "skipped")
            .values(
                state="planned",
                reason=None,
                planned_at=send_at,
                send_at=send_at,
                trace_id=trace_id.get(),
            )
        )
    return len({row.id for row in found})
