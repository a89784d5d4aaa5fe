"""What cannot be sent: how long it is tried, and that a person is told when it is given up."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.notifier.sending.office import Office
from services.notifier.sending.rounds import send_due
from shared.models import Contact, Mail
from tests.notifier.cast import COORDINATOR, OFFICER, Clock, World, at
from tests.notifier.post import PostOffice

POLICY = "550 5.7.1 rejected by policy"


def refusing(post: PostOffice, address: str, answer: str) -> None:
    post.rcpt_answer = lambda to: answer if to == address else "250 OK"


async def standing(world: World) -> dict[str, str]:
    return {one.kind: one.subject for one in await world.alarms() if one.cleared_at is None}


async def two_hours(world: World, office: Office, clock: Clock) -> None:
    clock.now += timedelta(hours=2)
    await send_due(office)
    await world.watch(clock.now)


@pytest.mark.parametrize("separate", [True, False])
async def test_what_the_server_puts_off_is_tried_for_days_and_then_told_to_the_coordinator(
    world: World, office: Office, post: PostOffice, clock: Clock, *, separate: bool
) -> None:
    refusing(post, OFFICER, "450 4.2.2 mailbox full")
    await world.duty("so-gddt")
    await world.policy(0, separate=separate)
    await world.plan(at(0))
    await send_due(office)
    while not (failed := await world.mails(state="failed")):
        await two_hours(world, office, clock)
        assert clock.now < at(0) + timedelta(days=6)
        if at(0, minutes=90) < clock.now < at(0) + timedelta(days=3):
            assert set(await standing(world)) == {"unsent"}
    assert timedelta(days=3) <= clock.now - at(0) < timedelta(days=5)  # a week-end is among them
    tries = sum(mail.attempts for mail in await world.mails() if mail.recipient == OFFICER)
    assert 9 <= tries <= 30  # and the last one
    assert [mail.recipient for mail in failed] == [OFFICER]
    assert await world.states() == [(0, "failed")]
    await send_due(office)
    await two_hours(world, office, clock)
    assert (await standing(world)) == {"mail_failed": OFFICER}
    told = [mail.facts["alarms"] for mail in await world.mails(kind="alarm", recipient=COORDINATOR)]
    assert [[alarm["kind"] for alarm in alarms] for alarms in told] == [["unsent"], ["mail_failed"]]
    assert post.to() == [COORDINATOR, COORDINATOR]


async def test_a_mail_refused_by_policy_is_told_once_and_its_address_written_to_again(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    refusing(post, OFFICER, POLICY)
    await world.duty("so-gddt")
    for day in (0, 1, 2):
        await world.policy(day)
    for day in (0, 1):
        clock.now = at(day)
        await world.plan(clock.now)
        await send_due(office)
        await world.watch(clock.now)
        await send_due(office)
    (alarm,) = await world.alarms()
    assert (alarm.kind, alarm.subject) == ("mail_failed", OFFICER)
    assert alarm.organisation_id == world.bodies["so-gddt"]
    assert "5.7.1" in alarm.detail
    assert post.to() == [COORDINATOR]
    post.rcpt_answer = lambda _: "250 OK"
    clock.now = at(2)
    await world.plan(clock.now)
    await send_due(office)
    await world.watch(clock.now)
    assert (await standing(world)) == {"mail_failed": OFFICER}  # it may still come back
    clock.now = at(2) + timedelta(days=1, minutes=1)
    await world.watch(clock.now)
    assert await standing(world) == {}
    assert post.to() == [COORDINATOR, OFFICER]


async def test_an_alarm_of_an_address_that_nobody_has_any_more_ends(
    world: World, office: Office, post: PostOffice
) -> None:
    person = await world.contact("tand", "thu-ky@toaan.example.vn")
    refusing(post, "thu-ky@toaan.example.vn", POLICY)
    await world.duty("tand")
    await world.policy(0)
    await world.plan(at(0))
    await send_due(office)
    await world.watch(at(0, minutes=2))
    assert set(await standing(world)) == {"mail_failed"}
    await world.change(Contact, person, email="moi@toaan.example.vn")
    await world.watch(at(0, minutes=3))
    assert await standing(world) == {}


async def test_a_coordinator_whose_mail_fails_is_told_no_more_often_for_it(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    refusing(post, COORDINATOR, POLICY)
    await world.duty("tand")
    for minutes in range(2, 40, 2):
        clock.now = at(0, minutes=minutes)
        await world.watch(clock.now)
        await send_due(office)
    assert set(await standing(world)) == {"no_contact", "mail_failed"}
    assert len(await world.mails(kind="alarm", state="failed")) == 2


async def test_a_trial_that_fails_is_no_alarm(
    world: World, office: Office, post: PostOffice
) -> None:
    refusing(post, "thu@x.vn", POLICY)
    await world.add(
        Mail(
            id=uuid4(), key="test", kind="test", recipient="thu@x.vn", recipient_name="",
            facts={"by": "Bình"}, day=at(0).date(), message_id="<test@x>", state="waiting",
            next_at=at(0), trace_id="",
        )
    )  # fmt: skip
    await send_due(office)
    assert [mail.state for mail in await world.mails()] == ["failed"]
    assert await world.alarms() == []
