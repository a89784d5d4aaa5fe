"""Lists by a moment, newest first: one shape for all of them, each with its own rows and filters."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Executable, Select, and_, bindparam, or_, true

from services.api.deps.known import refuse_unknown
from services.api.deps.paging import PageQuery, page, start_of
from shared.db import Reader


class NewestFirst:
    """Rows ordered by ``at`` and, among equal moments, by ``key``; ``rows`` must name both columns.

    A filter is used when a value of its name is given; it reads the value by a parameter of that name.
    """

    def __init__(
        self,
        rows: Select[*tuple[Any, ...]],
        *,
        at: Any,
        key: Any,
        filters: Mapping[str, ColumnElement[bool]],
    ) -> None:
        self._rows = rows
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
            conditions = (self._filters[name] for name in sorted(chosen))
            self._statements[chosen] = (
                self._rows.where(and_(true(), *conditions))
                .order_by(self._at.desc(), self._key.desc())
                .limit(bindparam("limit"))
            )
        return self._statements[chosen]

    async def page(
        self,
        read: Reader,
        query: PageQuery,
        values: Mapping[str, Any],
        render: Callable[[Any], dict[str, Any]],
    ) -> dict[str, Any]:
        """Read the page that the query's cursor leads to."""
        given = dict(values)
        if after := start_of(query, datetime.fromisoformat, UUID):
            given["after_at"], given["after_key"] = after
        chosen = frozenset(self._filters.keys() & given.keys())
        rows = await read.all(self.statement(chosen), limit=query.limit + 1, **given)
        if not rows:
            await refuse_unknown(read, query)
        at, key = self._at.key, self._key.key
        return page(query, rows, render, lambda row: [row[at].isoformat(), row[key]])
