"""The week in short: when it goes out, to whom, and that its numbers are those of the board."""

import random
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.notifier.plan.schedule import HANOI
from services.notifier.sending.office import Office
from services.notifier.sending.rounds import send_due
from services.notifier.summary import plan_summaries, summary
from shared.models import Assignment, AuditHead, ExplanationRequest, Handover, Mail, Run
from tests.notifier.cast import COORDINATOR, DOMAIN, DUE, Clock, World, at
from tests.notifier.post import PostOffice

MONDAY = date(2026, 12, 7)


def morning(day: date, hour: int = 9) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=HANOI)


async def tick(world: World, now: datetime) -> int:
    async with world.database.transaction() as session:
        return await plan_summaries(session, now=now, domain=DOMAIN)


async def test_it_goes_out_once_to_each_reader_on_its_weekday(
    world: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await world.settings(summary_weekday=1)
    await world.contact("so-khcn", COORDINATOR.title(), name="Viết hoa", role="head")
    await world.contact("so-khcn", "hai@khcn.example.vn")
    assert await tick(world, morning(MONDAY, 7)) == 0
    assert await tick(world, morning(MONDAY)) == 2
    assert await tick(world, morning(MONDAY, 10)) == 0
    clock.now = morning(MONDAY, 11)
    await send_due(office)
    assert post.to() == [COORDINATOR, "hai@khcn.example.vn"]
    assert await tick(world, morning(MONDAY + timedelta(days=1))) == 0
    assert await tick(world, morning(MONDAY + timedelta(days=7))) == 2


async def test_two_spellings_of_one_address_are_one_reader(world: World) -> None:
    await world.settings(summary_weekday=1)
    await world.body("so-2", "Sở nữa", coordinator=True)
    await world.contact("so-2", COORDINATOR.title())
    assert [await tick(world, morning(MONDAY)), await tick(world, morning(MONDAY, 10))] == [1, 0]


async def test_on_a_holiday_it_waits_for_the_next_worked_day_of_its_week(world: World) -> None:
    await world.settings(summary_weekday=1)
    await world.add_day(MONDAY, "off")
    assert await tick(world, morning(MONDAY)) == 0
    assert await tick(world, morning(MONDAY + timedelta(days=1))) == 1
    for day in range(14, 19):
        await world.add_day(date(2026, 12, day), "off")
    assert sum([await tick(world, morning(date(2026, 12, day))) for day in range(14, 21)]) == 0


async def test_after_a_downtime_on_its_day_it_goes_out_later_in_the_week(world: World) -> None:
    await world.settings(summary_weekday=1)
    assert await tick(world, morning(MONDAY + timedelta(days=2))) == 1
    await world.contact("so-khcn", "hai@khcn.example.vn")  # who came after this week's went out
    assert await tick(world, morning(MONDAY + timedelta(days=3))) == 0


async def test_in_a_pause_and_when_switched_off_there_is_none(world: World) -> None:
    assert await tick(world, morning(MONDAY)) == 0
    await world.settings(summary_weekday=1, paused=True)
    assert await tick(world, morning(MONDAY)) == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_its_numbers_add_up_to_what_is_expected(world: World, seed: int) -> None:
    chance, day = random.Random(seed), at(0).date()
    expected = Counter[str]()
    for place in range(25):
        due = DUE + timedelta(days=chance.randint(-5, 5))
        asked = chance.random() < 0.2
        duty = await world.duty(
            "so-gddt", f"1.{place}", due_on=due, role="requested" if asked else "lead"
        )
        last = due
        if chance.random() < 0.3:
            last = due + timedelta(days=chance.randint(1, 6))
            await world.change(Assignment, duty, extended_due_on=last)
        states = chance.choice(
            [[], ["draft"], ["submitted"], ["returned"], ["returned", "submitted"], ["accepted"],
             ["accepted", "draft"], ["superseded", "accepted"]]
        )  # fmt: skip
        sent_on = DUE + timedelta(days=chance.randint(-8, 0))
        for revision, state in enumerate(states, start=1):
            await world.submission(
                duty, state, revision=revision,
                submitted_at=None if state == "draft" else morning(sent_on, 23),
                decided_at=morning(sent_on, 23) if state in ("returned", "accepted") else None,
            )  # fmt: skip
        is_in = bool({"submitted", "accepted"} & set(states))
        if chance.random() < 0.2:
            await world.change(
                Assignment, duty, excused_at=at(-5), excused_by=uuid4(), excused_reason="x"
            )
            expected["excused"] += 1
        elif is_in:
            expected["received"] += 1
            expected["accepted"] += "accepted" in states
            expected["late"] += sent_on > last and not asked
        elif asked:
            expected["asked"] += 1
        else:
            expected["overdue" if last < day else "to_come"] += 1
    async with world.database.transaction() as session:
        (board,) = (await summary(session, day))["periods"]
    counts = ("received", "accepted", "late", "overdue", "asked", "excused")
    counted = {name: number for name, number in board.items() if name in counts}
    assert counted == {name: expected[name] for name in counted}
    assert (
        board["expected"]
        == 25
        == sum(expected[name] for name in ("received", "overdue", "asked", "excused", "to_come"))
    )
    was_due = expected["received"] + expected["overdue"]
    assert board["on_time"] == (expected["received"] - expected["late"]) / was_due


async def test_it_says_what_changed_in_the_week_before_it_by_hanoi_days(world: World) -> None:
    first = MONDAY - timedelta(days=7)
    for place, (when, state) in enumerate(
        [
            (datetime(first.year, first.month, first.day, 0, 1, tzinfo=HANOI), "returned"),
            (datetime(first.year, first.month, first.day, 0, 1, tzinfo=HANOI) - timedelta(minutes=2), "returned"),
            (morning(MONDAY, 0) - timedelta(minutes=1), "accepted"),
            (morning(MONDAY, 0), "accepted"),
        ]
    ):  # fmt: skip
        duty = await world.duty("so-gddt", f"1.{place}")
        await world.submission(duty, state, decided_at=when, submitted_at=when)
    async with world.database.transaction() as session:
        facts = await summary(session, MONDAY)
    told = {name: number for name, number in facts["changes"].items() if number}
    assert told == {"submitted": 2, "accepted": 1, "returned": 1}
    assert (facts["week_from"], facts["week_to"]) == ("2026-11-30", "2026-12-06")


FIRST = MONDAY - timedelta(days=7)
IN_WEEK = (morning(FIRST, 0), morning(MONDAY, 0) - timedelta(minutes=1))
BESIDE = (morning(FIRST, 0) - timedelta(minutes=1), morning(MONDAY, 0))


async def test_it_counts_what_was_asked_answered_reopened_and_handed_over_in_the_week(
    world: World,
) -> None:
    for place, when in enumerate((*IN_WEEK, *BESIDE)):
        duty = await world.duty("so-gddt", f"1.{place}")
        await world.submission(duty, "reopened", decided_at=when, submitted_at=at(-30))
        node_id = await world.node(f"2.{place}", "Chỉ số")
        for asked_at, answered_at in ((when, None), (at(-30), when)):
            await world.add(
                ExplanationRequest(
                    id=uuid4(), period_id=world.period_id, node_id=node_id, due_on=DUE, question="Vì sao?",
                    organisation_id=world.bodies["so-gddt"], asked_by=uuid4(), asked_by_name="",
                    asked_at=asked_at, answered_at=answered_at, answer=answered_at and "Vì vậy.",
                    state="answered" if answered_at else "asked",
                )
            )  # fmt: skip
    body = world.bodies["so-gddt"]
    for when in (*IN_WEEK[1:], *BESIDE):
        await world.add(
            Handover(
                id=uuid4(), kind="transfer", state="carried_out", from_ids=[body], to_id=body, to_ids=[body],
                chosen=[], exceptions=[], effective_on=when.date(), basis_title="QĐ", basis_number="1",
                note="", created_by=uuid4(), created_by_name="", carried_out_at=when,
                carried_out_by_name="", trace_id="",
            )
        )  # fmt: skip
    async with world.database.transaction() as session:
        told = (await summary(session, MONDAY))["changes"]
    assert (told["reopened"], told["explanations_asked"], told["explanations_answered"]) == (
        2,
        2,
        2,
    )
    assert told["handovers"] == 1


async def test_newly_overdue_is_what_is_late_now_and_was_not_a_week_ago(world: World) -> None:
    last = MONDAY - timedelta(days=1)
    for place, due in enumerate((FIRST - timedelta(days=1), FIRST, last, MONDAY)):
        await world.duty("so-gddt", f"1.{place}", due_on=due)
    await world.duty("so-gddt", "2.1", due_on=last, role="requested")
    done = await world.duty("so-gddt", "2.2", due_on=last)
    await world.submission(done, "submitted", submitted_at=morning(MONDAY, 8))
    put_off = await world.duty("so-gddt", "2.3", due_on=last)
    await world.change(Assignment, put_off, extended_due_on=MONDAY)
    async with world.database.transaction() as session:
        facts = await summary(session, MONDAY)
    assert facts["changes"]["newly_overdue"] == 2
    assert facts["periods"][0]["overdue"] == 3


def a_run(world: World, number: int, when: datetime, **values: Any) -> Run:
    return Run(
        id=uuid4(), period_id=world.period_id, number=number, framework_id=world.framework_id,
        framework_revision=1, submission_ids=[], inputs={}, hash="", units=63, summary={}, trigger="",
        trace_id="", duration_ms=1.0, created_at=when, **values,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        ([], None),
        ([(IN_WEEK[0], 62.0, 1)], (62.0, 1, None, None)),
        ([(BESIDE[0], 61.5, 2), (IN_WEEK[0], 61.75, 3), (BESIDE[1], 62.0, 1)], (62.0, 1, 0.5, 2)),
        ([(BESIDE[0], 61.5, 2)], (61.5, 2, 0.0, 2)),
        ([(BESIDE[0], None, None), (IN_WEEK[0], 62.0, 1)], (62.0, 1, None, None)),
        ([(BESIDE[0], 61.5, 2), (IN_WEEK[0], None, None)], (None, None, None, 2)),
    ],
)
async def test_the_index_is_the_newest_runs_beside_that_of_a_week_ago(
    world: World, runs: list[tuple[datetime, float | None, int | None]], told: Any
) -> None:
    await world.duty("so-gddt")
    async with world.database.transaction() as session:
        for number, (when, score, rank) in enumerate(runs, start=1):
            session.add(a_run(world, number, when, score=score, rank=rank))
        await session.flush()
        (period,) = (await summary(session, MONDAY))["periods"]
        await session.rollback()
    index = period["index"]
    if told is None:
        assert index is None
    else:
        assert index is not None
        assert index["units"] == 63
        names = ("score", "rank", "change", "rank_before")
        assert tuple(index[name] for name in names) == told  # type: ignore[literal-required]


async def test_it_carries_the_newest_signed_head_of_the_audit_log(world: World) -> None:
    async with world.database.transaction() as session:
        assert (await summary(session, MONDAY))["head"] is None
        for place, day in enumerate((MONDAY - timedelta(days=1), MONDAY - timedelta(days=3))):
            session.add(
                AuditHead(
                    day=day, links=1, last_seq=90 - place, hash=bytes([place]) * 32, previous_hash=b"",
                    sealed_at=morning(MONDAY), key_id="", public_key="", signature=b"",
                )
            )  # fmt: skip
        await session.flush()
        head = (await summary(session, MONDAY))["head"]
        await session.rollback()
    assert head == {"day": "2026-12-06", "seq": 90, "hash": "00" * 32}


async def test_the_key_of_a_summary_is_its_week(world: World) -> None:
    await world.settings(summary_weekday=1)
    await tick(world, morning(MONDAY))
    mails: list[Mail] = await world.mails()
    assert [mail.key for mail in mails] == [f"summary:2026-W50:{COORDINATOR}"]
