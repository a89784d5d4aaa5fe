"""Lists by a moment, newest first: one shape for all of them, each with its own rows and filters."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    and_,
    any_,
    bindparam,
    func,
    or_,
    select,
    true,
)

from services.api.deps.known import refuse_unknown
from services.api.deps.paging import PageQuery, page, start_of
from shared.db import Reader


class NewestFirst:
    """Rows ordered by ``at`` and, among equal moments, by ``key``; ``rows`` must name both columns.

    A filter is used when a value of its name is given; it reads the value by a parameter of that name.

    A list of many rows also has ``found``: what its filters look at and no more, by which the newest are found
    before what is shown of them is read. Of ``few``, filters that leave few rows, all are found before the newest
    are taken: the server expects them evenly among all, and would read back through years for a body that has had
    none of late.
    """

    def __init__(
        self,
        rows: Select[*tuple[Any, ...]],
        *,
        at: Any,
        key: Any,
        filters: Mapping[str, ColumnElement[bool]],
        found: Select[*tuple[Any, ...]] | None = None,
        few: Collection[str] = (),
    ) -> None:
        self._rows, self._found, self._few = rows, found, frozenset(few)
        self._at, self._key = at, key
        self._filters = dict(filters)
        self._filters["after_at"] = or_(
            at < bindparam("after_at"),
            and_(at == bindparam("after_at"), key < bindparam("after_key")),
        )
        # A statement is compiled once for each object, so each must be made once only.
        self._statements: dict[frozenset[str], Executable] = {}

    def statement(self, chosen: frozenset[str]) -> Executable:
        if chosen not in self._statements:
            fits = and_(true(), *(self._filters[name] for name in sorted(chosen)))
            if self._found is None:
                rows = self._rows.where(fits).limit(bindparam("limit"))
            else:
                newest = self._newest(self._found.where(fits), few=bool(chosen & self._few))
                rows = self._rows.where(self._key == any_(func.array(newest.scalar_subquery())))
            self._statements[chosen] = rows.order_by(self._at.desc(), self._key.desc())
        return self._statements[chosen]

    def _newest(self, found: Select[*tuple[Any, ...]], *, few: bool) -> Select[Any]:
        key, at = self._key, self._at
        if few:
            some = found.with_only_columns(key, at).cte("some").prefix_with("MATERIALIZED")
            key, at = some.c[key.key], some.c[at.key]
            found = select(key)
        newest = found.with_only_columns(key).order_by(at.desc(), key.desc())
        return newest.limit(bindparam("limit"))

    async def page(
        self,
        read: Reader,
        query: PageQuery,
        values: Mapping[str, Any],
        render: Callable[[Any], dict[str, Any]],
    ) -> dict[str, Any]:
        """Read the page that the query's cursor leads to."""
        rows = await self.read(read, query, values, limit=query.limit + 1)
        return self.as_page(query, rows, render)

    async def read(
        self, read: Reader, query: PageQuery, values: Mapping[str, Any], *, limit: int
    ) -> list[Any]:
        """Read so many rows from where the query's cursor leads to."""
        given = dict(values)
        if after := start_of(query, datetime.fromisoformat, UUID):
            given["after_at"], given["after_key"] = after
        chosen = frozenset(self._filters.keys() & given.keys())
        rows = await read.all(self.statement(chosen), limit=limit, **given)
        if not rows:
            await refuse_unknown(read, query)
        return rows

    def as_page(
        self, query: PageQuery, rows: list[Any], render: Callable[[Any], dict[str, Any]]
    ) -> dict[str, Any]:
        at, key = self._at.key, self._key.key
        return page(query, rows, render, lambda row: [row[at].isoformat(), row[key]])
