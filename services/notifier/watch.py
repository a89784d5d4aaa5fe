"""Notice what does not happen: nobody to write to, nothing planned, nothing sent; and tell a person."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import structlog
from sqlalchemy import Date, and_, exists, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.plan.rules import Rules
from services.notifier.plan.schedule import today_in_hanoi
from services.notifier.plan.wanted import Asked
from services.notifier.sending.claims import is_due
from services.notifier.sending.safety import coordinators, post
from shared.duty import is_done
from shared.models import (
    Alarm,
    Assignment,
    Hold,
    Mail,
    NotifierRun,
    Organisation,
    Period,
    Reminder,
)
from shared.recipients import OWN_AUDIENCES, recipients
from shared.suppression import is_suppressed

log = structlog.get_logger()

NO_CONTACT, PLANNING_SILENT, UNSENT, HOLD = "no_contact", "planning_silent", "unsent", "hold"
# Whom an alarm is for: who runs the system, or else who coordinates the plan.
OPERATOR = (PLANNING_SILENT, UNSENT, "webhook_disabled")
MOST = 50  # alarms of one mail


class Standing(NamedTuple):
    """An alarm that should stand: what it is about, whose matter, and what to say."""

    organisation_id: UUID | None
    detail: str


async def note_run(
    session: AsyncSession, work: str, *, now: datetime, seconds: float, counts: dict[str, Any]
) -> None:
    """Write down that a work came to its end: its silence is an alarm."""
    values = {"ended_at": now, "seconds": round(seconds, 3), "counts": counts}
    await session.execute(
        insert(NotifierRun)
        .values(work=work, **values)
        .on_conflict_do_update(index_elements=["work"], set_=values)
    )


async def watch(session: AsyncSession, rules: Rules, *, now: datetime, domain: str) -> None:
    """Raise and clear alarms by the facts, and write to people about those that are new."""
    await keep(session, NO_CONTACT, await _unreachable(session, today=today_in_hanoi(now)), now=now)
    await keep(session, PLANNING_SILENT, await _silent(session, rules, now=now), now=now)
    if (unsent := await _unsent(session, rules, now=now)) is not None:
        await keep(session, UNSENT, unsent, now=now)
    waiting = await session.scalars(select(Hold.id).where(Hold.state == "waiting"))
    held = {str(hold): Standing(None, "") for hold in waiting}
    await _clear(session, HOLD, keeping=held, now=now)
    await _tell(session, rules, now=now, domain=domain)


async def keep(
    session: AsyncSession, kind: str, standing: Mapping[str, Standing], *, now: datetime
) -> None:
    """Let exactly these alarms of a kind stand."""
    known = await _clear(session, kind, keeping=standing, now=now)
    for subject, alarm in known.items():
        alarm.detail = standing[subject].detail  # written only where it is another
    for subject in sorted(standing.keys() - known.keys()):
        await session.execute(
            insert(Alarm)
            .values(
                id=uuid4(), kind=kind, subject=subject, raised_at=now, **standing[subject]._asdict()
            )
            # Another notifier may raise the same at this moment.
            .on_conflict_do_nothing(
                index_elements=["kind", "subject"], index_where=Alarm.cleared_at.is_(None)
            )
        )
        log.warning("alarm_raised", kind=kind, subject=subject)


async def _clear(
    session: AsyncSession, kind: str, *, keeping: Mapping[str, Standing], now: datetime
) -> dict[str, Alarm]:
    """Clear the alarms of a kind that should stand no longer; return the others."""
    left: dict[str, Alarm] = {}
    for alarm in await session.scalars(
        select(Alarm).where(Alarm.kind == kind, Alarm.cleared_at.is_(None))
    ):
        if alarm.subject in keeping:
            left[alarm.subject] = alarm
        else:
            alarm.cleared_at = now
            log.info("alarm_cleared", kind=kind, subject=alarm.subject)
    return left


async def _unreachable(session: AsyncSession, *, today: date) -> dict[str, Standing]:
    """Count what is owed by every body none of whose people can be written to: those that planning writes to."""
    people = recipients()
    nobody = ~exists().where(
        people.c.organisation_id == Organisation.id,
        people.c.audience.in_(OWN_AUDIENCES),
        literal(today, Date).between(people.c.valid_from, people.c.valid_to),
        ~is_suppressed(people.c.recipient),
    )
    duties = (
        select(Assignment.organisation_id)
        .join(Period, Period.id == Assignment.period_id)
        .where(Period.state == "open", ~is_done)
    )
    asked = select(Asked.organisation_id).where(Asked.state == "asked")
    owed = duties.union_all(asked).subquery()
    rows = await session.execute(
        select(Organisation.id, func.count())
        .join(owed, owed.c.organisation_id == Organisation.id)
        .where(nobody)
        .group_by(Organisation.id)
    )
    return {
        str(body): Standing(
            body,
            f"Chưa có đầu mối nào nhận được thư: {number} nhiệm vụ chưa hoàn thành không gửi được nhắc việc. "
            f"Đề nghị bổ sung đầu mối. / Nobody can be written to: {number} open duties get no reminders.",
        )
        for body, number in rows
    }


async def _silent(session: AsyncSession, rules: Rules, *, now: datetime) -> dict[str, Standing]:
    last = await session.scalar(select(NotifierRun.ended_at).where(NotifierRun.work == "planning"))
    hours = rules.settings.silent_hours
    if last is None or last > now - timedelta(hours=hours):
        return {}
    since = last.isoformat(timespec="minutes")
    return {
        "": Standing(
            None,
            f"Hơn {hours} giờ chưa lập được kế hoạch nhắc việc (lần cuối {since}); xem nhật ký của notifier. "
            f"/ No planning run for more than {hours} h (the last: {since}); see the notifier's log.",
        )
    }


async def _unsent(
    session: AsyncSession, rules: Rules, *, now: datetime
) -> dict[str, Standing] | None:
    """Look for what should have gone out by now; in a pause nothing should.

    Outside the hours and soon after their beginning nobody can tell: then what stands goes on standing.
    """
    if rules.settings.paused:
        return {}
    minutes = timedelta(minutes=rules.settings.unsent_minutes)
    opened = rules.hours.opened(now)
    oldest = await session.scalar(select(func.min(Reminder.send_at)).where(is_due(now - minutes)))
    waiting = await session.scalar(
        select(func.min(Mail.next_at)).where(
            and_(Mail.state.in_(("claimed", "waiting")), Mail.created_at < now - minutes)
        )
    )
    if oldest is None and waiting is None:
        return {}
    if not rules.hours.are_now(now) or opened > now - minutes:
        return None
    return {
        "": Standing(
            None,
            f"Có thư đến giờ mà chưa gửi được hơn {rules.settings.unsent_minutes} phút; xem máy chủ thư. "
            f"/ Mail has been due for more than {rules.settings.unsent_minutes} min; look at the mail server.",
        )
    }


async def _tell(session: AsyncSession, rules: Rules, *, now: datetime, domain: str) -> None:
    """Write once about each alarm; without an operator's address the coordinator is told of all."""
    new = (
        await session.execute(
            select(
                Alarm.id,
                Alarm.kind,
                Alarm.detail,
                Alarm.raised_at,
                func.coalesce(Organisation.name_vi, "").label("organisation"),
            )
            .outerjoin(Organisation, Organisation.id == Alarm.organisation_id)
            .where(Alarm.mailed_at.is_(None), Alarm.cleared_at.is_(None))
            .order_by(Alarm.raised_at, Alarm.id)
            .limit(MOST)
            .with_for_update(of=Alarm, skip_locked=True)
        )
    ).all()
    if not new:
        return
    operator = rules.settings.operator_email
    theirs = [alarm for alarm in new if operator and alarm.kind in OPERATOR]
    rest = [alarm for alarm in new if alarm not in theirs]
    people = [(operator, operator, theirs)] if theirs else []
    if rest and (rules.hours.are_now(now) or any(one.kind in OPERATOR for one in rest)):
        people += [(email, name, rest) for email, name in await coordinators(session)]
    told: set[UUID] = set()
    for email, name, alarms in people:
        facts = {
            "alarms": [
                {
                    "kind": alarm.kind,
                    "organisation": alarm.organisation,
                    "detail": alarm.detail,
                    "raised_at": alarm.raised_at.isoformat(),
                }
                for alarm in alarms
            ]
        }
        await post(
            session, "alarm", str(alarms[0].id), email, name, facts=facts, now=now, domain=domain
        )
        told |= {alarm.id for alarm in alarms}
    if told:
        await session.execute(update(Alarm).where(Alarm.id.in_(told)).values(mailed_at=now))
