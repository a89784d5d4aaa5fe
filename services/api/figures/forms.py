"""A file of figures, or the same rows as a JSON body."""

import io
from typing import Any

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from services.api.deps.forms import FormOrJson
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


class FileOrRows(FormOrJson):
    def most(self, request: Request) -> int:  # noqa: ARG002
        return FILE_LIMIT

    def form_of(self, told: Any, body: bytes) -> FormData:  # noqa: ARG002
        return FormData([("file", UploadFile(io.BytesIO(body), filename="rows.json"))])
