"""Filters by a code; one that does not exist is told, where an empty list would look like an answer."""

from functools import lru_cache
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Executable, bindparam, exists, select

from shared.db import Reader
from shared.models import Framework, Node, Organisation, Period

_KNOWN = {
    "organisation": Organisation.code,
    "period": Period.code,
    "indicator": Node.code,
    "framework": Framework.year,
}
_SAID = {
    "organisation": ("There is no such organisation", "Không có cơ quan này"),
    "period": ("There is no such period", "Không có kỳ báo cáo này"),
    "indicator": ("There is no such indicator", "Không có chỉ số này"),
    "framework": ("There is no framework of this year", "Không có khung của năm này"),
}


def of_code(column: Any, name: str) -> ColumnElement[bool]:
    """Choose rows whose ``column`` is the id of what has the code that a filter of this name gives."""
    code = _KNOWN[name]
    chosen: ColumnElement[bool] = column.in_(select(code.class_.id).where(code == bindparam(name)))
    return chosen


@lru_cache
def _statement(names: frozenset[str]) -> Executable:
    return select(
        *(select(exists().where(_KNOWN[name] == bindparam(name))).label(name) for name in names)
    )


async def refuse_unknown(read: Reader, query: BaseModel) -> None:
    """Look which codes of a list's filter exist; called where the list is empty, so that others cost nothing.

    Raises ``RequestValidationError`` (422) that names each parameter whose code nothing has.
    """
    given = {name: value for name in _KNOWN if (value := getattr(query, name, None)) is not None}
    if not given:
        return
    found = await read.first(_statement(frozenset(given)), **given)
    assert found is not None
    errors = [_error(name, value) for name, value in given.items() if not found[name]]
    if errors:
        raise RequestValidationError(errors)


def _error(name: str, value: Any) -> dict[str, Any]:
    english, vietnamese = _SAID[name]
    return {
        "type": "unknown_code",
        "loc": ("query", name),
        "msg": english,
        "input": value,
        "ctx": {"vietnamese": vietnamese},
    }
