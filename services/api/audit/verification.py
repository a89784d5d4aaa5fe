"""Walk the chain and name what does not fit: an entry changed, removed or put in, a link or a name tampered with."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import text

from services.api.audit.form import (
    ERASURE,
    GENESIS,
    digest,
    erased_value,
    erasure_digest,
    link_hash,
    linked,
    personal_values,
)
from shared.db import Reader

STEP = 500  # links that are read at a time
SPAN = 50_000  # ids that are looked through at a time for entries without a link

Problem = Literal[
    "changed",
    "removed",
    "not_linked",
    "link_changed",
    "link_removed",
    "erasure_unproven",
    "head_changed",
    "head_not_met",
    "head_removed",
    "signature_wrong",
]

LAST = text("SELECT coalesce(max(seq), 0) AS last FROM audit_links")
HASH_AT = text("SELECT hash FROM audit_links WHERE seq = :seq")
LINKS = text(
    """
    SELECT l.seq, l.day, l.hash, l.audit_id, e.id, e.at, e.actor_kind, e.actor_id, e.actor_name,
      e.action, e.object_type, e.object_id, e.changes, e.reason, e.trace_id,
      (SELECT jsonb_agg(jsonb_build_object(
           'place', p.place, 'digest', encode(p.digest, 'hex'), 'salt', encode(p.salt, 'hex'))
           ORDER BY p.place)
         FROM audit_personal AS p WHERE p.audit_id = l.audit_id) AS personal
    FROM audit_links AS l LEFT JOIN audit_log AS e ON e.id = l.audit_id
    WHERE l.seq > :after AND l.seq <= :until
    ORDER BY l.seq
    LIMIT :limit
    """
)
NOT_LINKED = text(
    """
    SELECT e.id, e.at, e.action FROM audit_log AS e
    WHERE e.id > :after AND e.id <= :until
      AND NOT EXISTS (SELECT FROM audit_links AS l WHERE l.audit_id = e.id)
      AND NOT EXISTS (SELECT FROM audit_waiting AS w WHERE w.audit_id = e.id)
    ORDER BY e.id
    """
)
ERASED_PLACES = text(
    """
    SELECT p.erased_by, p.audit_id, p.place, e.action, e.at, e.changes ->> 'digest' AS digest
    FROM audit_personal AS p LEFT JOIN audit_log AS e ON e.id = p.erased_by
    WHERE p.erased_by IS NOT NULL
    ORDER BY p.erased_by, p.audit_id, p.place
    """
)
GREATEST = text("SELECT coalesce(max(id), 0) AS greatest FROM audit_log")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not fit; ``differs`` says which parts, where that can be told."""

    problem: Problem
    seq: int | None = None
    audit_id: int | None = None
    at: datetime | None = None
    action: str | None = None
    differs: tuple[str, ...] = ()
    day: date | None = None  # of the head


@dataclass
class Walk:
    """A walk along the chain, from the hash before its first link; feed it rows in order."""

    previous: bytes = GENESIS
    seq: int = 0
    _doubt: tuple[Finding, bytes] | None = None

    def follow(self, row: Row) -> Iterator[Finding]:
        """Take one more link; yield what is found out by it, maybe about the one before."""
        broken = row["seq"] != self.seq + 1
        if broken:
            yield from self.end()
            yield Finding("link_removed", self.seq + 1)
        self.seq = row["seq"]
        if row["id"] is None:
            yield from self.end()
            yield Finding("removed", row["seq"], row["audit_id"])
        elif not broken:
            yield from self._compare(row)
        self.previous = row["hash"]

    def end(self) -> Iterator[Finding]:
        """Yield what was left in doubt."""
        if self._doubt:
            yield self._doubt[0]
        self._doubt = None

    def _compare(self, row: Row) -> Iterator[Finding]:
        digests, differs = self._personal(row)
        content = None
        if digests is not None:
            content = linked(row, digests, seq=row["seq"], day=row["day"])
        computed = link_hash(self.previous, content) if content else b""
        if self._doubt and content and link_hash(self._doubt[1], content) == row["hash"]:
            # The next link goes on from what the entry gives: its own link was rewritten.
            doubted = self._doubt[0]
            yield Finding("link_changed", doubted.seq, doubted.audit_id, doubted.at, doubted.action)
            self._doubt, computed = None, row["hash"]
        yield from self.end()
        told = (row["seq"], row["audit_id"], row["at"], row["action"])
        if computed != row["hash"]:
            self._doubt = Finding("changed", *told, tuple(differs)), computed
        elif differs:
            yield Finding("changed", *told, tuple(differs))

    def _personal(self, row: Row) -> tuple[dict[str, bytes] | None, list[str]]:
        """Check what is kept apart against what is shown; return the digests and the places that differ."""
        kept = {each["place"]: each for each in row["personal"] or ()}
        digests, differs = {}, []
        for place, value in personal_values(row).items():
            if place not in kept:
                return None, [place]
            digests[place] = bytes.fromhex(kept[place]["digest"])
            if (salt := kept[place]["salt"]) is None:
                fits = value == erased_value(place)
            else:
                fits = digest(bytes.fromhex(salt), value) == digests[place]
            if not fits:
                differs.append(place)
        return digests, differs


async def stretches(
    read: Reader, *, after: int, until: int, step: int = STEP
) -> AsyncIterator[Sequence[Row]]:
    """Read the links with their entries, a stretch at a time."""
    while rows := await read.all(LINKS, after=after, until=until, limit=step):
        yield rows
        after = rows[-1]["seq"]


async def last_link(read: Reader) -> int:
    return int(await read.value(LAST))


async def walked(read: Reader, *, first: int, last: int) -> tuple[int, list[Finding]]:
    """Check the links ``first`` to ``last``; return how many there are and what was found."""
    before = await read.value(HASH_AT, seq=first - 1) if first > 1 else GENESIS
    if before is None:
        return 0, [Finding("link_removed", first - 1)]
    walk = Walk(before, first - 1)
    found: list[Finding] = []
    count = 0
    async for rows in stretches(read, after=first - 1, until=last):
        for row in rows:
            found += walk.follow(row)
        count += len(rows)
    found += walk.end()
    if walk.seq < last:
        found.append(Finding("link_removed", walk.seq + 1))
    return count, found


async def unproven(read: Reader) -> list[Finding]:
    """Find erasures of which the log does not tell exactly what was taken."""
    places: dict[int, list[tuple[int, str]]] = {}
    told: dict[int, Row] = {}
    for row in await read.all(ERASED_PLACES):
        places.setdefault(row["erased_by"], []).append((row["audit_id"], row["place"]))
        told[row["erased_by"]] = row
    return [
        Finding("erasure_unproven", None, audit_id, row["at"], row["action"])
        for audit_id, row in told.items()
        if row["action"] != ERASURE or row["digest"] != erasure_digest(places[audit_id])
    ]


async def not_linked(read: Reader, *, step: int = SPAN) -> AsyncIterator[Finding]:
    """Find entries that are neither linked nor waiting: nobody who writes through the front door makes one."""
    greatest = await read.value(GREATEST)
    for after in range(0, greatest, step):
        for row in await read.all(NOT_LINKED, after=after, until=min(after + step, greatest)):
            yield Finding("not_linked", None, row["id"], row["at"], row["action"])
