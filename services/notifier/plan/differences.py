"""Which duties' lines are not as the facts want them: one pass, most often without a finding, that only reads."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.notifier.plan import reasons
from services.notifier.plan.schedule import Step, today_in_hanoi
from services.notifier.plan.wanted import Scope, is_in, wanted
from shared.models import Reminder
from shared.suppression import is_suppressed

UNSENT = ("planned", "held")
FOLLOWED = (
    "separate",
    "template_id",
    "organisation_id",
    "audience",
    "contact_id",
    "user_id",
    "recipient_name",
)
CALENDAR_MAY_MOVE = timedelta(days=120)  # a step, at most


async def compare_by_hashing(session: AsyncSession) -> None:
    """Keep the planner of this transaction from nested loops, and give it memory to compare in.

    Right after many rows were written its statistics know none of them, and it would compare each with
    each: 8,000 reminders took more than 20 s instead of 0.1 s. Their price would also start the compiler.
    A plan made for any list of duties would search a long one from its start for every row.
    """
    await session.execute(
        select(
            func.set_config("enable_nestloop", "off", true()),
            func.set_config("jit", "off", true()),
            func.set_config("work_mem", "64MB", true()),
            func.set_config("plan_cache_mode", "force_custom_plan", true()),
        )
    )


class Differences(NamedTuple):
    """Subjects whose lines are not as the facts want them."""

    missing: list[UUID]  # something is wanted of them that is not in the ledger
    other: list[UUID]  # something in the ledger is to be skipped, moved or planned again


async def differences(
    session: AsyncSession,
    steps: Sequence[Step],
    scope: Scope,
    *,
    rows: ColumnElement[bool],
    now: datetime,
) -> Differences:
    """Compare what is wanted with the ledger in one pass; what follows looks closely at these subjects alone.

    Lines older than any step that is wanted are left out: of a ledger of years most are.
    """
    want, values = wanted(steps, scope=scope, today=today_in_hanoi(now))
    since = min((step.send_at for step in steps), default=now) - CALENDAR_MAY_MOVE
    line = aliased(
        Reminder,
        select(Reminder)
        .where(
            Reminder.kind == "step",
            # One by one, as each is the condition of an index.
            or_(Reminder.send_at >= since, *(Reminder.state == state for state in UNSENT)),
            rows,
        )
        .subquery("line"),
    )
    is_missing = line.id.is_(None)
    is_other = or_(
        line.state.in_(UNSENT) & (want.c.subject_id.is_(None) | is_suppressed(line.recipient)),
        line.state.in_(UNSENT) & want.c.subject_id.is_not(None) & differs(line, want),
        may_come_again(line, want, now=now),
    )
    found = await session.execute(
        select(func.coalesce(want.c.subject_id, line.subject_id), is_missing)
        .join_from(line, want, is_in(want, line=line), full=True)
        .where(or_(is_missing, is_other))
        .distinct(),
        values,
    )
    differing = Differences([], [])
    for subject, is_new in found:
        (differing.missing if is_new else differing.other).append(subject)
    return differing


def differs(line: Any, want: Any) -> ColumnElement[bool]:
    """Tell whether a step now belongs to another moment, by the calendar or the settings, or to another person."""
    followed = ((getattr(line, name), name) for name in FOLLOWED)
    return or_(
        *(
            mine.is_distinct_from(want.c[name])
            for mine, name in ((line.planned_at, "send_at"), *followed)
        )
    )


def may_come_again(line: Any, want: Any, *, now: datetime) -> ColumnElement[bool]:
    """Tell whether what a step was skipped for is no more.

    One whose day came while the duty was done stays skipped; one whose day came after the duty was
    returned is sent, even if no notifier was running on that day.
    """
    return and_(
        line.state == "skipped",
        want.c.subject_id.is_not(None),
        ~reasons.is_for_good(line.reason),
        ~is_suppressed(line.recipient),
        or_(
            line.reason != reasons.DUTY_DONE,
            want.c.send_at > func.coalesce(want.c.undone_since, now),
        ),
    )
