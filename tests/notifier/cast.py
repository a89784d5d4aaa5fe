"""The cast: a coordinating body, a department with an officer and a head, a court that is only asked."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update

from services.notifier.plan.planning import plan_reminders
from services.notifier.plan.rules import read_rules
from services.notifier.plan.schedule import Hours
from services.notifier.plan.schedule import at as moment
from services.notifier.watch import watch
from shared.calendar import Calendar, day_of
from shared.db import Database
from shared.models import (
    Alarm,
    Assignment,
    CalendarDay,
    CalendarYear,
    Contact,
    Framework,
    Mail,
    Node,
    NotifierRun,
    Organisation,
    Period,
    Reminder,
    ReminderPolicy,
    ReminderSettings,
    ReminderStep,
    Responsibility,
    Submission,
)

DUE = date(2026, 12, 10)
BASIS = "Mục II.4.3 Kế hoạch 234/KH-UBND ngày 06/8/2024"


DOMAIN = "pii.example.vn"
OPENS, CLOSES = time(8), time(17, 30)


def at(days: int, *, due_on: date = DUE, minutes: int = 1) -> datetime:
    """Give the moment after the step of so many working days has come; no day off is entered."""
    return moment(day_of(due_on, days, "working", Calendar()), OPENS) + timedelta(minutes=minutes)


def hours(calendar: Calendar | None = None) -> Hours:
    return Hours(calendar or Calendar(), OPENS, CLOSES, OPENS)


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: at(0))

    def __call__(self) -> datetime:
        return self.now


class World:
    """Small functions that write what the API would write."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.framework_id = uuid4()
        self.period_id = uuid4()
        self.policy_id = uuid4()
        self.bodies: dict[str, UUID] = {}
        self.opening: list[Any] | None = None

    async def add(self, row: Any) -> UUID:
        if self.opening is not None:  # all that is there from the start, in one transaction
            self.opening.append(row)
        else:
            async with self.database.transaction() as session:
                session.add(row)
        identity: UUID = row.id
        return identity

    async def change(self, model: Any, key: UUID, **values: Any) -> None:
        async with self.database.transaction() as session:
            await session.execute(update(model).where(model.id == key).values(**values))

    async def body(self, code: str, name: str, *, coordinator: bool = False) -> UUID:
        self.bodies[code] = await self.add(
            Organisation(
                id=uuid4(), code=code, name_vi=name, name_en="", kind="department",
                part_in_the_plan="", plan_section="", is_coordinator=coordinator, search="",
            )
        )  # fmt: skip
        return self.bodies[code]

    async def contact(self, body: str, email: str, **values: Any) -> UUID:
        facts: dict[str, Any] = {
            "name": "Nguyễn Thị Hoa", "role": "officer", "phone": "024 3825 0000",
            "created_at": datetime(2025, 1, 1, tzinfo=UTC),
        } | values  # fmt: skip
        return await self.add(
            Contact(id=uuid4(), organisation_id=self.bodies[body], email=email, **facts)
        )

    async def policy(
        self, offset_days: int, audience: str = "officer", *, of: UUID | None = None, **values: Any
    ) -> UUID:
        """Add a step to the policy of all duties, or to another one."""
        facts: dict[str, Any] = {"days": "working"} | values
        return await self.add(
            ReminderStep(
                id=uuid4(), policy_id=of or self.policy_id, offset_days=offset_days,
                audience=audience, **facts,
            )
        )  # fmt: skip

    async def node(self, code: str, name: str, **values: Any) -> UUID:
        facts = {"kind": "indicator", "supply": "local"} | values
        return await self.add(
            Node(
                id=uuid4(), framework_id=self.framework_id, code=code, sort_key=code, name_vi=name,
                name_en="", weight=1, direction="higher", unit="", unit_assumed=False,
                supply_assumed=False, evidence_required=True, source="", note="", search="", **facts,
            )
        )  # fmt: skip

    async def duty(self, body: str, code: str = "2.1.1", **values: Any) -> UUID:
        facts: dict[str, Any] = {
            "name": "Điểm thi tốt nghiệp THPT", "role": "lead", "kind": "figure", "due_on": DUE,
            "period_id": self.period_id, "node_id": None,
        } | values  # fmt: skip
        node_id = facts["node_id"] or await self.node(code, facts["name"])
        responsibility_id = await self.add(
            Responsibility(
                id=uuid4(), node_id=node_id, organisation_id=self.bodies[body],
                role=facts["role"], legal_basis=BASIS, plan_section="II.4.3",
                valid_from=date(2024, 8, 6),
            )
        )  # fmt: skip
        return await self.add(
            Assignment(
                id=uuid4(), period_id=facts["period_id"], responsibility_id=responsibility_id,
                node_id=node_id, organisation_id=self.bodies[body], kind=facts["kind"],
                due_on=facts["due_on"], sort_key=code,
                created_at=facts.get("created_at", datetime(2026, 1, 1, tzinfo=UTC)),
            )
        )  # fmt: skip

    async def submission(
        self,
        duty: UUID,
        state: str,
        *,
        revision: int = 1,
        when: datetime | None = None,
        **values: Any,
    ) -> UUID:
        return await self.add(
            Submission(
                id=uuid4(), assignment_id=duty, revision=revision, value=1.0, nil_reason="",
                note="", source="", state=state, created_by=uuid4(), created_by_name="Hoa",
                updated_at=when or at(-15), **values,
            )
        )  # fmt: skip

    async def many_duties(self, body: str, number: int) -> None:
        """Write many at once, all of one node."""
        node_id = await self.node("9.9.9", "Nhiều việc")
        responsibilities = [
            {
                "id": uuid4(), "node_id": node_id, "organisation_id": self.bodies[body],
                "role": "lead", "legal_basis": BASIS, "plan_section": "",
                "valid_from": date(2000, 1, 1) + timedelta(days=day),
            }
            for day in range(number)
        ]  # fmt: skip
        assignments = [
            {
                "id": uuid4(), "period_id": self.period_id, "responsibility_id": made["id"],
                "node_id": node_id, "organisation_id": self.bodies[body], "kind": "figure",
                "due_on": DUE, "sort_key": "9.9.9",
            }
            for made in responsibilities
        ]  # fmt: skip
        async with self.database.transaction() as session:
            await session.execute(insert(Responsibility), responsibilities)
            await session.execute(insert(Assignment), assignments)

    async def crowd(self, number: int) -> list[str]:
        """Write so many bodies, each with an officer and a duty; return the officers' addresses."""
        addresses = [f"can-bo-{place:05}@crowd.example.vn" for place in range(number)]
        node_id = await self.node("8.8.8", "Nhiều cơ quan")
        bodies = [
            {
                "id": uuid4(), "code": f"crowd-{place}", "name_vi": f"Cơ quan {place}", "name_en": "",
                "kind": "department", "part_in_the_plan": "", "plan_section": "",
                "is_coordinator": False, "search": "",
            }
            for place in range(number)
        ]  # fmt: skip
        contacts = [
            {
                "id": uuid4(), "organisation_id": body["id"], "name": "Cán bộ", "role": "officer",
                "email": address, "phone": "", "created_at": datetime(2025, 1, 1, tzinfo=UTC),
            }
            for body, address in zip(bodies, addresses, strict=True)
        ]  # fmt: skip
        duties = [
            {
                "id": uuid4(), "node_id": node_id, "organisation_id": body["id"], "role": "lead",
                "legal_basis": BASIS, "plan_section": "", "valid_from": date(2024, 8, 6),
            }
            for body in bodies
        ]  # fmt: skip
        assignments = [
            {
                "id": uuid4(), "period_id": self.period_id, "responsibility_id": made["id"],
                "node_id": node_id, "organisation_id": made["organisation_id"], "kind": "figure",
                "due_on": DUE, "sort_key": "8.8.8",
            }
            for made in duties
        ]  # fmt: skip
        async with self.database.transaction() as session:
            for model, rows in (
                (Organisation, bodies), (Contact, contacts), (Responsibility, duties),
                (Assignment, assignments),
            ):  # fmt: skip
                await session.execute(insert(model), rows)
        return addresses

    async def plan(self, now: datetime, *, period_id: UUID | None = None) -> None:
        async with self.database.transaction() as session:
            await plan_reminders(session, period_id=period_id, now=now)

    async def watch(self, now: datetime) -> None:
        async with self.database.transaction() as session:
            rules = await read_rules(session, now=now)
            await watch(session, rules, now=now, domain=DOMAIN)

    async def settings(self, **values: Any) -> None:
        async with self.database.transaction() as session:
            await session.execute(update(ReminderSettings).values(**values))

    async def add_day(self, day: date, kind: str) -> None:
        async with self.database.transaction() as session:
            session.add(CalendarDay(day=day, kind=kind, name="", decision=""))

    async def mails(self, **values: Any) -> list[Mail]:
        async with self.database.transaction() as session:
            rows = select(Mail).filter_by(**values).order_by(Mail.created_at, Mail.key)
            return list(await session.scalars(rows))

    async def ledger(self, *, state: str | None = None) -> list[Reminder]:
        async with self.database.transaction() as session:
            rows = select(Reminder).order_by(
                Reminder.due_on, Reminder.planned_at, Reminder.recipient
            )
            if state:
                rows = rows.where(Reminder.state == state)
            return list(await session.scalars(rows))

    async def steps(self, state: str) -> list[tuple[int, str]]:
        return [(days(row), row.recipient) for row in await self.ledger(state=state)]

    async def states(self) -> list[tuple[int, str]]:
        return [(days(row), row.state) for row in await self.ledger()]

    async def alarms(self) -> list[Alarm]:
        async with self.database.transaction() as session:
            return list(await session.scalars(select(Alarm).order_by(Alarm.raised_at)))


