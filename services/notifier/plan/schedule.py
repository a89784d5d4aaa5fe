"""Which reminders a duty gets and when: pure, so that every calendar trap has a test."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.calendar import DAY, Calendar, day_of, next_working

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
HORIZON = timedelta(days=30)  # how far ahead the ledger shows what will be sent
LONG_PAST = timedelta(days=60)
LONGEST_PAUSE = timedelta(hours=1)
# A recipient in two audiences gets one line, in the first of these.
AUDIENCES = ("officer", "deputy", "head", "coordinator", "leadership")


@dataclass(frozen=True)
class Rule:
    """A row of ``reminder_steps``: so many days after the deadline, before it when negative, maybe repeated."""

    policy_id: UUID
    offset_days: int
    days: str  # working, calendar
    repeat_every: int | None
    repeat_count: int | None  # null of what is repeated: until the duty is done
    audience: str
    separate: bool
    template_id: UUID | None = None

    @property
    def goes_on(self) -> bool:
        """Tell whether it comes again until the duty is done."""
        return self.repeat_every is not None and self.repeat_count is None

    def offsets(self) -> Iterator[int]:
        """Days after the deadline, of the first and of each repetition; without an end where it goes on."""
        every = self.repeat_every or 0
        turns = count() if self.goes_on else range((self.repeat_count or 0) + 1)
        return (self.offset_days + turn * every for turn in turns)

    def days_after(self, due_on: date, calendar: Calendar) -> Iterator[tuple[int, date]]:
        """Give each offset with the working day on which it is sent, counted on from the one before."""
        known, at_known = 0, due_on
        for offset in self.offsets():
            if self.days == "working" and known > 0:
                day = calendar.add(at_known, offset - known)
            else:
                day = day_of(due_on, offset, self.days, calendar)
            yield offset, day
            known, at_known = offset, day


@dataclass(frozen=True, order=True)
class Step:
    """One reminder of every duty with this policy and deadline."""

    policy_id: UUID
    due_on: date
    audience: str
    day: date
    send_at: datetime
    step: str
    separate: bool
    template_id: UUID | None = None


@dataclass(frozen=True)
class Hours:
    """When mail may go out: on the city's working days, between two times in Hanoi."""

    calendar: Calendar
    opens_at: time
    closes_at: time
    digest_at: time

    def are_now(self, now: datetime) -> bool:
        local = now.astimezone(HANOI)
        return self.calendar.is_working(local.date()) and (
            self.opens_at <= local.time() < self.closes_at
        )

    def opened(self, now: datetime) -> datetime:
        """Give the moment at which the hours of this day began."""
        return at(today_in_hanoi(now), self.opens_at)

    def next(self, now: datetime) -> datetime:
        """Give ``now`` where mail may go out, or else the next opening."""
        if self.are_now(now):
            return now
        local = now.astimezone(HANOI)
        day = local.date() if local.time() < self.opens_at else local.date() + DAY
        return at(next_working(day, self.calendar), self.opens_at)

    def next_digest(self, now: datetime) -> datetime:
        """Give the digest of the first working day after today."""
        return at(next_working(today_in_hanoi(now) + DAY, self.calendar), self.digest_at)


def at(day: date, clock: time) -> datetime:
    """Give that time of the day in Hanoi, as UTC."""
    return datetime.combine(day, clock, tzinfo=HANOI).astimezone(UTC)


def today_in_hanoi(now: datetime) -> date:
    """Deadlines are days in Hanoi, whatever zone the server keeps."""
    return now.astimezone(HANOI).date()


def name_of(offset: int, days: str) -> str:
    """Name a step as the ledger does: ``-5w``, ``+3c``, ``+0w``."""
    return f"{offset:+d}{days[0]}"


def steps(
    rules: Iterable[Rule],
    *,
    due_on: date,
    hours: Hours,
    now: datetime,
    horizon: timedelta = HORIZON,
) -> list[Step]:
    """Give the steps of a deadline that are past, or due within the horizon.

    Of two that fall on one day for one audience the later stands for both.
    """
    latest: dict[tuple[UUID, str, date], tuple[int, Step]] = {}
    for rule in rules:
        own = list(_steps_of(rule, due_on=due_on, hours=hours, until=now + horizon))
        for offset, step in _lately(own, since=now - LONG_PAST) if rule.goes_on else own:
            key = (rule.policy_id, rule.audience, step.day)
            if key not in latest or latest[key][0] < offset:
                latest[key] = (offset, step)
    return sorted(step for _, step in latest.values())


def _steps_of(
    rule: Rule, *, due_on: date, hours: Hours, until: datetime
) -> Iterator[tuple[int, Step]]:
    for offset, day in rule.days_after(due_on, hours.calendar):
        send_at = at(day, hours.opens_at if rule.separate else hours.digest_at)
        if send_at > until:
            return
        yield (
            offset,
            Step(
                policy_id=rule.policy_id,
                due_on=due_on,
                audience=rule.audience,
                day=day,
                send_at=send_at,
                step=name_of(offset, rule.days),
                separate=rule.separate,
                template_id=rule.template_id,
            ),
        )


def _lately(own: list[tuple[int, Step]], *, since: datetime) -> list[tuple[int, Step]]:
    """Leave out of a repetition without an end what was overtaken long ago: a year late is not 50 steps."""
    first = next((place for place, (_, step) in enumerate(own) if step.send_at >= since), len(own))
    return own[max(first - 1, 0) :]


def pause_after(attempts: int, key: UUID, *, longest: timedelta = LONGEST_PAUSE) -> timedelta:
    """Wait 1, 2, 4, 8 … minutes, at most an hour or what else is the longest, after so many failed attempts.

    The mail's own id spreads the pauses, so that those that failed together do not return together.
    """
    whole = min(timedelta(minutes=2 ** (min(attempts, 20) - 1)), longest)
    return whole * (1 - 0.2 * (key.int % 1000) / 1000)
