"""A published framework is frozen: each change of what is scored or defined is one more version, kept for ever."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.api.deps.caller import Caller
from services.api.frameworks.states import ReasonMissingError
from services.api.frameworks.tree import check_whole
from shared import outbox
from shared.events import FrameworkChanged
from shared.models import Framework, FrameworkVersion, Node, Period

_Parent = aliased(Node)
_SAID = (
    select(
        Node.code,
        _Parent.code.label("parent"),
        Node.kind,
        Node.name_vi,
        Node.name_en,
        Node.weight,
        Node.direction,
        Node.unit,
        Node.unit_assumed,
        Node.lower_bound,
        Node.upper_bound,
        Node.goalpost_min,
        Node.goalpost_max,
        Node.target,
        Node.treatment,
        Node.combination,
        Node.supply,
        Node.supply_assumed,
        Node.evidence_required,
        Node.accepted_evidence,
        Node.source,
        Node.guidance_vi,
        Node.guidance_en,
        Node.note,
    )
    .outerjoin(_Parent, _Parent.id == Node.parent_id)
    .order_by(Node.sort_key, Node.code)
)


async def said_nodes(session: AsyncSession, framework_id: UUID) -> list[dict[str, Any]]:
    """List all that the nodes say, as a version keeps it, in natural order."""
    rows = await session.execute(_SAID.where(Node.framework_id == framework_id))
    return [dict(row) for row in rows.mappings()]


async def new_version(
    session: AsyncSession,
    caller: Caller,
    framework: Framework,
    *,
    reason: str | None,
    now: datetime,
) -> None:
    """Keep what is said now as the next revision and have the index recalculated. A draft has no versions.

    Also where no score changes: a run names the version that it saw, and its hash tells that it is the same.
    """
    if framework.state == "draft":
        return
    if not reason:
        raise ReasonMissingError(pointer="/reason")
    framework.revision += 1
    await keep_version(
        session,
        framework,
        by=caller.id if caller.id.int else None,
        by_name=caller.name or "system",
        reason=reason,
        now=now,
    )
    periods = await session.scalars(
        select(Period.id).where(Period.framework_id == framework.id, Period.state != "draft")
    )
    for period_id in periods:
        outbox.emit(session, FrameworkChanged(period_id=period_id, framework_id=framework.id))


async def keep_version(
    session: AsyncSession,
    framework: Framework,
    *,
    by: UUID | None,
    by_name: str,
    reason: str,
    now: datetime,
) -> None:
    """Write the framework down as it stands. Raises ``InvalidError`` for a tree that cannot be added up."""
    await session.flush()
    nodes = await said_nodes(session, framework.id)
    check_whole(nodes)
    method: dict[str, Any] = framework.method["engine"]
    session.add(
        FrameworkVersion(
            framework_id=framework.id,
            revision=framework.revision,
            nodes=nodes,
            method=method,
            hash=content_hash(nodes, method),
            reason=reason,
            created_by=by,
            created_by_name=by_name,
            created_at=now,
        )
    )


def content_hash(nodes: Sequence[Mapping[str, Any]], method: Mapping[str, Any]) -> str:
    """SHA-256 of ``{"method": …, "nodes": …}`` as JSON: keys sorted, no spaces, every number a float.

    JSONB forgets whether a number was written 1 or 1.0, and the sign of a zero: the hash must not
    depend on them.
    """
    plain = _floats({"method": method, "nodes": list(nodes)})
    written = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(written.encode()).hexdigest()}"


def _floats(value: Any) -> Any:
    match value:
        case bool():
            return value
        case int() | float():
            return float(value) + 0.0
        case Mapping():
            return {key: _floats(inner) for key, inner in value.items()}
        case list():
            return [_floats(inner) for inner in value]
        case _:
            return value
