import asyncio

from shared.models import Contact, Period
from tests.notifier.cast import World, at


async def test_a_body_that_nobody_can_be_written_to_raises_one_alarm(world: World) -> None:
    await world.duty("tand", "1.1.2", role="requested")
    await asyncio.gather(*(world.watch(at(-15)) for _ in range(4)))
    await world.watch(at(-14))
    (alarm,) = await world.alarms()
    assert alarm.kind == "no_contact"
    assert alarm.organisation_id == world.bodies["tand"]
    assert "1 nhiệm vụ chưa hoàn thành" in alarm.detail
    assert alarm.raised_at == at(-15)
    assert alarm.cleared_at is None


async def test_a_standing_alarm_tells_how_many_duties_there_are_now(world: World) -> None:
    await world.duty("tand", "1.1.2")
    await world.watch(at(-15))
    await world.duty("tand", "1.1.3")
    await world.watch(at(-14))
    (alarm,) = await world.alarms()
    assert "2 nhiệm vụ" in alarm.detail


async def test_a_contact_added_later_is_reminded_and_the_alarm_cleared(world: World) -> None:
    await world.policy(-7)
    await world.duty("tand", "1.1.2", role="requested")
    await world.plan(at(-15))
    await world.watch(at(-15))
    assert await world.ledger() == []
    await world.contact("tand", "thu-ky@toaan.example.vn")
    await world.plan(at(-10))
    await world.watch(at(-10))
    assert await world.steps("planned") == [(-7, "thu-ky@toaan.example.vn")]
    assert [alarm.cleared_at for alarm in await world.alarms()] == [at(-10)]


async def test_an_alarm_is_raised_anew_when_the_last_contact_goes(world: World) -> None:
    await world.duty("tand", "1.1.2")
    await world.watch(at(-15))
    contact = await world.contact("tand", "thu-ky@toaan.example.vn")
    await world.watch(at(-14))
    await world.change(Contact, contact, active=False)
    await world.watch(at(-13))
    assert [alarm.cleared_at for alarm in await world.alarms()] == [at(-14), None]


async def test_no_alarm_stands_when_the_duty_is_done_or_the_period_closed(world: World) -> None:
    duty = await world.duty("tand", "1.1.2")
    await world.watch(at(-15))
    await world.submission(duty, "submitted")
    await world.watch(at(-14))
    assert [alarm.cleared_at for alarm in await world.alarms()] == [at(-14)]
    await world.duty("tand", "1.1.3")
    await world.change(Period, world.period_id, state="closed")
    await world.watch(at(-13))
    assert len(await world.alarms()) == 1
