"""A whole year, compared row by row with what the policies say."""

import random
from collections import Counter, defaultdict
from datetime import date, datetime, time
from typing import Any

import pytest

from services.notifier.plan import reasons
from services.notifier.sending.office import Office
from shared.models import Reminder
from tests.notifier.cast import Clock, World
from tests.notifier.oracle import HANOI, Key
from tests.notifier.post import PostOffice
from tests.notifier.year import Year

OVERTAKEN = {
    reasons.NEWER_STEP: "newer",
    reasons.BEFORE_DUTY: "no duty yet",
    reasons.BEFORE_DEADLINE: "no deadline yet",
}


def key(row: Reminder) -> Key:
    assert row.due_on is not None
    return (row.subject_id, row.due_on, row.step, row.recipient)


@pytest.mark.timeout(240)  # seconds; the machine may be busy
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_in_a_year_the_ledger_has_exactly_what_the_policies_say_and_the_mailbox_agrees(
    world: World, office: Office, post: PostOffice, clock: Clock, seed: int
) -> None:
    year = Year(world, office, clock, random.Random(seed))
    await year.set()
    await year.run()
    rows = await world.ledger()
    _the_ledger_is_as_told(year, [row for row in rows if row.kind == "step"])
    await _the_mailbox_agrees(year, world, rows, post)
    _what_came_during_each_downtime_was_told_after_it_or_left_out(year, rows)


def _the_ledger_is_as_told(year: Year, steps: list[Reminder]) -> None:
    told = {key: at for key, (_, at) in year.oracle.sent.items()}
    sent = {key(row): row.sent_at for row in steps if row.state == "sent"}
    assert (_first(told, sent), _first(sent, told)) == ([], [])
    assert len(told) > 60
    planned = {key(row) for row in steps if row.state == "planned"}
    assert planned == year.oracle.planned(year.ticks[-1])
    assert {row.state for row in steps} == {"planned", "sent", "skipped"}
    known = {value for name, value in vars(reasons).items() if name.isupper()}
    newest: dict[tuple[Any, ...], datetime] = {}
    for row in steps:
        if row.state == "sent":
            to = (row.subject_id, row.due_on, row.recipient)
            newest[to] = max(row.planned_at, newest.get(to, row.planned_at))
    for row in steps:
        if row.state == "skipped":
            assert row.reason in known
        if row.reason in OVERTAKEN:
            assert year.oracle.over[key(row)] == OVERTAKEN[row.reason]
            others = [
                o for o in steps if o.subject_id == row.subject_id and o.recipient == row.recipient
            ]
            assert max(other.planned_at for other in others) > row.planned_at
    assert {row.reason for row in steps} >= {
        None, *OVERTAKEN, reasons.DUTY_DONE, reasons.DEADLINE_MOVED, reasons.PASSED_ON
    }  # fmt: skip


def _what_came_during_each_downtime_was_told_after_it_or_left_out(
    year: Year, rows: list[Reminder]
) -> None:
    assert year.late_at is not None
    digest = year.late_at.astimezone(HANOI).replace(hour=8, minute=15, second=0)
    put_off = [row for row in rows if row.planned_at <= digest and row.sent_at == year.late_at]
    assert put_off
    for downtime in year.downtimes:
        came = [
            row
            for row in rows
            if row.kind == "step" and row.planned_at.astimezone(HANOI).date() in downtime
        ]
        assert came
        assert {row.state for row in came} <= {"sent", "skipped"}
        assert not [row for row in came if row.sent_at and _day(row.sent_at) in downtime]


def _day(moment: datetime) -> date:
    return moment.astimezone(HANOI).date()


def _first(some: dict[Key, Any], others: dict[Key, Any]) -> list[Any]:
    """Show the earliest of what differs."""
    left = [(at, key) for key, at in some.items() if others.get(key) != at]
    return sorted(left, key=str)[:3]


async def _the_mailbox_agrees(
    year: Year, world: World, rows: list[Reminder], post: PostOffice
) -> None:
    mails = {mail.id: mail for mail in await world.mails()}
    received = Counter(mail["Message-ID"] for mail in post.mails)
    assert set(received.values()) == {1}
    assert set(received) == {mail.message_id for mail in mails.values() if mail.state == "sent"}
    to = {mail["Message-ID"]: mail["To"].addresses[0].addr_spec for mail in post.mails}
    lines: dict[Any, list[Reminder]] = defaultdict(list)
    for row in rows:
        if row.state == "sent":
            assert row.mail_id is not None
            lines[row.mail_id].append(row)
            assert to[mails[row.mail_id].message_id] == row.recipient
            assert mails[row.mail_id].sent_at == row.sent_at
    for mail in mails.values():
        assert mail.state in ("sent", "empty")
        if mail.state == "sent":
            assert bool(lines[mail.id]) == (mail.kind not in ("alarm", "hold"))
            assert mail.sent_at is not None
            local = mail.sent_at.astimezone(HANOI)
            if mail.kind != "alarm":
                assert year.facts.works(local.date())
                assert time(8) <= local.time() < time(17, 30)
    digests = Counter((m.recipient, m.day) for m in mails.values() if m.kind == "digest")
    assert set(digests.values()) == {1}
    for row in rows:
        if row.state == "sent" and row.kind == "step":
            assert not _was_done(year, row)


def _was_done(year: Year, row: Reminder) -> bool:
    assert row.sent_at is not None
    before = [done for at, done in year.done_at.get(row.subject_id, []) if at <= row.sent_at]
    return bool(before and before[-1])
