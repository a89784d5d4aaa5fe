"""Entries of the log as CSV (RFC 4180); UTF-8 with a byte order mark, for Excel's sake; pure."""

import csv
import io
from collections.abc import Iterable
from typing import Any

import orjson

from services.api.audit.form import Entry, instant
from services.api.deps.cells import safe_text

COLUMNS = (
    "id",
    "at",
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


def table(entries: Iterable[Entry]) -> bytes:
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        writer.writerow([_cell(name, entry[name]) for name in COLUMNS])
    return written.getvalue().encode("utf-8-sig")


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "at":
        return instant(value)
    if name == "changes":
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return safe_text(str(value))
