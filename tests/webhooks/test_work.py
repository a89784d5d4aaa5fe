"""The notifier's loops together: from a committed fact to the receiver, woken rather than waiting."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from deploy.embedded import Servers
from services.notifier.webhooks.sender import Sender
from services.notifier.webhooks.work import webhook_work
from shared import outbox
from shared.db import PooledDatabase
from shared.events import SubmissionSubmitted
from shared.settings import Settings
from tests.api.conftest import Real
from tests.conftest import settings_for
from tests.factories import assignment_of, drafted, opened_period
from tests.webhooks.conftest import LOOPBACK, Clock, Desk
from tests.webhooks.receiver import Receiver, always


@pytest.fixture
async def desk(real: Real) -> Desk:
    return Desk(real.database, Clock(datetime.now(UTC)), Sender(LOOPBACK))


@pytest.fixture
async def running(servers: Servers, real: Real) -> AsyncIterator[PooledDatabase]:
    url = real.database.engine.url.render_as_string(hide_password=False)
    settings: Settings = settings_for(
        servers, url, webhook_allow="127.0.0.0/8", webhook_http=True, public_url="https://pii.vn"
    )
    database = PooledDatabase(settings.database_url, pool=5)
    loops = [asyncio.create_task(loop()) for loop in webhook_work(settings, database).values()]
    yield database
    ended = [loop for loop in loops if loop.done()]
    for loop in loops:
        loop.cancel()
    await asyncio.gather(*loops, return_exceptions=True)
    await database.close()
    assert ended == []


async def test_what_is_committed_is_told_within_a_second(
    real: Real, running: PooledDatabase, desk: Desk, receiver: Receiver
) -> None:
    await opened_period(real.client, real.cast)
    duty = await assignment_of(real.client, real.cast)
    draft = await drafted(real.client, real.cast.officer, duty["id"])
    await asyncio.sleep(1.5)  # past events are taken, and the loops are at rest
    await desk.endpoint(receiver.url, "submission.*", body="so-gddt")
    await desk.endpoint(receiver.url, "submission.*", body="so-ct")
    started = time.perf_counter()
    async with running.transaction() as session:
        event = SubmissionSubmitted(
            period_id=UUID(int=1), submission_id=draft["id"], assignment_id=duty["id"]
        )
        outbox.emit(session, event)
    await receiver.heard(1)
    assert time.perf_counter() - started < 0.9
    await asyncio.sleep(0.3)
    assert len(receiver.got) == 1
    assert b'"link":"https://pii.vn/v1/submissions/' in receiver.got[0].body
    assert await desk.states() == {"delivered": 1}


async def test_what_nobody_takes_stays_and_stops_no_loop(
    running: PooledDatabase, desk: Desk, receiver: Receiver
) -> None:
    receiver.answering = always(500)
    await desk.endpoint(receiver.url)
    await desk.happened()
    await receiver.heard(1)
    async with asyncio.timeout(5):
        while not (rows := await desk.attempts()):  # noqa: ASYNC110 others write it
            await asyncio.sleep(0.05)
    assert [row.status for row in rows] == [500]
    assert await desk.states() == {"waiting": 1}
    assert running is not None


def test_the_allow_list_is_one_line_of_words(servers: Servers) -> None:
    given = settings_for(
        servers, "postgresql://x/y", webhook_allow="10.1.2.0/24, kho.vn  fd12::/16"
    )
    assert given.webhook_allow == ("10.1.2.0/24", "kho.vn", "fd12::/16")
    assert settings_for(servers, "postgresql://x/y").webhook_allow == ()
