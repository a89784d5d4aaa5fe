"""Which reminders a duty gets and when: pure, so that every calendar trap has a test."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
SEND_TIME = time(8, 0, tzinfo=HANOI)  # when offices open
HORIZON = timedelta(days=30)  # how far ahead the ledger shows what will be sent
LONGEST_PAUSE = timedelta(hours=1)
# A recipient in two audiences gets one mail, in the first of these.
AUDIENCES = ("officer", "head", "coordinator")


@dataclass(frozen=True)
class Policy:
    """A row of ``reminder_policies``: so many days after the deadline, maybe repeated."""

    offset_days: int
    repeat_every_days: int | None
    repeat_count: int | None
    audience: str

    def days(self) -> Iterator[int]:
        """Days after the deadline; before it when negative."""
        yield self.offset_days
        for repeat in range(1, (self.repeat_count or 0) + 1):
            yield self.offset_days + repeat * (self.repeat_every_days or 0)


@dataclass(frozen=True, order=True)
class Step:
    """One reminder of every duty with this deadline."""

    due_on: date
    step_days: int
    audience: str
    send_at: datetime


def today_in_hanoi(now: datetime) -> date:
    """Deadlines are days in Hanoi, whatever zone the server keeps."""
    return now.astimezone(HANOI).date()


def send_at(due_on: date, step_days: int) -> datetime:
    """08:00 in Hanoi on that day, as UTC. Calendar days: a step may fall on a holiday."""
    return datetime.combine(due_on + timedelta(days=step_days), SEND_TIME).astimezone(UTC)


def steps(policies: Iterable[Policy], *, due_on: date, now: datetime) -> list[Step]:
    """Give the steps of a deadline that are past, or due within the horizon."""
    until = now + HORIZON
    found = {
        Step(due_on, days, policy.audience, send_at(due_on, days))
        for policy in policies
        for days in policy.days()
    }
    return sorted(step for step in found if step.send_at <= until)


def pause_after(attempts: int, reminder_id: UUID) -> timedelta:
    """Wait 1, 2, 4, 8 … minutes, at most an hour, after so many failed attempts.

    The reminder's own id spreads the pauses, so that those that failed together do not return together.
    """
    whole = min(timedelta(minutes=2 ** (min(attempts, 10) - 1)), LONGEST_PAUSE)
    return whole * (1 - 0.2 * (reminder_id.int % 1000) / 1000)
