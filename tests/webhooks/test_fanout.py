"""Every event reaches whoever asked for it and may hear of it, however late its transaction commits."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from services.notifier.webhooks.fanout import fan_out, forget_old
from shared.models import Organisation, PublicEvent, WebhookDelivery, WebhookEndpoint
from shared.public import PING, TYPES, choices, is_wanted
from tests.webhooks.conftest import Desk
from tests.webhooks.receiver import Receiver

URL = "http://127.0.0.1:1/"


def event(desk: Desk, **more: object) -> PublicEvent:
    told = {"type": "submission.accepted", "data": {"link": "/"}, "occurred_at": desk.clock()}
    return PublicEvent(id=uuid4(), version=1, trace_id="", **{**told, **more})


async def test_an_event_that_commits_late_is_not_skipped(desk: Desk) -> None:
    """Two connections: the first event is older, and its transaction ends after the second was taken."""
    await desk.endpoint(URL)
    late, early = event(desk), event(desk)
    late.occurred_at -= timedelta(seconds=10)
    async with desk.database.transaction() as slow:
        slow.add(late)
        await slow.flush()
        async with desk.database.transaction() as quick:
            quick.add(early)
        assert await desk.fan_out() == 1
        assert [row.event_id for row in await desk.deliveries()] == [early.id]
    assert await desk.fan_out() == 1
    assert {row.event_id for row in await desk.deliveries()} == {early.id, late.id}
    assert await desk.fan_out() == 0


async def test_two_notifiers_at_once_plan_each_delivery_once(desk: Desk) -> None:
    await desk.endpoint(URL)
    await desk.endpoint(URL)
    async with desk.database.transaction() as session:
        session.add_all(event(desk) for _ in range(90))

    async def one() -> int:
        async with desk.database.transaction() as session:
            return await fan_out(session, now=desk.clock(), limit=20)

    taken = 0
    while some := sum(await asyncio.gather(one(), one(), one())):
        taken += some
    assert taken == 90
    assert await desk.states() == {"waiting": 180}


async def test_what_was_rolled_back_is_told_to_nobody(desk: Desk) -> None:
    await desk.endpoint(URL)

    async def fail() -> None:
        async with desk.database.transaction() as session:
            session.add(event(desk))
            await session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await desk.fan_out() == 0


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (("*",), True),
        (("submission.*",), True),
        (("index.*", "submission.accepted"), True),
        (("submission.returned",), False),
        (("index.*",), False),
        (("sub*",), False),
    ],
)
async def test_an_endpoint_hears_what_it_asked_for(
    desk: Desk, wanted: tuple[str, ...], *, told: bool
) -> None:
    await desk.endpoint(URL, *wanted)
    await desk.happened()
    assert bool(await desk.deliveries()) == told


def test_every_type_can_be_asked_for_by_name_by_group_and_with_all() -> None:
    for name in TYPES.keys() - {PING}:
        group = f"{name.partition('.')[0]}.*"
        assert {name, group, "*"} <= set(choices())
        assert all(is_wanted(name, [one]) for one in (name, group, "*"))
    assert PING not in choices()


async def test_an_endpoint_of_a_body_hears_of_that_body_alone(desk: Desk) -> None:
    async with desk.database.transaction() as session:
        codes = select(Organisation.code, Organisation.id)
        ids = {code: found for code, found in await session.execute(codes)}  # noqa: C416
    mine = await desk.endpoint(URL, body="so-gddt")
    everybodys = await desk.endpoint(URL)
    rows = {
        "mine": event(desk, organisation_ids=[ids["so-gddt"]]),
        "both": event(desk, organisation_ids=[ids["so-ct"], ids["so-gddt"]]),
        "foreign": event(desk, organisation_ids=[ids["so-ct"]]),
        "nobody's": event(desk),
    }
    async with desk.database.transaction() as session:
        session.add_all(rows.values())
    await desk.fan_out()
    heard = {(row.endpoint_id, row.event_id) for row in await desk.deliveries()}
    assert {one for endpoint, one in heard if endpoint == mine} == {
        rows["mine"].id,
        rows["both"].id,
    }
    assert {one for endpoint, one in heard if endpoint == everybodys} == {
        row.id for row in rows.values()
    }


async def test_an_event_whose_subject_is_not_there_is_told_to_nobody(desk: Desk) -> None:
    await desk.endpoint(URL)
    async with desk.database.transaction() as session:
        session.add(event(desk, data={}))
    assert await desk.fan_out() == 1
    assert await desk.deliveries() == []


async def test_while_it_is_paused_nothing_new_is_planned_and_what_waits_waits_on(
    desk: Desk, receiver: Receiver
) -> None:
    endpoint = await desk.endpoint(receiver.url)
    await desk.happened()
    for active, sent in ((False, 0), (True, 1)):
        async with desk.database.transaction() as session:
            (await session.get_one(WebhookEndpoint, endpoint)).active = active
        await desk.happened(0 if active else 1)
        assert await desk.office().once() == sent
    assert await desk.states() == {"delivered": 1}


async def test_what_ended_a_month_ago_is_forgotten_but_not_what_the_day_made(
    desk: Desk, receiver: Receiver
) -> None:
    await desk.endpoint(receiver.url)
    await desk.happened(2)
    await desk.office().once()
    await desk.endpoint(URL, "index.*")
    async with desk.database.transaction() as session:
        session.add(event(desk, key="assignment.due:x"))
    await desk.fan_out()
    await desk.office().once()
    desk.clock.move(days=31)
    await desk.happened()
    async with desk.database.transaction() as session:
        await forget_old(session, now=desk.clock())
        left = await session.scalar(select(func.count()).select_from(PublicEvent))
        kept = await session.scalar(select(func.count()).select_from(WebhookDelivery))
    assert (left, kept) == (2, 1)
