"""Build the HTTP application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TypedDict

import structlog
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from redis.asyncio import Redis
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp

from services.api import errors, health, openapi
from services.api.analyses.routes import routers as analyses
from services.api.assignments.routes import routers as assignments
from services.api.audit.routes import routers as audit
from services.api.audit.sealing import seal_forever
from services.api.board.routes import routers as board
from services.api.bounces.routes import routers as bounces
from services.api.calendar.routes import routers as calendar
from services.api.comments.routes import routers as comments
from services.api.deps import idempotency
from services.api.deps.changes import Changes, Etags
from services.api.deps.direct import Shortcuts
from services.api.deputies.routes import routers as deputies
from services.api.evidence import scanner
from services.api.evidence.routes import routers as evidence
from services.api.evidence.store import Store
from services.api.explanations.routes import routers as explanations
from services.api.extensions.routes import routers as extensions
from services.api.feeds.routes import routers as feeds
from services.api.figures.routes import routers as figures
from services.api.frameworks.routes import routers as frameworks
from services.api.handovers.routes import routers as handovers
from services.api.identity.passwords import Passwords
from services.api.identity.routes import routers as identity
from services.api.index.recall import Runs
from services.api.index.routes import routers as index
from services.api.links.routes import routers as links
from services.api.mails.routes import routers as mails
from services.api.metrics import Metrics
from services.api.middleware import Doorway, render_gone_away
from services.api.organisations.routes import routers as organisations
from services.api.packs.routes import routers as packs
from services.api.panels.routes import routers as panels
from services.api.periods.routes import routers as periods
from services.api.policies.routes import routers as policies
from services.api.privacy.routes import routers as privacy
from services.api.profile.routes import routers as profile
from services.api.questions.routes import routers as questions
from services.api.reminders.routes import routers as reminders
from services.api.responsibilities.routes import routers as responsibilities
from services.api.rules.routes import routers as rules
from services.api.sending.routes import routers as sending
from services.api.submissions.routes import routers as submissions
from services.api.templates.routes import routers as templates
from services.api.webhooks.routes import routers as webhooks
from shared.db import Database, PooledDatabase
from shared.links import Links, load_links
from shared.outbox import FAULTS, listen_forever
from shared.settings import Settings

log = structlog.get_logger()

NOUNS = (
    identity,
    privacy,
    frameworks,
    organisations,
    responsibilities,
    handovers,
    calendar,
    periods,
    assignments,
    extensions,
    explanations,
    deputies,
    board,
    rules,
    submissions,
    figures,
    comments,
    evidence,
    packs,
    panels,
    index,
    profile,
    analyses,
    questions,
    reminders,
    bounces,
    policies,
    templates,
    mails,
    sending,
    webhooks,
    links,
    feeds,
    audit,
)
DESCRIPTION = """Runs a city's plan to improve its Provincial Innovation Index: indicators, duties, figures
with evidence, the index, reminders. Sign in with `POST /v1/auth/token` and send the access token, or an
API key, as `Authorization: Bearer …`. Errors are RFC 9457 problem documents, in Vietnamese or English by
`Accept-Language`. Lists are pages: follow `next_cursor`. Single resources carry an `ETag`; `PATCH` needs it in
`If-Match`. Any `POST` may carry an `Idempotency-Key`."""


class State(TypedDict):
    settings: Settings
    database: Database
    redis: Redis
    store: Store
    passwords: Passwords
    changes: Changes
    etags: Etags
    metrics: Metrics
    runs: Runs
    links: Links | None


def create_asgi(settings: Settings, database: Database | None = None) -> ASGIApp:
    """Make what the server runs: the application behind its doorway."""
    return behind_the_doorway(create_app(settings, database))


def behind_the_doorway(app: FastAPI, *, shortcuts: bool = True) -> ASGIApp:
    routes = [route for routers in NOUNS for router in routers for route in router.routes]
    state = app.state
    return Doorway(
        Shortcuts(app, routes) if shortcuts else app,
        changes=state.changes,
        etags=state.etags,
        metrics=state.metrics,
    )


def create_app(settings: Settings, database: Database | None = None) -> FastAPI:
    """Make the application; ``database`` replaces the pool, as a test does to undo its changes."""
    changes = Changes()
    etags = Etags(changes)
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
        pooled = PooledDatabase(settings.database_url, name="api", pool=settings.database_pool)
        redis: Redis = Redis.from_url(
            settings.redis_url, socket_timeout=2, socket_connect_timeout=2
        )
        loops = [
            asyncio.create_task(
                listen_forever(
                    settings.database_url,
                    "changes",
                    changes.ring,
                    live=partial(setattr, changes, "live"),
                )
            ),
            asyncio.create_task(_housekeeping(pooled)),
            asyncio.create_task(
                seal_forever(pooled, settings.audit_key_file, pause=settings.audit_seconds)
            ),
        ]
        store = Store(settings.evidence_url)
        if settings.clamd_url:
            loops.append(
                asyncio.create_task(
                    _scanning(pooled, store, settings.clamd_url, pause=settings.sweep_seconds)
                )
            )
        yield {
            "settings": settings,
            "database": database or pooled,
            "redis": redis,
            "store": store,
            "passwords": Passwords(),
            "changes": changes,
            "etags": etags,
            "metrics": metrics,
            "runs": Runs(),
            "links": _links(settings),
        }
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        await redis.aclose()
        await pooled.close()

    app = FastAPIOffline(
        title="PII",
        version="1.0.0",
        description=DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
        max_body_size=settings.body_limit,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.include_router(health.router)
    for routers in NOUNS:
        for router in routers:
            app.include_router(router)
    errors.install(app)
    app.add_exception_handler(ClientDisconnect, render_gone_away)
    app.openapi = partial(openapi.build, app)  # type: ignore[method-assign]
    app.state.changes, app.state.etags, app.state.metrics = changes, etags, metrics
    return app


def _links(settings: Settings) -> Links | None:
    given = settings.link_key
    links = load_links(settings.link_key_file, given.get_secret_value() if given else None)
    if links is None:
        log.warning("no_link_key", file=str(settings.link_key_file))
    return links


async def _scanning(database: PooledDatabase, store: Store, url: str, *, pause: float) -> None:
    """Try again what got no verdict when it came; at once what came while there was no scanner."""
    while True:
        try:
            await scanner.sweep(database, store, url, now=datetime.now(UTC))
        except FAULTS as error:
            log.warning("scanning_failed", error=repr(error))
        await asyncio.sleep(pause)


async def _housekeeping(database: PooledDatabase, *, pause: float = 3600) -> None:
    while True:
        await asyncio.sleep(pause)
        try:
            async with database.transaction() as session:
                await idempotency.forget_old(session, now=datetime.now(UTC))
        except FAULTS as error:
            log.warning("housekeeping_failed", error=repr(error))
