"""A request sent twice is carried out once: its answer is kept in the transaction that made it."""

import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from fastapi import Request, Response
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from services.api.errors import KeyReusedError
from shared.errors import ConflictError, InvalidError
from shared.models import IdempotencyKey

KEEP = timedelta(days=1)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("content-type", "etag", "location", "content-language")


class StillRunningError(ConflictError):
    """The first request with this Idempotency-Key is still running.

    Yêu cầu đầu tiên với Idempotency-Key này vẫn đang được xử lý.
    """


async def first_answer(
    session: AsyncSession,
    request: Request,
    *,
    caller_id: UUID,
    key: str,
    answer: Callable[[], Awaitable[Response]],
    kept: Callable[[Response], Response],
) -> Response:
    """Give the answer that was given first, or make it and keep it.

    A fault undoes the transaction and so keeps nothing: no 5xx is ever replayed.
    """
    if not _KEY.fullmatch(key):
        raise InvalidError(
            "Idempotency-Key takes 1 to 255 printable ASCII characters without spaces.",
            vi="Idempotency-Key gồm 1 đến 255 ký tự ASCII in được, không có dấu cách.",
        )
    request_hash = await _request_hash(request)
    # Held until the transaction ends: the second of two at once is told so instead of waiting.
    lock = func.pg_try_advisory_xact_lock(func.hashtextextended(f"{caller_id}:{key}", 0))
    if not await session.scalar(select(lock)):
        raise StillRunningError
    first = await session.get(IdempotencyKey, (caller_id, key))
    if first is not None:
        if first.request_hash != request_hash:
            raise KeyReusedError
        return Response(first.body, first.status, {**first.headers, "idempotency-replayed": "true"})
    response = await answer()
    repeated = kept(response)
    headers = {name: value for name in _KEPT_HEADERS if (value := repeated.headers.get(name))}
    session.add(
        IdempotencyKey(
            caller_id=caller_id,
            key=key,
            request_hash=request_hash,
            status=repeated.status_code,
            headers=headers,
            body=bytes(repeated.body),
        )
    )
    return response


async def _request_hash(request: Request) -> bytes:
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    if request.headers.get("content-type", "").startswith("multipart/"):
        # A repeated upload has another boundary, so its parts are what counts.
        for name, value in (await request.form()).multi_items():
            digest.update(name.encode() + b"\0")
            if isinstance(value, UploadFile):
                digest.update((value.filename or "").encode() + b"\0")
                while chunk := await value.read(65_536):
                    digest.update(chunk)
                await value.seek(0)
            else:
                digest.update(value.encode())
    else:
        digest.update(_without_passwords(await request.body()))
    return digest.digest()


def _without_passwords(body: bytes) -> bytes:
    """Leave passwords out: a plain hash of a short body would let them be guessed."""
    if b"password" not in body:
        return body
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    if not isinstance(told, dict):
        return body
    return orjson.dumps({name: value for name, value in told.items() if "password" not in name})


async def forget_old(session: AsyncSession, *, now: datetime) -> None:
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - KEEP))
