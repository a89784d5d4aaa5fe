"""What a mail server that takes its time means: nothing is held up meanwhile, nothing is lost or doubled."""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import text

from services.notifier.sending.office import Office
from services.notifier.sending.rounds import send_due
from shared.db import PooledDatabase
from tests.notifier.cast import Clock, World, at
from tests.notifier.post import PostOffice

# Of this test's time: other tests may have left some that were killed.
_OPEN = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start > :since "
    "AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND state <> 'idle'"
)
_NOW = text("SELECT clock_timestamp()")


async def _none_is_open(database: PooledDatabase, since: datetime) -> None:
    """Return while the server still has the mail; what reads the next batch meanwhile ends by itself."""
    async with asyncio.timeout(10), database.engine.connect() as looking:
        while await looking.scalar(_OPEN, {"since": since}):
            await looking.rollback()  # a transaction sees what was there at its first look
            await asyncio.sleep(0.02)


async def test_no_transaction_is_open_while_a_mail_is_on_the_wire(
    world: World, office: Office, post: PostOffice, database: PooledDatabase
) -> None:
    await world.crowd(3)
    await world.policy(0)
    await world.plan(at(-15))
    async with database.engine.connect() as looking:
        since = await looking.scalar(_NOW)
    post.hold = asyncio.Event()
    sending = asyncio.create_task(send_due(office))
    for number in range(1, 4):
        await post.taken.wait()
        assert len(post.mails) == number
        await _none_is_open(database, since)
        post.taken.clear()
        post.hold.set()
        post.hold = asyncio.Event()
    assert (await sending).sent == 3


async def test_a_greylisting_server_gets_the_same_mail_once_it_takes_it(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.policy(0)
    await world.duty("so-gddt")
    clock.now = at(0)
    await world.plan(clock.now)
    (planned,) = await world.ledger()
    takes_from = clock.now + timedelta(minutes=10)
    post.rcpt_answer = lambda _: "250 OK" if clock.now >= takes_from else "450 4.2.0 greylisted"
    tried = 0
    while not post.mails:
        tried += (await send_due(office)).failed
        clock.now += timedelta(minutes=1)
        assert clock.now < at(0) + timedelta(hours=2)
    assert 2 <= tried <= 6  # with growing pauses
    (mail,) = await world.mails()
    assert [one["Message-ID"] for one in post.mails] == [mail.message_id]
    assert (mail.state, mail.attempts) == ("sent", tried + 1)
    (row,) = await world.ledger()
    assert (row.id, row.state) == (planned.id, "sent")
    assert row.sent_at is not None
    assert row.sent_at >= takes_from
