"""Which mail a line of the ledger goes in: one digest for each person and day, and what cannot wait alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, Uuid, and_, cast, column, func, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.plan.rules import Rules
from services.notifier.plan.schedule import today_in_hanoi
from shared.db import among
from shared.log import trace_id
from shared.models import Mail, Reminder
from shared.names import message_id

_FILLED_AGAIN = ("state", "claimed_at", "next_at", "reason")


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
    rows = [_envelope(key, lines, now=now, domain=domain) for key, lines in by_key.items()]
    new = insert(Mail)
    made = (
        await session.execute(
            # Another notifier made it a moment ago; but one that was left empty is filled again. Values of
            # the statement's own would have it sent once for each mail.
            new.on_conflict_do_update(
                index_elements=["key"],
                set_={name: new.excluded[name] for name in _FILLED_AGAIN},
                where=and_(Mail.state == literal_column("'empty'"), ~Mail.maybe_sent),
            ).returning(Mail.id, Mail.key),
            rows,
        )
    ).all()
    if not made:
        return []
    pairs = [(line.id, mail.id) for mail in made for line in by_key[mail.key]]
    carried = (
        func.unnest(*(cast(list(ids), ARRAY(Uuid)) for ids in zip(*pairs, strict=True)))
        .table_valued(column("line", Uuid), column("mail", Uuid), name="carried")
        .render_derived()
    )
    await session.execute(
        update(Reminder)
        .where(Reminder.id == carried.c.line)
        .values(state="claimed", mail_id=carried.c.mail, reason=None)
    )
    order = {key: place for place, key in enumerate(by_key)}
    return [mail.id for mail in sorted(made, key=lambda mail: order[mail.key])]


def _own_key(name: str, lines: Sequence[Any]) -> str:
    """Name what is told at once by its first line: it is a mail of its own each time."""
    return f"notice:{lines[0].id}" if name.startswith("notice:") else name


def _envelope(key: str, lines: Sequence[Any], *, now: datetime, domain: str) -> dict[str, Any]:
    mail_id = uuid4()
    return {
        "id": mail_id,
        "key": key,
        "kind": key.partition(":")[0],
        "recipient": lines[0].recipient,
        "recipient_name": lines[0].recipient_name,
        "day": today_in_hanoi(now),
        "message_id": message_id(mail_id, domain=domain),
        "state": "claimed",
        "next_at": now,
        "claimed_at": now,
        "reason": None,
        "trace_id": lines[0].trace_id or trace_id.get(),
        "created_at": now,
    }
