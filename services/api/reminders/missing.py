"""Why nobody is written to about a duty on a day: pure, so that each reason has a test."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from shared.calendar import Calendar

TOLD = frozenset({"planned", "claimed", "sent", "delivered"})


@dataclass(frozen=True)
class PolicyStep:
    offset_days: int
    days: str  # working, calendar
    repeat_every: int | None
    repeat_count: int | None

    def falls_on(self, due_on: date, calendar: Calendar) -> Iterable[date]:
        """Give its days; one that falls on a day off is worked out as it stands."""
        for turn in range((self.repeat_count or 0) + 1):
            number = self.offset_days + turn * (self.repeat_every or 0)
            if self.days == "working":
                yield calendar.add(due_on, number)
            else:
                yield date.fromordinal(due_on.toordinal() + number)


@dataclass(frozen=True)
class Open:
    """A duty or a request, with what the ledger has of it on that day."""

    done: bool
    excused: bool
    silent: bool  # no policy fits, or one without steps
    states: frozenset[str]  # of its rows on that day
    next_on: date | None  # the next planned day in the ledger


@dataclass(frozen=True)
class ThatDay:
    day: date
    horizon: date  # the last day that the ledger plans
    calendar: Calendar
    paused: bool


@dataclass(frozen=True)
class Reach:
    """A body's contacts."""

    active: int = 0
    reachable: int = 0


def why_not(
    thing: Open, reach: Reach, that: ThatDay, *, beyond: date | None
) -> tuple[str, date | None] | None:
    """Give the reason and the next day on which somebody is told; None where somebody is told on that day.

    ``beyond`` is what ``first_beyond`` says of its deadline and steps.
    """
    going = thing.states & TOLD
    if going and not (that.paused and going == {"planned"}):
        return None
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
    days = (day for step in steps for day in step.falls_on(due_on, that.calendar))
    return min((day for day in days if day > that.horizon), default=None)
