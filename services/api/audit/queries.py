"""Who changed what."""

from functools import lru_cache
from typing import Any

from sqlalchemy import Executable, and_, bindparam, select, true

from services.api.audit.schemas import AuditQuery
from services.api.deps.paging import page, start_of
from shared.db import Reader
from shared.models import AuditEntry

_FILTERS = {
    "object_type": AuditEntry.object_type == bindparam("object_type"),
    "object_id": AuditEntry.object_id == bindparam("object_id"),
    "actor": AuditEntry.actor_id == bindparam("actor"),
    "trace_id": AuditEntry.trace_id == bindparam("trace_id"),
    "after": AuditEntry.id < bindparam("after"),
}


@lru_cache
def audit_statement(filters: frozenset[str]) -> Executable:
    chosen = and_(true(), *(_FILTERS[name] for name in sorted(filters)))
    return (
        select(*AuditEntry.__table__.columns)
        .where(chosen)
        .order_by(AuditEntry.id.desc())
        .limit(bindparam("limit"))
    )


async def audit_page(read: Reader, query: AuditQuery) -> dict[str, Any]:
    values: dict[str, Any] = query.filters()
    if query.actor:
        values["actor"] = query.actor
    if after := start_of(query, int):
        values["after"] = after[0]
    rows = await read.all(audit_statement(frozenset(values)), limit=query.limit + 1, **values)
    return page(
        query,
        rows,
        dict,
        lambda row: [row["id"]],
    )
