"""A form that may come as JSON, where it carries no file or where a file would say the same."""

from typing import Any

import orjson
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import FormData

from services.api.deps.edge import Writing
from services.api.errors import TooLargeError


class FormOrJson(Writing):
    """Routes that describe a form; what comes as JSON is laid out as that form."""

    def most(self, request: Request) -> int:
        """Say how many bytes of JSON are taken."""
        limit: int = request.state.settings.body_limit
        return limit

    def form_of(self, told: Any, body: bytes) -> FormData:
        raise NotImplementedError

    async def read_form(self, request: Request) -> None:
        media = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if media != "application/json":
            await super().read_form(request)
            return
        body = await _bounded_body(request, self.most(request))
        try:
            told = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            fault = {"type": "json_invalid", "loc": ("body",), "msg": "JSON decode error"}
            raise RequestValidationError([fault]) from error
        # FastAPI finds the form as if it had been one, the idempotency key the body as it came.
        request._form = self.form_of(told, body)  # noqa: SLF001 Starlette has no other way
        request._body = body  # noqa: SLF001


async def _bounded_body(request: Request, most: int) -> bytes:
    pieces, size = [], 0
    async for piece in request.stream():
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise TooLargeError
    return b"".join(pieces)
