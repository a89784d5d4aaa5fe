"""Who changed what: lists that stay short of a search through the whole log, and the state of the chain.

Every filter has an index that goes on with time and id, the list's order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    Uuid,
    and_,
    bindparam,
    func,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.api.audit import heads
from services.api.audit.schemas import AuditQuery, VerificationQuery
from services.api.audit.verification import last_link, walked
from services.api.audit.words import search_of
from services.api.deps.paging import PageQuery, page, start_of
from shared.db import Reader
from shared.errors import InvalidError
from shared.models import ApiKey, AuditEntry, AuditHead, AuditWords, User
from shared.text import fold

MOST_ACTORS = 100
MOST_LINKS, USUAL_LINKS, MOST_FINDINGS = 10_000, 1_000, 100


class TooManyActorsError(InvalidError):
    """Too many people have this in their name; say more of it.

    Có quá nhiều người khớp với tên này; hãy ghi rõ hơn.
    """


class TooManyLinksError(InvalidError):
    """At most 10,000 links are checked at a time; `pii audit verify` checks all of them.

    Mỗi lần chỉ kiểm tra tối đa 10.000 mắt xích; `pii audit verify` kiểm tra toàn bộ.
    """


_FILTERS: Mapping[str, ColumnElement[bool]] = {
    "object_type": AuditEntry.object_type == bindparam("object_type"),
    "object_id": AuditEntry.object_id == bindparam("object_id"),
    "actor": AuditEntry.actor_id == bindparam("actor"),
    "action": AuditEntry.action == bindparam("action"),
    "since": AuditEntry.at >= bindparam("since"),
    "until": AuditEntry.at < bindparam("until"),
    "trace_id": AuditEntry.trace_id == bindparam("trace_id"),
    "before_at": tuple_(AuditEntry.at, AuditEntry.id)
    < tuple_(bindparam("before_at"), bindparam("before_id")),
}
_NAMES = select(User.id, User.name, User.login).union_all(
    select(ApiKey.id, ApiKey.name, ApiKey.prefix)
)


def _ordered(statement: Select[Any]) -> Select[Any]:
    return statement.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(bindparam("limit"))


@lru_cache
def audit_statement(filters: frozenset[str]) -> Executable:
    """Make the statement for these filters.

    Several actors are asked one by one, each in the list's order; with filters that have an index of their
    own, which Postgres weighs, they are one condition more.
    """
    chosen = and_(true(), *(_FILTERS[name] for name in sorted(filters & _FILTERS.keys())))
    entries = select(*AuditEntry.__table__.columns).where(chosen)
    if "q" in filters:
        entries = entries.join(AuditWords, AuditWords.audit_id == AuditEntry.id).where(
            AuditWords.words.op("@@")(text("CAST(:q AS tsquery)"))
        )
    if "actors" not in filters:
        return _ordered(entries)
    actors = bindparam("actors", type_=ARRAY(Uuid))
    if filters - {"actors", "since", "until", "before_at", "before_id"}:
        return _ordered(entries.where(AuditEntry.actor_id == func.any(actors)))
    actor = func.unnest(actors).table_valued("id", name="actor").render_derived()
    each = _ordered(entries.where(AuditEntry.actor_id == actor.c.id)).lateral("each")
    return (
        select(*each.c)
        .select_from(actor.join(each, true()))
        .order_by(each.c.at.desc(), each.c.id.desc())
        .limit(bindparam("limit"))
    )


async def audit_rows(read: Reader, query: AuditQuery, *, limit: int) -> list[Any]:
    """Read one row more than the limit, where there is one."""
    values: dict[str, Any] = query.model_dump(
        exclude={"limit", "cursor", "format", "actor", "q"}, exclude_none=True
    )
    if query.actor:
        values |= await _actors(read, query.actor)
    if query.q:
        values["q"] = search_of(query.q)
        if values["q"] is None:
            return []
    if before := start_of(query, datetime.fromisoformat, int):
        values["before_at"], values["before_id"] = before
    return await read.all(audit_statement(frozenset(values)), limit=limit + 1, **values)


async def _actors(read: Reader, asked: str) -> dict[str, Any]:
    """Find who is meant: an id, or all whose name or login holds these letters."""
    try:
        return {"actor": UUID(asked)}
    except ValueError:
        wanted = fold(asked)
    rows = await read.all(_NAMES)
    found = [row["id"] for row in rows if wanted in fold(f"{row['name']} {row['login']}")]
    if len(found) > MOST_ACTORS:
        raise TooManyActorsError(pointer="")
    return {"actors": found}


async def audit_page(read: Reader, query: AuditQuery) -> dict[str, Any]:
    return as_page(query, await audit_rows(read, query, limit=query.limit))


def as_page(query: AuditQuery, rows: Sequence[Any]) -> dict[str, Any]:
    return page(query, rows, dict, lambda row: [row["at"], row["id"]])


@lru_cache
def heads_statement(*, after: bool) -> Executable:
    statement = select(*AuditHead.__table__.columns).order_by(AuditHead.day.desc())
    if after:
        statement = statement.where(AuditHead.day < bindparam("after"))
    return statement.limit(bindparam("limit"))


async def heads_page(read: Reader, query: PageQuery) -> dict[str, Any]:
    after = start_of(query, date.fromisoformat)
    rows = await read.all(
        heads_statement(after=after is not None),
        limit=query.limit + 1,
        after=after[0] if after else None,
    )
    return page(query, rows, heads.document, lambda row: [row["day"]])


OLDEST_WAITING = text(
    """
    SELECT coalesce(extract(epoch FROM now() - at), 0)::float8 FROM audit_log
    WHERE id = (SELECT min(audit_id) FROM audit_waiting)
    """
)


async def verification(read: Reader, query: VerificationQuery) -> dict[str, Any]:
    newest = await last_link(read)
    last = newest if query.last is None else min(query.last, newest)
    first = query.first or max(1, last - USUAL_LINKS + 1)
    if last - first >= MOST_LINKS:
        raise TooManyLinksError(pointer="")
    count, found = await walked(read, first=first, last=last) if first <= last else (0, [])
    return {
        "from": first,
        "to": last,
        "links": count,
        "intact": not found,
        "findings": [asdict(each) for each in found[:MOST_FINDINGS]],
        "oldest_unlinked_seconds": await read.value(OLDEST_WAITING) or 0.0,
    }
