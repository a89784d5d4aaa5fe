import asyncio
import time
from datetime import UTC, datetime, timedelta

from services.notifier.plan import reasons
from services.notifier.plan.planning import plan_reminders
from shared.db import PooledDatabase
from shared.log import trace_id
from shared.models import Assignment, Contact, Period, ReminderPolicy, Submission
from tests.notifier.cast import COORDINATOR, DUE, HEAD, OFFICER, World, at
from tests.waiting import until_waiting


async def test_every_audience_gets_its_steps_within_thirty_days(world: World) -> None:
    await world.duty("so-gddt")
    for days, audience in ((-7, "officer"), (3, "head"), (5, "coordinator"), (60, "officer")):
        await world.policy(days, audience)
    await world.plan(at(-15))
    assert await world.steps("planned") == [(-7, OFFICER), (3, HEAD), (5, COORDINATOR)]


async def test_a_row_carries_the_trace_of_its_cause(world: World) -> None:
    await world.duty("so-gddt")
    await world.policy(-7)
    token = trace_id.set("ab" * 16)
    await world.plan(at(-15))
    trace_id.reset(token)
    (row,) = await world.ledger()
    assert row.trace_id == "ab" * 16
    assert (row.kind, row.topic, row.step) == ("step", "due", "-7w")
    assert row.planned_at == row.send_at == datetime(2026, 12, 1, 1, tzinfo=UTC)


async def test_the_head_is_written_to_while_there_is_no_officer(world: World) -> None:
    await world.contact("tand", "chanh-an@toaan.example.vn", role="head")
    await world.duty("tand", role="cooperating")
    await world.policy(-7)
    await world.plan(at(-15))
    assert await world.steps("planned") == [(-7, "chanh-an@toaan.example.vn")]
    await world.contact("tand", "thu-ky@toaan.example.vn")
    await world.plan(at(-15))
    assert await world.steps("planned") == [(-7, "thu-ky@toaan.example.vn")]
    assert [row.reason for row in await world.ledger(state="skipped")] == [reasons.STEP_OFF]


async def test_a_contact_gets_what_falls_in_its_days_and_the_head_the_rest(world: World) -> None:
    head, officer, next_one = (f"{name}@toaan.example.vn" for name in ("head", "one", "two"))
    await world.contact("tand", head, role="head")
    until = await world.contact("tand", officer, valid_to=at(-7).date())
    await world.contact("tand", next_one, valid_from=at(3).date())
    await world.duty("tand", role="cooperating")
    for days in (-7, -1, 3):
        await world.policy(days)
    await world.plan(at(-15))
    assert await world.steps("planned") == [(-7, officer), (-1, head), (3, next_one)]
    await world.change(Contact, until, valid_to=at(-8).date())
    await world.plan(at(-15))
    assert await world.steps("planned") == [(-7, head), (-1, head), (3, next_one)]
    assert [row.reason for row in await world.ledger(state="skipped")] == [reasons.CONTACT_CHANGED]


async def test_who_is_no_contact_any_more_gets_nothing_that_comes_late(world: World) -> None:
    await world.contact("tand", "thu-ky@toaan.example.vn", valid_to=at(-7).date())
    await world.duty("tand", role="cooperating")
    await world.policy(-7)
    await world.plan(at(-15))
    assert await world.steps("planned") == [(-7, "thu-ky@toaan.example.vn")]
    await world.plan(at(-5))
    assert await world.steps("planned") == []


async def test_one_person_in_two_audiences_gets_one_mail_a_day(world: World) -> None:
    await world.contact("so-gddt", OFFICER, role="head")
    await world.duty("so-gddt")
    await world.policy(0, "officer")
    await world.policy(0, "head")
    await world.plan(at(-15))
    assert await world.steps("planned") == [(0, HEAD), (0, OFFICER)]
    assert {row.recipient: row.audience for row in await world.ledger()} == {
        HEAD: "head",
        OFFICER: "officer",
    }


async def test_a_body_that_is_only_asked_is_not_escalated(world: World) -> None:
    await world.contact("tand", "chanh-an@toaan.example.vn", role="head")
    await world.contact("tand", "thu-ky@toaan.example.vn")
    await world.duty("tand", role="requested")
    await world.policy(0, "officer")
    await world.policy(0, "head")
    await world.plan(at(-15))
    assert await world.steps("planned") == [(0, "thu-ky@toaan.example.vn")]


async def test_a_step_without_an_end_comes_again_until_the_duty_is_done(world: World) -> None:
    duty = await world.duty("so-gddt")
    await world.policy(5, "coordinator", repeat_every=5)
    await world.plan(at(100))
    found = await world.steps("planned")
    assert found[-1] == (120, COORDINATOR)
    assert found[0][0] > 50
    await world.submission(duty, "submitted", when=at(101))
    await world.plan(at(101))
    assert await world.steps("planned") == []


