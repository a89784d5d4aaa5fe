"""Lists: a page at a time, with a cursor that is bound to the list it came from."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.api import patterns
from services.api.deps.fields import clean
from shared.errors import InvalidError

Code = Annotated[str, Field(min_length=1, max_length=64, pattern=patterns.CODE)]
T = TypeVar("T")
SearchText = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(clean)]


class CursorError(InvalidError):
    """This cursor does not belong to this list; start again without it.

    Con trỏ trang không thuộc danh sách này; hãy bắt đầu lại không có con trỏ.
    """


class PageQuery(BaseModel):
    """What every list may be asked; a list adds its own filters."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str | None, Field(max_length=512)] = None

    def filters(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"limit", "cursor"}, exclude_none=True)


class Page(BaseModel, Generic[T]):
    """A page; ``next_cursor`` is null on the last one."""

    items: list[T]
    next_cursor: str | None


def _binding(query: PageQuery) -> str:
    described = orjson.dumps([type(query).__name__, query.filters()], option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(described, digest_size=6).hexdigest()


def start_of(query: PageQuery, *types: Callable[[str], Any]) -> tuple[Any, ...] | None:
    """Read the key after which the page starts; one converter for each part of the key."""
    if query.cursor is None:
        return None
    try:
        binding, *key = orjson.loads(base64.urlsafe_b64decode(query.cursor + "=="))
        if binding != _binding(query):
            raise CursorError(pointer="")
        return tuple(convert(part) for convert, part in zip(types, key, strict=True))
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise CursorError from error


def page(
    query: PageQuery,
    rows: Sequence[Any],
    render: Callable[[Any], dict[str, Any]],
    key: Callable[[Any], Sequence[Any]],
) -> dict[str, Any]:
    """Make the page of ``limit`` items out of up to ``limit + 1`` rows."""
    shown = rows[: query.limit]
    cursor = None
    if len(rows) > query.limit:
        packed = orjson.dumps([_binding(query), *key(shown[-1])], default=str)
        cursor = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return {"items": [render(row) for row in shown], "next_cursor": cursor}
