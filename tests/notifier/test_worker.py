import asyncio
from datetime import UTC, datetime, time, timedelta

from pydantic import SecretStr

from services.notifier.plan.schedule import today_in_hanoi
from services.notifier.worker import Turns, build
from shared.db import PooledDatabase
from shared.settings import Settings
from tests.notifier.cast import COORDINATOR, OFFICER, World
from tests.notifier.post import PostOffice


async def test_the_worker_plans_sends_and_watches_on_event_and_by_sweep(
    world: World, database: PooledDatabase, post: PostOffice
) -> None:
    settings = Settings(
        database_url="postgresql://unused", redis_url="redis://unused", smtp_url=SecretStr(post.url)
    )
    work = build(settings, database)
    assert work.queue == "notifier"
    yesterday = today_in_hanoi(datetime.now(UTC)) - timedelta(days=1)
    await world.settings(opens_at=time(0), digest_at=time(0), closes_at=time(23, 59, 59))
    for day in (yesterday, yesterday + timedelta(days=1)):
        if day.weekday() > 4:
            await world.add_day(day, "worked")
    await world.policy(0)
    await world.duty("so-gddt", due_on=yesterday)
    await world.duty("tand", "1.1.2", due_on=yesterday, role="requested")
    remind = work.tasks["remind_period"]
    await asyncio.gather(remind(world.period_id), remind(world.period_id), work.sweep())
    await work.sweep()  # what the first one found wrong is told by the next
    assert post.to() == [COORDINATOR, OFFICER]  # who is told that nobody can be told
    assert len(await world.alarms()) == 1
    await world.contact("tand", "thu-ky@toaan.example.vn")
    await work.sweep()
    await work.sweep()
    assert post.to() == [COORDINATOR, OFFICER, "thu-ky@toaan.example.vn"]
    assert [alarm.cleared_at is None for alarm in await world.alarms()] == [False]


async def test_whoever_comes_while_one_waits_leaves_it_to_that_one() -> None:
    started: list[int] = []
    gate = asyncio.Event()

    async def work() -> None:
        started.append(len(started))
        await gate.wait()

    turns = Turns(work)
    takers = [asyncio.create_task(turns.take()) for _ in range(5)]
    await asyncio.sleep(0.01)
    assert started == [0]
    gate.set()
    await asyncio.gather(*takers)
    assert started == [0, 1]
