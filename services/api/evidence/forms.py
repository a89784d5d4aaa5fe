"""A form that may come as JSON, where it carries no file."""

from typing import Any

import orjson
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import FormData

from services.api.deps.edge import Writing, bounded_body
from shared.errors import InvalidError

JSON_TOO = {
    "requestBody": {
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "evidence": {"type": "string", "format": "uuid"},
                        "url": {"type": "string", "maxLength": 2000},
                        "document_number": {"type": "string", "maxLength": 300},
                        "document_date": {"type": "string", "format": "date"},
                        "issuer": {"type": "string", "maxLength": 300},
                        "pages": {"type": "integer", "minimum": 1, "maximum": 100_000},
                        "stated": {"type": "number"},
                        "place": {"type": "string", "maxLength": 300},
                    },
                }
            }
        }
    }
}


class FormOrJson(Writing):
    async def read_form(self, request: Request) -> None:
        media = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if media != "application/json":
            await super().read_form(request)
            return
        body = await bounded_body(request, request.state.settings.body_limit)
        try:
            told = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            fault = {"type": "json_invalid", "loc": ("body",), "msg": "JSON decode error"}
            raise RequestValidationError([fault]) from error
        if not isinstance(told, dict):
            raise InvalidError("Send a JSON object.", vi="Hãy gửi một đối tượng JSON.")
        # FastAPI finds the form as if it had been one, the idempotency key the body as it came.
        request._form = FormData(  # noqa: SLF001 Starlette has no other way
            [(name, _text(value)) for name, value in told.items() if value is not None]
        )
        request._body = body  # noqa: SLF001


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
