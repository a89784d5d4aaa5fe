"""Notice what does not happen: nobody to write to, nothing planned, nothing sent; and tell a person."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import Date, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.plan.rules import Rules
from services.notifier.plan.schedule import today_in_hanoi
from services.notifier.plan.wanted import Asked
from services.notifier.sending.claims import is_due
from services.notifier.telling import tell
from shared.alarms import HOLD, NO_CONTACT, PLANNING_SILENT, UNSENT, raise_alarm
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
from shared.suppression import clear_answered, is_suppressed

log = structlog.get_logger()


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
    await clear_answered(session, now=now)
    await tell(session, rules, now=now, domain=domain)


async def keep(
    session: AsyncSession, kind: str, standing: Mapping[str, Standing], *, now: datetime
) -> None:
    """Let exactly these alarms of a kind stand."""
    known = await _clear(session, kind, keeping=standing, now=now)
    for subject, alarm in known.items():
        alarm.detail = standing[subject].detail  # written only where it is another
    for subject in sorted(standing.keys() - known.keys()):
        await raise_alarm(session, kind, subject, now=now, **standing[subject]._asdict())


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
            f"Đề nghị bổ sung đầu mối. / Nobody can be written to: {number} open {'duty gets' if number == 1 else 'duties get'} no reminders.",
        )
        for body, number in rows
    }


async def _waits(session: AsyncSession, *, since: datetime) -> bool:
    """Tell whether a line or a mail has been waiting since then; a line also where its mail is a new one."""
    is_open = Mail.state.in_(("claimed", "waiting"))
    put_off = exists().where(
        is_open,
        Reminder.mail_id == Mail.id,
        Reminder.state == "claimed",
        Reminder.send_at < since,
    )
    old_mail = exists().where(is_open, Mail.created_at < since)
    return bool(await session.scalar(select(or_(exists().where(is_due(since)), old_mail, put_off))))


async def _silent(session: AsyncSession, rules: Rules, *, now: datetime) -> dict[str, Standing]:
    last = await session.scalar(select(NotifierRun.ended_at).where(NotifierRun.work == "planning"))
    hours = rules.settings.silent_hours
    # Where it never succeeded, it is silent since the system was installed.
    if (last or rules.settings.notices_since) > now - timedelta(hours=hours):
        return {}
    since = last.isoformat(timespec="minutes") if last else None
    return {
        "": Standing(
            None,
            f"Hơn {hours} giờ chưa lập được kế hoạch nhắc việc (lần cuối: {since or 'chưa có'}); xem nhật ký của "
            f"notifier. / No planning run for more than {hours} h (the last: {since or 'never'}); see the "
            "notifier's log.",
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
    if not await _waits(session, since=now - minutes):
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
