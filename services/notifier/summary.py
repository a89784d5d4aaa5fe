"""The week in short: for the coordinator and for the leadership of the city."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.notifier.mail.letter import (
    DeadAddress,
    IndexInShort,
    LongLate,
    PeriodInShort,
    StandingHold,
    SummaryFacts,
)
from services.notifier.plan.rules import Rules, read_rules
from services.notifier.plan.schedule import at, today_in_hanoi
from services.notifier.sending.safety import post
from services.notifier.week import changes, indices, newest_head
from shared.calendar import DAY, next_working
from shared.db import among
from shared.duty import effective_due_on, is_asked, is_done, late
from shared.models import (
    Alarm,
    Assignment,
    Contact,
    Hold,
    Mail,
    Node,
    Organisation,
    Period,
    Submission,
    SuppressedAddress,
)
from shared.reach import in_force
from shared.suppression import is_suppressed

WEEK = timedelta(days=7)
LONGEST = 10  # overdue duties that are named
MOST = 100  # bodies and addresses
english = func.coalesce(func.nullif(Organisation.name_en, ""), Organisation.name_vi)


async def plan_summaries(session: AsyncSession, *, now: datetime, domain: str) -> int:
    """Write the week's summary to everybody it is for, once, from the hour of the digest on its day.

    Where no notifier ran on that day it is written on the next that is worked in the week.
    """
    rules = await read_rules(session, now=now)
    today = today_in_hanoi(now)
    day = summary_day(rules, today)
    if day is None or today < day or rules.settings.paused:
        return 0
    if now < at(today, rules.settings.digest_at) or not rules.hours.are_now(now):
        return 0
    week = f"{day.isocalendar().year}-W{day.isocalendar().week:02d}"
    readers = {
        f"summary:{week}:{email.lower()}": (email, name)
        for email, name in await _readers(session, today)
    }
    written = set(await session.scalars(select(Mail.key).where(among(Mail.key, readers))))
    if today > day and written:
        return 0
    people = [reader for key, reader in readers.items() if key not in written]
    if not people or not await session.scalar(select(exists().where(Period.state == "open"))):
        return 0
    facts = await summary(session, today)
    return sum(
        [
            await post(session, "summary", week, email, name, facts=facts, now=now, domain=domain)
            for email, name in people
        ]
    )


def summary_day(rules: Rules, today: date) -> date | None:
    """Give the day of this week's summary: the chosen weekday, or the next that is worked in its week."""
    weekday = rules.settings.summary_weekday
    if weekday is None:
        return None
    day = next_working(today + (weekday - today.isoweekday()) * DAY, rules.hours.calendar)
    return day if day.isocalendar()[:2] == today.isocalendar()[:2] else None


async def _readers(session: AsyncSession, today: date) -> Sequence[tuple[str, str]]:
    """List the coordinating body's officers and the leadership, each address once."""
    rows = await session.execute(
        select(func.min(Contact.email), func.min(Contact.name))
        .join(Organisation, Organisation.id == Contact.organisation_id)
        .where(
            in_force(on=today),
            or_(
                and_(Organisation.is_coordinator, Contact.role == "officer"),
                Organisation.kind == "committee",
            ),
            ~is_suppressed(Contact.email),
        )
        .group_by(func.lower(Contact.email))
        .order_by(func.lower(Contact.email))
    )
    return [(row[0], row[1]) for row in rows]


async def summary(session: AsyncSession, day: date) -> SummaryFacts:
    """Count the week that ends on the day before."""
    first = day - WEEK
    unreachable = await _unreachable(session)
    return SummaryFacts(
        week_from=first.isoformat(),
        week_to=(day - DAY).isoformat(),
        periods=await _periods(session, day),
        changes=await changes(session, first, day),
        longest_late=await _longest_late(session, day),
        unreachable=[vi for vi, _ in unreachable],
        unreachable_en=[en for _, en in unreachable],
        dead_addresses=await _dead(session),
        holds=await _holds(session),
        head=await newest_head(session),
    )


_Newest = aliased(Submission)
_newest = (
    select(_Newest.id)
    .where(_Newest.assignment_id == Assignment.id, _Newest.state.in_(("submitted", "accepted")))
    .order_by((_Newest.state == "accepted").desc(), _Newest.revision.desc())
    .limit(1)
    .correlate(Assignment)
    .scalar_subquery()
)


