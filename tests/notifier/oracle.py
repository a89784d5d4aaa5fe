"""What the policies say, read from plain facts: written apart from the notifier, to be compared with it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, islice
from uuid import UUID
from zoneinfo import ZoneInfo

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
DAY = timedelta(days=1)
ORDER = ("officer", "deputy", "head", "coordinator", "leadership")


@dataclass
class Person:
    """A contact of a body, or a deputy of its officer or head, who is it for some days only."""

    id: UUID
    body: str
    email: str
    role: str  # officer, head, deputy
    active: bool = True
    first: date = date.min
    last: date = date.max


@dataclass
class Round:
    """A period."""

    id: UUID
    state: str = "open"
    closed_on: date | None = None


@dataclass
class Matter:
    """A duty, or a request for an explanation."""

    id: UUID
    body: str
    code: str
    above: str
    kind: str
    role: str
    period: Round
    due: date
    extended: date | None = None
    excused: bool = False
    done: bool = False
    accepted: bool = False
    undone_at: datetime | None = None
    revision: int = 0
    submission: UUID | None = None
    since: datetime | None = None  # when it was given to somebody
    set_at: datetime | None = None  # when its last day was put off

    @property
    def last_day(self) -> date:
        return self.extended or self.due

    def why_overtaken(self, planned: datetime) -> str:
        if self.since and planned < self.since:
            return "no duty yet"
        return "no deadline yet" if self.set_at and planned < self.set_at else "newer"


@dataclass(frozen=True)
class Beat:
    """A step of a policy."""

    offset: int
    unit: str  # w, c
    audience: str
    separate: bool = False
    every: int = 0
    times: int | None = 0  # none: again and again

    def offsets(self) -> Iterator[int]:
        turns = count() if self.times is None else range(self.times + 1)
        return (self.offset + n * self.every for n in turns)


@dataclass
class Plan:
    """A policy; a scope's part that is none fits all."""

    id: UUID
    beats: list[Beat]
    code: str | None = None
    body: str | None = None
    period: UUID | None = None
    kind: str | None = None
    active: bool = True

    def fits(self, matter: Matter) -> bool:
        return (
            self.active
            and self.code in (None, matter.code, matter.above)
            and self.body in (None, matter.body)
            and self.period in (None, matter.period.id)
            and self.kind in (None, matter.kind)
        )

    def rank(self, matter: Matter) -> tuple[bool, ...]:
        given = (self.code, self.body, self.period, self.kind)
        return (self.code == matter.code, *(part is not None for part in given))


Key = tuple[UUID, date, str, str]  # subject, last day, step, address


@dataclass(frozen=True)
class Wish:
    """When a step is to be sent, and whether alone."""

    at: datetime
    separate: bool


