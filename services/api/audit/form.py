"""What a link of the audit chain is the hash of: form 1; pure.

hash = SHA-256(previous link's hash ‖ canonical(linked)), where ``linked`` holds form, seq, day and the entry.
Canonical is JSON as Python writes it with sorted keys, no blanks, no escapes but what JSON demands, in UTF-8.
In the entry each value that is a person's (``personal_values``) gives way to ``{"sha256": digest}``, where
digest = SHA-256(salt ‖ canonical(value)). Salt and value can be erased and the chain still holds: without
the salt nobody can try names until one fits.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from services.api.deps.erased import ERASED

FORM = 1
# What the first link has in the place of a previous hash.
GENESIS = hashlib.sha256(b"PII audit log, form 1").digest()
# The action of the entry that tells of an erasure.
ERASURE = "personal_data_erased"

PERSONAL_FIELDS: Mapping[str, frozenset[str]] = {
    "user": frozenset({"login", "name", "email"}),
    "contact": frozenset({"name", "email", "phone"}),
}
_COLUMNS = (
    "id",
    "actor_kind",
    "actor_id",
    "actor_name",
    "action",
    "object_type",
    "object_id",
    "changes",
    "reason",
    "trace_id",
)

Entry = Mapping[str, Any]  # a row of audit_log


def canonical(value: Any) -> bytes:
    """Write one thing in the one way in which it is hashed and signed."""
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode()


def instant(moment: datetime) -> str:
    """Write a moment in UTC with microseconds, always as many digits."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def personal_values(entry: Entry) -> dict[str, Any]:
    """Find what is a person's in an entry: place → value. A system's name is nobody's."""
    values: dict[str, Any] = {}
    if entry["actor_kind"] in {"user", "link"}:
        values["/actor_name"] = entry["actor_name"]
    fields = PERSONAL_FIELDS.get(entry["object_type"], frozenset())
    for field in sorted(fields & entry["changes"].keys()):
        values[f"/changes/{field}"] = entry["changes"][field]
    return values


def erased_value(place: str) -> Any:
    return ERASED if place == "/actor_name" else [ERASED, ERASED]


def digest(salt: bytes, value: Any) -> bytes:
    return hashlib.sha256(salt + canonical(value)).digest()


def linked(entry: Entry, digests: Mapping[str, bytes], *, seq: int, day: date) -> dict[str, Any]:
    """Make what a link is the hash of. Raises KeyError where a personal place has no digest."""
    shown = {name: _plain(entry[name]) for name in _COLUMNS}
    shown["at"] = instant(entry["at"])
    shown["changes"] = dict(entry["changes"])
    for place in personal_values(entry):
        _, *fields = place.split("/")
        inside = shown if len(fields) == 1 else shown["changes"]
        inside[fields[-1]] = {"sha256": digests[place].hex()}
    return {"form": FORM, "seq": seq, "day": day.isoformat(), "entry": shown}


def link_hash(previous: bytes, content: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(previous + canonical(content)).digest()


def erasure_digest(places: Iterable[tuple[int, str]]) -> str:
    """Hash which places one erasure took, in order: the entry that tells of it holds this."""
    return hashlib.sha256(canonical(sorted(places))).hexdigest()


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