async def _periods(session: AsyncSession, day: date) -> list[PeriodInShort]:
    """Count every duty in one part: what was received in time or late, overdue, asked, excused, or not yet due."""
    excused = Assignment.excused_at.is_not(None)
    received = and_(~excused, Submission.id.is_not(None))
    open_ = and_(~excused, Submission.id.is_(None))
    overdue = and_(open_, ~is_asked, effective_due_on < day)
    was_late = and_(received, ~is_asked, func.coalesce(late, False))
    rows = await session.execute(
        select(
            Period.id,
            Period.name.label("period"),
            Period.made_up,
            Period.due_on,
            func.count().label("expected"),
            *(
                func.count().filter(condition).label(name)
                for name, condition in {
                    "received": received,
                    "accepted": and_(received, Submission.state == "accepted"),
                    "late": was_late,
                    "overdue": overdue,
                    "asked": and_(open_, is_asked),
                    "excused": excused,
                }.items()
            ),
        )
        .join(Period, Period.id == Assignment.period_id)
        .outerjoin(Submission, Submission.id == _newest)
        .where(Period.state == "open")
        .group_by(Period.id)
        .order_by(Period.due_on, Period.code)
    )
    periods = rows.all()
    found = await indices(session, [row.id for row in periods], day - WEEK)
    return [_in_short(row, found.get(row.id)) for row in periods]


def _in_short(row: Any, index: IndexInShort | None) -> PeriodInShort:
    was_due = row.received + row.overdue
    return PeriodInShort(
        period=row.period,
        made_up=row.made_up,
        due_on=row.due_on.isoformat() if row.due_on else None,
        expected=row.expected,
        received=row.received,
        accepted=row.accepted,
        late=row.late,
        overdue=row.overdue,
        asked=row.asked,
        excused=row.excused,
        on_time=(row.received - row.late) / was_due if was_due else None,
        index=index,
    )


async def _longest_late(session: AsyncSession, day: date) -> list[LongLate]:
    parent = aliased(Node)
    is_component = Node.kind == "component"
    rows = await session.execute(
        select(
            Organisation.name_vi,
            case((is_component, parent.code), else_=Node.code),
            case((is_component, parent.name_vi), else_=Node.name_vi),
            effective_due_on,
            english,
            case((is_component, parent.name_en), else_=Node.name_en),
        )
        .select_from(Assignment)
        .join(Period, Period.id == Assignment.period_id)
        .join(Node, Node.id == Assignment.node_id)
        .outerjoin(parent, parent.id == Node.parent_id)
        .join(Organisation, Organisation.id == Assignment.organisation_id)
        .where(Period.state == "open", ~is_done, ~is_asked, effective_due_on < day)
        .order_by(effective_due_on, Assignment.sort_key, Assignment.id)
        .limit(LONGEST)
    )
    return [
        LongLate(
            organisation=body,
            indicator_code=code,
            indicator=name,
            days=(day - due).days,
            organisation_en=body_en,
            indicator_en=name_en or name,
        )
        for body, code, name, due, body_en, name_en in rows
    ]


async def _unreachable(session: AsyncSession) -> list[tuple[str, str]]:
    """Name the bodies in both languages."""
    rows = await session.execute(
        select(Organisation.name_vi, english)
        .join(Alarm, Alarm.organisation_id == Organisation.id)
        .where(Alarm.kind == "no_contact", Alarm.cleared_at.is_(None))
        .order_by(Organisation.code)
        .limit(MOST)
    )
    return [(row[0], row[1]) for row in rows]


async def _dead(session: AsyncSession) -> list[DeadAddress]:
    rows = await session.execute(
        select(
            func.coalesce(func.min(Organisation.name_vi), ""),
            SuppressedAddress.address,
            SuppressedAddress.reason,
            func.coalesce(func.min(english), ""),
        )
        .outerjoin(
            Contact,
            and_(
                Contact.active, func.lower(Contact.email) == func.lower(SuppressedAddress.address)
            ),
        )
        .outerjoin(Organisation, Organisation.id == Contact.organisation_id)
        .where(SuppressedAddress.lifted_at.is_(None))
        .group_by(SuppressedAddress.id)
        .order_by(SuppressedAddress.address)
        .limit(MOST)
    )
    return [
        DeadAddress(organisation=row[0], address=row[1], reason=row[2], organisation_en=row[3])
        for row in rows
    ]


async def _holds(session: AsyncSession) -> list[StandingHold]:
    rows = await session.scalars(
        select(Hold).where(Hold.state == "waiting").order_by(Hold.created_at)
    )
    return [
        StandingHold(
            kind=hold.kind,
            mails=hold.detail["mails"],
            since=today_in_hanoi(hold.created_at).isoformat(),
        )
        for hold in rows
    ]
