"""The outermost layer: a trace id, one log line and one count for every request, and 304 from memory."""

import time

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.deps.changes import Changes, Etags
from services.api.errors import TooLargeError, domain_problem, problem
from services.api.metrics import Metrics
from shared.log import incoming_trace_id, new_trace_id, path_told, trace_id

log = structlog.get_logger()

_SAFE = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]
TOO_LARGE = 413
_QUIET = frozenset({"/livez", "/readyz", "/metrics"})


async def render_gone_away(request: Request, _error: Exception) -> Response:
    """Answer nobody: the caller hung up in the middle of his request, which is no error of ours."""
    log.info("caller_gone", path=path_told(request.url.path))
    return problem(request, 400, kind="incomplete", detail="The request ended before it was whole.")


def _is_plain(start: Message) -> bool:
    """Tell Starlette's own refusal of a large body, sent from outside our error handlers."""
    return any(value.startswith(b"text/plain") for _, value in start["headers"])


class Doorway:
    """ASGI middleware without Starlette's base class, which would copy every body."""

    def __init__(self, app: ASGIApp, *, changes: Changes, etags: Etags, metrics: Metrics) -> None:
        self._app = app
        self._changes = changes
        self._etags = etags
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = dict(scope["headers"])
        traceparent = headers.get(b"traceparent")
        trace = incoming_trace_id(traceparent.decode("latin-1")) if traceparent else new_trace_id()
        extra = [(b"x-trace-id", trace.encode()), *_SAFE]
        if await self._unchanged(scope, headers, extra, send):
            self._note(scope, 304, started, trace)
            return
        token = trace_id.set(trace)
        scope["pii.generation"] = self._changes.generation
        status = 500

        problem: Response | None = None

        async def send_with_headers(message: Message) -> None:
            nonlocal status, problem
            if message["type"] == "http.response.start":
                status = message["status"]
                if status == TOO_LARGE and _is_plain(message):
                    problem = domain_problem(Request(scope), TooLargeError())
                    message["headers"] = problem.raw_headers
                message["headers"] = [*message["headers"], *extra]
            elif problem is not None:
                message = {"type": "http.response.body", "body": problem.body}
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            self._note(scope, status, started, trace)
            trace_id.reset(token)

    async def _unchanged(
        self,
        scope: Scope,
        headers: dict[bytes, bytes],
        extra: list[tuple[bytes, bytes]],
        send: Send,
    ) -> bool:
        etag = headers.get(b"if-none-match")
        if etag is None or scope["method"] != "GET":
            return False
        key = (headers.get(b"authorization", b""), scope["raw_path"], scope["query_string"])
        if not self._etags.still(key, etag):
            return False
        known = [(b"etag", etag), (b"cache-control", b"private, no-cache"), *extra]
        await send({"type": "http.response.start", "status": 304, "headers": known})
        await send({"type": "http.response.body", "body": b""})
        return True

    def _note(self, scope: Scope, status: int, started: float, trace: str) -> None:
        seconds = time.perf_counter() - started
        route = getattr(scope.get("route"), "path", "(remembered)" if status == 304 else "(none)")  # noqa: PLR2004
        self._metrics.answered(scope["method"], route, status, seconds)
        if scope["path"] not in _QUIET:
            log.info(
                "request",
                method=scope["method"],
                path=path_told(scope["path"]),
                status=status,
                ms=round(seconds * 1000, 2),
                caller=scope.get("pii.caller"),
                trace_id=trace,
            )
