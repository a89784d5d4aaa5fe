"""The safety stop: a run that looks wrong is held, and a person is asked."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import structlog
from sqlalchemy import ColumnElement, and_, cast, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.mail.letter import HoldFacts
from services.notifier.plan.rules import Rules
from services.notifier.plan.schedule import HANOI, today_in_hanoi
from services.notifier.sending.claims import is_due
from shared.holds import USUAL, mails_in, most_at_once, people_in
from shared.log import trace_id
from shared.models import Alarm, Contact, Hold, Mail, Organisation, Reminder
from shared.names import message_id
from shared.reach import in_force
from shared.suppression import is_suppressed

log = structlog.get_logger()


class HeldFor(NamedTuple):
    """Why a run is held: the limit it is above and the greatest day of late, or the year nobody confirmed."""

    limit: int | None = None
    usual: int | None = None
    year: int | None = None


async def hold_if_unsafe(
    session: AsyncSession, rules: Rules, *, now: datetime, domain: str
) -> None:
    """Hold what is due where the calendar is not confirmed or the mails are too many; let go where that is over."""
    required = rules.settings.calendar_required
    unknown = await _counted_over_unknown(session, rules, now=now) if required else []
    if unknown and not await _released_today(session, "calendar", now=now):
        year = rules.unknown_years(now, unknown)[0]
        rows = Reminder.due_on.in_(unknown)
        await _hold(session, "calendar", HeldFor(year=year), rows=rows, now=now, domain=domain)
    elif not unknown and (rules.knows(now) or not required):
        await _let_go(session, "calendar", now=now)
    if too_many := await _too_many(session, rules, now=now):
        await _hold(session, "too_many", too_many, now=now, domain=domain)


async def _counted_over_unknown(
    session: AsyncSession, rules: Rules, *, now: datetime
) -> list[date]:
    """List the deadlines of what is due, or held for it, from which days were counted over a year nobody confirmed."""
    held = Reminder.hold_id.in_(
        select(Hold.id).where(Hold.kind == "calendar", Hold.state == "waiting")
    )
    deadlines = await session.scalars(
        select(Reminder.due_on)
        .where(Reminder.kind == "step", or_(is_due(now), and_(Reminder.state == "held", held)))
        .distinct()
    )
    return [due_on for due_on in deadlines if due_on and rules.unknown_years(now, [due_on])]


async def _too_many(session: AsyncSession, rules: Rules, *, now: datetime) -> HeldFor | None:
    """Count who would get mail today; say how many are too many, and why."""
    due = await session.scalar(select(mails_in(Reminder)).where(is_due(now)))
    if not due or await _released_today(session, "too_many", now=now):
        return None
    today = today_in_hanoi(now)
    day = func.date(func.timezone(HANOI.key, Mail.sent_at))
    per_day = (
        select(day.label("day"), func.count().label("mails"))
        .where(Mail.sent_at > now - USUAL)
        .group_by(day)
        .subquery()
    )
    sent = await session.scalar(select(per_day.c.mails).where(per_day.c.day == today)) or 0
    usual = await session.scalar(select(func.max(per_day.c.mails)).where(per_day.c.day < today))
    most, factor = rules.settings.most_mails, rules.settings.usual_factor
    limit = most_at_once(due, usual=usual, most=most, factor=factor)
    if due + sent <= limit:
        return None
    return HeldFor(usual=usual, limit=limit)


async def _released_today(session: AsyncSession, kind: str, *, now: datetime) -> bool:
    """Tell whether a person released a run today: he means all of the day."""
    day = func.date(func.timezone(HANOI.key, Hold.decided_at))
    return bool(
        await session.scalar(
            select(
                exists().where(
                    Hold.kind == kind,
                    Hold.state == "released",
                    Hold.decided_by.is_not(None),
                    Hold.decided_at > now - timedelta(days=1),
                    day == today_in_hanoi(now),
                )
            )
        )
    )


async def _hold(
    session: AsyncSession,
    kind: str,
    why: HeldFor,
    *,
    rows: ColumnElement[bool] | None = None,
    now: datetime,
    domain: str,
) -> None:
    """Hold what is due; ``rows`` narrows it to some steps: notices of what happened go on, but for a flood."""
    rows = is_due(now) if rows is None else and_(is_due(now), Reminder.kind == "step", rows)
    if not await session.scalar(select(exists().where(rows))):
        return
    made = uuid4()
    waiting = await session.scalar(
        insert(Hold)
        .values(id=made, kind=kind, detail={}, created_at=now)
        .on_conflict_do_update(
            index_elements=["kind"],
            # Written out: as a parameter no index fits it once the statement is planned for any value.
            index_where=text("state = 'waiting'"),
            set_={"kind": kind},
        )
        .returning(Hold.id)
    )
    assert waiting is not None
    await session.execute(update(Reminder).where(rows).values(state="held", hold_id=waiting))
    # All of them, as the coordinator decides of all: of a run that waits rows may join each day.
    detail = {**await _found(session, waiting), **why._asdict()}
    await session.execute(update(Hold).where(Hold.id == waiting).values(detail=detail))
    if waiting == made:
        log.warning("run_held", hold=str(made), kind=kind, **detail)
        await _ask(session, made, kind, detail, now=now, domain=domain)


async def _found(session: AsyncSession, hold: UUID) -> dict[str, int]:
    counts = select(
        mails_in(Reminder).label("mails"),
        func.count().label("lines"),
        people_in(Reminder).label("recipients"),
    ).where(_of(hold))
    return dict((await session.execute(counts)).mappings().one())


def _of(hold: UUID) -> ColumnElement[bool]:
    return and_(Reminder.hold_id == hold, Reminder.state == "held")


async def _ask(
    session: AsyncSession,
    hold: UUID,
    kind: str,
    detail: dict[str, Any],
    *,
    now: datetime,
    domain: str,
) -> None:
    """Write to the coordinator, and let the alarm stand until it is decided."""
    session.add(Alarm(kind="hold", subject=str(hold), detail=kind, raised_at=now, mailed_at=now))
    facts = HoldFacts(
        hold_id=str(hold),
        kind=kind,
        mails=detail["mails"],
        recipients=detail["recipients"],
        limit=detail["limit"],
        usual=detail["usual"],
        year=detail["year"],
    )
    for email, name in await coordinators(session):
        await post(session, "hold", str(hold), email, name, facts=facts, now=now, domain=domain)


async def _let_go(session: AsyncSession, kind: str, *, now: datetime) -> None:
    waiting = await session.scalar(
        select(Hold.id).where(Hold.kind == kind, Hold.state == "waiting")
    )
    if waiting is None:
        return
    found = await _found(session, waiting)
    decided = {"decided": {"rows": found.pop("lines"), **found}}
    await session.execute(
        update(Hold)
        .where(Hold.id == waiting)
        .values(state="released", decided_at=now, detail=Hold.detail.concat(cast(decided, JSONB)))
    )
    await session.execute(
        update(Reminder).where(_of(waiting)).values(state="planned", hold_id=None)
    )
    log.info("hold_over", hold=str(waiting), kind=kind)


async def coordinators(session: AsyncSession) -> list[tuple[str, str]]:
    """List the addresses and names of the coordinating body's officers who can be reached."""
    rows = await session.execute(
        select(func.min(Contact.email), func.min(Contact.name))
        .join(Organisation, Organisation.id == Contact.organisation_id)
        .where(
            Organisation.is_coordinator,
            in_force(),
            Contact.role == "officer",
            ~is_suppressed(Contact.email),
        )
        .group_by(func.lower(Contact.email))
        .order_by(func.lower(Contact.email))
    )
    return [(row[0], row[1]) for row in rows]


async def post(
    session: AsyncSession,
    kind: str,
    what: str,
    email: str,
    name: str,
    *,
    facts: Mapping[str, Any],
    now: datetime,
    domain: str,
) -> bool:
    """Write down a mail that carries no lines of the ledger; the next round sends it. False if it is there."""
    key = f"{kind}:{what}:{email.lower()}"
    mail_id = uuid4()
    made = await session.scalar(
        insert(Mail)
        .values(
            id=mail_id,
            key=key,
            kind=kind,
            recipient=email,
            recipient_name=name,
            day=today_in_hanoi(now),
            message_id=message_id(mail_id, domain=domain),
            facts=dict(facts),
            state="waiting",
            next_at=now,
            trace_id=trace_id.get(),
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(Mail.id)
    )
    return made is not None
