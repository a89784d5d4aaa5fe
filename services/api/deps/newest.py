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
    asc,
    bindparam,
    desc,
    func,
    literal_column,
    or_,
    select,
    true,
)

from services.api.deps.known import refuse_unknown
from services.api.deps.paging import PageQuery, page, start_of
from shared.db import Reader


def keys_of_first(
    found: Select[*tuple[Any, ...]],
    *order: Any,
    few: bool,
    by: Callable[[Any], Any] = asc,
) -> ColumnElement[Any]:
    """Give the keys of the first ``limit`` rows as an array, to read the rest of these alone; the key orders last.

    Where ``found`` is few rows, all are found before the first are taken: the server expects them evenly among all,
    and would read back through years for a body that has had none of late. It also keeps that plan once it plans
    for any value.
    """
    if few:
        # Behind an OFFSET the server plans them by themselves.
        some = found.with_only_columns(*order).offset(literal_column("0")).subquery("some")
        order = tuple(some.c[column.key] for column in order)
        found = select(some)
    keys = found.with_only_columns(order[-1]).order_by(*map(by, order))
    return func.array(keys.limit(bindparam("limit")).scalar_subquery())


class NewestFirst:
    """Rows ordered by ``at`` and, among equal moments, by ``key``; ``rows`` must name both columns.

    A filter is used when a value of its name is given; it reads the value by a parameter of that name.

    A list of many rows also has ``found``: what its filters look at and no more, by which the newest are found
    before what is shown of them is read. ``few`` names filters that leave few rows.
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
                few = bool(chosen & self._few)
                newest = keys_of_first(
                    self._found.where(fits), self._at, self._key, few=few, by=desc
                )
                rows = self._rows.where(self._key == any_(newest))
            self._statements[chosen] = rows.order_by(self._at.desc(), self._key.desc())
        return self._statements[chosen]

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
