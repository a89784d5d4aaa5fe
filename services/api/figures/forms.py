"""A file of figures, or the same rows as a JSON body."""

import io
from typing import Any

import orjson
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import FormData, UploadFile

from services.api.deps.edge import Writing, bounded_body
from services.api.figures.columns import INPUTS
from services.api.figures.schemas import MOST_FIGURES, FigureShown
from services.api.submissions.schemas import SubmissionPatch

FILE_LIMIT = 4 * 1024 * 1024  # bytes; a thousand rows with long notes
_LOCKED: dict[str, Any] = {
    name: {}
    for name in FigureShown.model_fields
    if name not in {"assignment", "version", *(column.member.split("/")[0] for column in INPUTS)}
}
JSON_TOO = {
    "requestBody": {
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["rows"],
                    "properties": {
                        "rows": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": MOST_FIGURES,
                            "items": {
                                "type": "object",
                                "additionalProperties": False,
                                "required": ["assignment", "version"],
                                "description": "What the export gives; the members that cannot be written are left alone.",
                                "properties": {
                                    "assignment": {"type": "string", "format": "uuid"},
                                    "version": {"type": "string"},
                                    **SubmissionPatch.model_json_schema()["properties"],
                                    **_LOCKED,
                                },
                            },
                        }
                    },
                }
            }
        }
    }
}


class FileOrRows(Writing):
    async def read_form(self, request: Request) -> None:
        media = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if media != "application/json":
            await super().read_form(request)
            return
        body = await bounded_body(request, FILE_LIMIT)
        try:
            orjson.loads(body)
        except orjson.JSONDecodeError as error:
            fault = {"type": "json_invalid", "loc": ("body",), "msg": "JSON decode error"}
            raise RequestValidationError([fault]) from error
        # FastAPI finds the form as if it had been one, the idempotency key the body as it came.
        file = UploadFile(io.BytesIO(body), filename="rows.json")
        request._form = FormData([("file", file)])  # noqa: SLF001 Starlette has no other way
        request._body = body  # noqa: SLF001
