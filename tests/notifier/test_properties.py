"""What holds however things happen: small worlds, made by Hypothesis, in real databases."""

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from services.notifier.sending.office import Office
from services.notifier.sending.rounds import send_due
from shared.db import PooledDatabase
from shared.models import Assignment, Contact, Period, Reminder, ReminderPolicy, Submission
from tests.notifier.cast import HEAD, OFFICER, Clock, World, at, raise_curtain
from tests.notifier.conftest import TABLES
from tests.notifier.oracle import HANOI

ACTS = (
    "submit",
    "return",
    "pass on",
    "take back",
    "extend",
    "leave",
    "join",
    "silence",
    "speak",
    "close",
    "open",
)
HAPPENINGS = st.lists(st.tuples(st.integers(-9, 8), st.sampled_from(ACTS)), max_size=8).map(
    lambda happenings: sorted(happenings, key=lambda one: one[0])
)
TICKS = st.lists(st.tuples(st.integers(-9, 9), st.sampled_from([-120, 1, 1, 200, 700])), max_size=8)
STEPS = ((-5, "officer"), (-2, "officer"), (0, "officer"), (1, "head"), (3, "officer"), (3, "head"))


class Small:
    """One duty, two bodies, three people."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.revision = 0
        self.newest: UUID | None = None
        self.state = {
            "done": False,
            "body": "so-gddt",
            "officer": True,
            "speaks": True,
            "open": True,
        }
        self.later = 0
        self.closed_on = date.min

    async def begin(self) -> None:
        await self.world.contact("tand", "thu-ky@toaan.example.vn")
        for days, audience in STEPS:
            await self.world.policy(days, audience)
        await self.world.add_day(at(-2).date(), "off")
        self.duty = await self.world.duty("so-gddt")
        (self.officer,) = [c for c in await self._contacts() if c.email == OFFICER]

    async def _contacts(self) -> list[Contact]:
        async with self.world.database.transaction() as session:
            return list(await session.scalars(select(Contact)))

    async def act(self, name: str, when: Any) -> None:
        world, state = self.world, self.state
        if name == "submit" and not state["done"]:
            self.revision += 1
            self.newest = await world.submission(
                self.duty, "submitted", revision=self.revision, when=when
            )
            state["done"] = True
        elif name == "return" and state["done"] and self.newest:
            await world.change(Submission, self.newest, state="returned", updated_at=when)
            state["done"] = False
        elif name in ("pass on", "take back"):
            state["body"] = "tand" if name == "pass on" else "so-gddt"
            await world.change(
                Assignment, self.duty, organisation_id=world.bodies[str(state["body"])]
            )
        elif name == "extend":
            self.later += 3
            await world.change(
                Assignment, self.duty, extended_due_on=at(0).date() + timedelta(days=self.later)
            )
        elif name in ("leave", "join"):
            state["officer"] = name == "join"
            await world.change(Contact, self.officer.id, active=state["officer"])
        elif name in ("silence", "speak"):
            state["speaks"] = name == "speak"
            await world.change(ReminderPolicy, world.policy_id, active=state["speaks"])
        elif name in ("close", "open"):
            state["open"] = name == "open"
            self.closed_on = when.astimezone(HANOI).date()
            await world.change(
                Period,
                world.period_id,
                state=name + ("d" if name == "close" else ""),
                closed_at=when,
            )

    def may_be_told(self, today: date) -> set[str]:
        last_day = at(0).date() + timedelta(days=self.later)
        # An extension that was granted goes on after the period was closed.
        extended = self.later > 0 and last_day >= max(self.closed_on, today)
        if self.state["done"] or not self.state["speaks"] or not (self.state["open"] or extended):
            return set()
        if self.state["body"] == "tand":
            return {"thu-ky@toaan.example.vn"}
        return {OFFICER, HEAD} if self.state["officer"] else {HEAD}


async def fresh(database: PooledDatabase) -> Small:
    async with database.engine.begin() as connection:
        for table in TABLES:
            await connection.execute(delete(table))
    small = Small(await raise_curtain(database))
    await small.begin()
    return small


def moments(
    happenings: list[tuple[int, str]], ticks: list[tuple[int, int]]
) -> Iterator[tuple[Any, str]]:
    """Merge both in the order of time; what happens, happens at 07:30 in Hanoi."""
    every = [(at(day, minutes=-30), act) for day, act in happenings]
    every += [(at(day, minutes=minutes), "") for day, minutes in ticks]
    return iter(sorted(every, key=lambda one: one[0]))


def ledger_of(rows: list[Reminder]) -> set[tuple[Any, ...]]:
    return {
        (r.due_on, r.step, r.recipient, r.audience, r.state, r.planned_at, r.sent_at) for r in rows
    }


quick = settings(
    max_examples=15, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@pytest.mark.timeout(120)
@quick
@given(happenings=HAPPENINGS, ticks=TICKS)
async def test_nobody_is_told_after_it_is_done_nor_before_its_day_nor_without_the_duty(
    database: PooledDatabase, office: Office, clock: Clock,
    happenings: list[tuple[int, str]], ticks: list[tuple[int, int]],
) -> None:  # fmt: skip
    small = await fresh(database)
    told: dict[Any, set[str]] = {}
    for when, act in moments(happenings, ticks):
        clock.now = when
        if act:
            await small.act(act, when)
            continue
        await small.world.plan(when)
        before = ledger_of(await small.world.ledger())
        await small.world.plan(when)
        assert ledger_of(await small.world.ledger()) == before  # planned twice is planned once
        await send_due(office)
        told.setdefault(when, set()).update(small.may_be_told(when.astimezone(HANOI).date()))
    rows = await small.world.ledger(state="sent")
    for row in rows:
        assert row.sent_at is not None
        assert row.planned_at <= row.sent_at
        assert row.recipient in told[row.sent_at]
        local = row.sent_at.astimezone(HANOI)
        assert local.isoweekday() < 6
        assert local.date() != at(-2).date()
        assert 8 <= local.hour < 18
    for row in rows:  # of one person and day the newest alone
        same = [
            r
            for r in rows
            if (r.recipient, r.sent_at, r.due_on) == (row.recipient, row.sent_at, row.due_on)
        ]
        assert len({r.planned_at for r in same}) == 1


@pytest.mark.timeout(120)
@quick
@given(happenings=HAPPENINGS, ticks=TICKS)
async def test_whenever_it_planned_before_the_last_sweep_comes_to_the_same(
    database: PooledDatabase, happenings: list[tuple[int, str]], ticks: list[tuple[int, int]]
) -> None:
    """Nothing is sent here: what is to be told depends on the facts, not on who planned when."""
    ends = []
    for planning in (ticks, []):
        small = await fresh(database)
        for when, act in moments(happenings, planning):
            await (small.act(act, when) if act else small.world.plan(when))
        await asyncio.gather(small.world.plan(at(9)), small.world.plan(at(9)))
        rows = await small.world.ledger(state="planned")
        ends.append({(r.due_on, r.step, r.recipient, r.audience, r.planned_at) for r in rows})
    assert ends[0] == ends[1]