async def test_nothing_is_planned_for_duties_that_are_done(world: World) -> None:
    await world.policy(-7)
    for code, states in {
        "1.1.1": ["submitted"],
        "1.1.2": ["accepted"],
        "1.1.3": ["accepted", "draft"],
        "1.1.4": ["accepted", "returned"],
    }.items():
        duty = await world.duty("so-gddt", code)
        for revision, state in enumerate(states, start=1):
            await world.submission(duty, state, revision=revision)
    await world.plan(at(-15))
    assert await world.ledger() == []


async def test_duties_that_are_open_or_returned_are_planned(world: World) -> None:
    await world.policy(-7)
    for code, states in {
        "1.1.1": [],
        "1.1.2": ["draft"],
        "1.1.3": ["returned"],
        "1.1.4": ["returned", "draft"],
        "1.2.1": ["rejected"],
        "1.2.2": ["withdrawn"],
        "1.2.3": ["reopened"],
    }.items():
        duty = await world.duty("so-gddt", code)
        for revision, state in enumerate(states, start=1):
            await world.submission(duty, state, revision=revision)
    await world.plan(at(-15))
    assert len(await world.steps("planned")) == 7


async def test_a_period_that_is_not_open_gets_nothing(world: World) -> None:
    await world.policy(-7)
    await world.duty("so-gddt")
    await world.change(Period, world.period_id, state="draft")
    await world.plan(at(-15))
    assert await world.ledger() == []


async def test_closing_the_period_skips_what_is_planned(world: World) -> None:
    await world.policy(-7)
    await world.duty("so-gddt")
    await world.plan(at(-15))
    await world.change(Period, world.period_id, state="closed")
    await world.plan(at(-19), period_id=world.period_id)
    (row,) = await world.ledger()
    assert (row.state, row.reason) == ("skipped", reasons.PERIOD_CLOSED)


async def test_a_moved_deadline_skips_the_old_steps_and_plans_new_ones(world: World) -> None:
    await world.policy(-7)
    duty = await world.duty("so-gddt")
    await world.plan(at(-15))
    later = DUE + timedelta(days=10)
    await world.change(Assignment, duty, due_on=later)
    await world.plan(at(-14))
    old, new = await world.ledger()
    assert (old.due_on, old.state, old.reason) == (DUE, "skipped", reasons.DEADLINE_MOVED)
    assert (new.due_on, new.state) == (later, "planned")


async def test_a_deadline_moved_back_is_reminded_of_again(world: World) -> None:
    await world.policy(-7)
    duty = await world.duty("so-gddt")
    await world.plan(at(-15))
    await world.change(Assignment, duty, due_on=DUE + timedelta(days=10))
    await world.plan(at(-14))
    await world.change(Assignment, duty, due_on=DUE)
    await world.plan(at(-13))
    assert [(row.due_on, row.state) for row in await world.ledger()] == [
        (DUE, "planned"),
        (DUE + timedelta(days=10), "skipped"),
    ]


async def test_a_new_address_replaces_the_old_one(world: World) -> None:
    await world.policy(-7)
    await world.duty("so-gddt")
    person = await world.contact("so-gddt", "nam@gddt.example.vn", name="Nam")
    await world.plan(at(-15))
    await world.change(Contact, person, email="nam.moi@gddt.example.vn")
    await world.plan(at(-15))
    assert await world.steps("planned") == [(-7, OFFICER), (-7, "nam.moi@gddt.example.vn")]
    assert [row.reason for row in await world.ledger(state="skipped")] == [reasons.CONTACT_CHANGED]


async def test_a_policy_that_is_switched_off_is_silent_and_comes_back_when_on(
    world: World,
) -> None:
    await world.policy(-7)
    await world.duty("so-gddt")
    await world.plan(at(-15))
    await world.change(ReminderPolicy, world.policy_id, active=False)
    await world.plan(at(-15))
    assert [(row.state, row.reason) for row in await world.ledger()] == [
        ("skipped", reasons.STEP_OFF)
    ]
    await world.change(ReminderPolicy, world.policy_id, active=True)
    await world.plan(at(-15))
    assert [(row.state, row.reason) for row in await world.ledger()] == [("planned", None)]


async def test_a_returned_duty_gets_the_steps_after_its_return_and_not_those_before(
    world: World,
) -> None:
    for days in (-7, 0, 3):
        await world.policy(days)
    duty = await world.duty("so-gddt")
    await world.plan(at(-15))
    submission = await world.submission(duty, "submitted")
    await world.plan(at(-10))
    assert await world.states() == [(-7, "skipped"), (0, "skipped"), (3, "skipped")]
    assert {row.reason for row in await world.ledger()} == {reasons.DUTY_DONE}
    await world.change(Submission, submission, state="returned", updated_at=at(-2))
    await world.plan(at(-2))
    assert await world.states() == [(-7, "skipped"), (0, "planned"), (3, "planned")]


