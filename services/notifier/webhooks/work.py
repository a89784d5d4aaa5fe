"""The loops by which the notifier tells other systems: new events, what is due, what ended, old things."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog

from services.notifier.webhooks import clockwork, fanout
from services.notifier.webhooks.office import Office
from services.notifier.webhooks.sender import Sender
from services.notifier.webhooks.settling import clear_alarms
from shared.db import Database
from shared.outbox import FAULTS, listen_forever
from shared.outward import Outward
from shared.settings import Settings
from shared.tasks import Loop

log = structlog.get_logger()

CHANNEL = "webhooks"
DAYS_PAUSE = 60.0  # seconds between two looks for duties that have become due
OLD_PAUSE = 3_600.0
REST = 0.05  # seconds; what happens within them is taken together


def _now() -> datetime:
    return datetime.now(UTC)


def webhook_work(settings: Settings, database: Database) -> Mapping[str, Loop]:
    """Give the loops that the notifier's worker runs."""
    news = asyncio.Event()

    async def listening() -> None:
        await listen_forever(settings.database_url, CHANNEL, news.set)

    async def sending() -> None:
        outward = Outward.of(settings.webhook_allow, plain_http=settings.webhook_http)
        sender = Sender(outward, ca_file=settings.webhook_ca_file)
        office = Office(database, sender, clock=_now, public_url=settings.public_url)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(office.send_forever())
                group.create_task(office.settle_forever())
                group.create_task(_fanning(database, news, office.bell))
        finally:
            await sender.close()

    return {
        "webhook_bell": listening,
        "webhooks": sending,
        "webhook_days": lambda: _days(database),
        "webhook_old": lambda: _old(database),
    }


async def _fanning(
    database: Database, news: asyncio.Event, due: asyncio.Event, *, pause: float = 1.0
) -> None:
    """Woken by the bell, swept by a timer."""
    while True:
        news.clear()
        taken = 0
        try:
            async with database.transaction() as session:
                taken = await fanout.fan_out(session, now=_now())
        except FAULTS as error:
            log.warning("webhook_events_failed", error=repr(error), next="tries again")
            await asyncio.sleep(pause)
            continue
        if taken:
            due.set()
            await asyncio.sleep(REST)
        if taken < fanout.BATCH:
            try:
                async with asyncio.timeout(pause):
                    await news.wait()
            except TimeoutError:
                pass


async def _days(database: Database, *, pause: float = DAYS_PAUSE) -> None:
    while True:
        written = 0
        try:
            async with database.transaction() as session:
                written = await clockwork.announce_days(session, now=_now())
                await clear_alarms(session, now=_now())
        except FAULTS as error:
            log.warning("webhook_days_failed", error=repr(error), next="tries again")
        if written < clockwork.BATCH:
            await asyncio.sleep(pause)


async def _old(database: Database, *, pause: float = OLD_PAUSE) -> None:
    while True:
        try:
            async with database.transaction() as session:
                await fanout.forget_old(session, now=_now())
        except FAULTS as error:
            log.warning("webhook_old_failed", error=repr(error), next="tries again")
        await asyncio.sleep(pause)
