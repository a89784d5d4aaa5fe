"""The rules as they are entered: steps, hours, the working calendar."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.plan.schedule import HORIZON, Hours, Rule, Step, steps, today_in_hanoi
from shared.calendar import Calendar
from shared.models import (
    CalendarDay,
    CalendarYear,
    ReminderPolicy,
    ReminderSettings,
    ReminderStep,
    ReminderTemplate,
)


@dataclass(frozen=True)
class Rules:
    """What the coordinator set, read once for a round."""

    settings: ReminderSettings
    hours: Hours
    steps: tuple[Rule, ...]

    def of(self, due_dates: Iterable[date], *, now: datetime) -> list[Step]:
        """Give the steps of these deadlines that are past, or due within the horizon."""
        by_policy: dict[object, list[Rule]] = {}
        for rule in self.steps:
            by_policy.setdefault(rule.policy_id, []).append(rule)
        return [
            step
            for due_on in sorted(set(due_dates))
            for rules in by_policy.values()
            for step in steps(rules, due_on=due_on, hours=self.hours, now=now)
        ]

    def knows(self, now: datetime) -> bool:
        """Tell whether somebody confirmed which days of this year are worked."""
        return not self.unknown_years(now, ())

    def unknown_years(self, now: datetime, deadlines: Iterable[date]) -> list[int]:
        """List the years that nobody confirmed among today's and those between it and these deadlines."""
        today = today_in_hanoi(now)
        return self.hours.calendar.unconfirmed(today, *deadlines)


async def read_rules(session: AsyncSession, *, now: datetime) -> Rules:
    settings = (await session.scalars(select(ReminderSettings))).one()
    newest = (
        select(ReminderTemplate.code, ReminderTemplate.id)
        .ext(distinct_on(ReminderTemplate.code))
        .order_by(ReminderTemplate.code, ReminderTemplate.version.desc())
        .subquery("newest")
    )
    found = await session.execute(
        select(
            ReminderStep.policy_id,
            ReminderStep.offset_days,
            ReminderStep.days,
            ReminderStep.repeat_every,
            ReminderStep.repeat_count,
            ReminderStep.audience,
            ReminderStep.separate,
            newest.c.id,
        )
        .join(ReminderPolicy, ReminderPolicy.id == ReminderStep.policy_id)
        .outerjoin(newest, newest.c.code == ReminderStep.template)
        .where(ReminderPolicy.active)
        .order_by(ReminderStep.policy_id, ReminderStep.offset_days, ReminderStep.id)
    )
    return Rules(
        settings=settings,
        hours=Hours(
            calendar=await _calendar(session, now=now),
            opens_at=settings.opens_at,
            closes_at=settings.closes_at,
            digest_at=settings.digest_at,
        ),
        steps=tuple(Rule(*row) for row in found),
    )


async def _calendar(session: AsyncSession, *, now: datetime) -> Calendar:
    """Read the years that any step of a deadline near this day may fall in."""
    first = (now - HORIZON).year - 3
    last = (now + HORIZON).year + 3
    rows = (
        await session.execute(
            select(CalendarDay.day, CalendarDay.kind).where(
                CalendarDay.day.between(date(first, 1, 1), date(last, 12, 31))
            )
        )
    ).all()
    confirmed = await session.scalars(select(CalendarYear.year).where(CalendarYear.confirmed))
    return Calendar(
        off=frozenset(day for day, kind in rows if kind == "off"),
        worked=frozenset(day for day, kind in rows if kind == "worked"),
        confirmed=frozenset(confirmed),
    )
