"""Take in what comes back, from the box that ``BOUNCE_URL`` names."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog

from services.notifier.bounces.boxes import MOST, Box, BoxError, box_of
from shared.bounces import take_in
from shared.db import Database
from shared.dsn import reports
from shared.settings import Settings
from shared.suppression import clear_answered
from shared.tasks import is_transient, with_trace

log = structlog.get_logger()

Loop = Callable[[], Coroutine[Any, Any, None]]
Clock = Callable[[], datetime]


def bounce_loops(settings: Settings, database: Database) -> dict[str, Loop]:
    """Make what runs as long as the worker does; nothing where no box is named."""
    if settings.bounce_url is None:
        return {}
    box = box_of(settings.bounce_url.get_secret_value())
    return {"bounces": partial(_forever, database, box, pause=settings.bounce_seconds)}


async def look(database: Database, box: Box, *, clock: Clock = lambda: datetime.now(UTC)) -> int:
    """Take in a batch; tell how many mails it was.

    A mail is put aside when all it says is committed. One that was taken in and not put aside comes again
    and changes nothing.
    """
    mails = await asyncio.to_thread(box.fetch)
    done = []
    try:
        for name, raw in mails:
            await _take(database, name, raw, clock=clock)
            done.append(name)
    finally:
        await asyncio.to_thread(box.put_aside, done)
    async with database.transaction() as session:
        await clear_answered(session, now=clock())
    return len(mails)


async def _take(database: Database, name: str, raw: bytes, *, clock: Clock) -> None:
    found = await asyncio.to_thread(reports, raw)
    if not found:
        log.info("mail_is_no_bounce", mail=name, bytes=len(raw))
    try:
        for report in found:
            async with database.transaction() as session:
                await take_in(session, report, now=clock())
    except Exception as error:
        if is_transient(error):
            raise
        # It would fail each time, and hold up all that came after it.
        log.exception("bounce_put_aside_unread", mail=name)


async def _forever(database: Database, box: Box, *, pause: float) -> None:
    while True:
        with_trace("")
        mails = 0
        try:
            mails = await look(database, box)
        except BoxError as error:
            log.warning("bounce_box_unreachable", error=str(error))
        except Exception as error:
            log.warning("bounces_failed", error=repr(error), exc_info=not is_transient(error))
        if mails < MOST:
            await asyncio.sleep(pause)
