"""The ledger follows the facts: whoever plans, however often, in whatever order, it comes to the same."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from services.notifier.plan import reasons
from services.notifier.sending.office import Office
from services.notifier.sending.rounds import send_due
from shared.models import Assignment, Contact, Period, Submission, SuppressedAddress
from tests.notifier.cast import COORDINATOR, DUE, HEAD, OFFICER, Clock, World, at
from tests.notifier.post import PostOffice


async def test_a_step_that_came_while_the_duty_was_done_is_not_sent_on_its_return(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    """Also where nothing had been planned before it was submitted."""
    await world.policy(-7)
    await world.policy(0)
    duty = await world.duty("so-gddt")
    submission = await world.submission(duty, "submitted", when=at(-60))
    await world.plan(at(-50))
    await world.change(Submission, submission, state="returned", updated_at=at(-5))
    clock.now = at(-4)
    await world.plan(clock.now)
    await send_due(office)
    assert await world.states() == [(0, "planned")]
    assert post.mails == []


async def test_a_step_that_came_after_an_excuse_was_lifted_is_sent_though_nobody_planned_between(
    world: World,
) -> None:
    await world.policy(-5)
    await world.policy(-2)
    duty = await world.duty("so-gddt")
    await world.plan(at(-9))
    excuse = {"excused_at": at(-8), "excused_by": duty, "excused_reason": "Không thu thập"}
    await world.change(Assignment, duty, **excuse)
    await world.plan(at(-7))
    await world.change(Assignment, duty, **dict.fromkeys(excuse), excuse_lifted_at=at(-3))
    await world.plan(at(-1))
    assert await world.states() == [(-5, "skipped"), (-2, "planned")]


@pytest.mark.parametrize("planned_between", [True, False])
async def test_what_came_before_an_excuse_was_lifted_is_over_whoever_ran_meanwhile(
    world: World, office: Office, post: PostOffice, clock: Clock, *, planned_between: bool
) -> None:
    await world.policy(-5)
    await world.policy(0)
    duty = await world.duty("so-gddt")
    await world.plan(at(-9))
    excuse = {"excused_at": at(-8), "excused_by": duty, "excused_reason": "Không thu thập"}
    await world.change(Assignment, duty, **excuse)
    if planned_between:
        await world.plan(at(-4))
    await world.change(Assignment, duty, **dict.fromkeys(excuse), excuse_lifted_at=at(-3))
    clock.now = at(-2)
    await world.plan(clock.now)
    await send_due(office)
    assert await world.states() == [(-5, "skipped"), (0, "planned")]
    assert post.mails == []


async def test_a_duty_that_passes_on_is_told_of_under_its_new_body(
    world: World, office: Office
) -> None:
    await world.contact("tand", OFFICER)  # who moved along with the duty
    await world.policy(0)
    await world.policy(0, "coordinator")
    duty = await world.duty("so-gddt")
    await world.plan(at(-3))
    await world.change(Assignment, duty, organisation_id=world.bodies["tand"])
    await world.plan(at(-2))
    assert {(row.recipient, row.organisation_id) for row in await world.ledger()} == {
        (OFFICER, world.bodies["tand"]),
        (COORDINATOR, world.bodies["tand"]),
    }
    await send_due(office)
    assert {state for _, state in await world.states()} == {"sent"}


async def test_one_person_in_two_audiences_is_planned_once_and_for_all(world: World) -> None:
    await world.contact("so-gddt", OFFICER, role="head")
    await world.duty("so-gddt")
    await world.policy(0, "officer")
    await world.policy(0, "head", separate=True)
    await world.plan(at(-15))
    before = await world.ledger()
    for _ in range(3):
        await world.plan(at(-14))
    after = await world.ledger()
    assert [(r.id, r.audience, r.separate) for r in after] == [
        (r.id, r.audience, r.separate) for r in before
    ]
    assert {r.recipient: (r.audience, r.separate) for r in after} == {
        OFFICER: ("officer", False),
        HEAD: ("head", True),
    }


async def test_a_renamed_person_is_written_to_by_the_new_name(world: World) -> None:
    person = await world.contact("so-gddt", "nam@gddt.example.vn", name="Nam")
    await world.duty("so-gddt")
    await world.policy(0)
    await world.plan(at(-15))
    await world.change(Contact, person, name="Nguyễn Văn Nam")
    await world.plan(at(-14))
    assert "Nguyễn Văn Nam" in {row.recipient_name for row in await world.ledger()}


async def test_a_day_that_becomes_off_moves_what_is_planned(world: World) -> None:
    await world.duty("so-gddt")
    await world.policy(-1)
    await world.plan(at(-15))
    await world.add_day(date(2026, 12, 9), "off")
    await world.plan(at(-14))
    assert [row.send_at for row in await world.ledger()] == [at(-2, minutes=0)]


async def test_a_dead_address_is_planned_as_it_stays(world: World) -> None:
    await world.add(SuppressedAddress(id=uuid4(), address=OFFICER, reason="550"))
    await world.duty("so-gddt")
    await world.policy(0)
    for day in (-15, -14):
        await world.plan(at(day))
        assert {(row.recipient, row.state, row.reason) for row in await world.ledger()} == {
            (OFFICER, "skipped", reasons.ADDRESS_DEAD),
            (HEAD, "planned", None),
        }


async def test_the_head_is_written_to_when_the_officers_address_dies_and_the_officer_when_it_lives(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.duty("so-gddt")
    await world.policy(0)
    await world.policy(3)
    await world.plan(at(-3))
    dead = await world.add(SuppressedAddress(id=uuid4(), address=OFFICER, reason="550"))
    clock.now = at(0)
    await world.plan(clock.now)
    await send_due(office)
    assert post.to() == [HEAD]
    await world.change(SuppressedAddress, dead, lifted_at=at(1))
    clock.now = at(3)
    await world.plan(clock.now)
    await send_due(office)
    assert post.to() == [HEAD, OFFICER]


async def test_once_an_extension_in_a_closed_period_has_run_out_nothing_is_sent_late(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    duty = await world.duty("so-gddt")
    later = DUE + timedelta(days=7)
    await world.policy(-1)
    await world.change(Assignment, duty, extended_due_on=later)
    await world.change(Period, world.period_id, state="closed", closed_at=at(0))
    await world.plan(at(0))
    clock.now = at(1, due_on=later)
    await world.plan(clock.now)
    await send_due(office)
    assert post.mails == []


async def test_a_mail_left_empty_does_not_keep_its_line_from_going_out_later(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    """The server is away, the period is closed and opened again: the same lines go in the same mail."""
    await world.duty("so-gddt")
    await world.policy(0)
    await world.policy(0, "head", separate=True)
    await world.plan(at(0))
    post.mail_answer = "451 later"
    await send_due(office)
    await world.change(Period, world.period_id, state="closed")
    clock.now = at(0, minutes=30)
    await send_due(office)
    assert {mail.state for mail in await world.mails()} == {"empty"}
    await world.change(Period, world.period_id, state="open")
    post.mail_answer = "250 OK"
    clock.now = at(0, minutes=60)
    await world.plan(clock.now)
    await send_due(office)
    assert {state for _, state in await world.states()} == {"sent"}
    assert post.to() == [HEAD, OFFICER]
    assert [mail.kind for mail in await world.mails()] == ["digest", "separate"]
