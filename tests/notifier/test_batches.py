"""What holds among the mails of a batch, and from one batch to the next."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.sending.claims import BATCH
from services.notifier.sending.delivery import UnmarkedError
from services.notifier.sending.marks import MAX_UNSURE
from services.notifier.sending.office import Office
from services.notifier.sending.rounds import send_due
from services.notifier.smtp.mailer import SmtpMailer, UnreachableError
from shared.db import PooledDatabase, Reader
from shared.models import Mail, ReminderSettings
from tests.notifier.cast import Clock, World, at
from tests.notifier.post import PostOffice
from tests.notifier.watched import Watched


class SlowToMark:
    """The real database, but what marks a mail waits until it is let."""

    def __init__(self, database: PooledDatabase) -> None:
        self._database = database
        self.transaction = database.transaction
        self.reading = database.reading
        self.asked = asyncio.Event()
        self.let = asyncio.Event()

    @asynccontextmanager
    async def autocommit(self) -> AsyncIterator[Reader]:
        self.asked.set()
        await self.let.wait()
        async with self._database.autocommit() as write:
            yield write


async def _planned(world: World, people: int) -> None:
    await world.crowd(people)
    await world.policy(0)
    await world.plan(at(-15))


def _mailer(post: PostOffice, *, timeout: float) -> SmtpMailer:
    return SmtpMailer(post.url, timeout=timeout)


async def _states(world: World) -> Counter[str]:
    return Counter(mail.state for mail in await world.mails())


async def test_no_content_goes_out_before_the_mail_before_is_marked(
    world: World, office: Office, post: PostOffice, database: PooledDatabase
) -> None:
    await _planned(world, 3)
    slow = SlowToMark(database)
    sending = asyncio.create_task(send_due(replace(office, database=slow)))
    await slow.asked.wait()
    await asyncio.sleep(0.2)
    assert len(post.mails) == 1
    slow.let.set()
    assert (await sending).sent == 3
    assert len(post.mails) == 3


async def test_what_could_not_be_marked_ends_the_round_and_gives_back_the_rest(
    world: World, office: Office, post: PostOffice, database: PooledDatabase
) -> None:
    class Gone(SlowToMark):
        @asynccontextmanager
        async def autocommit(self) -> AsyncIterator[Reader]:
            raise ConnectionRefusedError
            yield

    await _planned(world, 3)
    # It is tried for some seconds; meanwhile the next one is announced to the server, and no more.
    with pytest.raises(UnmarkedError):
        await send_due(replace(office, database=Gone(database), mailer=_mailer(post, timeout=10)))
    assert len(post.mails) == 1
    assert await _states(world) == {"claimed": 2, "waiting": 1}


async def test_a_server_is_not_blamed_for_the_time_that_a_mark_takes(
    world: World, office: Office, post: PostOffice, database: PooledDatabase
) -> None:
    await _planned(world, 2)
    slow = SlowToMark(database)
    mailer = _mailer(post, timeout=0.3)
    sending = asyncio.create_task(send_due(replace(office, database=slow, mailer=mailer)))
    await asyncio.sleep(1)
    slow.let.set()
    sent = await sending
    assert (sent.sent, sent.failed, sent.reachable) == (1, 1, False)
    (put_back,) = [mail for mail in await world.mails() if mail.state == "waiting"]
    assert (put_back.reason, put_back.maybe_sent) == (
        "what came before was not written down in time",
        False,
    )


async def test_a_pause_keeps_back_what_is_left_of_a_batch(
    world: World, office: Office, post: PostOffice, database: PooledDatabase
) -> None:
    class Paused(Watched):
        async def before(self, to: str) -> None:
            await super().before(to)
            if len(self.to) == 2:
                async with database.transaction() as session:
                    await session.execute(update(ReminderSettings).values(paused=True))

    await _planned(world, 4)
    paused = replace(office, mailer=Paused(office.mailer), fresh=0)
    assert (await send_due(paused)).sent == 2
    assert await _states(world) == {"sent": 2, "waiting": 2}
    assert len(post.mails) == 2


async def test_a_server_that_cannot_be_called_again_costs_no_mail(
    world: World, office: Office
) -> None:
    class Away(Watched):
        async def before(self, to: str) -> None:
            await super().before(to)
            if len(self.to) == 2:
                raise UnreachableError("nobody there")

    await _planned(world, 3)
    sent = await send_due(replace(office, mailer=Away(office.mailer)))
    assert (sent.sent, sent.failed, sent.reachable) == (1, 1, False)
    assert await _states(world) == {"sent": 1, "waiting": 2}
    assert not any(mail.maybe_sent for mail in await world.mails())


async def test_a_mail_that_is_never_answered_is_given_up_after_some_days(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await _planned(world, 1)
    post.data_answer = "hang up"
    tries = 0
    while (await _states(world)) != {"failed": 1}:
        tries += (await send_due(office)).failed
        assert tries <= MAX_UNSURE
        clock.now += timedelta(hours=1)  # of which most are outside the hours of mail
    assert tries == MAX_UNSURE
    assert await world.states() == [(0, "failed")]


async def test_a_notifier_told_to_stop_gives_back_the_batch_that_it_took_ahead(
    world: World, office: Office, post: PostOffice
) -> None:
    class Stopped(Watched):
        async def before(self, to: str) -> None:
            await super().before(to)
            if len(self.to) == BATCH - 1:
                await asyncio.sleep(0.5)
                sending.cancel()

    await _planned(world, BATCH + 10)
    sending = asyncio.create_task(send_due(replace(office, mailer=Stopped(office.mailer))))
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert await _states(world) == {"sent": BATCH - 1, "waiting": 11}
    assert (await send_due(office)).sent == 11
    assert len({mail["Message-ID"] for mail in post.mails}) == len(post.mails) == BATCH + 10


async def test_where_claiming_takes_most_of_a_claim_fewer_are_taken_and_all_are_sent(
    world: World, database: PooledDatabase, office: Office, clock: Clock
) -> None:
    class Laborious:
        """Each mail that is claimed when a transaction ends has cost a tenth of a second."""

        @asynccontextmanager
        async def transaction(self) -> AsyncIterator[AsyncSession]:
            async with database.transaction() as session:
                yield session
                claimed = await session.scalar(
                    select(func.count()).select_from(Mail).where(Mail.state == "claimed")
                )
            clock.now += timedelta(seconds=0.1) * (claimed or 0)

        def autocommit(self) -> Any:
            return database.autocommit()

        def reading(self) -> Any:
            return database.reading()

    await _planned(world, BATCH)
    slow = replace(office, database=Laborious(), claim=timedelta(seconds=0.1) * BATCH, fresh=60)
    assert (await send_due(slow)).sent == BATCH
    assert await _states(world) == {"sent": BATCH}
