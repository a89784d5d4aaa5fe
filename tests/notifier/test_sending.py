import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest

from services.notifier.plan import reasons
from services.notifier.plan.rules import read_rules
from services.notifier.sending.claims import Claim, claim_due
from services.notifier.sending.marks import mark_sent
from services.notifier.sending.office import Office
from services.notifier.sending.rounds import send_due
from shared.models import Assignment, AuditEntry, Contact, Extension, Period, Submission
from tests.notifier.cast import DUE, HEAD, OFFICER, Clock, World, at
from tests.notifier.post import PostOffice
from tests.notifier.watched import Watched


async def claimed(office: Office, clock: Clock) -> list[Claim]:
    async with office.database.transaction() as session:
        rules = await read_rules(session, now=clock.now)
        taken, _ = await claim_due(
            session, rules, now=clock.now, claim=office.claim, domain=office.domain, always=False
        )
        return taken


async def planned(world: World, *days: int, when: int = -15) -> None:
    for day in days:
        await world.policy(day)
    await world.plan(at(when))


async def test_only_what_is_due_is_sent(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.duty("so-gddt")
    await planned(world, -7, 0, 3)
    clock.now = at(-7, minutes=-1)
    assert (await send_due(office)).sent == 0
    clock.now = at(-7, minutes=0)
    assert (await send_due(office)).sent == 1
    assert (await send_due(office)).sent == 0
    assert post.to() == [OFFICER]
    assert await world.states() == [(-7, "sent"), (0, "planned"), (3, "planned")]
    assert (await world.ledger())[0].sent_at == clock.now


async def test_nothing_due_asks_for_no_connection(office: Office, post: PostOffice) -> None:
    await send_due(office)
    assert post.connections == 0


async def test_a_batch_goes_over_one_connection(
    world: World, office: Office, post: PostOffice
) -> None:
    await world.crowd(20)
    await planned(world, 0)
    assert (await send_due(office)).sent == 20
    assert post.connections == 1


async def test_four_notifiers_send_each_reminder_once(
    world: World, office: Office, post: PostOffice
) -> None:
    await world.crowd(60)
    await planned(world, 0)
    rounds = await asyncio.gather(*(send_due(office) for _ in range(4)))
    assert sum(sent.sent for sent in rounds) == 60
    assert len({mail["Message-ID"] for mail in post.mails}) == 60
    assert len(post.mails) == 60
    assert len(await world.steps("sent")) == 60


async def test_a_claim_of_a_dead_notifier_is_sent_after_it_expired(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.duty("so-gddt")
    await planned(world, 0)
    assert len(await claimed(office, clock)) == 1
    clock.now += timedelta(seconds=39)
    assert (await send_due(office)).sent == 0
    clock.now += timedelta(seconds=2)
    assert (await send_due(office)).sent == 1
    assert len(post.mails) == 1


async def test_a_crash_before_the_mark_sends_the_same_message_id_again(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    class Power(BaseException):
        """Somebody pulls the plug."""

    class Cut(Watched):
        async def after(self, _to: str) -> None:
            raise Power

    await world.duty("so-gddt")
    await planned(world, 0)
    with pytest.raises(Power):
        await send_due(replace(office, mailer=Cut(office.mailer)))
    assert await world.states() == [(0, "claimed")]
    clock.now += timedelta(seconds=41)
    assert (await send_due(office)).sent == 1
    first, second = post.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert await world.states() == [(0, "sent")]


async def test_whoever_lost_the_claim_does_not_mark_it(
    world: World, office: Office, clock: Clock
) -> None:
    await world.duty("so-gddt")
    await planned(world, 0)
    (slow,) = await claimed(office, clock)
    clock.now += timedelta(seconds=41)
    (quick,) = await claimed(office, clock)
    mark = partial(mark_sent, subject="", relay="", now=clock.now)
    async with office.database.autocommit() as alone:
        assert not await mark(alone, slow)
        assert await mark(alone, quick)


async def test_a_slow_server_lets_go_of_claims_before_another_may_take_them(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    class Slow(Watched):
        async def before(self, to: str) -> None:
            await super().before(to)
            clock.now += timedelta(seconds=11)

    await world.crowd(4)
    await planned(world, 0)
    assert (await send_due(replace(office, mailer=Slow(office.mailer)))).sent == 4
    assert len({mail["Message-ID"] for mail in post.mails}) == len(post.mails) == 4


async def test_a_notifier_told_to_stop_finishes_its_mail_and_gives_back_the_rest(
    world: World, office: Office, post: PostOffice
) -> None:
    await world.crowd(3)
    await planned(world, 0)
    post.hold = asyncio.Event()
    sending = asyncio.create_task(send_due(office))
    await post.taken.wait()
    sending.cancel()
    await asyncio.sleep(0.02)
    post.hold.set()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert sorted(await world.states()) == [(0, "claimed"), (0, "claimed"), (0, "sent")]
    assert sorted(mail.state for mail in await world.mails()) == ["sent", "waiting", "waiting"]
    assert (await send_due(office)).sent == 2
    assert len({mail["Message-ID"] for mail in post.mails}) == len(post.mails) == 3


async def test_a_step_before_the_duty_is_said_to_be_one_and_the_newest_of_them_is_sent(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.duty("so-gddt", created_at=at(-6))
    await planned(world, -10, -7, 0, 10)
    clock.now = at(-6)
    await world.plan(clock.now)
    assert (await send_due(office)).sent == 1
    clock.now = at(1)
    await world.plan(clock.now)
    await send_due(office)
    assert await world.states() == [(-10, "skipped"), (-7, "sent"), (0, "sent"), (10, "planned")]
    assert [row.reason for row in await world.ledger(state="skipped")] == [reasons.BEFORE_DUTY]
    assert len(post.mails) == 2


@pytest.mark.parametrize("by", ["coordinator", "extension"])
async def test_a_step_before_its_deadline_was_set_is_said_to_be_one(
    world: World, office: Office, clock: Clock, by: str
) -> None:
    later = DUE + timedelta(days=4)
    duty = await world.duty("so-gddt")
    await planned(world, -10, -7, -3, 0)
    if by == "extension":
        await world.change(Assignment, duty, extended_due_on=later)
        await world.add(
            Extension(
                id=uuid4(), assignment_id=duty, reason="", wished_on=later, due_on=DUE, state="granted",
                granted_until=later, asked_by=uuid4(), asked_by_name="", asked_at=at(-9), decided_at=at(-2),
            )
        )  # fmt: skip
    else:
        await world.change(Assignment, duty, due_on=later)
        await world.add(
            AuditEntry(
                actor_kind="user", actor_name="", action="deadline_moved", object_type="assignment",
                object_id=str(duty), changes={"due_on": [str(DUE), str(later)]}, trace_id="", at=at(-2),
            )
        )  # fmt: skip
    clock.now = at(2)
    for _ in range(2):  # what was left out stays so
        await world.plan(clock.now)
        await send_due(office)
        rows = [row for row in await world.ledger() if row.due_on == later]
        assert [(row.step, row.state, row.reason) for row in rows] == [
            ("-10w", "skipped", reasons.BEFORE_DEADLINE),
            ("-7w", "skipped", reasons.BEFORE_DEADLINE),
            ("-3w", "skipped", reasons.NEWER_STEP),
            ("+0w", "sent", None),
        ]


async def test_of_several_past_steps_only_the_newest_is_sent(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.duty("so-gddt")
    await planned(world, -7, 0, 3, 10)
    clock.now = at(4)
    await world.plan(clock.now)
    result = await send_due(office)
    assert (result.sent, result.settled) == (1, 2)
    assert await world.states() == [(-7, "skipped"), (0, "skipped"), (3, "sent"), (10, "planned")]
    assert {row.reason for row in await world.ledger(state="skipped")} == {reasons.NEWER_STEP}
    assert len(post.mails) == 1
    await world.plan(clock.now)
    assert await world.states() == [(-7, "skipped"), (0, "skipped"), (3, "sent"), (10, "planned")]
    assert (await send_due(office)).sent == 0


async def test_a_step_added_behind_one_that_was_sent_is_not_sent(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.duty("so-gddt")
    await planned(world, 0)
    await send_due(office)
    clock.now = at(1)
    await planned(world, -3, when=1)
    assert (await send_due(office)).sent == 0
    assert len(post.mails) == 1


async def test_the_head_and_the_officer_each_get_their_own_newest_step(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.duty("so-gddt")
    await world.policy(0, "officer")
    await world.policy(3, "head")
    clock.now = at(4)
    await world.plan(clock.now)
    await send_due(office)
    assert post.to() == [HEAD, OFFICER]


@pytest.mark.parametrize("state", ["submitted", "accepted"])
async def test_a_duty_done_after_planning_gets_nothing(
    world: World, office: Office, post: PostOffice, state: str
) -> None:
    duty = await world.duty("so-gddt")
    await planned(world, 0)
    await world.submission(duty, state)
    assert (await send_due(office)).settled == 1
    assert post.mails == []
    assert [row.reason for row in await world.ledger()] == [reasons.DUTY_DONE]


async def test_what_is_done_is_not_even_claimed(world: World, office: Office, clock: Clock) -> None:
    duty = await world.duty("so-gddt")
    await planned(world, 0)
    await world.submission(duty, "submitted")
    assert await claimed(office, clock) == []
    assert await world.mails() == []


async def test_facts_that_changed_after_planning_are_seen_before_sending(
    world: World, office: Office, post: PostOffice
) -> None:
    duty = await world.duty("so-gddt")
    await planned(world, 0)
    await world.change(Assignment, duty, due_on=DUE + timedelta(days=30))
    await send_due(office)
    assert [row.reason for row in await world.ledger()] == [reasons.DEADLINE_MOVED]
    person = (await world.ledger())[0].contact_id
    assert person is not None
    await world.change(Assignment, duty, due_on=DUE)
    await world.plan(at(0))
    await world.change(Contact, person, active=False)
    await send_due(office)
    assert await world.steps("sent") == []
    assert (await world.ledger())[-1].reason == reasons.CONTACT_CHANGED
    assert post.mails == []


async def test_a_closed_period_sends_nothing(
    world: World, office: Office, post: PostOffice
) -> None:
    await world.duty("so-gddt")
    await planned(world, 0)
    await world.change(Period, world.period_id, state="closed")
    await send_due(office)
    assert [row.reason for row in await world.ledger()] == [reasons.PERIOD_CLOSED]
    assert post.mails == []


async def test_a_duty_done_while_its_batch_is_sent_gets_nothing(
    world: World, office: Office, post: PostOffice
) -> None:
    class Meanwhile(Watched):
        async def before(self, to: str) -> None:
            await super().before(to)
            if len(self.to) == 1:
                other = bodies["tand" if OFFICER in self.to[0] else "so-gddt"]
                await world.submission(other, "submitted")

    await world.contact("tand", "thu-ky@toaan.example.vn")
    bodies = {
        body: await world.duty(body, f"2.1.{place}")
        for place, body in enumerate(("so-gddt", "tand"))
    }
    await planned(world, 0)
    result = await send_due(replace(office, mailer=Meanwhile(office.mailer), fresh=0))
    assert (result.sent, result.settled) == (1, 1)
    assert sorted(mail.state for mail in await world.mails()) == ["empty", "sent"]
    assert len(post.mails) == 1


async def test_a_reminder_that_was_sent_is_never_sent_again_when_the_duty_is_returned(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    duty = await world.duty("so-gddt")
    await planned(world, 0, 3)
    await send_due(office)
    submission = await world.submission(duty, "submitted")
    await world.plan(at(1))
    await world.change(
        Submission, submission, state="returned", updated_at=at(2), decision_reason="Thiếu bảng 3"
    )
    await world.plan(at(2))
    clock.now = at(3)
    await send_due(office)
    assert [mail.kind for mail in await world.mails()] == ["digest", "digest"]
    body = post.mails[1].get_body(("plain",))
    assert body is not None
    assert "Thiếu bảng 3" in body.get_content()


async def test_all_duties_of_a_person_go_in_one_digest_a_day(
    world: World, office: Office, clock: Clock
) -> None:
    first, second = await world.duty("so-gddt", "2.1.1"), await world.duty("so-gddt", "2.1.2")
    await planned(world, -1)
    clock.now = at(-1)
    assert (await send_due(office)).sent == 1
    (mail,) = await world.mails()
    assert mail.key == f"digest:{OFFICER}:2026-12-09"
    assert {row.mail_id for row in await world.ledger()} == {mail.id}
    third = await world.duty("so-gddt", "2.1.3")
    await world.plan(clock.now)
    assert (await send_due(office)).sent == 0
    (waiting,) = await world.ledger(state="planned")
    assert waiting.subject_id == third
    assert waiting.planned_at < waiting.send_at == at(0, minutes=0)
    await world.plan(clock.now)
    clock.now = at(0)
    assert (await send_due(office)).sent == 1
    assert {row.subject_id for row in await world.ledger(state="sent")} == {first, second, third}


async def test_what_is_due_today_does_not_wait_for_tomorrows_digest(
    world: World, office: Office, clock: Clock
) -> None:
    await world.duty("so-gddt", "2.1.1")
    await planned(world, 0)
    clock.now = at(0)
    assert (await send_due(office)).sent == 1
    await world.duty("so-gddt", "2.1.2")
    await world.plan(clock.now)
    assert (await send_due(office)).sent == 1
    assert [mail.kind for mail in await world.mails()] == ["digest", "separate"]


async def test_nothing_goes_out_at_night_or_on_a_day_off(
    world: World, office: Office, clock: Clock
) -> None:
    await world.duty("so-gddt")
    await planned(world, 0)
    for hour in (7, 18, 23):
        clock.now = at(0, minutes=0) + timedelta(hours=hour - 8)
        assert (await send_due(office)).sent == 0
    await world.add_day(at(1).date(), "off")
    clock.now = at(1)
    assert (await send_due(office)).sent == 0
    clock.now = at(2)
    assert (await send_due(office)).sent == 1