async def test_a_step_after_the_return_is_not_lost_when_no_notifier_ran_that_day(
    world: World,
) -> None:
    await world.policy(0)
    duty = await world.duty("so-gddt")
    submission = await world.submission(duty, "submitted")
    await world.change(Submission, submission, state="withdrawn", updated_at=at(-11))
    await world.plan(at(-10))
    await world.change(Submission, submission, state="submitted", updated_at=at(-9))
    await world.plan(at(-9))
    await world.change(Submission, submission, state="returned", updated_at=at(-2))
    await world.plan(at(1))
    assert await world.states() == [(0, "planned")]


async def test_two_notifiers_plan_each_row_once(world: World) -> None:
    await world.policy(-7)
    await world.policy(3, "head", repeat_every=5, repeat_count=2)
    await world.many_duties("so-gddt", 50)
    await asyncio.gather(*(world.plan(at(0)) for _ in range(4)))
    rows = await world.ledger()
    assert len(rows) == 50 * 4
    assert len({(row.subject_id, row.step, row.recipient) for row in rows}) == len(rows)


async def test_what_another_notifier_has_planned_meanwhile_is_planned_around(
    world: World, database: PooledDatabase
) -> None:
    await world.policy(-7)
    await world.many_duties("so-gddt", 3)
    async with database.transaction() as session:
        await plan_reminders(session, period_id=None, now=at(0))
        later = {await world.duty("so-gddt"), await world.duty("so-gddt", "1.1.2")}
        other = asyncio.create_task(world.plan(at(0)))
        await until_waiting(database)
    await other
    rows = await world.ledger()
    assert len(rows) == 5
    assert later < {row.subject_id for row in rows}


async def test_planning_without_news_writes_nothing(world: World, database: PooledDatabase) -> None:
    await world.policy(-7)
    await world.duty("so-gddt")
    await world.duty("tand", "1.1.2", role="requested")
    await world.plan(at(-15))
    await world.watch(at(-15))
    heard: list[object] = []

    def hear(*args: object) -> None:
        heard.append(args)

    async with database.engine.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        await raw.add_listener("changes", hear)
        await world.plan(at(-15))
        await world.watch(at(-15))
        await raw.fetch("SELECT 1")
        await asyncio.sleep(0.05)
        await raw.remove_listener("changes", hear)
    assert heard == []


async def test_thousands_of_duties_are_planned_in_seconds_and_checked_in_seconds(
    world: World,
) -> None:
    await world.policy(-7)
    await world.policy(3, "head", repeat_every=5, repeat_count=2)
    await world.many_duties("so-gddt", 2_000)
    start = time.perf_counter()
    await world.plan(at(0))
    planned = time.perf_counter()
    await world.plan(at(0))
    checked = time.perf_counter()
    assert len(await world.ledger()) == 2_000 * 4
    # Seconds, with room for a busy machine; comparing each with each takes more than twenty.
    assert planned - start < 10
    assert checked - planned < 5


async def test_reminders_follow_an_extension_and_leave_the_first_deadline(world: World) -> None:
    await world.policy(-1)
    duty = await world.duty("so-gddt")
    await world.plan(at(-3))
    assert await world.steps("planned") == [(-1, OFFICER)]
    later = DUE + timedelta(days=7)
    await world.change(Assignment, duty, extended_due_on=later)
    await world.plan(at(-2))
    rows = {row.due_on: (row.state, row.reason) for row in await world.ledger()}
    assert rows == {DUE: ("skipped", reasons.DEADLINE_MOVED), later: ("planned", None)}


async def test_an_extension_beyond_closing_is_reminded_of_until_it_has_run_out(
    world: World,
) -> None:
    await world.policy(-1)
    await world.policy(3)
    duty, other = await world.duty("so-gddt"), await world.duty("so-gddt", "2.1.2")
    later = DUE + timedelta(days=7)
    await world.change(Assignment, duty, extended_due_on=later)
    await world.change(Period, world.period_id, state="closed", closed_at=at(0))
    await world.plan(at(0))
    planned = await world.ledger(state="planned")
    assert [(row.assignment_id, row.step) for row in planned] == [(duty, "-1w")]
    assert other not in {row.assignment_id for row in await world.ledger()}


async def test_nobody_is_reminded_of_an_excused_duty_until_the_excuse_is_lifted(
    world: World,
) -> None:
    await world.policy(-1)
    duty = await world.duty("so-gddt")
    await world.plan(at(-5))
    excuse = {"excused_at": at(-4), "excused_by": duty, "excused_reason": "Không thu thập"}
    await world.change(Assignment, duty, **excuse)
    await world.plan(at(-4))
    assert await world.states() == [(-1, "skipped")]
    await world.change(Assignment, duty, **dict.fromkeys(excuse), excuse_lifted_at=at(-3))
    await world.plan(at(-3))
    assert await world.states() == [(-1, "planned")]
