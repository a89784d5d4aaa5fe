"""The whole audit chain against its entries, its heads, and heads that were kept elsewhere."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text

from services.api.audit import heads
from services.api.audit.form import GENESIS, linked, personal_values
from services.api.audit.signing import AuditKeyError, is_signed, key_id_of, load_public
from services.api.audit.verification import (
    HASH_AT,
    Finding,
    Problem,
    Row,
    Walk,
    last_link,
    not_linked,
    stretches,
    unproven,
)
from shared.db import Reader

ALL_HEADS = text("SELECT * FROM audit_heads ORDER BY day")

Tell = Callable[[int, int], None]  # how many links are done, of how many


@dataclass
class Report:
    """What the walk met; nothing in ``findings`` means that everything fits."""

    links: int = 0
    hash: bytes = GENESIS
    heads: int = 0
    unsigned_days: list[date] = field(default_factory=list)
    key_ids: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)


async def examine(
    read: Reader,
    *,
    kept: Sequence[Mapping[str, Any]] = (),
    keys: Sequence[Ed25519PublicKey] = (),
    today: date,
    tell: Tell = lambda _done, _of: None,
) -> Report:
    """Walk all links, then look for what has none, then check the heads, ours and those ``kept`` elsewhere.

    ``keys``: the only ones that may have signed; without any, each head is checked against the key
    beside it, which whoever rewrote the chain may have put there.
    """
    report = Report()
    days = await _walk(read, report, tell)
    report.findings += await unproven(read)
    report.findings += [finding async for finding in not_linked(read)]
    ours = [heads.document(row) for row in await read.all(ALL_HEADS)]
    for head in (*ours, *kept):
        report.findings += await _against(read, head, keys)
        report.key_ids.add(head["key_id"] or "none")
    report.heads = len(ours)
    sealed = {date.fromisoformat(head["day"]) for head in ours}
    open_days = sorted(day for day in days - sealed if day < today)
    newest = max(sealed, default=date.min)
    report.findings += [Finding("head_removed", day=day) for day in open_days if day < newest]
    report.unsigned_days = [day for day in open_days if day > newest]
    return report


async def _walk(read: Reader, report: Report, tell: Tell) -> set[date]:
    until = await last_link(read)
    walk, days = Walk(), set()
    async for rows in stretches(read, after=0, until=until):
        for row in rows:
            report.findings += walk.follow(row)
            days.add(row["day"])
        report.links += len(rows)
        tell(walk.seq, until)
    report.findings += walk.end()
    report.hash = walk.previous
    return days


async def _against(
    read: Reader, head: Mapping[str, Any], keys: Sequence[Ed25519PublicKey]
) -> list[Finding]:
    """Compare one head with the chain, and check who signed it."""
    day = date.fromisoformat(head["day"])
    found = []
    if not _is_signed(head, keys):
        found.append(Finding("signature_wrong", head["last_seq"], day=day))
    if head["provisional"]:
        stood = await read.value(HASH_AT, seq=head["last_seq"]) if head["last_seq"] else GENESIS
        fits = stood is not None and stood.hex() == head["hash"]
    else:
        standing = heads.content(await heads.standing(read, day), sealed_at=None, key_id=None)
        parts = ("links", "last_seq", "hash", "previous_hash")
        fits = all(standing[part] == head[part] for part in parts)
    if not fits:
        short = await last_link(read) < head["last_seq"]
        problem: Problem = "head_not_met" if short else "head_changed"
        found.append(Finding(problem, head["last_seq"], day=day))
    return found


def _is_signed(head: Mapping[str, Any], keys: Sequence[Ed25519PublicKey]) -> bool:
    if keys:
        return any(key_id_of(key) == head["key_id"] and is_signed(head, key) for key in keys)
    try:
        return is_signed(head, load_public(head["public_key"] or ""))
    except AuditKeyError:
        return False


async def exported(
    read: Reader, *, first: date, last: date, names: bool = True
) -> AsyncIterator[bytes]:
    """Write the links of these days as JSON lines, each with all that its hash is made of.

    Without ``names`` the persons' values and salts are left out; the chain can be checked all the same.
    """
    start = await heads.standing(read, first)
    after = start["last_seq"] - start["links"]
    previous = start["previous_hash"]
    until = (await heads.standing(read, last))["last_seq"]
    async for rows in stretches(read, after=after, until=until):
        for row in rows:
            if row["id"] is None or personal_values(row).keys() - _kept(row).keys():
                raise BrokenChainError(row["seq"])
            yield orjson.dumps(_line(row, previous, names=names)) + b"\n"
            previous = row["hash"]


class BrokenChainError(Exception):
    """An entry, or what is kept apart of it, is gone; ``pii audit verify`` says more."""


def _kept(row: Row) -> dict[str, Any]:
    return {each["place"]: each for each in row["personal"] or ()}


def _line(row: Row, previous: bytes, *, names: bool) -> dict[str, Any]:
    kept = _kept(row)
    digests = {place: bytes.fromhex(each["digest"]) for place, each in kept.items()}
    personal = {
        place: {"salt": kept[place]["salt"], "value": value} if kept[place]["salt"] else None
        for place, value in personal_values(row).items()
    }
    return {
        "linked": linked(row, digests, seq=row["seq"], day=row["day"]),
        "previous": previous.hex(),
        "hash": row["hash"].hex(),
        "personal": personal if names else {},
    }