@dataclass
class Facts:
    """All that is so at this moment."""

    opens: time
    digest: time
    closes: time
    off: set[date] = field(default_factory=set)
    worked: set[date] = field(default_factory=set)
    people: list[Person] = field(default_factory=list)
    coordinator: str = ""
    committee: str = ""
    dead: set[str] = field(default_factory=set)
    matters: list[Matter] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    paused: bool = False

    def works(self, day: date) -> bool:
        return day in self.worked or (day.isoweekday() < 6 and day not in self.off)

    def is_open(self, now: datetime) -> bool:
        local = now.astimezone(HANOI)
        return (
            not self.paused
            and self.works(local.date())
            and self.opens <= local.time() < self.closes
        )

    def day_of(self, last_day: date, offset: int, unit: str) -> date:
        back = -1 if offset < 0 else 1
        if unit == "w" and offset:
            others = (last_day + n * back * DAY for n in count(1))
            return next(islice(filter(self.works, others), abs(offset) - 1, None))
        day = last_day + offset * DAY
        towards = 1 if offset > 0 else -1
        return next(filter(self.works, (day + n * towards * DAY for n in count())))

    def moment(self, day: date, *, separate: bool) -> datetime:
        clock = self.opens if separate else self.digest
        return datetime.combine(day, clock, tzinfo=HANOI).astimezone(UTC)

    def plan_of(self, matter: Matter) -> list[Beat]:
        fitting = [plan for plan in self.plans if plan.fits(matter)]
        return max(fitting, key=lambda plan: plan.rank(matter)).beats if fitting else []

    def audience(self, name: str, body: str) -> Iterator[Person]:
        here = [one for one in self.people if one.active and one.body == body]
        officers = [one for one in here if one.role == "officer"]
        heads = [one for one in here if one.role == "head"]
        if name == "officer":
            yield from officers
            if all(one.email in self.dead for one in officers):
                yield from heads
        elif name == "deputy":
            yield from (one for one in here if one.role == "deputy")
        elif name == "head":
            yield from heads
        elif name == "coordinator":
            yield from (
                p
                for p in self.people
                if p.active and (p.body, p.role) == (self.coordinator, "officer")
            )
        else:
            yield from (
                p
                for p in self.people
                if p.active and p.body == self.committee and p.role != "deputy"
            )

    def _beats(self, matter: Matter, last: date) -> dict[tuple[str, date], tuple[int, Beat]]:
        """Give each audience one step a day, up to the last day that matters: of several the latest."""
        best: dict[tuple[str, date], tuple[int, Beat]] = {}
        for beat in self.plan_of(matter):
            for offset in beat.offsets():
                day = self.day_of(matter.last_day, offset, beat.unit)
                if day > last:
                    break
                known = best.get((beat.audience, day))
                if known is None or known[0] < offset:
                    best[beat.audience, day] = (offset, beat)
        return best

    def wishes(self, matter: Matter, now: datetime) -> dict[Key, Wish]:
        """List the steps of a matter, to whom they go, and when: as of now."""
        today = now.astimezone(HANOI).date()
        closed = matter.period.state == "closed" and matter.kind != "explanation"
        if matter.done or matter.excused:
            return {}
        if closed and not (
            matter.extended
            and matter.period.closed_on
            and matter.extended >= matter.period.closed_on
        ):
            return {}
        found: dict[Key, Wish] = {}
        for (audience, day), (offset, beat) in sorted(
            self._beats(matter, today + 31 * DAY).items(), key=lambda item: ORDER.index(item[0][0])
        ):
            if matter.role == "requested" and audience not in ("officer", "deputy"):
                continue
            if closed and (day > matter.last_day or today > matter.last_day):
                continue
            wish = Wish(self.moment(day, separate=beat.separate), beat.separate)
            if matter.undone_at and wish.at <= matter.undone_at:
                continue
            for person in self.audience(audience, matter.body):
                if person.first <= day <= person.last and today <= person.last:
                    name = f"{'+' if offset >= 0 else '-'}{abs(offset)}{beat.unit}"
                    found.setdefault((matter.id, matter.last_day, name, person.email), wish)
        return found


@dataclass
class Oracle:
    """Follows the facts from tick to tick, and says who is told what at each."""

    facts: Facts
    sent: dict[Key, tuple[datetime, datetime]] = field(default_factory=dict)  # planned, sent
    over: dict[Key, str] = field(default_factory=dict)  # overtaken by a newer step, and what to say
    digests: set[tuple[str, date]] = field(default_factory=set)

    def is_news(self, now: datetime) -> bool:
        """Tell whether anything came in the last day."""
        return any(
            now - DAY < wish.at <= now
            for matter in self.facts.matters
            for key, wish in self.facts.wishes(matter, now).items()
            if key not in self.sent and key[3] not in self.facts.dead
        )

    def tick(self, now: datetime) -> None:
        today = now.astimezone(HANOI).date()
        is_open = self.facts.is_open(now)
        had_digest = {address for address, day in self.digests if day == today}
        told: set[str] = set()
        for matter in self.facts.matters:
            wishes = self.facts.wishes(matter, now)
            if not is_open:
                continue
            due = {
                key: wish
                for key, wish in wishes.items()
                if wish.at <= now and key[3] not in self.facts.dead
            }
            for key, wish in due.items():
                if key in self.sent or key in self.over:
                    continue
                to_the_same = [
                    w.at for k, w in due.items() if k[3] == key[3] and k not in self.over
                ]
                to_the_same += [
                    at
                    for k, (at, _) in self.sent.items()
                    if (k[0], k[1], k[3]) == (key[0], key[1], key[3])
                ]
                waits = not wish.separate and key[3] in had_digest and key[1] > today
                if max(to_the_same) > wish.at:
                    self.over[key] = matter.why_overtaken(wish.at)
                elif not waits:
                    self.sent[key] = (wish.at, now)
                    if not wish.separate and key[3] not in had_digest:
                        told.add(key[3])
        self.digests |= {(address, today) for address in told}

    def planned(self, now: datetime) -> set[Key]:
        """List what is still to come, as far as the ledger looks ahead, and what waits for the next digest."""
        return {
            key
            for matter in self.facts.matters
            for key, wish in self.facts.wishes(matter, now).items()
            if wish.at <= now + 30 * DAY
            and key not in self.sent
            and key not in self.over
            and key[3] not in self.facts.dead
        }
