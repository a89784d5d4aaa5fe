"""``pii evidence verify``: is every document still the one that came, and does all that is stored belong to one."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from services.api.evidence.scanner import kept_of
from services.api.evidence.store import DamagedError, Store
from shared.db import PooledDatabase
from shared.models import Evidence

PAGE = 500
# A file lies in the store a moment before its row is there.
YOUNG = timedelta(hours=1)


@dataclass
class Findings:
    checked: int = 0
    size: int = 0  # bytes
    damaged: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    swept: int = 0

    @property
    def good(self) -> bool:
        return not (self.damaged or self.missing or self.orphans)


async def verify(database: PooledDatabase, store: Store, *, sweep: bool, now: datetime) -> Findings:
    """Read every stored byte, in constant memory; with ``sweep`` remove what belongs to nothing."""
    found = Findings()
    # Listed first: what comes meanwhile is no orphan.
    stored = {key: at async for key, at in store.stored()}
    known: set[str] = set()
    last = UUID(int=0)
    while rows := await _page(database, last):
        for row in rows:
            last = row.id
            if row.storage_key is None:
                continue
            known.add(row.storage_key)
            await _check(store, row, stored.keys(), found)
    found.orphans = sorted(
        key for key, at in stored.items() if key not in known and now - at > YOUNG
    )
    if sweep:
        for key in found.orphans:
            await store.remove(key)
        found.swept, found.orphans = len(found.orphans), []
    return found


async def _page(database: PooledDatabase, after: UUID) -> list[Evidence]:
    async with database.transaction() as session:
        rows = await session.scalars(
            select(Evidence).where(Evidence.id > after).order_by(Evidence.id).limit(PAGE)
        )
        return list(rows)


async def _check(store: Store, row: Evidence, stored: Collection[str], found: Findings) -> None:
    name = f"{row.storage_key} ({row.filename}, evidence {row.id})"
    found.checked += 1
    size = 0
    try:
        async for piece in store.read(kept_of(row)):
            size += len(piece)
    except DamagedError:
        gone = row.storage_key not in stored
        (found.missing if gone else found.damaged).append(name)
        return
    found.size += size
    if size != row.size:
        found.damaged.append(name)
