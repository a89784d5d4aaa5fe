"""What does not happen is noticed, and a person is told of it once."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import delete, select

from services.notifier.sending.office import Office
from services.notifier.sending.rounds import send_due
from services.notifier.watch import note_run
from shared.models import Contact, NotifierRun, SuppressedAddress
from tests.notifier.cast import COORDINATOR, HEAD, OFFICER, Clock, World, at
from tests.notifier.post import PostOffice
from tests.notifier.test_notices import deputy

OPERATOR = "van-hanh@pii.example.vn"


async def planned_at(world: World, minutes: int) -> None:
    async with world.database.transaction() as session:
        await note_run(session, "planning", now=at(0, minutes=minutes), seconds=0.1, counts={})


async def watched(world: World, office: Office, clock: Clock, minutes: int) -> None:
    clock.now = at(0, minutes=minutes)
    await world.watch(clock.now)
    await send_due(office)


async def test_planning_that_is_silent_is_told_to_the_operator_once_and_cleared_when_it_runs(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.settings(operator_email=OPERATOR)
    await planned_at(world, 0)
    await watched(world, office, clock, 119)
    assert await world.alarms() == []
    for minutes in (121, 180):
        await watched(world, office, clock, minutes)
    assert [(one.kind, one.mailed_at) for one in await world.alarms()] == [
        ("planning_silent", at(0, minutes=121))
    ]
    assert post.to() == [OPERATOR]
    await planned_at(world, 200)
    await watched(world, office, clock, 201)
    assert [one.cleared_at for one in await world.alarms()] == [at(0, minutes=201)]


async def test_planning_that_never_succeeded_is_silent_since_the_system_was_installed(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.settings(operator_email=OPERATOR, notices_since=at(0))
    async with world.database.transaction() as session:
        await session.execute(delete(NotifierRun))
    await watched(world, office, clock, 119)
    assert await world.alarms() == []
    await watched(world, office, clock, 121)
    (alarm,) = await world.alarms()
    assert (alarm.kind, "the last: never" in alarm.detail) == ("planning_silent", True)
    assert post.to() == [OPERATOR]


async def test_a_body_with_nobody_is_told_to_the_coordinator_and_to_the_operator(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.settings(operator_email=OPERATOR)
    await world.duty("tand")
    for minutes in (1, 20):
        await watched(world, office, clock, minutes)
    assert post.to() == [COORDINATOR, OPERATOR]


async def test_whoever_is_operator_and_coordinator_gets_one_mail(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.settings(operator_email=COORDINATOR.upper(), notices_since=at(-2))
    async with world.database.transaction() as session:
        await session.execute(delete(NotifierRun))
    await world.duty("tand")
    await watched(world, office, clock, 1)
    assert {one.kind for one in await world.alarms()} == {"no_contact", "planning_silent"}
    assert len(post.mails) == 1


async def test_without_an_operator_the_coordinator_is_told_also_at_night(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await planned_at(world, 0)
    await watched(world, office, clock, 14 * 60)
    assert post.to() == [COORDINATOR]


async def test_mail_that_does_not_go_out_is_one_alarm_until_it_does_though_days_pass(
    world: World, office: Office, clock: Clock
) -> None:
    await world.settings(operator_email=OPERATOR)
    await world.duty("so-gddt")
    await world.policy(0)
    await world.plan(at(0))
    for minutes in (30, 90, 12 * 60, 24 * 60 + 30, 24 * 60 + 120):  # the night and the next day too
        clock.now = at(0, minutes=minutes)
        await world.watch(clock.now)
    (alarm,) = await world.alarms()
    assert (alarm.kind, alarm.raised_at, alarm.cleared_at) == ("unsent", at(0, minutes=90), None)
    await send_due(office)
    clock.now += timedelta(minutes=1)
    await world.watch(clock.now)
    assert [one.cleared_at for one in await world.alarms()] == [clock.now]


async def test_mail_that_waits_in_a_pause_is_no_alarm(world: World) -> None:
    await world.duty("so-gddt")
    await world.policy(0)
    await world.plan(at(0))
    await world.settings(paused=True)
    await world.watch(at(0, minutes=300))
    assert await world.alarms() == []


async def test_a_mail_that_the_server_puts_off_for_long_is_an_alarm(
    world: World, office: Office, post: PostOffice
) -> None:
    await world.duty("so-gddt")
    await world.policy(0)
    await world.plan(at(0))
    post.mail_answer = "451 later"
    await send_due(office)
    await world.watch(at(0, minutes=50))
    assert await world.alarms() == []
    await world.watch(at(0, minutes=70))
    assert [one.kind for one in await world.alarms()] == ["unsent"]


async def test_a_body_whose_only_address_is_dead_has_nobody(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.duty("tand")
    await world.contact("tand", "thu-ky@toaan.example.vn")
    await watched(world, office, clock, 1)
    assert await world.alarms() == []
    await world.add(SuppressedAddress(id=uuid4(), address="Thu-Ky@toaan.example.vn", reason="550"))
    for minutes in (2, 10):
        await watched(world, office, clock, minutes)
    (alarm,) = await world.alarms()
    assert (alarm.kind, alarm.organisation_id) == ("no_contact", world.bodies["tand"])
    assert post.to() == [COORDINATOR]


async def test_what_is_not_urgent_waits_for_the_hours(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.duty("tand")
    await watched(world, office, clock, -60)
    assert post.mails == []
    await watched(world, office, clock, 1)
    assert post.to() == [COORDINATOR]


async def test_a_dead_officer_is_no_alarm_while_the_head_can_be_written_to(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.add(SuppressedAddress(id=uuid4(), address=OFFICER, reason="550"))
    await world.duty("so-gddt")
    await world.policy(0)
    await world.plan(at(0))
    await watched(world, office, clock, 1)
    assert await world.alarms() == []
    assert post.to() == [HEAD]


async def test_a_body_with_nobody_but_a_deputy_can_be_written_to_as_long_as_he_stands_in(
    world: World,
) -> None:
    await world.duty("so-gddt")
    for contact in await contacts(world):
        await world.change(Contact, contact.id, active=False)
    await deputy(world, at(-1).date(), at(1).date(), at(-2))
    await world.watch(at(0))
    assert await world.alarms() == []
    await world.watch(at(2))
    assert [(one.kind, one.cleared_at) for one in await world.alarms()] == [("no_contact", None)]


async def contacts(world: World) -> list[Contact]:
    async with world.database.transaction() as session:
        body = Contact.organisation_id == world.bodies["so-gddt"]
        return list(await session.scalars(select(Contact).where(body)))
