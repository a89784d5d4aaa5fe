"""Whether the safety stop would hold a day's run: the notifier's rules, asked beforehand of what is planned."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, DateTime, and_, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from services.api.deps.clock import HANOI, today_in_hanoi
from shared.calendar import Calendar
from shared.db import Reader
from shared.holds import USUAL, mails_in, most_at_once
from shared.models import Hold, Mail, Reminder

_MOMENT = DateTime(timezone=True)
# A day that is here also sends what could not go out before.
_planned = and_(
    Reminder.state == "planned",
    Reminder.send_at >= bindparam("first", type_=_MOMENT),
    Reminder.send_at < bindparam("to", type_=_MOMENT),
)
_MAILS = select(mails_in(Reminder)).where(_planned)
_DEADLINES = select(Reminder.due_on).where(_planned).distinct()
_STEPS = select(mails_in(Reminder)).where(
    _planned,
    Reminder.kind == "step",
    Reminder.due_on == any_(bindparam("deadlines", type_=ARRAY(Date))),
)
_sent_on = func.date(func.timezone(HANOI.key, Mail.sent_at))
_PER_DAY = (
    select(_sent_on.label("day"), func.count().label("mails"))
    .where(Mail.sent_at > bindparam("since", type_=_MOMENT))
    .group_by(_sent_on)
)
_RELEASED = select(Hold.kind).where(
    Hold.state == "released",
    Hold.decided_by.is_not(None),
    func.date(func.timezone(HANOI.key, Hold.decided_at)) == bindparam("day", type_=Date()),
)
EPOCH = datetime(1970, 1, 1, tzinfo=HANOI)


@dataclass(frozen=True)
class Run:
    """The mail of a day as it is planned."""

    day: date
    span: Mapping[str, datetime]  # from, to
    now: datetime
    calendar: Calendar
    settings: Mapping[str, Any]

    @property
    def is_today(self) -> bool:
        return self.day == today_in_hanoi(self.now)

    @property
    def values(self) -> dict[str, datetime]:
        return {"first": EPOCH if self.is_today else self.span["from"], "to": self.span["to"]}


@dataclass(frozen=True)
class Foretold:
    """What would be held of it, and whether anything goes out all the same."""

    holds: list[dict[str, Any]]
    goes_out: bool


async def foretell(read: Reader, run: Run) -> Foretold:
    """Ask what the notifier asks before it sends; a release is of its day alone."""
    released = {row["kind"] for row in await read.all(_RELEASED, day=run.day)}
    found = await read.all(_DEADLINES, **run.values)
    unknown = _unknown(run, (row["due_on"] for row in found))
    flood = None if "too_many" in released else await _too_many(read, run)
    calendar = None
    if unknown and "calendar" not in released:
        calendar = await _calendar(read, run, unknown)
    held = [hold for hold in (calendar, flood) if hold]
    over_known = any(row["due_on"] not in unknown for row in found)
    return Foretold(held, not flood and _goes(run, unknown, released, over_known=over_known))


def _goes(run: Run, unknown: list[date], released: set[str], *, over_known: bool) -> bool:
    """Tell whether anything goes out: a calendar holds no notices, and nothing of what was released for the day."""
    if run.settings["paused"] or not run.calendar.is_working(run.day):
        return False
    if "calendar" in released:
        return True
    confirmed = run.calendar.confirms(run.day, run.day)
    known = confirmed or not run.settings["calendar_required"]
    return over_known or (known and not unknown)


def _unknown(run: Run, deadlines: Iterable[date | None]) -> list[date]:
    """List the deadlines from which days are counted over a year that nobody confirmed."""
    if not run.settings["calendar_required"]:
        return []
    return sorted({day for day in deadlines if day and run.calendar.unconfirmed(run.day, day)})


async def _calendar(read: Reader, run: Run, unknown: list[date]) -> dict[str, Any]:
    mails = await read.value(_STEPS, deadlines=unknown, **run.values)
    year = run.calendar.unconfirmed(run.day, *unknown)[0]
    return {"kind": "calendar", "mails": mails, "limit": None, "usual": None, "year": year}


async def _too_many(read: Reader, run: Run) -> dict[str, Any] | None:
    due = await read.value(_MAILS, **run.values)
    if not due:
        return None
    today = today_in_hanoi(run.now)
    per_day = dict(await read.all(_PER_DAY, since=run.now - USUAL))
    sent = per_day.pop(today, 0) if run.is_today else 0
    usual = max(per_day.values(), default=None)
    settings = run.settings
    limit = most_at_once(
        due, usual=usual, most=settings["most_mails"], factor=settings["usual_factor"]
    )
    if due + sent <= limit:
        return None
    return {"kind": "too_many", "mails": due, "limit": limit, "usual": usual, "year": None}
