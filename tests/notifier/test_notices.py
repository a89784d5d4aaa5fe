"""What is told once, when it happened: to whom, together with what, and what was overtaken."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.notifier.plan import reasons
from services.notifier.sending.office import Office
from services.notifier.sending.rounds import send_due
from shared.models import (
    Contact,
    Deputy,
    ExplanationRequest,
    Extension,
    Handover,
    Membership,
    Period,
    Submission,
    SuppressedAddress,
    User,
)
from tests.notifier.cast import COORDINATOR, HEAD, OFFICER, Clock, World, at
from tests.notifier.post import PostOffice

NIGHT = at(-5, minutes=12 * 60)


async def decided(world: World, duty: UUID, state: str, when: datetime) -> UUID:
    return await world.submission(
        duty, state, when=when, decided_at=when, decided_by=uuid4(), decided_by_name="Bình",
        decision_reason="Thiếu bảng 3",
    )  # fmt: skip


async def extension(world: World, duty: UUID, state: str, when: datetime) -> UUID:
    over = {} if state == "asked" else {"decided_at": when, "decided_by_name": "Bình"}
    until = {"granted_until": date(2026, 12, 20)} if state == "granted" else {}
    return await world.add(
        Extension(
            id=uuid4(), assignment_id=duty, reason="Chờ số liệu", wished_on=date(2026, 12, 20),
            due_on=date(2026, 12, 10), state=state, asked_by=uuid4(), asked_by_name="Hoa",
            asked_at=when, **over, **until,
        )
    )  # fmt: skip


async def explanation(world: World, duty: UUID, node: UUID, when: datetime) -> UUID:
    return await world.add(
        ExplanationRequest(
            id=uuid4(), period_id=world.period_id, assignment_id=duty, node_id=node,
            organisation_id=world.bodies["so-gddt"], question="Vì sao giảm?",
            due_on=date(2026, 12, 20), asked_by=uuid4(), asked_by_name="Bình", asked_at=when,
        )
    )  # fmt: skip


async def deputy(world: World, first: date, last: date, when: datetime, **values: Any) -> UUID:
    async with world.database.transaction() as session:
        people = [
            User(id=uuid4(), login=uuid4().hex, name=name, email=email, password_hash="")
            for name, email in (("Hoa", OFFICER), ("Mai", "mai@gddt.example.vn"))
        ]
        member = Membership(
            id=uuid4(), user_id=people[0].id, organisation_id=world.bodies["so-gddt"],
            role="officer", valid_from=date(2025, 1, 1),
        )  # fmt: skip
        made = Deputy(
            id=uuid4(), membership_id=member.id, deputy_id=people[1].id, valid_from=first,
            valid_to=last, reason="Đi công tác", created_at=when, **values,
        )  # fmt: skip
        for row in (*people, member, made):
            session.add(row)
            await session.flush()
    return made.id


async def handover(world: World, giver: str, taker: str, when: datetime) -> UUID:
    ids = [world.bodies[giver]], [world.bodies[taker]]
    return await world.add(
        Handover(
            id=uuid4(), kind="transfer", state="carried_out", from_ids=ids[0], to_id=ids[1][0],
            to_ids=ids[1], chosen=[], exceptions=[], effective_on=when.date(), basis_title="QĐ",
            basis_number="12", note="", created_by=uuid4(), created_by_name="Bình",
            carried_out_at=when, carried_out_by_name="Bình", trace_id="",
        )
    )  # fmt: skip


async def tick(world: World, office: Office, clock: Clock, now: datetime) -> int:
    clock.now = now
    await world.plan(now)
    return (await send_due(office)).sent


@pytest.mark.parametrize("state", ["returned", "rejected", "accepted", "reopened"])
async def test_a_decision_is_told_to_the_officer_once(
    world: World, office: Office, post: PostOffice, clock: Clock, state: str
) -> None:
    await decided(world, await world.duty("so-gddt"), state, at(-5))
    assert await tick(world, office, clock, at(-5, minutes=2)) == 1
    assert await tick(world, office, clock, at(-4)) == 0
    assert post.to() == [OFFICER]
    (row,) = await world.ledger()
    assert (row.kind, row.topic, row.step, row.due_on, row.state) == (
        "notice",
        state,
        "",
        None,
        "sent",
    )
    assert [mail.kind for mail in await world.mails()] == ["notice"]


@pytest.mark.parametrize(
    ("state", "to"), [("asked", COORDINATOR), ("granted", OFFICER), ("refused", OFFICER)]
)
async def test_an_extension_is_told_to_whoever_waits_for_it(
    world: World, office: Office, post: PostOffice, clock: Clock, state: str, to: str
) -> None:
    await extension(world, await world.duty("so-gddt"), state, at(-5))
    await tick(world, office, clock, at(-5, minutes=2))
    assert post.to() == [to]
    assert [row.topic for row in await world.ledger()] == [f"extension_{state}"]


async def test_a_question_is_told_to_officer_and_head_and_its_answer_to_the_coordinator(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    node = await world.node("3.1.1", "Hạ tầng")
    asked = await explanation(world, await world.duty("so-gddt"), node, at(-5))
    await tick(world, office, clock, at(-5, minutes=2))
    assert post.to() == [HEAD, OFFICER]
    await world.change(
        ExplanationRequest, asked, state="answered", answer="Vì vậy.", answered_at=at(-4)
    )
    await tick(world, office, clock, at(-4, minutes=2))
    assert post.to() == [COORDINATOR, HEAD, OFFICER]


async def test_several_at_once_are_one_mail(world: World, office: Office, clock: Clock) -> None:
    await decided(world, await world.duty("so-gddt", "1.1.1"), "returned", NIGHT)
    await decided(world, await world.duty("so-gddt", "1.1.2"), "accepted", NIGHT)
    await extension(world, await world.duty("so-gddt", "1.1.3"), "refused", NIGHT)
    assert await tick(world, office, clock, NIGHT) == 0
    assert await tick(world, office, clock, at(-4)) == 1
    (mail,) = await world.mails()
    assert {row.mail_id for row in await world.ledger()} == {mail.id}
    assert len(await world.ledger()) == 3


async def test_what_happens_at_night_is_told_when_the_offices_open(
    world: World, office: Office, clock: Clock
) -> None:
    await decided(world, await world.duty("so-gddt"), "returned", NIGHT)
    await tick(world, office, clock, NIGHT)
    (row,) = await world.ledger()
    assert row.send_at == at(-4, minutes=0)
    await tick(world, office, clock, at(-4, minutes=-1))
    assert (await world.ledger())[0].state == "planned"


async def test_what_was_overtaken_before_it_went_out_is_not_told(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    duty = await world.duty("so-gddt")
    await decided(world, duty, "returned", NIGHT)
    asked = await extension(world, duty, "asked", NIGHT)
    await tick(world, office, clock, NIGHT)
    await world.submission(duty, "submitted", revision=2, when=NIGHT)
    await world.change(Extension, asked, state="withdrawn", decided_at=NIGHT + timedelta(minutes=5))
    await tick(world, office, clock, at(-4))
    assert post.mails == []
    assert {(row.state, row.reason) for row in await world.ledger()} == {
        ("skipped", reasons.NO_LONGER_SO)
    }


async def test_what_happened_before_the_notifier_began_is_nobodys_news(
    world: World, office: Office, clock: Clock
) -> None:
    await world.settings(notices_since=at(-5))
    await decided(world, await world.duty("so-gddt"), "returned", at(-6))
    await tick(world, office, clock, at(-4))
    assert await world.ledger() == []


async def test_whoever_comes_later_or_has_a_new_address_hears_no_old_news(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    person = await world.contact("so-gddt", "nam@gddt.example.vn")
    await decided(world, await world.duty("so-gddt"), "accepted", at(-5))
    await tick(world, office, clock, at(-5, minutes=2))
    await world.contact("so-gddt", "moi@gddt.example.vn")
    await world.change(Contact, person, email="nam.moi@gddt.example.vn")
    await tick(world, office, clock, at(-4))
    assert post.to() == [OFFICER, "nam@gddt.example.vn"]


async def test_what_happened_before_somebody_came_that_day_is_not_told_to_him(
    world: World, office: Office, clock: Clock
) -> None:
    noon = at(-5, minutes=4 * 60)
    await world.contact("so-gddt", "moi@gddt.example.vn", created_at=noon)
    await deputy(world, at(-5).date(), at(-3).date(), noon)
    await decided(world, await world.duty("so-gddt", "1.1.1"), "accepted", at(-5))
    await decided(
        world, await world.duty("so-gddt", "1.1.2"), "returned", noon + timedelta(hours=1)
    )
    await tick(world, office, clock, noon + timedelta(hours=2))
    told = {(row.recipient, row.topic) for row in await world.ledger(state="sent")}
    assert told == {
        (OFFICER, "accepted"),
        (OFFICER, "returned"),
        ("moi@gddt.example.vn", "returned"),
        ("mai@gddt.example.vn", "returned"),
        ("mai@gddt.example.vn", "deputy_named"),
    }


async def test_contacts_that_come_over_with_their_duties_are_told_of_the_hand_over(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    when = at(-5)
    await world.contact("tand", "thu-ky@toaan.example.vn", created_at=when + timedelta(seconds=2))
    await handover(world, "so-gddt", "tand", when)
    await tick(world, office, clock, at(-5, minutes=2))
    assert "thu-ky@toaan.example.vn" in post.to()


@pytest.mark.parametrize(("made_up", "state", "mails"), [
    (True, "closed", 0), (True, "open", 3), (False, "closed", 3),
])  # fmt: skip
async def test_of_a_demonstration_that_is_over_nobody_is_told_anything(
    world: World, office: Office, clock: Clock, *, made_up: bool, state: str, mails: int
) -> None:
    await world.change(Period, world.period_id, made_up=made_up)
    await decided(world, await world.duty("so-gddt", "1.1.1"), "accepted", NIGHT)
    duty = await world.duty("so-gddt", "1.1.2")
    await extension(world, duty, "asked", NIGHT)
    node = await world.node("1.1.9", "Chỉ số")
    await explanation(world, duty, node, NIGHT)
    await world.change(Period, world.period_id, state=state, closed_at=NIGHT)
    await tick(world, office, clock, at(-4))
    assert len(await world.mails()) == mails


async def test_a_dead_address_is_not_told_and_says_so_at_once(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.add(SuppressedAddress(id=uuid4(), address=OFFICER.upper(), reason="550"))
    await decided(world, await world.duty("so-gddt"), "returned", at(-5))
    await world.plan(at(-5))
    before = {(row.recipient, row.state) for row in await world.ledger()}
    await tick(world, office, clock, at(-5, minutes=2))
    assert before == {(OFFICER, "skipped"), (HEAD, "planned")}
    assert post.to() == [HEAD]


async def test_both_sides_of_a_hand_over_are_told(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.contact("tand", "thu-ky@toaan.example.vn")
    await handover(world, "so-gddt", "tand", at(-5))
    await tick(world, office, clock, at(-5, minutes=2))
    await tick(world, office, clock, at(-4))
    assert post.to() == [HEAD, OFFICER, "thu-ky@toaan.example.vn"]
    assert {row.topic for row in await world.ledger()} == {"handed_over"}


async def test_a_deputy_hears_of_it_and_gets_his_while_it_lasts(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await deputy(world, at(-5).date(), at(-3).date(), at(-6))
    duty = await world.duty("so-gddt")
    for day in (-6, -4, -2):
        await world.policy(day, "deputy")
    await tick(world, office, clock, at(-6, minutes=5))
    assert [row.topic for row in await world.ledger(state="sent")] == ["deputy_named"]
    await decided(world, duty, "returned", at(-5))
    for day in (-5, -4, -3, -2, -1):
        await tick(world, office, clock, at(day))
    assert sorted((row.topic, row.step) for row in await world.ledger(state="sent")) == [
        ("deputy_named", ""), ("due", "-4w"), ("returned", ""), ("returned", ""),
    ]  # fmt: skip
    assert post.to() == [OFFICER, *["mai@gddt.example.vn"] * 3]


async def test_after_a_downtime_nothing_goes_to_whoever_no_longer_stands_in(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await deputy(world, at(-5).date(), at(-3).date(), at(-40))
    duty = await world.duty("so-gddt")
    await world.policy(-3, "deputy")
    await world.plan(at(-6))
    await decided(world, duty, "returned", at(-4))
    await tick(world, office, clock, at(-2))
    assert post.to() == [OFFICER]
    (step,) = [row for row in await world.ledger() if row.kind == "step"]
    assert (step.state, step.reason) == ("skipped", reasons.STEP_OFF)


async def test_a_deputy_whose_time_was_ended_gets_nothing(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    named = await deputy(world, at(-5).date(), at(5).date(), NIGHT)
    await world.duty("so-gddt")
    await world.policy(-3, "deputy")
    await tick(world, office, clock, NIGHT)
    await world.change(Deputy, named, ended_at=NIGHT + timedelta(hours=1))
    await tick(world, office, clock, at(-3))
    assert post.mails == []


async def test_a_decision_that_is_changed_before_it_is_told_is_told_as_it_is_now(
    world: World, office: Office, clock: Clock
) -> None:
    made = await decided(world, await world.duty("so-gddt"), "accepted", NIGHT)
    await tick(world, office, clock, NIGHT)
    await world.change(Submission, made, state="reopened", decided_at=NIGHT + timedelta(hours=1))
    await tick(world, office, clock, at(-4))
    assert {row.topic: row.state for row in await world.ledger()} == {
        "accepted": "skipped",
        "reopened": "sent",
    }
