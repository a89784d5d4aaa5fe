"""Write what the ledger has not: one row for each duty, step and recipient, and for each fact that is told once."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Uuid,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.plan import reasons
from services.notifier.plan.following import first_audience
from services.notifier.plan.notices import LONGEST, is_known, is_told, noticed
from services.notifier.plan.rules import Rules
from services.notifier.plan.schedule import Step, today_in_hanoi
from services.notifier.plan.wanted import (
    is_in,
    of_subjects,
    wanted,
)
from shared.db import among
from shared.log import trace_id
from shared.models import Reminder
from shared.suppression import is_suppressed

SLICE = 5_000  # duties whose lines are written by one statement


_COPIED = (
    "subject_id",
    "assignment_id",
    "explanation_id",
    "organisation_id",
    "period_id",
    "audience",
    "contact_id",
    "user_id",
    "recipient",
    "recipient_name",
)


_STATE = ("state", "reason")


def _dead_or_planned(recipient: Any) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Write at once why a dead address gets nothing."""
    dead = is_suppressed(recipient)
    return (
        case((dead, "skipped"), else_="planned").label("state"),
        case((dead, reasons.ADDRESS_DEAD), else_=null()).label("reason"),
    )


async def add(
    session: AsyncSession, steps: Sequence[Step], subjects: Sequence[UUID], *, now: datetime
) -> int:
    """Write what is wanted and not in the ledger, one row for each duty, step and recipient.

    Of what is new nothing is in the ledger; of the others what is there must not be tried again, as somebody
    who changes it at this moment may wait for us. So many duties at a time: one statement for all would meet
    the limit of statements, at every try.
    """
    known = set(
        await session.scalars(
            select(Reminder.subject_id)
            .where(among(Reminder.subject_id, subjects), Reminder.kind == "step")
            .distinct()
        )
    )
    added = 0
    for chosen, may_be_there in ((set(subjects) - known, False), (known, True)):
        ordered = sorted(chosen)
        for start in range(0, len(ordered), SLICE):
            some = ordered[start : start + SLICE]
            added += await _add_of(session, steps, some, may_be_there=may_be_there, now=now)
    return added


def _ordered_id(now: datetime) -> ColumnElement[UUID]:
    """Make ids in the order of time (UUIDv7, RFC 9562): at random places a plan takes three times as long.

    Counted on from one random number for a statement (6.2, method 2), as each costs the server a call of its system.
    """
    stamp = f"{int(now.timestamp() * 1000):012x}"
    start = secrets.randbits(59)
    counted = func.lpad(func.to_hex(literal(start, BigInteger) + func.row_number().over()), 15, "0")
    return cast(func.concat(f"{stamp}7{secrets.randbits(12):03x}8", counted), Uuid)


async def _add_of(
    session: AsyncSession,
    steps: Sequence[Step],
    subjects: Sequence[UUID],
    *,
    may_be_there: bool,
    now: datetime,
) -> int:
    want, values = wanted(steps, scope=of_subjects(subjects), today=today_in_hanoi(now))
    key = (want.c.subject_id, want.c.due_on, want.c.step, want.c.recipient)
    missing = select(
        _ordered_id(now),
        literal("step"),
        literal("due"),
        want.c.due_on,
        want.c.step,
        want.c.separate,
        want.c.template_id,
        want.c.send_at.label("planned_at"),
        want.c.send_at,
        literal(trace_id.get()),
        *_dead_or_planned(want.c.recipient),
        *(want.c[name] for name in _COPIED),
    )
    if may_be_there:
        missing = missing.where(~exists().where(is_in(want)))
    order = (*key, first_audience(want), want.c.contact_id, want.c.user_id)
    columns = (
        "id",
        "kind",
        "topic",
        "due_on",
        "step",
        "separate",
        "template_id",
        "planned_at",
        "send_at",
        "trace_id",
        *_STATE,
    )
    rows = _Missing((*columns, *_COPIED), missing, key, order)
    return await _insert(session, rows, values)


async def add_notices(session: AsyncSession, rules: Rules, *, now: datetime) -> int:
    """Write down what happened and is to be told once, for the next moment that mail may go out."""
    facts, values = noticed(notices_since(rules, now=now), today=today_in_hanoi(now))
    at = rules.hours.next(now)
    missing = select(
        literal("notice"),
        facts.c.topic,
        literal(at),
        literal(at),
        literal(trace_id.get()),
        *_dead_or_planned(facts.c.recipient),
        *(facts.c[name] for name in _COPIED),
    ).where(~exists().where(is_told(facts)), ~exists().where(is_known(facts)))
    # Where there is nothing to insert, only read.
    if not await session.scalar(select(missing.exists()), values):
        return 0
    key = (facts.c.subject_id, facts.c.topic, facts.c.recipient)
    order = (*key, facts.c.contact_id, facts.c.user_id)
    columns = ("kind", "topic", "planned_at", "send_at", "trace_id", *_STATE)
    rows = _Missing((*columns, *_COPIED), missing, key, order)
    return await _insert(session, rows, values)


def notices_since(rules: Rules, *, now: datetime) -> datetime:
    return max(rules.settings.notices_since, now - LONGEST)


class _Missing(NamedTuple):
    """Rows that the ledger has not; of those with one key the first counts."""

    columns: Sequence[str]
    rows: Any
    key: Sequence[Any]
    order: Sequence[Any]


async def _insert(session: AsyncSession, missing: _Missing, values: Mapping[str, Any]) -> int:
    """Insert on the server, one row for each key.

    Another notifier may plan the same at this moment. It hardly ever does, and to be ready for it costs each row
    a tenth of its time: only once it has happened are the rows inserted around those that are there.
    """
    rows = missing.rows.ext(distinct_on(*missing.key)).order_by(*missing.order)
    # An INSERT would take values that come with its execution for its columns'.
    write = insert(Reminder).from_select(list(missing.columns), rows.params(values))
    done: Any
    try:
        async with session.begin_nested():
            done = await session.execute(write)
    except IntegrityError:
        done = await session.execute(write.on_conflict_do_nothing(constraint="uq_reminders_key"))
    return int(done.rowcount)
