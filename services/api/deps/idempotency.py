"""A request sent twice is carried out once: its answer is kept in the transaction that made it."""

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from services.api.deps.caller import Caller
from services.api.errors import KeyReusedError
from shared.errors import ConflictError, ForbiddenError, InvalidError
from shared.models import IdempotencyKey

KEEP = timedelta(days=1)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
# Refused for what was read before, or for a while: the corrected request comes under the same key.
_NEVER_KEPT = frozenset({412, 428, 429})
_KEPT_HEADERS = ("content-type", "etag", "location", "content-language")


class RightsEndedError(ForbiddenError):
    """Your rights are less than when this was first answered; its answer is not given again.

    Quyền của bạn đã thu hẹp so với lần trả lời đầu tiên; không gửi lại câu trả lời đó.
    """


class Owner(NamedTuple):
    """Whose key it is, and what he may do."""

    id: UUID
    rights: frozenset[str] = frozenset()

    @classmethod
    def of(cls, caller: Caller) -> "Owner":
        """Write each right out, with the body where it ends at one."""
        rights = {
            f"{permission}@{body}"
            for permission, reach in caller.reaches.items()
            for body in ("all" if reach is None else "", *sorted(reach or ()))
            if body
        }
        return cls(caller.id, frozenset(rights))


class StillRunningError(ConflictError):
    """The first request with this Idempotency-Key is still running.

    Yêu cầu đầu tiên với Idempotency-Key này vẫn đang được xử lý.
    """


async def first_answer(
    session: AsyncSession,
    request: Request,
    *,
    owner: Owner,
    key: str,
    answer: Callable[[], Awaitable[Response]],
    kept: Callable[[Response], Response] = lambda made: made,
    waits: bool = False,
) -> Response:
    """Give the answer that was given first, or make it and keep it.

    While the first of two at once is running the second is told so, or ``waits`` for it. A fault undoes the transaction and so keeps nothing: no 5xx is ever replayed.
    """
    if not _KEY.fullmatch(key):
        raise InvalidError(
            "Idempotency-Key takes 1 to 255 printable ASCII characters without spaces.",
            vi="Idempotency-Key gồm 1 đến 255 ký tự ASCII in được, không có dấu cách.",
        )
    request_hash = await _request_hash(request)
    await _lock(session, f"{owner.id}:{key}", waits=waits)
    first = await session.get(IdempotencyKey, (owner.id, key))
    if first is not None:
        return _again(first, request_hash, owner)
    response = await answer()
    if response.status_code in _NEVER_KEPT:
        return response
    repeated = kept(response)
    headers = {name: value for name in _KEPT_HEADERS if (value := repeated.headers.get(name))}
    session.add(
        IdempotencyKey(
            caller_id=owner.id,
            key=key,
            rights=sorted(owner.rights),
            request_hash=request_hash,
            status=repeated.status_code,
            headers=headers,
            body=bytes(repeated.body),
        )
    )
    return response


async def _lock(session: AsyncSession, name: str, *, waits: bool) -> None:
    """Hold it until the transaction ends."""
    place = func.hashtextextended(name, 0)
    if waits:
        await session.execute(select(func.pg_advisory_xact_lock(place)))
    elif not await session.scalar(select(func.pg_try_advisory_xact_lock(place))):
        raise StillRunningError


def _again(first: IdempotencyKey, request_hash: bytes, owner: Owner) -> Response:
    # Rights first: what was shown to whoever had them is not shown to whoever has lost them.
    if not owner.rights.issuperset(first.rights):
        raise RightsEndedError
    if not hmac.compare_digest(first.request_hash, request_hash):
        raise KeyReusedError
    return Response(first.body, first.status, {**first.headers, "idempotency-replayed": "true"})


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
        digest.update(_unguessable(await request.body(), request))
    return digest.digest()


def _unguessable(body: bytes, request: Request) -> bytes:
    """Key what may hold a password by the caller's token, which is kept nowhere: a plain hash could be guessed."""
    # A member's name may be written with escapes.
    if b"password" not in body and b"\\u" not in body:
        return body
    token = request.headers.get("authorization", "")
    return hmac.digest(token.encode(), body, "sha256")


async def forget_old(session: AsyncSession, *, now: datetime) -> None:
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - KEEP))
