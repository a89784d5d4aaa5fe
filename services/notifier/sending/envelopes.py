"""Which mail a line of the ledger goes in: one digest for each person and day, and what cannot wait alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.plan.rules import Rules
from services.notifier.plan.schedule import today_in_hanoi
from shared.db import among
from shared.log import trace_id
from shared.models import Mail, Reminder
from shared.names import message_id

_OWN = ("id", "key", "kind", "recipient", "recipient_name", "message_id", "trace_id")
# One parameter for each column, however many mails. Of a key that is there another notifier made the mail a
# moment ago; but one that was left empty is filled again.
_WRITE = text(
    "INSERT INTO mails (id, key, kind, recipient, recipient_name, message_id, trace_id, "
    "day, state, next_at, claimed_at, created_at) "
    "SELECT new.*, :today, 'claimed', :now, :now, :now FROM unnest(CAST(:id AS uuid[]), "
    "CAST(:key AS text[]), CAST(:kind AS text[]), CAST(:recipient AS text[]), "
    "CAST(:recipient_name AS text[]), CAST(:message_id AS text[]), CAST(:trace_id AS text[])) AS new "
    "ON CONFLICT (key) DO UPDATE SET state = excluded.state, claimed_at = excluded.claimed_at, "
    "next_at = excluded.next_at, reason = NULL WHERE mails.state = 'empty' AND NOT mails.maybe_sent "
    "RETURNING id, key"
)
_CARRY = text(
    "UPDATE reminders SET state = 'claimed', mail_id = carried.mail, reason = NULL "
    "FROM unnest(CAST(:lines AS uuid[]), CAST(:mails AS uuid[])) AS carried (line, mail) "
    "WHERE reminders.id = carried.line"
)


async def told_today(session: AsyncSession, people: set[str], *, now: datetime) -> set[str]:
    """Choose whose digest of today has been made already."""
    day = today_in_hanoi(now)
    keys = [digest_key(person, now) for person in people]
    found = await session.scalars(
        select(Mail.recipient).where(
            among(Mail.key, keys), Mail.day == day, or_(Mail.state != "empty", Mail.maybe_sent)
        )
    )
    return set(found)


def digest_key(recipient: str, now: datetime) -> str:
    return f"digest:{recipient}:{today_in_hanoi(now).isoformat()}"


def key_of(line: Any, *, told: bool, now: datetime) -> str | None:
    """Name the mail that a line goes in; none where it waits for the next digest.

    One digest for each person and day; only what is due by today does not wait for tomorrow's.
    """
    if line.kind == "notice":
        return f"notice:{line.recipient}"
    today = today_in_hanoi(now)
    # With its day: what was left out of one mail for good may be planned again and go in another.
    alone = f"separate:{line.id}:{today.isoformat()}"
    if line.separate:
        return alone
    if not told:
        return digest_key(line.recipient, now)
    return alone if line.due_on <= today else None


async def put_off(
    session: AsyncSession, rules: Rules, ids: Sequence[UUID], *, now: datetime
) -> None:
    if ids:
        await session.execute(
            update(Reminder)
            .where(among(Reminder.id, ids))
            .values(send_at=rules.hours.next_digest(now))
        )


async def write_envelopes(
    session: AsyncSession, envelopes: dict[str, list[Any]], *, now: datetime, domain: str
) -> list[UUID]:
    """Write all by two statements: two for each mail were most of the time that a claim took."""
    by_key = {_own_key(name, lines): lines for name, lines in envelopes.items()}
    if not by_key:
        return []
    rows = [_envelope(key, lines, domain=domain) for key, lines in by_key.items()]
    columns = dict(zip(_OWN, map(list, zip(*rows, strict=True)), strict=True))
    asked = {**columns, "today": today_in_hanoi(now), "now": now}
    made = (await session.execute(_WRITE, asked)).all()
    if not made:
        return []
    pairs = [(line.id, mail.id) for mail in made for line in by_key[mail.key]]
    lines, mails = zip(*pairs, strict=True)
    await session.execute(_CARRY, {"lines": list(lines), "mails": list(mails)})
    order = {key: place for place, key in enumerate(by_key)}
    return [mail.id for mail in sorted(made, key=lambda mail: order[mail.key])]


def _own_key(name: str, lines: Sequence[Any]) -> str:
    """Name what is told at once by its first line: it is a mail of its own each time."""
    return f"notice:{lines[0].id}" if name.startswith("notice:") else name


def _envelope(key: str, lines: Sequence[Any], *, domain: str) -> tuple[Any, ...]:
    """Give what is a mail's own, in the order of ``_OWN``."""
    mail_id, first = uuid4(), lines[0]
    return (
        mail_id,
        key,
        key.partition(":")[0],
        first.recipient,
        first.recipient_name,
        message_id(mail_id, domain=domain),
        first.trace_id or trace_id.get(),
    )
