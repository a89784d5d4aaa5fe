"""One range of bytes: RFC 9110, section 14."""

import re

from services.api.errors import RangeError

_ONE = re.compile(r"bytes=(\d*)-(\d*)")


def asked_range(header: str | None, if_range: str | None, *, etag: str, size: int) -> slice | None:
    """Give the part that is asked for; None for the whole.

    Several ranges, other units and an ``If-Range`` that is not the very ETag mean the whole. Raises
    ``RangeError`` where nothing of it is there.
    """
    if header is None or (if_range is not None and if_range.strip() != etag):
        return None
    found = _ONE.fullmatch(header.replace(" ", ""))
    if found is None or found[1] == found[2] == "" or len(header) > 100:  # noqa: PLR2004
        return None
    if not found[1]:
        start, end = max(size - int(found[2]), 0), size
        if not int(found[2]):
            raise RangeError(size=size)
        return slice(start, end)
    start, end = int(found[1]), min(int(found[2]) + 1, size) if found[2] else size
    if found[2] and int(found[2]) < start:
        return None  # not a range at all
    if start >= size:
        raise RangeError(size=size)
    return slice(start, end)
