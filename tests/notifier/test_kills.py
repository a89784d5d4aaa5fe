"""Two notifiers are killed hundreds of times, at every point of their way: no mail is lost, none is made twice."""

import asyncio
import json
import logging
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import func, select, text

from shared.db import PooledDatabase
from shared.models import Mail, Reminder
from tests.notifier.cast import DUE, OFFICER, World, at
from tests.notifier.doomed import POINTS, Life, Order
from tests.notifier.rough_post import STAGES, RoughPost

log = logging.getLogger(__name__)

SEATS = 2
CYCLES = 11  # each point is chosen so often
FROM_OUTSIDE = 20
PATIENCE = 3.0  # seconds for a process to come to its point
AT_FIRST = 600  # people who are to be written to from the start
WAVE = 6  # people more each time that somebody is to die while planning
PEOPLE = AT_FIRST + 3 * CYCLES * WAVE
LINES = 2 * PEOPLE + 1

pytestmark = pytest.mark.timeout(600)


@dataclass
class Undertaker:
    """Starts notifiers and hears of their deaths."""

    process: Process
    report: Path
    births: dict[int, asyncio.Future[int]] = field(default_factory=dict)
    deaths: dict[int, asyncio.Future[None]] = field(default_factory=dict)

    async def start(self, order: Order) -> int:
        loop = asyncio.get_running_loop()
        self.births[order.number] = loop.create_future()
        self.deaths[order.number] = loop.create_future()
        assert self.process.stdin
        self.process.stdin.write(f"{json.dumps(asdict(order))}\n".encode())
        return await self.births[order.number]

    async def listen(self) -> None:
        assert self.process.stdout
        async for line in self.process.stdout:
            word, number, pid = line.decode().split()
            if word == "born":
                self.births[int(number)].set_result(int(pid))
            else:
                self.deaths[int(number)].set_result(None)

    def notes(self) -> list[tuple[int, str]]:
        """Give what they noted before they died, each with the number of its order."""
        lines = (line.partition(" ") for line in self.report.read_text().splitlines())
        return [(int(number), word) for number, _, word in lines]


@asynccontextmanager
async def undertaker(life: Life) -> AsyncIterator[Undertaker]:
    words = (sys.executable, "-m", "tests.notifier.doomed", json.dumps(asdict(life)))
    process = await asyncio.create_subprocess_exec(*words, stdin=PIPE, stdout=PIPE)
    try:
        assert process.stdout
        assert process.stdin
        assert await process.stdout.readline() == b"ready\n"
        started = Undertaker(process, Path(life.report))
        listening = asyncio.create_task(started.listen())
        yield started
        process.stdin.close()
        await listening
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


_SECOND_RESPONSIBILITIES = text(
    "INSERT INTO responsibilities (id, node_id, organisation_id, role, legal_basis, plan_section, "
    "valid_from) SELECT gen_random_uuid(), node_id, organisation_id, role, legal_basis, '', "
    "responsibilities.valid_from + 1 FROM responsibilities "
    "JOIN organisations ON organisations.id = organisation_id "
    "WHERE code LIKE 'crowd-%'"
)
_SECOND_DUTIES = text(
    "INSERT INTO assignments (id, period_id, responsibility_id, node_id, organisation_id, kind, due_on, "
    "sort_key) SELECT gen_random_uuid(), a.period_id, r.id, a.node_id, a.organisation_id, a.kind, "
    "a.due_on, a.sort_key FROM assignments a JOIN responsibilities r USING (organisation_id) "
    "JOIN organisations ON organisations.id = organisation_id "
    "WHERE r.id <> a.responsibility_id AND code LIKE 'crowd-%'"
)
_NOT_YET = text(
    "UPDATE assignments SET due_on = due_on + 180 FROM organisations "
    "WHERE organisations.id = organisation_id AND code LIKE 'crowd-%'"
)


async def crowd(world: World) -> None:
    """Write people with two duties each, which are due in half a year."""
    await world.crowd(PEOPLE)
    async with world.database.transaction() as session:
        for statement in (_SECOND_RESPONSIBILITIES, _SECOND_DUTIES, _NOT_YET):
            await session.execute(statement)


async def become_due(database: PooledDatabase, people: Iterable[int]) -> None:
    """Let the duties of some people be due today."""
    codes = [f"crowd-{place}" for place in people]
    async with database.transaction() as session:
        await session.execute(
            text(
                "UPDATE assignments SET due_on = :due_on WHERE organisation_id IN"
                " (SELECT id FROM organisations WHERE code = ANY(:codes))"
            ),
            {"due_on": DUE, "codes": codes},
        )


def orders(random: Random) -> list[Order]:
    points = [(point, 1 + cycle % 2) for cycle in range(CYCLES) for point in POINTS]
    points += [("", 1)] * FROM_OUTSIDE
    random.shuffle(points)
    return [
        # A plan is written by one statement: there is no second in the same life.
        Order(number, point, 1 if point.startswith("plan") else nth)
        for number, (point, nth) in enumerate(points, start=1)
    ]


