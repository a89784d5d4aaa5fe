"""A form that may come as JSON, where it carries no file."""

from typing import Any

import orjson
from starlette.datastructures import FormData

from services.api.deps.forms import FormOrJson
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
                        "covers_from": {"type": "string", "format": "date"},
                        "covers_to": {"type": "string", "format": "date"},
                        "valid_until": {"type": "string", "format": "date"},
                        "stated": {"type": "number"},
                        "place": {"type": "string", "maxLength": 300},
                    },
                }
            }
        }
    }
}


class LinkOrFile(FormOrJson):
    def form_of(self, told: Any, body: bytes) -> FormData:  # noqa: ARG002
        if not isinstance(told, dict):
            raise InvalidError("Send a JSON object.", vi="Hãy gửi một đối tượng JSON.")
        return FormData([(name, _text(value)) for name, value in told.items() if value is not None])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
