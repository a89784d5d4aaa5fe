"""Link what is committed, seal the days that are over: apart from those who write, who never wait for it.

Entries wait in ``audit_waiting``, written by a trigger in the writer's own transaction. A loop takes those it
sees, so an entry that commits late is linked late, whatever its id; the chain has an order of its own.
"""

import asyncio
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import structlog
from sqlalchemy import Table, delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.audit import heads
from services.api.audit.form import GENESIS, link_hash, linked
from services.api.audit.hand import CHAIN, keep_personal
from services.api.audit.signing import AuditKeyError, Signer, load_signer
from services.api.audit.words import words_of
from services.api.deps.clock import today_in_hanoi
from shared.db import Database, session_reader
from shared.models import AuditEntry, AuditHead, AuditLink, AuditWaiting
from shared.outbox import FAULTS

log = structlog.get_logger()

BATCH = 100  # about 10 ms in which this process answers nobody
REST = 8  # times as long as a batch took: a backlog waits, the requests of this process come first
TRY_LOCK = select(func.pg_try_advisory_xact_lock(CHAIN))
_LINKS = cast("Table", AuditLink.__table__)  # without the ORM: half the time
WAITING = (
    select(*AuditEntry.__table__.columns)
    .join(AuditWaiting, AuditWaiting.audit_id == AuditEntry.id)
    .order_by(AuditWaiting.audit_id)
)
KEEP_WORDS = text(
    "INSERT INTO audit_words (audit_id, words) VALUES (:id, array_to_tsvector(CAST(:words AS text[]))) "
    "ON CONFLICT DO NOTHING"
)


async def seal(session: AsyncSession, *, today: date, limit: int = BATCH) -> int:
    """Link what waits, oldest first; return how many. Where another process links, do nothing."""
    if not await session.scalar(TRY_LOCK):
        return 0
    found = await session.execute(WAITING.limit(limit))
    rows = [dict(row) for row in found.mappings()]
    if not rows:
        return 0
    digests = await keep_personal(session, rows)
    last, previous, day = await _end(session, today)
    links = []
    for seq, row in enumerate(rows, last + 1):
        previous = link_hash(previous, linked(row, digests[row["id"]], seq=seq, day=day))
        links.append({"seq": seq, "audit_id": row["id"], "day": day, "hash": previous})
    await session.execute(insert(_LINKS), links)
    ids = [row["id"] for row in rows]
    await session.execute(delete(AuditWaiting).where(AuditWaiting.audit_id == func.any(ids)))
    if words := [{"id": row["id"], "words": each} for row in rows if (each := words_of(row))]:
        await session.execute(KEEP_WORDS, words)
    return len(rows)


async def _end(session: AsyncSession, today: date) -> tuple[int, bytes, date]:
    """Find the last link's number and hash, and the day of the next.

    That day never goes back: another process, or this clock before it was set, may have closed a later one.
    """
    newest = await session.scalar(select(AuditLink).order_by(AuditLink.seq.desc()).limit(1))
    closed = await session.scalar(select(func.max(AuditHead.day)))
    earliest = closed + timedelta(days=1) if closed else today
    if newest is None:
        return 0, GENESIS, max(today, earliest)
    return newest.seq, newest.hash, max(today, earliest, newest.day)


async def close_days(
    session: AsyncSession, signer: Signer, *, today: date, now: datetime
) -> list[date]:
    """Sign a head for each day that is over and has links; return the days."""
    if not await session.scalar(TRY_LOCK):
        return []
    closed = []
    while day := await session.scalar(_first_open(today)):
        head = await heads.standing(await session_reader(session), day)
        signed = heads.content(head, sealed_at=now, key_id=signer.key_id)
        values = {"key_id": signer.key_id, "public_key": signer.public_key, "sealed_at": now}
        session.add(AuditHead(**head, **values, signature=signer.signature(signed)))
        await session.flush()
        closed.append(day)
    return closed


def _first_open(today: date) -> Any:
    newest = select(func.coalesce(func.max(AuditHead.day), date.min)).scalar_subquery()
    return select(func.min(AuditLink.day)).where(AuditLink.day > newest, AuditLink.day < today)


async def seal_once(database: Database, signer: Signer | None) -> int:
    """Do one round; return how many entries were linked."""
    now = datetime.now(UTC)
    today = today_in_hanoi(now)
    async with database.transaction() as session:
        count = await seal(session, today=today)
    if signer is not None and count < BATCH:
        async with database.transaction() as session:
            if closed := await close_days(session, signer, today=today, now=now):
                log.info("audit_days_sealed", days=[day.isoformat() for day in closed])
    return count


async def seal_forever(database: Database, key_file: Path, *, pause: float) -> None:
    """Run in every API process; an advisory lock lets one at a time link. Without a key no day is signed."""
    told = None
    while True:
        count, began = 0, time.monotonic()
        try:
            signer, problem = _signer(key_file)
            count = await seal_once(database, signer)
        except FAULTS as error:
            problem = repr(error)
        if problem and problem != told:
            log.warning("audit_not_sealed", problem=problem, next="tries again")
        told = problem
        await asyncio.sleep(REST * (time.monotonic() - began) if count == BATCH else pause)


def _signer(key_file: Path) -> tuple[Signer | None, str | None]:
    try:
        signer = load_signer(key_file)
    except (AuditKeyError, OSError) as error:
        return None, str(error)
    return signer, None if signer else f"there is no key in {key_file}: run `pii audit key`"