@dataclass
class Massacre:
    """Two notifiers; whenever one dies another takes its seat at once."""

    database: PooledDatabase
    post: RoughPost
    undertaker: Undertaker
    random: Random
    waiting: Iterator[range]
    from_outside: set[int] = field(default_factory=set)

    async def sit(self, dying: list[Order]) -> None:
        while dying:
            await self.die(dying.pop())

    async def die(self, order: Order) -> None:
        if order.point.startswith("plan"):
            await become_due(self.database, next(self.waiting))
        rough = self.post.rougher() if order.point.startswith("put back") else nullcontext()
        patience = PATIENCE if order.point else self.random.uniform(0.02, 0.5)
        with rough:
            pid = await self.undertaker.start(order)
            death = self.undertaker.deaths[order.number]
            done, _ = await asyncio.wait([death], timeout=patience)
            if not done:
                with suppress(ProcessLookupError):  # it came to its point at this very moment
                    os.kill(pid, signal.SIGKILL)
                self.from_outside.add(order.number)
                await death


async def is_settled(database: PooledDatabase) -> bool:
    """Tell whether every line is sent and no mail is under way."""
    async with database.transaction() as session:
        lines = await session.scalar(
            select(func.count()).select_from(Reminder).where(Reminder.state == "sent")
        )
        mails = await session.scalar(
            select(func.count()).select_from(Mail).where(Mail.state.in_(("claimed", "waiting")))
        )
    return (lines, mails) == (LINES, 0)


async def test_two_notifiers_killed_hundreds_of_times_lose_nothing_and_make_nothing_twice(
    world: World, database: PooledDatabase, tmp_path: Path
) -> None:
    random = Random(20261124)
    await world.settings(most_mails=100_000)
    await world.policy(0)
    await world.duty("so-gddt")
    async with RoughPost(random, hangs_up=0) as post:
        life = Life(
            database_url=database.engine.url.render_as_string(hide_password=False),
            smtp_url=post.url, report=str(tmp_path / "report"), started=time.time(),
            day=at(0).isoformat(), speed=60, claim=40,
        )  # fmt: skip
        async with undertaker(life) as bury:
            assert [mail.recipient for mail in post.taken] == [OFFICER]
            await crowd(world)
            await become_due(database, range(AT_FIRST))
            post.hangs_up = 0.01
            waves = iter([range(first, first + WAVE) for first in range(AT_FIRST, PEOPLE, WAVE)])
            massacre = Massacre(database, post, bury, random, waves)
            dying = orders(random)
            ordered = {order.number for order in dying}
            await asyncio.gather(*(massacre.sit(dying) for _ in range(SEATS)))
            for number in range(SEATS):
                await bury.start(Order(-1 - number))
            async with asyncio.timeout(240):
                while not await is_settled(database):  # noqa: ASYNC110 other processes are at it
                    await asyncio.sleep(0.1)
            notes = bury.notes()
    deaths = Counter(point for _, point in notes)
    assert deaths.keys() == set(POINTS), deaths.keys() ^ set(POINTS)
    assert min(deaths.values()) >= CYCLES // 2
    # Who came to its point at the very moment that it was killed from outside is in both.
    assert {number for number, _ in notes} | massacre.from_outside == ordered
    assert len(ordered) >= 200
    await assert_all_is_told_once(world, post)
    assert set(post.hung_up) == set(STAGES)
    assert min(post.hung_up.values()) >= 1
    again = sum(number - 1 for number in Counter(one.message_id for one in post.taken).values())
    log.info(
        "%d deaths, %d of them from outside; %d hang-ups; %d mails came again",
        len(ordered), len(massacre.from_outside), post.hung_up.total(), again,
    )  # fmt: skip
    assert 1 <= again <= len(ordered) + post.hung_up["dot"]


async def assert_all_is_told_once(world: World, post: RoughPost) -> None:
    """Compare the ledger with what the server took: every line is in one mail, and that mail came."""
    lines, mails = await world.ledger(), {mail.id: mail for mail in await world.mails()}
    assert {line.state for line in lines} == {"sent"}
    assert len({(line.subject_id, line.recipient) for line in lines}) == len(lines) == LINES
    carried = [mails[line.mail_id] for line in lines if line.mail_id]
    assert len(carried) == LINES
    assert {(mail.kind, mail.state) for mail in carried} == {("digest", "sent")}
    assert len({mail.id for mail in carried}) == PEOPLE + 1
    # There are mails about the system itself, too.
    came = {(mail.message_id, mail.recipient) for mail in post.taken}
    assert came == {(mail.message_id, mail.recipient) for mail in mails.values()}
    # A mail that came again says the same, word for word.
    assert len({(mail.message_id, words_of(mail.content)) for mail in post.taken}) == len(came)


def words_of(content: bytes) -> str:
    message = BytesParser(EmailMessage, policy=default).parsebytes(content)
    body = message.get_body(("plain",))
    assert body
    words: str = body.get_content()
    return words
