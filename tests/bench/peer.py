"""The ceiling: what a careful hand would write with Starlette, asyncpg and orjson alone, for the same answers.

It runs the very statements of the API, compiled by the API's own compiler, and makes the same bytes for
the coordinator. It leaves out all that a ceiling may leave out: rights, filters, ETags, errors, logs.
"""

import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import uvicorn
from sqlalchemy import Executable
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.api.assignments.queries import assignments_statement
from services.api.deps.caller import BY_ACCESS_TOKEN
from services.api.frameworks.queries import indicators_statement
from services.api.index.queries import index_statement
from shared.db import compiled
from shared.duty import is_late

# The settings of services/api/__main__.py.
SERVER: dict[str, Any] = {
    "loop": "uvloop",
    "http": "httptools",
    "log_config": None,
    "access_log": False,
    "proxy_headers": False,
    "server_header": False,
    "timeout_keep_alive": 20,
    "timeout_graceful_shutdown": 10,
    "h11_max_incomplete_event_size": 65_536,
    "backlog": 512,
}
POOL = 10
LIMIT = 50
JSON = "application/json"
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
# As many headers, of the same sizes, as a 304 of the API has.
STATIC_HEADERS = {
    "etag": '"0123456789abcdef01234567"',
    "cache-control": "private, no-cache",
    "x-trace-id": "0" * 32,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


def _call(statement: Executable, **values: Any) -> tuple[Any, ...]:
    """Make the SQL and its arguments, in the order in which it takes them."""
    sql, names, defaults = compiled(statement)
    return sql, *(values.get(name, defaults[name]) for name in names)


INDEX, INDEX_NAMES, INDEX_DEFAULTS = compiled(index_statement(period=True, as_of=False))
INDICATORS = _call(indicators_statement(frozenset({"newest"})), limit=LIMIT + 1)
ASSIGNMENTS = _call(assignments_statement(frozenset()), limit=LIMIT + 1)


def _plain(value: Any) -> str:
    return str(value)


async def _rows(request: Request, sql: str, *values: Any) -> list[asyncpg.Record]:
    token = request.headers["authorization"][7:]
    token_hash = hashlib.sha256(token.encode()).digest()
    async with request.app.state.pool.acquire() as connection:
        if not await connection.fetch(*_call(BY_ACCESS_TOKEN, token_hash=token_hash)):
            raise PermissionError
        rows: list[asyncpg.Record] = await connection.fetch(sql, *values)
    return rows


async def index(request: Request) -> Response:
    values = {**INDEX_DEFAULTS, "period": request.query_params["period"]}
    (row,) = await _rows(request, INDEX, *(values[name] for name in INDEX_NAMES))
    summary = row["summary"]
    content = {
        "period": {
            "code": row["code"],
            "name": row["name"],
            "reference_year": row["reference_year"],
            "framework": row["framework"],
            "state": row["state"],
        },
        "result": "estimate",
        "made_up": row["made_up"] or summary["made_up"],
        "stale": row["stale"],
        "run": {
            "id": row["run_id"],
            "number": row["number"],
            "created_at": row["created_at"],
            "hash": row["hash"],
            "trace_id": row["trace_id"],
        },
        "score": summary["score"],
        "rank": summary["rank"],
        "units": summary["units"],
        "coverage": summary["coverage"],
        "assumed": summary["assumed"],
        "modes": summary["modes"],
        "subindices": summary["subindices"],
        "pillars": summary["pillars"],
    }
    return Response(orjson.dumps(content, default=_plain), media_type=JSON)


def _page(items: list[dict[str, Any]], cursor: str | None) -> Response:
    content = orjson.dumps({"items": items, "next_cursor": cursor}, default=_plain)
    return Response(content, media_type=JSON)


async def indicators(request: Request) -> Response:
    rows = await _rows(request, *INDICATORS)
    items = []
    for row in rows[:LIMIT]:
        item = dict(row)
        del item["sort_key"], item["state"]
        item["responsibilities"] = orjson.Fragment(item["responsibilities"] or "[]")
        item["allowed_actions"] = ["edit"]
        items.append(item)
    return _page(items, request.app.state.cursors["indicators"])


async def assignments(request: Request) -> Response:
    rows = await _rows(request, *ASSIGNMENTS)
    today = datetime.now(UTC).astimezone(HANOI).date()
    items = []
    for row in rows[:LIMIT]:
        unfinished = row["status"] in {"open", "returned"}
        due_on = row["effective_due_on"]
        days = (today - due_on).days if unfinished and due_on < today else 0
        excused = None
        if row["excused_at"] is not None:
            excused = {
                "at": row["excused_at"],
                "by": row["excused_by_name"],
                "reason": row["excused_reason"],
            }
        actions = ["ask_extension"] if unfinished and not row["extension_waits"] else []
        if row["period_state"] == "open" and row["extended_due_on"] is None:
            actions.append("edit")
        if row["status"] == "excused":
            actions.append("lift_excuse")
        elif unfinished:
            actions.append("excuse")
        newest = None
        if row["submission_id"] is not None:
            newest = {
                "id": row["submission_id"],
                "revision": row["revision"],
                "state": row["state"],
                "value": row["value"],
                "submitted_at": row["submitted_at"],
                "decision_reason": row["decision_reason"],
            }
        items.append(
            {
                "id": row["id"],
                "period": row["period"],
                "made_up": row["made_up"],
                "indicator": {"code": row["indicator_code"], "name_vi": row["indicator_name"]},
                "organisation": {
                    "code": row["organisation_code"],
                    "name_vi": row["organisation_name"],
                },
                "role": row["role"],
                "kind": row["kind"],
                "legal_basis": row["legal_basis"],
                "due_on": row["due_on"],
                "effective_due_on": due_on,
                "extended": row["extended_due_on"] is not None,
                "status": row["status"],
                "overdue": days > 0,
                "days_late": days,
                "late": row["state"] in {"submitted", "accepted"}
                and row["status"] != "excused"
                and is_late(row["submitted_at"], due_on),
                "excused": excused,
                "evidence_required": row["evidence_required"] and row["kind"] == "figure",
                "accepted_evidence": row["accepted_evidence"],
                "data_source": row["data_source"],
                "guidance_vi": row["guidance_vi"],
                "guidance_en": row["guidance_en"],
                "submission": newest,
                "updated_at": row["updated_at"],
                "allowed_actions": actions,
            }
        )
    return _page(items, request.app.state.cursors["assignments"])


async def static(_request: Request) -> Response:
    return Response(status_code=304, headers=STATIC_HEADERS)


async def set_cursors(request: Request) -> Response:
    """Take the cursors that the API gave: how one is made is no part of what is compared."""
    request.app.state.cursors = await request.json()
    return Response(status_code=204)


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda text: b"\x01" + text.encode(),
        decoder=lambda data: orjson.loads(data[1:]),
    )


async def _keep(_connection: asyncpg.Connection) -> None:
    """Give a connection back as it is: asyncpg's own way would send another statement."""


def peer_of(url: str) -> Starlette:
    """Make the application over the database of the API that it stands beside."""

    @asynccontextmanager
    async def pool(app: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(
            url, min_size=POOL, max_size=POOL, init=_prepare, reset=_keep
        ) as made:
            app.state.pool = made
            yield

    routes = [
        Route("/v1/index", index),
        Route("/v1/indicators", indicators),
        Route("/v1/assignments", assignments),
        Route("/static", static),
        Route("/cursors", set_cursors, methods=["PUT"]),
    ]
    return Starlette(routes=routes, lifespan=pool)


def main() -> None:
    port = int(os.environ["API_PORT"])
    uvicorn.run(peer_of(os.environ["DATABASE_URL"]), host="127.0.0.1", port=port, **SERVER)


if __name__ == "__main__":
    main()
