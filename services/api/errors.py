"""The only place where an error meets HTTP: RFC 9457 problem documents, in Vietnamese or English."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import asyncpg
import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from services.api.places import steps_in
from services.api.words import MESSAGES_VI, TITLES_VI
from shared.db import CONNECTION_LOST
from shared.errors import (
    ConflictError,
    DomainError,
    Fault,
    ForbiddenError,
    GoneError,
    InvalidError,
    NotFoundError,
    TooManyRequestsError,
    UnauthenticatedError,
)
from shared.log import path_told, trace_id

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"


class PreconditionFailedError(DomainError):
    """It has changed since you read it; read it again, then repeat with the new ETag.

    Nội dung đã thay đổi kể từ lần đọc trước; hãy đọc lại rồi gửi với ETag mới.
    """


class PreconditionRequiredError(DomainError):
    """Send If-Match with the ETag you read, so that nobody's change is overwritten.

    Cần gửi If-Match kèm ETag đã đọc để không ghi đè thay đổi của người khác.
    """


class NotAcceptableError(DomainError):
    """This resource does not come in a media type that you accept.

    Tài nguyên này không có ở dạng mà yêu cầu chấp nhận.
    """


class UnsupportedMediaTypeError(DomainError):
    """This resource takes application/json.

    Tài nguyên này chỉ nhận application/json.
    """


class UnsupportedFileTypeError(DomainError):
    """This type of file is not accepted: send PDF, DOCX, XLSX, PNG, JPEG, or a ZIP of nothing but these.

    Loại tệp không được chấp nhận: hãy gửi PDF, DOCX, XLSX, PNG, JPEG, hoặc ZIP chỉ gồm các loại này.
    """


class RangeError(DomainError):
    """Nothing of the range that is asked for is there.

    Không có phần dữ liệu nào trong khoảng được yêu cầu.
    """

    def __init__(self, *, size: int) -> None:
        super().__init__()
        self.size = size


class DamagedFileError(DomainError):
    """The stored file is not the one that was sent, or is gone; tell the administrator.

    Tệp lưu trữ không còn nguyên như khi gửi hoặc đã mất; hãy báo quản trị.
    """


class TooLargeError(DomainError):
    """The request is larger than is allowed.

    Yêu cầu vượt quá dung lượng cho phép.
    """


class UnavailableError(DomainError):
    """A part of the system is not reachable at the moment; try again shortly.

    Một bộ phận của hệ thống tạm thời không truy cập được; vui lòng thử lại sau.
    """


class KeyReusedError(DomainError):
    """This Idempotency-Key was used for another request.

    Idempotency-Key này đã dùng cho một yêu cầu khác.
    """


STATUS: dict[type[DomainError], int] = {
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    NotAcceptableError: 406,
    ConflictError: 409,
    GoneError: 410,
    PreconditionFailedError: 412,
    TooLargeError: 413,
    UnsupportedMediaTypeError: 415,
    UnsupportedFileTypeError: 415,
    RangeError: 416,
    KeyReusedError: 422,
    InvalidError: 422,
    PreconditionRequiredError: 428,
    TooManyRequestsError: 429,
    DamagedFileError: 500,
    UnavailableError: 503,
}


def wants_vietnamese(request: Request) -> bool:
    """Choose by ``Accept-Language``: the first of vi and en that is named; Vietnamese when neither is."""
    for part in request.headers.get("accept-language", "").lower().split(","):
        language = part.split(";")[0].strip()[:2]
        if language in {"vi", "en"}:
            return language == "vi"
    return True


def problem(
    request: Request,
    status: int,
    *,
    kind: str,
    detail: str,
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    vietnamese = wants_vietnamese(request)
    title = TITLES_VI.get(status) if vietnamese else None
    document: dict[str, Any] = {
        "type": f"urn:pii:problem:{kind}",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": errors or [],
        "trace_id": trace_id.get(),
    }
    return Response(
        orjson.dumps(document),
        status,
        {"content-language": "vi" if vietnamese else "en", **(headers or {})},
        MEDIA_TYPE,
    )


def _slug(error: type[Exception]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", error.__name__.removesuffix("Error")).lower()


def domain_problem(request: Request, error: DomainError) -> Response:
    status = next((STATUS[parent] for parent in type(error).__mro__ if parent in STATUS), 422)
    detail = error.vietnamese if wants_vietnamese(request) else error.english
    headers = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = 'Bearer realm="pii"'
    if isinstance(error, TooManyRequestsError):
        headers["retry-after"] = str(error.retry_after)
    if isinstance(error, RangeError):
        headers["content-range"] = f"bytes */{error.size}"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = "2"
    errors = [{"pointer": error.pointer, "message": detail}] if error.pointer else None
    if error.faults:
        errors = told(request, error.faults)
    return problem(
        request, status, kind=_slug(type(error)), detail=detail, errors=errors, headers=headers
    )


def told(request: Request, faults: Iterable[Fault]) -> list[dict[str, str]]:
    """Make errors[] of what is wrong, in the language that is asked for."""
    vietnamese = wants_vietnamese(request)
    return [
        {"pointer": fault.pointer, "message": fault.vietnamese if vietnamese else fault.english}
        for fault in faults
    ]


async def render_domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    return domain_problem(request, error)


async def render_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    vietnamese = wants_vietnamese(request)
    errors = [
        _validation_entry(entry, error.body, vietnamese=vietnamese) for entry in error.errors()[:50]
    ]
    detail = "Dữ liệu gửi lên không hợp lệ." if vietnamese else "What was sent is not valid."
    if any(entry["type"] == "json_invalid" for entry in error.errors()):
        return problem(request, 400, kind="malformed", detail=detail, errors=errors)
    return problem(request, 422, kind="invalid", detail=detail, errors=errors)


def in_vietnamese(entry: Mapping[str, Any]) -> str:
    """Say what one of Pydantic's errors says; in English where it has no translation."""
    template = MESSAGES_VI.get(entry["type"])
    return template.format_map({**entry.get("ctx", {})}) if template else str(entry["msg"])


