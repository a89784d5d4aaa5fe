"""Bring the ledger in line with the facts: what is to be told is planned, what is no longer so is skipped."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import case, exists, func, literal, or_, select, true, union, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.differences import (
    UNSENT,
    compare_by_hashing,
    differences,
    has_moved,
    may_come_again,
)
from services.notifier.notices import LONGEST, is_told, noticed
from services.notifier.obstacles import Obstacle, obstacles
from services.notifier.rules import Rules, read_rules
from services.notifier.schedule import AUDIENCES, Step
from services.notifier.wanted import (
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

SLICE = 5_000  # duties whose lines are written by one statement


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
    rows = true() if period_id is None else _of_period(period_id)
    missing, other = await differences(session, steps, scope, rows=rows, now=now)
    skipped = moved = again = 0
    if other:
        scope = of_subjects(other)
        rows = among(Reminder.subject_id, other) & Reminder.state.in_(UNSENT)
        against = await obstacles(session, steps, rows=rows, scope=scope)
        await skip(session, against)
        skipped = len(against)
        moved = await _move(session, steps, scope)
        again = await _plan_again(session, steps, scope, now=now)
    planned = Planned(
        added=await _add(session, steps, missing),
        again=again,
        moved=moved,
        skipped=skipped,
        notices=await _add_notices(session, rules, now=now),
    )
    if any(planned):
        log.info(
            "reminders_planned",
            period_id=None if period_id is None else str(period_id),
            **planned._asdict(),
        )
    return planned


def _of_period(period_id: UUID) -> Any:
    duties = select(Assignment.id).where(Assignment.period_id == period_id)
    asked = select(Asked.id).where(Asked.period_id == period_id)
    return or_(Reminder.assignment_id.in_(duties), Reminder.explanation_id.in_(asked))


async def _deadlines(session: AsyncSession, scope: Scope) -> Sequence[date]:
    found = await session.scalars(
        union(
            select(effective_due_on)
            .join(Period, Period.id == Assignment.period_id)
            .where(is_watched, scope[0]),
            select(Asked.due_on).where(Asked.state == "asked", scope[1]),
        )
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


async def _move(session: AsyncSession, steps: Sequence[Step], scope: Scope) -> int:
    want = wanted(steps, scope=scope)
    moved = (
        await session.execute(
            select(Reminder.id, want.c.send_at, want.c.separate)
            .join(want, is_in(want))
            .where(has_moved(Reminder, want))
            .order_by(Reminder.id)
            .with_for_update(of=Reminder, skip_locked=True)
        )
    ).all()
    by_time: dict[tuple[datetime, bool], list[UUID]] = defaultdict(list)
    for reminder_id, send_at, separate in moved:
        by_time[send_at, separate].append(reminder_id)
    for (send_at, separate), ids in by_time.items():
        await session.execute(
            update(Reminder)
            .where(among(Reminder.id, ids))
            .values(planned_at=send_at, send_at=send_at, separate=separate)
        )
    return len({row.id for row in moved})


async def _plan_again(
    session: AsyncSession, steps: Sequence[Step], scope: Scope, *, now: datetime
) -> int:
    want = wanted(steps, scope=scope)
    found = (
        await session.execute(
            select(Reminder.id, want.c.send_at)
            .join(want, is_in(want))
            .where(may_come_again(Reminder, want, now=now))
            .order_by(Reminder.id)
            .with_for_update(of=Reminder, skip_locked=True)
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


_COPIED = (
    "subject_id",
    "assignment_id",
    "explanation_id",
    "organisation_id",
    "audience",
    "contact_id",
    "user_id",
    "recipient",
    "recipient_name",
)


async def _add(session: AsyncSession, steps: Sequence[Step], subjects: Sequence[UUID]) -> int:
    """Write what is wanted and not in the ledger, one row for each duty, step and recipient.

    So many duties at a time: one statement for all would meet the limit of statements, at every try.
    """
    ordered = sorted(subjects)
    slices = (ordered[start : start + SLICE] for start in range(0, len(ordered), SLICE))
    return sum([await _add_of(session, steps, of_subjects(some)) for some in slices])


async def _add_of(session: AsyncSession, steps: Sequence[Step], scope: Scope) -> int:
    want = wanted(steps, scope=scope)
    key = (want.c.subject_id, want.c.due_on, want.c.step, want.c.recipient)
    first = case(
        {audience: place for place, audience in enumerate(AUDIENCES)}, value=want.c.audience
    )
    missing = select(
        # In the order of time: at random places of four indexes it took three times as long.
        func.uuidv7(),
        literal("step"),
        literal("due"),
        want.c.due_on,
        want.c.step,
        want.c.separate,
        want.c.send_at.label("planned_at"),
        want.c.send_at,
        literal(trace_id.get()),
        *(want.c[name] for name in _COPIED),
    ).where(~exists().where(is_in(want)))
    order = (*key, first, want.c.contact_id, want.c.user_id)
    columns = ("id", "kind", "topic", "due_on", "step", "separate", "planned_at", "send_at")
    return await _insert(session, (*columns, "trace_id", *_COPIED), missing, key=key, order=order)


async def _add_notices(session: AsyncSession, rules: Rules, *, now: datetime) -> int:
    """Write down what happened and is to be told once, for the next moment that mail may go out."""
    facts = noticed(notices_since(rules, now=now))
    at = rules.hours.next(now)
    missing = select(
        literal("notice"),
        facts.c.topic,
        literal(at),
        literal(at),
        literal(trace_id.get()),
        *(facts.c[name] for name in _COPIED),
    ).where(~exists().where(is_told(facts)))
    # Where there is nothing to insert, only read.
    if not await session.scalar(select(missing.exists())):
        return 0
    key = (facts.c.subject_id, facts.c.topic, facts.c.recipient)
    order = (*key, facts.c.contact_id, facts.c.user_id)
    columns = ("kind", "topic", "planned_at", "send_at", "trace_id")
    return await _insert(session, (*columns, *_COPIED), missing, key=key, order=order)


def notices_since(rules: Rules, *, now: datetime) -> datetime:
    return max(rules.settings.notices_since, now - LONGEST)


async def _insert(
    session: AsyncSession,
    columns: Sequence[str],
    missing: Any,
    *,
    key: Sequence[Any],
    order: Sequence[Any],
) -> int:
    """Insert on the server, one row for each key."""
    done: Any = await session.execute(
        insert(Reminder)
        .from_select(list(columns), missing.ext(distinct_on(*key)).order_by(*order))
        # Another notifier may plan the same at this moment.
        .on_conflict_do_nothing(constraint="uq_reminders_key")
    )
    return int(done.rowcount)
