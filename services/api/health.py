"""Is it alive, is it ready, part by part, and how is it doing."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from redis.exceptions import RedisError
from sqlalchemy import text

from services.api.deps.answers import JSON, body
from services.api.metrics import ALARMS, HEARTBEATS, RUNS, TRUTH
from shared.db import Reader
from shared.outbox import FAULTS

router = APIRouter(tags=["health"])

SILENT_AFTER = 20.0  # seconds without a heartbeat
LIMIT = 3.0  # seconds for each part's answer
QUEUES = ("scoring", "notifier")
# What of the truth tells how reminders are doing; none of it makes the system less ready.
REMINDING = (
    "reminder_oldest_due_seconds",
    "mail_oldest_due_seconds",
    "planning_age_seconds",
    "mails_failed_last_day",
    "holds_waiting",
    "suppressed_addresses",
    "bodies_without_contact",
    "calendar_years_unconfirmed",
    "reminders_paused",
)
LIMITS = text(
    "SELECT silent_hours * 3600 AS silent, unsent_minutes * 60 AS unsent, paused FROM reminder_settings"
)
VERSION = text("SELECT version_num FROM alembic_version")
# Years of the next 30 days and of open periods' deadlines, the ministry's included, that no decision has confirmed.
UNCONFIRMED = text(
    """
    SELECT DISTINCT extract(year FROM due.day)::int AS year
    FROM (
        SELECT coalesce(a.extended_due_on, a.due_on) AS day
        FROM assignments AS a JOIN periods AS p ON p.id = a.period_id WHERE p.state = 'open'
        UNION SELECT due_on FROM periods WHERE state = 'open'
        UNION SELECT ministry_due_on FROM periods WHERE state = 'open'
        UNION SELECT unnest(ARRAY[now(), now() + interval '30 days'])::date
    ) AS due
    WHERE due.day IS NOT NULL AND NOT EXISTS (
        SELECT FROM calendar_years AS c
        WHERE c.confirmed AND c.year = extract(year FROM due.day)::int
    )
    ORDER BY year
    """
)
# Periods whose index fails however often it is tried.
NOT_CALCULATED = text(
    """
    SELECT p.code FROM alarms AS a JOIN periods AS p ON p.id::text = a.subject
    WHERE a.kind = 'index_not_calculated' AND a.cleared_at IS NULL ORDER BY p.code LIMIT 50
    """
)
NO_DETAILS = {
    "calendar": {"unconfirmed_years": None},
    "index": {"not_calculated": None},
    "reminders": None,
}


@router.get("/livez", operation_id="live", summary="The process runs")
async def live() -> dict[str, str]:
    return {"status": "alive"}


@router.get(
    "/readyz",
    operation_id="ready",
    summary="Each part's state; 503 when requests cannot be served",
    responses={503: {"description": "PostgreSQL is not reachable"}},
)
async def ready(
    request: Request, *, every_part: Annotated[bool, Query(alias="all")] = False
) -> Response:
    """``ready``: all parts answer. ``degraded``: figures are taken, but work waits. ``unavailable``: 503.

    With ``all`` a degraded system is not ready either. ``calendar`` names the years of the
    next 30 days and of open periods' deadlines that are not confirmed, ``index`` the periods whose index fails
    however often it is tried; they make nothing less ready.
    """
    database, workers, details = await _database(request)
    parts = {"postgresql": database, "redis": await _redis(request), **workers}
    if parts["postgresql"]["state"] != "ok":
        status, code = "unavailable", 503
    elif any(part["state"] != "ok" for part in parts.values()):
        status, code = "degraded", 503 if every_part else 200
    else:
        status, code = "ready", 200
    return Response(body({"status": status, "parts": parts, **details}), code, media_type=JSON)


async def _database(
    request: Request,
) -> tuple[dict[str, Any], dict[str, dict[str, Any]], dict[str, Any]]:
    """Say how it and the workers are, and what it tells beside that."""
    unknown = {queue: {"state": "unknown"} for queue in QUEUES}
    try:
        async with asyncio.timeout(LIMIT), request.state.database.reading() as read:
            version = await read.value(VERSION)
            ages = dict(await read.all(HEARTBEATS))
            details = await _details(read)
    except FAULTS as error:
        down = {"state": "down", "error": type(error).__name__}
        return down, unknown, NO_DETAILS
    workers = {
        queue: {
            "state": "ok" if ages.get(queue, SILENT_AFTER) < SILENT_AFTER else "silent",
            "last_seen_seconds": ages.get(queue),
        }
        for queue in QUEUES
    }
    return {"state": "ok", "schema": version}, workers, details


async def _details(read: Reader) -> dict[str, Any]:
    years = [row["year"] for row in await read.all(UNCONFIRMED)]
    periods = [row["code"] for row in await read.all(NOT_CALCULATED)]
    return {
        "calendar": {"unconfirmed_years": years},
        "index": {"not_calculated": periods},
        "reminders": await _reminding(read),
    }


async def _reminding(read: Reader) -> dict[str, Any]:
    """Say how reminders are doing; how long ago each of the notifier's works came to an end."""
    row = await read.first(TRUTH)
    assert row is not None
    limits = await read.first(LIMITS)
    assert limits is not None
    return {
        **{name: row[name] for name in REMINDING},
        "last_runs_seconds": dict(await read.all(RUNS)),
        "alarms": dict(await read.all(ALARMS)),
        "thresholds": _thresholds(row, limits),
    }


def _thresholds(row: Mapping[str, Any], limits: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Compare with the limits that the notifier raises alarms by: where it is dead, it raises none."""
    oldest = max(row["reminder_oldest_due_seconds"], row["mail_oldest_due_seconds"])
    measured = {
        "planning_silent": (row["planning_age_seconds"], limits["silent"]),
        "unsent": (0 if limits["paused"] else oldest, limits["unsent"]),
        "no_contact": (row["bodies_without_contact"], 0),
    }
    return {
        kind: {"value": value, "limit": limit, "exceeded": value > limit}
        for kind, (value, limit) in measured.items()
    }


async def _redis(request: Request) -> dict[str, Any]:
    try:
        async with asyncio.timeout(LIMIT):
            await request.state.redis.ping()
    except (RedisError, OSError, TimeoutError) as error:
        return {"state": "down", "error": type(error).__name__}
    return {"state": "ok"}


@router.get(
    "/metrics", operation_id="metrics", summary="Prometheus text format", response_class=Response
)
async def metrics(request: Request) -> Response:
    async with asyncio.timeout(LIMIT), request.state.database.reading() as read:
        await request.state.metrics.read_truth(read)
    for queue in QUEUES:
        request.state.metrics.waiting(queue, await _oldest_job(request, queue))
    return Response(
        request.state.metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8"
    )


async def _oldest_job(request: Request, queue: str) -> float:
    """Seconds since the oldest waiting job was to start: arq keeps a sorted set by start time."""
    try:
        async with asyncio.timeout(LIMIT):
            seconds, _ = await request.state.redis.time()
            oldest = await request.state.redis.zrange(queue, 0, 0, withscores=True)
    except (RedisError, OSError, TimeoutError):
        return float("nan")
    return max(0.0, seconds - oldest[0][1] / 1000) if oldest else 0.0
