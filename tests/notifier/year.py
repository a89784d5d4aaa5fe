"""A year of a city, made of chance: what happens is written to the database and to the oracle's facts."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete

from services.notifier.sending.office import Office
from services.notifier.worker import Reminding
from shared.models import (
    Assignment,
    CalendarYear,
    Contact,
    Deputy,
    ExplanationRequest,
    Extension,
    Membership,
    Organisation,
    Period,
    ReminderPolicy,
    ReminderStep,
    Responsibility,
    Submission,
    SuppressedAddress,
    User,
)
from tests.notifier.cast import BASIS, COORDINATOR, Clock, World
from tests.notifier.oracle import DAY, HANOI, Beat, Facts, Matter, Oracle, Person, Plan, Round

FIRST, LAST = date(2026, 1, 5), date(2026, 12, 31)
OFF = [
    date(2026, 1, 1), date(2026, 1, 2), *(date(2026, 2, day) for day in range(16, 21)),
    date(2026, 4, 27), date(2026, 4, 30), date(2026, 5, 1), date(2026, 8, 31), date(2026, 9, 1),
    date(2026, 9, 2), date(2027, 1, 1),
]  # fmt: skip
WORKED = [
    date(2026, 1, 10),
    date(2026, 8, 22),
]  # Saturdays, for the 2nd of January and 31st of August
CODES = ["1.1.1", "1.1.2", "2.1.1", "3.2.1", "4.1.2", "5.2.3", "6.1.1", "7.2.4"]
COMPONENT, INDICATOR = "3.2.1.a", "3.2.1"
DEADLINES = [
    date(2026, 2, 18),
    date(2026, 3, 20),
    date(2026, 6, 14),
    date(2026, 8, 30),
    date(2026, 12, 14),
    date(2027, 1, 8),
]
USUAL = [
    Beat(-10, "w", "officer"), Beat(-3, "w", "officer"), Beat(-3, "w", "deputy"),
    Beat(0, "w", "officer"), Beat(0, "w", "deputy"), Beat(1, "w", "officer", every=5, times=None),
    Beat(3, "w", "head", every=6, times=1), Beat(5, "w", "coordinator"),
    Beat(15, "c", "leadership", separate=True),
]  # fmt: skip


def hanoi(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=HANOI).astimezone(UTC)


@dataclass
class Year:
    """Does what people do, and lets the notifier run as its sweep would."""

    world: World
    office: Office
    clock: Clock
    chance: random.Random
    bodies: int = 34
    duties: int = 60

    def __post_init__(self) -> None:
        self.facts = Facts(opens=time(8), digest=time(8, 15), closes=time(17, 30))
        self.facts.coordinator, self.facts.committee = "so-khcn", "b01"
        self.facts.off, self.facts.worked = set(OFF), set(WORKED)
        self.oracle = Oracle(self.facts)
        self.rounds: list[Round] = []
        self.nodes: dict[str, UUID] = {}
        self.memberships: dict[str, UUID] = {}
        self.ticks: list[datetime] = []
        self.downtimes: list[list[date]] = []  # of three days, of three weeks
        self.late_at: datetime | None = None  # the end of three hours in which nothing ran
        self.done_at: dict[UUID, list[tuple[datetime, bool]]] = {}
        self._reminding = Reminding(self.office)

    # The stage.

    async def set(self) -> None:
        await self.world.settings(digest_at=self.facts.digest, usual_factor=1000)
        for day in OFF:
            await self.world.add_day(day, "off")
        for day in WORKED:
            await self.world.add_day(day, "worked")
        await self._write([CalendarYear(year=2027, confirmed=True, decision="QĐ 2")])
        self.facts.people.append(Person(uuid4(), "so-khcn", COORDINATOR, "officer"))
        await self._bodies()
        await self._rounds()
        await self._policies()
        indicators = [code for code in CODES if code != INDICATOR]
        for number in range(self.duties):
            code = COMPONENT if number % 9 == 8 else indicators[number % len(indicators)]
            await self._duty(
                code, self.rounds[number % len(self.rounds)], DEADLINES[number % len(self.rounds)]
            )

    async def _write(self, rows: list[Any]) -> None:
        async with self.world.database.transaction() as session:
            for row in rows:
                session.add(row)
                await session.flush()

    async def _bodies(self) -> None:
        rows: list[Any] = []
        for number in range(self.bodies):
            code = f"b{number:02}"
            self.world.bodies[code] = uuid4()
            rows.append(
                Organisation(
                    id=self.world.bodies[code], code=code, name_vi=f"Cơ quan {number}", name_en="",
                    kind="committee" if number == 1 else "department", part_in_the_plan="",
                    plan_section="", is_coordinator=False, search="",
                )
            )  # fmt: skip
        await self._write(rows)
        for number, code in enumerate(list(self.world.bodies)[-self.bodies :]):
            if number % 11 != 10:  # a few bodies have a head alone
                await self._contact(code, "officer")
            if number % 3 == 0:
                await self._contact(code, "officer")
            if number % 4 != 3:
                await self._contact(code, "head")
            user = User(
                id=uuid4(),
                login=f"u.{code}",
                name=f"Cán bộ {code}",
                email=f"u.{code}@x.vn",
                password_hash="",
            )
            member = Membership(
                id=uuid4(), user_id=user.id, organisation_id=self.world.bodies[code],
                role=self.chance.choice(["officer", "head"]), valid_from=date(2025, 1, 1),
            )  # fmt: skip
            await self._write([user, member])
            self.memberships[code] = member.id

    async def _contact(self, code: str, role: str) -> None:
        email = f"{role}.{uuid4().hex[:6]}@{code}.vn"
        made = await self.world.contact(code, email, role=role)
        self.facts.people.append(Person(made, code, email, role))

    async def _rounds(self) -> None:
        self.rounds = [Round(uuid4()) for _ in DEADLINES]
        await self._write([
            Period(
                id=one.id, code=f"r{number}", name=f"Kỳ {number}", framework_id=self.world.framework_id,
                reference_year=2026, due_on=DEADLINES[number], state="open", made_up=False,
            )
            for number, one in enumerate(self.rounds)
        ])  # fmt: skip
        above = await self.world.node(INDICATOR, "Hạ tầng")
        for code in CODES:
            self.nodes[code] = (
                above if code == INDICATOR else await self.world.node(code, f"Chỉ số {code}")
            )
        self.nodes[COMPONENT] = await self.world.node(
            COMPONENT, "Điện", kind="component", parent_id=above
        )

    async def _policies(self) -> None:
        usual = Plan(self.world.policy_id, [])
        self.facts.plans.append(usual)
        await self._beats(usual, USUAL)
        for scope, beats in (
            ({"body": "b05"}, [Beat(-5, "c", "officer", separate=True), Beat(2, "w", "officer")]),
            ({"code": INDICATOR}, [Beat(-7, "c", "officer"), Beat(-1, "w", "officer"), Beat(1, "c", "head")]),
            ({"code": COMPONENT, "kind": "report"}, [Beat(-4, "w", "officer"), Beat(0, "c", "head")]),
            ({"period": self.rounds[3].id}, [Beat(-8, "w", "officer"), Beat(-2, "w", "deputy"), *USUAL[5:8]]),
            ({"kind": "explanation"}, [Beat(-2, "w", "officer"), Beat(0, "w", "officer"), Beat(1, "w", "head", every=2, times=3)]),
            ({"kind": "report"}, [Beat(-6, "w", "officer"), Beat(4, "w", "officer", separate=True)]),
            ({"body": "b07", "kind": "report"}, []),  # silence
        ):  # fmt: skip
            plan = Plan(uuid4(), [], **scope)
            await self._write([
                ReminderPolicy(
                    id=plan.id, name="", kind=plan.kind, indicator=plan.code, period_id=plan.period,
                    organisation_id=plan.body and self.world.bodies[plan.body],
                )
            ])  # fmt: skip
            self.facts.plans.append(plan)
            await self._beats(plan, beats)

    async def _beats(self, plan: Plan, beats: list[Beat]) -> None:
        plan.beats = list(beats)
        async with self.world.database.transaction() as session:
            await session.execute(delete(ReminderStep).where(ReminderStep.policy_id == plan.id))
            for beat in beats:
                session.add(
                    ReminderStep(
                        policy_id=plan.id, offset_days=beat.offset, audience=beat.audience,
                        days={"w": "working", "c": "calendar"}[beat.unit], separate=beat.separate,
                        repeat_every=beat.every or None,
                        repeat_count=beat.times or None,
                    )
                )  # fmt: skip

    def _some_body(self) -> str:
        return f"b{self.chance.randrange(self.bodies):02}"

    async def _duty(self, code: str, period: Round, due: date, *, late: bool = False) -> None:
        body = self._some_body()
        role = "requested" if body in ("b09", "b20") else "lead"
        matter = Matter(
            uuid4(), body, code, INDICATOR if code == COMPONENT else code,
            self.chance.choice(["figure", "figure", "report"]), role, period,
            due + self.chance.randint(-4, 8) * DAY, since=self.clock.now if late else hanoi(FIRST, 0),
        )  # fmt: skip
        held = await self._responsibility(matter, body)
        await self._write([
            Assignment(
                id=matter.id, period_id=period.id, responsibility_id=held, sort_key=code,
                node_id=self.nodes[code], organisation_id=self.world.bodies[body],
                kind=matter.kind, due_on=matter.due, updated_at=hanoi(FIRST, 0),
                created_at=matter.since,
            )
        ])  # fmt: skip
        self.facts.matters.append(matter)

    async def _responsibility(self, matter: Matter, body: str) -> UUID:
        made = uuid4()
        await self._write([
            Responsibility(
                id=made, node_id=self.nodes[matter.code], organisation_id=self.world.bodies[body],
                role=matter.role, legal_basis=BASIS, plan_section="",
                valid_from=date(2000, 1, 1) + self.chance.randrange(9000) * DAY,
            )
        ])  # fmt: skip
        return made

    # What people do; each picks for itself whom it concerns, or does nothing.

    def _pick(self, fits: Callable[[Matter], bool]) -> Matter | None:
        found = [one for one in self.facts.matters if fits(one)]
        now = self.clock.now.date()
        near = [one for one in found if abs((one.last_day - now).days) < 30]
        return self.chance.choice(near) if near else None

    def _is_duty(self, one: Matter) -> bool:
        return one.kind != "explanation" and one.period.state == "open"

    def _settled(self, one: Matter, *, done: bool) -> None:
        one.done = done
        if not done:
            one.undone_at = self.clock.now
        self.done_at.setdefault(one.id, []).append((self.clock.now, done))

    async def submit(self) -> None:
        one = self._pick(lambda m: self._is_duty(m) and not m.done and not m.excused)
        if one is None:
            return
        one.revision += 1
        one.submission = await self.world.submission(
            one.id,
            "submitted",
            revision=one.revision,
            when=self.clock.now,
            submitted_at=self.clock.now,
        )
        self._settled(one, done=True)

    async def decide(self) -> None:
        one = self._pick(lambda m: self._is_duty(m) and m.done and not m.accepted)
        if one is None or one.submission is None:
            return
        state = self.chance.choice(
            ["returned", "returned", "rejected", "withdrawn", "accepted", "accepted"]
        )
        decided = (
            {} if state == "withdrawn" else {"decided_at": self.clock.now, "decided_by": uuid4()}
        )
        await self.world.change(
            Submission, one.submission, state=state, updated_at=self.clock.now, **decided
        )
        one.accepted = state == "accepted"
        if not one.accepted:
            self._settled(one, done=False)

    async def reopen(self) -> None:
        one = self._pick(lambda m: self._is_duty(m) and m.accepted)
        if one is None or one.submission is None:
            return
        await self.world.change(
            Submission, one.submission, state="reopened", updated_at=self.clock.now,
            decided_at=self.clock.now,
        )  # fmt: skip
        one.accepted = False
        self._settled(one, done=False)

    async def excuse(self) -> None:
        one = self._pick(lambda m: self._is_duty(m) and not m.done and not m.excused)
        if one is None:
            return
        one.excused = True
        await self.world.change(
            Assignment,
            one.id,
            excused_at=self.clock.now,
            excused_by=uuid4(),
            excused_reason="Không thu thập",
        )
        self.done_at.setdefault(one.id, []).append((self.clock.now, True))

    async def lift(self) -> None:
        one = self._pick(lambda m: m.excused)
        if one is None:
            return
        one.excused = False
        await self.world.change(
            Assignment,
            one.id,
            excused_at=None,
            excused_by=None,
            excused_reason=None,
            excuse_lifted_at=self.clock.now,
        )
        self._settled(one, done=False)

    async def extend(self) -> None:
        one = self._pick(lambda m: self._is_duty(m) and not m.done and not m.excused)
        if one is None:
            return
        one.extended = one.last_day + self.chance.choice([3, 7, 14]) * DAY
        one.set_at = self.clock.now
        await self.world.change(Assignment, one.id, extended_due_on=one.extended)
        await self._write([
            Extension(
                assignment_id=one.id, reason="", wished_on=one.extended, due_on=one.due, state="granted",
                granted_until=one.extended, asked_by=uuid4(), asked_by_name="", asked_at=self.clock.now,
                decided_at=self.clock.now,
            )
        ])  # fmt: skip

    async def hand_over(self) -> None:
        one = self._pick(lambda m: self._is_duty(m) and not m.excused)
        if one is None:
            return
        one.body = self._some_body()
        held = await self._responsibility(one, one.body)
        await self.world.change(
            Assignment, one.id, organisation_id=self.world.bodies[one.body], responsibility_id=held
        )

    async def ask(self) -> None:
        about = self._pick(lambda m: m.kind != "explanation")
        if about is None:
            return
        due = self.clock.now.date() + self.chance.randint(3, 12) * DAY
        one = Matter(
            uuid4(),
            about.body,
            about.code,
            about.above,
            "explanation",
            about.role,
            about.period,
            due,
            since=self.clock.now,
        )
        await self._write([
            ExplanationRequest(
                id=one.id, period_id=about.period.id, assignment_id=about.id, node_id=self.nodes[about.code],
                organisation_id=self.world.bodies[about.body], question="Vì sao?", due_on=due,
                asked_by=uuid4(), asked_by_name="", asked_at=self.clock.now,
            )
        ])  # fmt: skip
        self.facts.matters.append(one)

    async def answer(self) -> None:
        one = self._pick(lambda m: m.kind == "explanation" and not m.done)
        if one is None:
            return
        await self.world.change(
            ExplanationRequest,
            one.id,
            state="answered",
            answer="Vì vậy.",
            answered_at=self.clock.now,
        )
        self._settled(one, done=True)

    def _somebody(self, *roles: str) -> Person | None:
        found = [
            p for p in self.facts.people if p.active and p.role in roles and p.email != COORDINATOR
        ]
        return self.chance.choice(found) if found else None

    async def leave(self) -> None:
        if person := self._somebody("officer", "head"):
            person.active = False
            await self.world.change(Contact, person.id, active=False)

    async def join(self) -> None:
        await self._contact(self._some_body(), self.chance.choice(["officer", "officer", "head"]))

    async def change_address(self) -> None:
        if person := self._somebody("officer", "head"):
            person.email = f"new.{uuid4().hex[:6]}@{person.body}.vn"
            await self.world.change(Contact, person.id, email=person.email)

    async def name_deputy(self) -> None:
        body = self._some_body()
        user = User(
            id=uuid4(),
            login=uuid4().hex,
            name="Người thay",
            email=f"d.{uuid4().hex[:6]}@x.vn",
            password_hash="",
        )
        first = self.clock.now.astimezone(HANOI).date() + self.chance.randint(0, 5) * DAY
        deputy = Deputy(
            id=uuid4(), membership_id=self.memberships[body], deputy_id=user.id, valid_from=first,
            valid_to=first + self.chance.randint(0, 20) * DAY, reason="Công tác", created_at=self.clock.now,
        )  # fmt: skip
        await self._write([user, deputy])
        self.facts.people.append(
            Person(
                deputy.id, body, user.email, "deputy", first=deputy.valid_from, last=deputy.valid_to
            )
        )

    async def end_deputy(self) -> None:
        if person := self._somebody("deputy"):
            person.active = False
            await self.world.change(Deputy, person.id, ended_at=self.clock.now)

    async def suppress(self) -> None:
        if (person := self._somebody("officer", "head")) and person.email not in self.facts.dead:
            self.facts.dead.add(person.email)
            await self._write([SuppressedAddress(address=person.email.upper(), reason="550")])

    async def close(self) -> None:
        old = [r for r in self.rounds if r.state == "open" and self._is_over(r)]
        if old:
            old[0].state, old[0].closed_on = "closed", self.clock.now.astimezone(HANOI).date()
            await self.world.change(Period, old[0].id, state="closed", closed_at=self.clock.now)

    def _is_over(self, one: Round) -> bool:
        last = DEADLINES[self.rounds.index(one)]
        return self.clock.now.date() > last + 45 * DAY

    # What the coordinator does on set days.

    async def add_late(self, number: int) -> None:
        """Give somebody a duty when some of its steps are past already."""
        for code in CODES[:3]:
            await self._duty(code, self.rounds[number], DEADLINES[number], late=True)

    async def change_policies(self) -> None:
        usual, body = self.facts.plans[0], self.facts.plans[1]
        await self._beats(
            usual,
            [
                Beat(-15, "w", "officer"),
                Beat(-5, "w", "officer"),
                *USUAL[2:6],
                Beat(2, "w", "head"),
                *USUAL[7:],
            ],
        )
        body.active = False
        await self.world.change(ReminderPolicy, body.id, active=False)

    async def day_off(self, day: date) -> None:
        self.facts.off.add(day)
        await self.world.add_day(day, "off")

    async def pause(self, *, paused: bool) -> None:
        self.facts.paused = paused
        await self.world.settings(paused=paused)

    # The days.

    async def run(self, number: int = 365) -> None:
        working = [
            d
            for d in (FIRST + n * DAY for n in range((LAST - FIRST).days + 1))
            if self.facts.works(d)
        ]
        hours, days, weeks = self.chance.sample(range(10, len(working) - 20), 3)
        self.downtimes = [working[days : days + 3], working[weeks : weeks + 15]]
        down = {day for downtime in self.downtimes for day in downtime}
        pause = self.chance.randrange(20, len(working) - 20)
        acts: list[Callable[[], Awaitable[None]]] = [
            *(self.submit,) * 8, *(self.decide,) * 8, self.reopen, self.excuse, self.lift, *(self.extend,) * 3,
            *(self.hand_over,) * 3, *(self.ask,) * 2, self.answer, self.leave, *(self.join,) * 2, self.change_address,
            *(self.name_deputy,) * 3, self.end_deputy, self.suppress, *(self.close,) * 2,
        ]  # fmt: skip
        fixed: dict[date, list[Callable[[], Awaitable[None]]]] = {
            date(2026, 6, 24): [self.change_policies],
            date(2026, 3, 18): [lambda: self.add_late(1)],
            date(2026, 8, 27): [lambda: self.add_late(3)],
            date(2026, 6, 5): [lambda: self.day_off(date(2026, 6, 10))],
            working[pause]: [lambda: self.pause(paused=True)],
            working[pause + 5]: [lambda: self.pause(paused=False)],
        }
        day = FIRST
        while day <= LAST and (day - FIRST).days < number:
            self.clock.now = hanoi(day, 7, self.chance.randrange(60))
            happens = [
                *fixed.get(day, []),
                *self.chance.choices(acts, k=self.chance.choice([0, 0, 0, 0, 0, 4, 5, 6])),
            ]
            for act in happens:
                await act()
            if day not in down:
                now = hanoi(day, 8, 20)
                is_news = self.oracle.is_news(now)
                if self.late_at is None and day >= working[hours] and is_news:
                    self.late_at = hanoi(
                        day, 11, 20
                    )  # away for three hours, when there was something to do
                    await self._tick(self.late_at)
                # To save time not every day is run: what is left out is a short downtime.
                elif self.chance.random() < (0.6 if happens or is_news else 0.03):
                    await self._tick(now)
                if self.chance.random() < 0.05:
                    self.clock.now = hanoi(day, 13)
                    await self.chance.choice(acts)()
                    await self._tick(
                        hanoi(day, *self.chance.choice([(14, 0), (17, 29), (17, 31), (22, 0)]))
                    )
            day += DAY
        # What happened since is planned for, too.
        await self._tick(max(self.clock.now, hanoi(day - DAY, 17)))

    async def _tick(self, now: datetime) -> None:
        self.clock.now = now
        self.ticks.append(now)
        self.oracle.tick(now)
        await self._reminding.sweep()
