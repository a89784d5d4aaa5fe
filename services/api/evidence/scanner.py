"""Virus scanning by clamd: what waits is quarantined until it is found clean."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import select

from services.api.deps.audit import record
from services.api.deps.caller import NOBODY
from services.api.evidence.store import DamagedError, Kept, Store
from shared.db import Database
from shared.models import Evidence

log = structlog.get_logger()

PATIENCE = 60  # seconds for one file
AT_ONCE = 50  # files of one sweep
_PIECE = 65_536
FAULTS = (OSError, TimeoutError, asyncio.IncompleteReadError, DamagedError)


class ScannerError(OSError):
    """clamd answered that it could not scan."""


async def verdict(url: str, pieces: AsyncIterator[bytes]) -> str:
    """Send the bytes with clamd's INSTREAM command; answer ``clean`` or ``infected``.

    Raises ``OSError`` or ``TimeoutError`` where there is no verdict.
    """
    async with asyncio.timeout(PATIENCE):
        reader, writer = await _connected(url)
        try:
            writer.write(b"zINSTREAM\0")
            async for piece in pieces:
                for start in range(0, len(piece), _PIECE):
                    part = piece[start : start + _PIECE]
                    writer.write(len(part).to_bytes(4, "big") + part)
                    await writer.drain()
            writer.write(b"\0\0\0\0")
            await writer.drain()
            answer = (await reader.readuntil(b"\0")).rstrip(b"\0").strip()
        finally:
            writer.close()
    if answer.endswith(b" FOUND"):
        return "infected"
    if answer.endswith(b": OK"):
        return "clean"
    raise ScannerError(answer[:200].decode("utf-8", "replace"))


async def _connected(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if url.startswith("unix:"):
        return await asyncio.open_unix_connection(url.removeprefix("unix:"))
    host, _, port = url.removeprefix("tcp://").rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def quarantine(database: Database) -> int:
    """Let wait what came while there was no scanner; return how many. A link has no file to scan."""
    taken = 0
    while True:
        async with database.transaction() as session:
            found = (
                await session.scalars(
                    select(Evidence)
                    .where(Evidence.scan == "not_scanned", Evidence.storage_key.is_not(None))
                    .order_by(Evidence.uploaded_at)
                    .limit(AT_ONCE)
                    .with_for_update(key_share=True, skip_locked=True)
                )
            ).all()
            for row in found:
                row.scan = "waiting"
                changes = {"scan": ["not_scanned", "waiting"]}
                record(session, NOBODY, "quarantined", ("evidence", row.id), changes=changes)
        taken += len(found)
        if not found:
            return taken


async def sweep(database: Database, store: Store, url: str, *, now: datetime) -> int:
    """Scan what waits; what got no verdict waits for the next sweep. Return how many got one."""
    await quarantine(database)
    async with database.transaction() as session:
        waiting = (
            await session.scalars(
                select(Evidence)
                .where(Evidence.scan == "waiting")
                .order_by(Evidence.uploaded_at)
                .limit(AT_ONCE)
            )
        ).all()
        found = [(row.id, kept_of(row)) for row in waiting]
    told = 0
    for evidence_id, kept in found:
        try:
            # Nothing is held while clamd thinks.
            said = await verdict(url, store.read(kept))
        except FAULTS as error:
            log.warning("scan_failed", evidence=str(evidence_id), error=repr(error))
            continue
        await _note(database, evidence_id, said, now=now)
        told += 1
    return told


def kept_of(row: Evidence) -> Kept:
    assert row.storage_key is not None
    return Kept(row.storage_key, row.size, row.sha256, row.blocks)


async def _note(database: Database, evidence_id: UUID, said: str, *, now: datetime) -> None:
    async with database.transaction() as session:
        row = await session.get(Evidence, evidence_id, with_for_update={"key_share": True})
        if row is None or row.scan != "waiting":
            return
        row.scan, row.scanned_at = said, now
        record(
            session,
            NOBODY,
            "scanned",
            ("evidence", evidence_id),
            changes={"scan": ["waiting", said]},
        )
