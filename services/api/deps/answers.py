"""What every answer looks like: bytes, mostly JSON, a strong ETag, 304, and If-Match on changes."""

import hashlib
from typing import Any
from uuid import UUID

import orjson
from fastapi import Request, Response

from services.api.errors import PreconditionFailedError, PreconditionRequiredError

JSON = "application/json"


def _plain(value: Any) -> Any:
    # The driver's UUIDs and NumPy's figures are subclasses, which orjson leaves to us.
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, float):
        return float(value)
    raise TypeError(f"{type(value)} cannot be shown")


def body(payload: Any) -> bytes:
    """Encode: UTF-8, ISO dates, figures to the last digit; n/a is null."""
    return orjson.dumps(payload, default=_plain)


def etag_of(content: bytes) -> str:
    """Make a strong ETag from all that is shown, rights included."""
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def answer(
    request: Request, payload: Any, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    return answer_bytes(request, body(payload), JSON, status=status, headers=headers)


def answer_bytes(
    request: Request,
    content: bytes,
    media_type: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    """Answer in any media type. What varies with ``Accept`` is not remembered at the door, which does not ask for it."""
    etag = etag_of(content)
    headers = {"etag": etag, "cache-control": "private, no-cache", **(headers or {})}
    if status == 200 and request.method == "GET":  # noqa: PLR2004
        # Before a 304, too: who always asks with an ETag is never answered anything else.
        if "vary" not in headers:
            request.state.etags.remember(request, etag)
        if matches(request.headers.get("if-none-match"), etag):
            return Response(status_code=304, headers=headers)
    return Response(content, status, headers, media_type)


def matches(header: str | None, etag: str) -> bool:
    """Compare weakly, as RFC 9110 section 13.1.2 asks."""
    if header is None:
        return False
    if header.strip() == "*":
        return True
    return any(candidate.strip().removeprefix("W/") == etag for candidate in header.split(","))


def require_match(request: Request, payload: Any, *, optional: bool = False) -> None:
    """Refuse a change to something that is no longer as the caller read it.

    ``payload`` is read after its row was locked: of two who send one ETag at once the second is refused.
    """
    request.scope["pii.shown"] = payload
    header = request.headers.get("if-match")
    if header is None:
        if optional:
            return
        raise PreconditionRequiredError
    if not matches(header, etag_of(body(payload))):
        error = PreconditionFailedError()
        error.shown = payload
        raise error
