"""Why nobody is written to about a duty on a day: pure, so that each reason has a test."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from itertools import count

from shared.calendar import DAY, Calendar, day_of

TOLD = frozenset({"planned", "claimed", "sent", "delivered"})


@dataclass(frozen=True)
class PolicyStep:
    offset_days: int
    days: str  # working, calendar
    repeat_every: int | None
    repeat_count: int | None
    audience: str = "officer"

    def first_from(self, due_on: date, first: date, calendar: Calendar) -> date | None:
        """Find the first day from ``first`` on on which it is sent."""
        goes_on = self.repeat_every is not None and self.repeat_count is None
        turns = count() if goes_on else range((self.repeat_count or 0) + 1)
        offsets = (self.offset_days + turn * (self.repeat_every or 0) for turn in turns)
        days = (day_of(due_on, offset, self.days, calendar) for offset in offsets)
        return next((day for day in days if day >= first), None)


@dataclass(frozen=True)
class Open:
    """A duty or a request, with what the ledger has of it on that day."""

    done: bool
    excused: bool
    silent: bool  # no policy fits, or one without steps
    states: frozenset[str]  # of its rows on that day
    own: bool  # somebody of its body is told on that day
    next_on: date | None  # the next planned day in the ledger


@dataclass(frozen=True)
class ThatDay:
    day: date
    horizon: date  # the last day that the ledger plans
    calendar: Calendar
    paused: bool


@dataclass(frozen=True)
class Reach:
    """A body's people: its contacts, and whoever stands in for them."""

    active: int = 0
    reachable: int = 0


def why_not(
    thing: Open, reach: Reach, that: ThatDay, *, beyond: date | None
) -> tuple[str, date | None] | None:
    """Give the reason and the next day on which somebody is told; None where somebody is told on that day.

    A body that nobody can write to is named also where others are told of its duty.

    ``beyond`` is what ``first_beyond`` says of its deadline and steps.
    """
    going = thing.states & TOLD
    if going and not (that.paused and going == {"planned"}):
        nobody = None if thing.own or thing.done or thing.excused else _of_the_body(reach)
        return (nobody, thing.next_on) if nobody else None
    code = _of_itself(thing, that) or _of_the_body(reach)
    if code is None and not that.calendar.is_working(that.day):
        code = "not_a_working_day"
    if code in {"done", "excused", "policy_silent"}:
        return code, None
    if code is not None or thing.next_on is not None:
        return code or "no_step_that_day", thing.next_on
    return ("beyond_horizon", beyond) if beyond else ("no_step_that_day", None)


def _of_itself(thing: Open, that: ThatDay) -> str | None:
    facts: Mapping[str, bool] = {
        "excused": thing.excused,
        "done": thing.done,
        "held": "held" in thing.states,
        "paused": that.paused and "planned" in thing.states,
        "failed": "failed" in thing.states,
        "skipped": "skipped" in thing.states,
        "policy_silent": thing.silent,
    }
    return next((code for code, holds in facts.items() if holds), None)


def _of_the_body(reach: Reach) -> str | None:
    if not reach.active:
        return "no_contact"
    return None if reach.reachable else "suppressed_address"


def first_beyond(due_on: date, steps: Sequence[PolicyStep], that: ThatDay) -> date | None:
    """Find the first step that the ledger does not plan yet."""
    after = that.horizon + DAY
    days = (step.first_from(due_on, after, that.calendar) for step in steps)
    return min((day for day in days if day), default=None)


def empty_audiences(
    due_on: date, steps: Sequence[PolicyStep], reached: AbstractSet[str], that: ThatDay
) -> list[str]:
    """List the audiences to whom a step of that day would go, if they were anybody; deputies need not be there."""
    return sorted(
        {
            step.audience
            for step in steps
            if step.audience != "deputy"
            and step.audience not in reached
            and step.first_from(due_on, that.day, that.calendar) == that.day
        }
    )