def pointer_to(*path: object) -> str:
    """Write a JSON pointer, as RFC 6901 has it."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return "".join(f"/{step}" for step in steps)


def _validation_entry(entry: dict[str, Any], sent: Any, *, vietnamese: bool) -> dict[str, str]:
    where, *path = entry["loc"]
    message = in_vietnamese(entry) if vietnamese else entry["msg"]
    if where == "body":
        if isinstance(sent, Mapping | list):
            path = steps_in(sent, path, missing=entry["type"] == "missing")
        return {"pointer": pointer_to(*path), "message": message}
    return {"parameter": ".".join(str(step) for step in path), "in": str(where), "message": message}


async def render_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = HTTPStatus(error.status_code).name.lower().replace("_", "-")
    detail = (
        TITLES_VI.get(error.status_code, "") if wants_vietnamese(request) else str(error.detail)
    )
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["allow"] = ", ".join(_allowed_methods(request))
    return problem(
        request, error.status_code, kind=kind, detail=detail or str(error.detail), headers=headers
    )


def _allowed_methods(request: Request) -> list[str]:
    """List what every route of this path takes; Starlette names the first route's methods only."""
    return [
        method
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


def database_error(error: Exception) -> DomainError | None:
    """Say what a driver's error means to the caller: bad data, a conflict, or a server that is away."""
    original = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(original, "sqlstate", None) or ""
    cause = getattr(original, "__cause__", None) or original
    if state.startswith("22") or isinstance(cause, asyncpg.DataError | UnicodeEncodeError):
        return InvalidError(
            "A value cannot be stored: a character or a number is out of range.",
            vi="Có giá trị không lưu được: ký tự hoặc số nằm ngoài phạm vi.",
        )
    if state.startswith("23"):
        return ConflictError()
    if state in {"40001", "40P01", "55P03"}:
        return ConflictError(
            "Somebody else is changing the same thing; try again.",
            vi="Có người khác đang sửa cùng nội dung; vui lòng thử lại.",
        )
    lost = isinstance(error, PoolTimeoutError | TimeoutError) or isinstance(cause, CONNECTION_LOST)
    if lost or state[:2] in {"57", "53", "08"} or getattr(error, "connection_invalidated", False):
        return UnavailableError()
    return None


async def render_any_error(request: Request, error: Exception) -> Response:
    if known := database_error(error):
        if isinstance(known, UnavailableError):
            log.warning("unavailable", path=path_told(request.url.path), error=repr(error))
        return domain_problem(request, known)
    log.error("request_failed", path=path_told(request.url.path), exc_info=error)
    detail = (
        "Hệ thống gặp lỗi; hãy báo mã trace_id cho quản trị."
        if wants_vietnamese(request)
        else ("The system failed; give the trace_id to its administrator.")
    )
    return problem(request, 500, kind="internal", detail=detail)


def install(app: FastAPI) -> None:
    app.add_exception_handler(DomainError, render_domain_error)
    app.add_exception_handler(RequestValidationError, render_validation_error)
    app.add_exception_handler(HTTPException, render_http_error)
    for kind in (
        DBAPIError,
        PoolTimeoutError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
        OSError,
        TimeoutError,
    ):
        app.add_exception_handler(kind, render_any_error)
    app.add_exception_handler(Exception, render_any_error)
