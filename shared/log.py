"""Logs for operators: one JSON line an event, with the trace id of the request that caused it."""

import logging
import re
import secrets
import sys
from contextvars import ContextVar
from typing import Any

import orjson
import structlog

trace_id: ContextVar[str] = ContextVar("trace_id", default="")

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def new_trace_id() -> str:
    """32 hex digits, as in W3C Trace Context."""
    return secrets.token_hex(16)


def incoming_trace_id(traceparent: str) -> str:
    """Take the caller's trace id from a valid ``traceparent`` header, else make one."""
    match = _TRACEPARENT.fullmatch(traceparent)
    return match[1] if match and match[1] != "0" * 32 else new_trace_id()


def _add_trace_id(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    if current := trace_id.get():
        event.setdefault("trace_id", current)
    return event


def configure(*, service: str, level: str) -> None:
    """Send structlog and the standard library's loggers to standard output as JSON."""

    def name_service(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        event["service"] = service
        return event

    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_service,
        _add_trace_id,
    ]
    render: list[Any] = [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(
            serializer=lambda event, **_: orjson.dumps(event, default=str)
        ),
    ]
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(
                    serializer=lambda event, **_: orjson.dumps(event, default=str).decode()
                ),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # arq logs a line a job and uvicorn one a request; ours carry more.
    for chatty in ("arq.worker", "uvicorn.access", "httpx"):
        logging.getLogger(chatty).setLevel("WARNING")


# What follows is a right in itself.
_SECRET = re.compile(r"^(/l/|/feeds/)[^/]+")


def path_told(path: str) -> str:
    """Write a path for the log, without what opens something to whoever reads it."""
    return _SECRET.sub(r"\1…", path)
