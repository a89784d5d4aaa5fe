"""Every change is written down beside it: who, what, from, to, why, and under which trace."""

from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.answers import body
from services.api.deps.caller import Caller
from shared.log import trace_id
from shared.models import AuditEntry


def record(
    session: AsyncSession,
    caller: Caller,
    action: str,
    target: tuple[str, UUID | str],
    *,
    changes: dict[str, Any] | None = None,
    reason: str | None = None,
) -> AuditEntry:
    """Add the audit entry. ``changes`` maps a field to its old and new value."""
    kind, key = target
    entry = AuditEntry(
        actor_kind=caller.kind if caller.id.int else "system",
        actor_id=caller.id if caller.id.int else None,
        actor_name=caller.name or "system",
        action=action,
        object_type=kind,
        object_id=str(key),
        changes=orjson.loads(body(changes or {})),
        reason=reason,
        trace_id=trace_id.get(),
    )
    session.add(entry)
    return entry


def made(values: dict[str, Any]) -> dict[str, list[Any]]:
    """Write the changes of what was made: each field from nothing to what it has."""
    return {name: [None, value] for name, value in values.items() if value is not None}


def apply(target: Any, values: dict[str, Any]) -> dict[str, list[Any]]:
    """Set the fields that differ; return each as [old, new]."""
    changes = {
        name: [getattr(target, name), value]
        for name, value in values.items()
        if getattr(target, name) != value
    }
    for name, (_, value) in changes.items():
        setattr(target, name, value)
    return changes