def days(row: Reminder) -> int:
    """Read the days of a step's name, as of ``-5w``."""
    return int(row.step[:-1])


OFFICER = "hoa@gddt.example.vn"
HEAD = "giam-doc@gddt.example.vn"
COORDINATOR = "dieu-phoi@khcn.example.vn"


async def raise_curtain(database: Database) -> World:
    world = World(database)
    rows: list[Any] = []
    world.opening = rows
    await world.add(
        Framework(
            id=world.framework_id, year=2024, name_vi="", name_en="", basis="",
            locality_code="ha-noi", expected_local=13, expected_central=39, weights_assumed=True,
            method={},
        )
    )  # fmt: skip
    await world.add(
        Period(
            id=world.period_id, code="2026", name="Kỳ báo cáo năm 2026",
            framework_id=world.framework_id, reference_year=2026, due_on=DUE, state="open",
            made_up=False, opened_at=datetime(2026, 10, 1, tzinfo=UTC),
        )
    )  # fmt: skip
    await world.add(ReminderPolicy(id=world.policy_id, name="Mặc định"))
    rows.append(CalendarYear(year=2026, confirmed=True, decision="QĐ 1"))
    # Planning is well, until a test says when it last ran.
    rows.append(NotifierRun(work="planning", ended_at=at(60), seconds=0.1))
    await world.body("so-khcn", "Sở Khoa học và Công nghệ", coordinator=True)
    await world.body("so-gddt", "Sở Giáo dục và Đào tạo")
    await world.body("tand", "Tòa án Nhân dân thành phố")
    await world.contact("so-khcn", COORDINATOR, name="Trần Văn Bình", phone="024 3943 1111")
    await world.contact("so-gddt", OFFICER)
    await world.contact("so-gddt", HEAD, name="Lê Văn Cường", role="head")
    world.opening = None
    async with database.transaction() as session:
        await session.execute(
            update(ReminderSettings).values(
                opens_at=OPENS, closes_at=CLOSES, digest_at=OPENS, paused=False, pause_reason="",
                most_mails=2000, usual_factor=5, calendar_required=True, summary_weekday=None,
                operator_email="", silent_hours=2, unsent_minutes=60,
                notices_since=datetime(2026, 1, 1, tzinfo=UTC),
            )
        )  # fmt: skip
        for row in rows:  # in this order: the models declare no relationships
            session.add(row)
            await session.flush()
    return world
