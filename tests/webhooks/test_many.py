"""Several receivers and several notifiers: nobody holds up another, nothing is lost when one is killed."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from services.notifier.webhooks.office import Office
from tests.webhooks.conftest import Desk
from tests.webhooks.receiver import Got, Receiver, Reply, thanks


@asynccontextmanager
async def at_work(*offices: Office) -> AsyncIterator[None]:
    tasks = [
        asyncio.create_task(loop)
        for office in offices
        for loop in (office.send_forever(pause=0.05), office.settle_forever())
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(true: Callable[[], Awaitable[bool]], *, within: float = 15) -> None:
    async with asyncio.timeout(within):
        while not await true():  # noqa: ASYNC110 it is read from the database
            await asyncio.sleep(0.02)


def done(desk: Desk, number: int) -> Callable[[], Awaitable[bool]]:
    async def enough() -> bool:
        return (await desk.states()).get("delivered", 0) >= number

    return enough


async def test_a_slow_receiver_does_not_hold_up_a_fast_one(desk: Desk) -> None:
    async def slow(_got: Got) -> Reply:
        await asyncio.sleep(1.5)
        return Reply(204)

    async with Receiver() as fast, Receiver(slow) as tired:
        await desk.endpoint(tired.url)
        await desk.endpoint(fast.url)
        await desk.happened(150)
        started = time.perf_counter()
        # Room for all of the slow one's would be taken by it, if it had no limit of its own.
        async with at_work(desk.office(most=20, each=8)):
            await fast.heard(150)
            took = time.perf_counter() - started
            assert took < 6
            assert 8 <= len(tired.got) <= 8 * (took / 1.5 + 1)
        assert tired.most_at_once == 8


async def test_one_that_fails_is_tried_one_at_a_time(desk: Desk) -> None:
    async def broken(_got: Got) -> Reply:
        await asyncio.sleep(0.05)
        return Reply(500)

    async with Receiver(broken) as receiver:
        await desk.endpoint(receiver.url)
        await desk.happened(30)
        office = desk.office(each=5, ahead=5)
        assert await office.once() == 5
        assert await office.once() == 1
        receiver.answering = thanks
        assert await office.once() == 1
        assert await office.once() == 5


async def test_two_notifiers_deliver_each_once(desk: Desk, receiver: Receiver) -> None:
    await desk.endpoint(receiver.url)
    events = await desk.happened(120)
    async with at_work(desk.office(), desk.office()):
        await until(done(desk, 120))
    assert sorted(receiver.ids) == sorted(f"msg_{event.hex}" for event in events)


async def test_a_try_that_was_cut_off_is_made_again_with_the_same_id(
    desk: Desk, receiver: Receiver
) -> None:
    hold = asyncio.Event()

    async def held(_got: Got) -> Reply:
        await hold.wait()
        return Reply(204)

    receiver.answering = held
    await desk.endpoint(receiver.url)
    await desk.happened()
    async with at_work(desk.office()):
        await receiver.heard(1)
    hold.set()
    receiver.answering = thanks
    assert await desk.states() == {"claimed": 1}
    assert await desk.office().once() == 0  # it might still be on its way
    desk.clock.move(seconds=61)
    assert await desk.office().once() == 1
    assert await desk.states() == {"delivered": 1}
    assert len(receiver.got) == 2
    assert len(set(receiver.ids)) == 1


async def test_what_a_killed_notifier_had_sent_is_sent_again_with_the_same_id(
    desk: Desk, receiver: Receiver
) -> None:
    """It is killed after the message went out and before that is written down."""

    async def kill(_got: Got) -> Reply:
        if process.returncode is None:
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
        return Reply(204)

    receiver.answering = kill
    desk.clock.now = datetime.now(UTC)
    await desk.endpoint(receiver.url)
    await desk.happened()
    url = desk.database.engine.url.render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.webhooks.one_notifier", url
    )
    await receiver.heard(1, within=30)
    assert await process.wait() == -signal.SIGKILL
    assert await desk.states() == {"claimed": 1}
    receiver.answering = thanks
    desk.clock.now = datetime.now(UTC)
    desk.clock.move(seconds=61)
    assert await desk.office().once() == 1
    assert await desk.states() == {"delivered": 1}
    assert Counter(receiver.ids).most_common(1)[0][1] == 2
