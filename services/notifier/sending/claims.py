"""Take what is due into mails of our own.

A mail's row is committed before anything goes on the wire: whoever dies meanwhile leaves a claim that
expires, and the next one sends the same mail, by its Message-ID.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import (
    ColumnElement,
    and_,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.plan import reasons
from services.notifier.plan.adding import notices_since
from services.notifier.plan.obstacles import Obstacle, obstacles, superseded, untrue
from services.notifier.plan.planning import skip
from services.notifier.plan.rules import Rules
from services.notifier.plan.schedule import today_in_hanoi
from services.notifier.sending.envelopes import key_of, put_off, told_today, write_envelopes
from shared.db import among
from shared.models import Mail, Reminder

log = structlog.get_logger()

BATCH = (
    250  # mails that are claimed at once: what is read for all of them is a third of a mail's time
)
LOOKED_AT = 1_000  # due lines among which recipients are chosen
# Sent at any hour, and in a pause too: a person asked for them, or is needed.
ALWAYS = ("hold", "alarm", "test")


class Claim(NamedTuple):
    """A mail that is ours until the claim expires."""

    mail_id: UUID
    claimed_at: datetime


def _is_open(*, now: datetime, claim: timedelta, always: bool) -> ColumnElement[bool]:
    """Choose mails that wait for another attempt, or whose notifier must be dead."""
    free = or_(
        and_(Mail.state == "waiting", Mail.next_at <= now),
        and_(Mail.state == "claimed", Mail.claimed_at < now - claim),
    )
    kinds = Mail.kind.in_(ALWAYS) if always else Mail.kind.is_not(None)
    return and_(Mail.state.in_(("claimed", "waiting")), free, kinds)


def is_due(now: datetime) -> ColumnElement[bool]:
    return and_(Reminder.state == "planned", Reminder.send_at <= now)


async def anything_due(
    session: AsyncSession, *, now: datetime, claim: timedelta, always: bool
) -> bool:
    """Tell whether there is anything to send; ``always`` looks only for what no hour and no pause holds up."""
    open_mail = exists().where(_is_open(now=now, claim=claim, always=always))
    found = select(open_mail if always else or_(open_mail, exists().where(is_due(now))))
    return bool(await session.scalar(found))


async def claim_due(
    session: AsyncSession,
    rules: Rules,
    *,
    now: datetime,
    claim: timedelta,
    domain: str,
    always: bool,
    most: int = BATCH,
) -> tuple[list[Claim], int]:
    """Take so many mails at most: those that are to be tried again first, then new ones.

    Returns them, and how many lines were skipped or put off instead.
    """
    if not always:
        await _dissolve(session, now=now)
    mails = await _again(session, now=now, claim=claim, always=always, limit=most)
    if not always and len(mails) < most:
        made, settled = await _new(session, rules, now=now, domain=domain, limit=most - len(mails))
    else:
        made, settled = [], 0
    left = await drop_unwanted(session, rules, mails, now=now)
    settled += len(mails) - len(left)
    return [Claim(mail, now) for mail in (*left, *made)], settled


async def _dissolve(session: AsyncSession, *, now: datetime) -> None:
    """Let the lines of an older day's digest go into today's, where the server surely did not take it."""
    old = (
        update(Mail)
        .where(
            Mail.state == "waiting",
            Mail.kind == "digest",
            Mail.day < today_in_hanoi(now),
            ~Mail.maybe_sent,
        )
        .values(state="empty", reason=reasons.MERGED)
        .returning(Mail.id)
        .cte("old")
    )
    await session.execute(
        update(Reminder)
        .where(Reminder.mail_id == old.c.id, Reminder.state == "claimed")
        .values(state="planned", mail_id=None)
    )


async def _again(
    session: AsyncSession, *, now: datetime, claim: timedelta, always: bool, limit: int
) -> list[UUID]:
    found = await session.scalars(
        select(Mail.id)
        .where(_is_open(now=now, claim=claim, always=always))
        .order_by(Mail.next_at, Mail.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    mails = list(found)
    if mails:
        await session.execute(
            update(Mail)
            .where(among(Mail.id, mails))
            # A dead notifier may have sent it.
            .values(
                state="claimed",
                claimed_at=now,
                reason=None,
                maybe_sent=or_(Mail.maybe_sent, Mail.state == "claimed"),
            )
        )
    return mails


async def _new(
    session: AsyncSession, rules: Rules, *, now: datetime, domain: str, limit: int
) -> tuple[list[UUID], int]:
    """Make mails of the lines that are due, of so many people at most; count the lines left out."""
    first = (
        select(Reminder.recipient, Reminder.send_at)
        .where(is_due(now))
        .order_by(Reminder.send_at, Reminder.recipient)
        .limit(LOOKED_AT)
        .subquery()
    )
    people = await session.scalars(
        select(first.c.recipient)
        .group_by(first.c.recipient)
        .order_by(func.min(first.c.send_at), first.c.recipient)
        .limit(limit)
    )
    lines = (
        await session.execute(
            select(
                Reminder.id,
                Reminder.kind,
                Reminder.separate,
                Reminder.due_on,
                Reminder.recipient,
                Reminder.recipient_name,
                Reminder.trace_id,
            )
            .where(is_due(now), among(Reminder.recipient, people.all()))
            .order_by(Reminder.recipient, Reminder.send_at, Reminder.id)
            .with_for_update(skip_locked=True)
        )
    ).all()
    due = len(lines)
    lines = await _still_so(session, rules, lines, now=now)
    told = await told_today(session, {line.recipient for line in lines}, now=now)
    envelopes: dict[str, list[Any]] = defaultdict(list)
    later: list[UUID] = []
    for line in lines:
        key = key_of(line, told=line.recipient in told, now=now)
        if key is None:
            later.append(line.id)
        else:
            envelopes[key].append(line)
    await put_off(session, rules, later, now=now)
    made = await write_envelopes(session, envelopes, now=now, domain=domain)
    return made, due - len(lines) + len(later)


async def _still_so(
    session: AsyncSession, rules: Rules, lines: Sequence[Any], *, now: datetime
) -> Sequence[Any]:
    """Leave out what the facts forbid or a newer step has overtaken, before a mail is made of it."""
    against = await _against(session, rules, [line.id for line in lines], now=now)
    await skip(session, against)
    gone = {one.reminder_id for one in against}
    return [line for line in lines if line.id not in gone]


async def _against(
    session: AsyncSession, rules: Rules, ids: Sequence[UUID], *, now: datetime
) -> list[Obstacle]:
    if not ids:
        return []
    found = (
        await session.execute(
            select(Reminder.kind, Reminder.subject_id, Reminder.due_on, Reminder.step).where(
                among(Reminder.id, ids)
            )
        )
    ).all()
    duties = {row.subject_id for row in found if row.kind == "step"}
    subjects = [row.subject_id for row in found if row.kind == "notice"]
    # What the facts forbid may be wanted again one day; what was overtaken is over.
    against: dict[UUID, str] = {}
    today = today_in_hanoi(now)
    if duties:
        against |= dict(await superseded(session, ids, now=now))
        claimed = {(row.due_on, row.step) for row in found if row.due_on}
        # Of some twenty steps of a deadline mostly one is due.
        steps = [
            step
            for step in rules.of([due_on for due_on, _ in claimed], now=now)
            if (step.due_on, step.step) in claimed
        ]
        against |= dict(
            await obstacles(session, steps, today=today, subjects=sorted(duties), ids=ids)
        )
    if subjects:
        since = notices_since(rules, now=now) - timedelta(days=1)
        against |= dict(await untrue(session, ids, today=today, subjects=subjects, since=since))
    return [Obstacle(*pair) for pair in against.items()]


async def drop_unwanted(
    session: AsyncSession, rules: Rules, mails: Sequence[UUID], *, now: datetime
) -> list[UUID]:
    """Look at the facts once more; a mail that has no line left is not sent. Returns the others."""
    lines = (
        await session.execute(
            select(Reminder.id, Reminder.mail_id).where(
                among(Reminder.mail_id, mails), Reminder.state == "claimed"
            )
        )
    ).all()
    against = await _against(session, rules, [line.id for line in lines], now=now)
    await skip(session, against)
    gone = {one.reminder_id for one in against}
    had = {line.mail_id for line in lines}
    empty = had - {line.mail_id for line in lines if line.id not in gone}
    if empty:
        await session.execute(
            update(Mail)
            .where(among(Mail.id, empty))
            .values(state="empty", claimed_at=None, reason=reasons.NOTHING_LEFT)
        )
    return [mail for mail in mails if mail not in empty]
