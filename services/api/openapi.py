"""The OpenAPI document: FastAPI's, with our errors, our sign-in, and what every POST may carry."""

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "errors", "trace_id"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:pii:problem:not-found"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["message"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer into the body"},
                    "parameter": {"type": "string"},
                    "in": {"type": "string", "enum": ["query", "path", "header"]},
                    "message": {"type": "string"},
                },
            },
        },
        "trace_id": {"type": "string"},
        "current_etag": {
            "type": "string",
            "description": "Where somebody was faster (412, and 409 for a state): the ETag of now",
        },
        "existing": {
            "type": "object",
            "description": "Where something is there already (409): what it is, and where it is read",
            "properties": {
                "kind": {"type": "string", "enum": ["evidence", "submission"]},
                "id": {"type": "string", "format": "uuid"},
                "link": {"type": "string"},
            },
        },
        "last_change": {
            "type": "object",
            "description": "And what was changed last, as far as the caller may read it",
            "properties": {
                "at": {"type": "string", "format": "date-time"},
                "by": {"type": ["string", "null"]},
                "action": {"type": "string"},
                "changes": {
                    "type": "object",
                    "description": "By field",
                    "additionalProperties": {
                        "type": "object",
                        "properties": {"old": {}, "new": {}},
                    },
                },
            },
        },
    },
}
DESCRIPTIONS = {
    400: "The request could not be read",
    401: "No token, or one that is not valid",
    403: "Not allowed",
    404: "Not found, or not yours to see",
    405: "This resource does not have that method",
    406: "Does not come in a media type that is accepted",
    409: "Conflicts with the current state",
    410: "No longer valid",
    412: "Changed since it was read",
    413: "Too large",
    415: "Media type not supported",
    416: "Nothing of the range is there",
    422: "Not valid: errors[] says where",
    428: "If-Match is required",
    429: "Too many attempts: see Retry-After",
    503: "A part is not reachable: see Retry-After",
}
# Their token stands in the address.
PAGES = (
    "/l/{token}",
    "/l/{token}/acknowledge",
    "/l/{token}/extension",
    "/l/{token}/deputy",
    "/l/{token}/release",
    "/l/{token}/discard",
)
PUBLIC = (
    "/livez",
    "/readyz",
    "/metrics",
    "/v1/auth/token",
    "/v1/auth/refresh",
    *PAGES,
    "/feeds/{token}.ics",
)
PAGE_ERRORS = (400, 404, 409, 410, 412, 413, 415, 422, 503)
_DECIDES = re.compile(
    r"/v1/submissions/{submission_id}/(?!evidence|comments)\w+|/v1/frameworks/{year}/(publish|retire)"
    r"|/v1/handovers/{handover_id}/(carry-out|cancel|reverse)"
    r"|/v1/extensions/{extension_id}/\w+|/v1/assignments/{assignment_id}/(lift-)?excuse"
    r"|/v1/explanations/{explanation_id}/(answer|close)"
    r"|/v1/reminder-holds/{hold_id}/\w+|/v1/suppressed-addresses/{address_id}/lift"
)
# Beside every PATCH.
_MATCHED = frozenset(
    {
        "/v1/calendar/{year}",
        "/v1/calendar/{year}/import",
        "/v1/frameworks/{year}/publish",
        "/v1/indicators/{code}/rules",
        "/v1/periods/{code}/deadlines",
        "/v1/reminder-settings",
        "/v1/review-rules/{code}",
    }
)
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeat a request safely: the first answer is given again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag that was read. Where it is required: 428 without, 412 when it is stale.",
    "schema": {"type": "string", "maxLength": 200},
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 200},
}


def _errors_of(path: str, method: str, operation: dict[str, Any]) -> set[int]:
    codes = {422, 503}
    if path not in PUBLIC:
        codes |= {401, 403}
    if "{" in path:
        codes.add(404)
    if method != "get":
        codes |= {400, 404, 409, 412}
    if "requestBody" in operation:
        codes |= {413, 415}
    if _needs_match(path, method):
        codes.add(428)
    if path.startswith("/v1/auth"):
        codes |= {401, 429}
    return codes


def _needs_match(path: str, method: str) -> bool:
    return method == "patch" or (path in _MATCHED and method != "get")


def _decides(path: str, method: str) -> bool:
    return bool(_DECIDES.fullmatch(path)) or (method, path) == ("put", "/v1/calendar/{year}")


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    # What a route says of itself, beside what follows from its path and method.
    declared = {code for code in DESCRIPTIONS if str(code) in responses}
    for code in sorted(declared | _errors_of(path, method, operation)):
        if (path, code) == ("/readyz", 503):
            continue  # its own document, which names the parts
        kind = "Page" if path in PAGES else "Problem"
        responses[str(code)] = {"$ref": f"#/components/responses/{kind}{code}"}
    parameters = operation.setdefault("parameters", [])
    if path.startswith("/v1/") and method == "post" and not path.startswith("/v1/auth"):
        parameters.append(IDEMPOTENCY_KEY)
    if method in {"patch", "delete"} or _needs_match(path, method) or _decides(path, method):
        parameters.append({**IF_MATCH, "required": _needs_match(path, method)})
    if path.startswith("/v1/") and method == "get":
        parameters.append(IF_NONE_MATCH)
        responses["304"] = {"description": "Not changed"}
    if not parameters:
        del operation["parameters"]
    if path in PUBLIC:
        operation["security"] = []


def build(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = PROBLEM
    components["responses"] = {
        f"Problem{code}": {
            "description": description,
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
        for code, description in DESCRIPTIONS.items()
    }
    # What people meet who open the link of a mail; others may ask for a problem document.
    components["responses"] |= {
        f"Page{code}": {
            **described,
            "content": {**described["content"], "text/html": {"schema": {"type": "string"}}},
        }
        for code in PAGE_ERRORS
        for described in (components["responses"][f"Problem{code}"],)
    }
    components["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "An access token from POST /v1/auth/token, or an API key.",
        }
    }
    document["security"] = [{"bearer": []}]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            _complete(path, method, operation)
    app.openapi_schema = document
    return document
