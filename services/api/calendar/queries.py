"""The working calendar as it has been entered."""

from datetime import date
from typing import Any

from sqlalchemy import bindparam, select

from services.api.calendar.library import FIRST_FILL, NOTE
from services.api.deps.caller import Caller
from shared.calendar import Calendar, days
from shared.db import Reader
from shared.models import CalendarDay, CalendarYear

_DAYS = (
    select(CalendarDay.day, CalendarDay.kind, CalendarDay.name, CalendarDay.decision)
    .where(CalendarDay.day.between(bindparam("first"), bindparam("last")))
    .order_by(CalendarDay.day)
)
_YEAR = select(CalendarYear.confirmed, CalendarYear.decision, CalendarYear.updated_at).where(
    CalendarYear.year == bindparam("year")
)
_CONFIRMED = select(CalendarYear.year).where(CalendarYear.confirmed)


async def working_calendar(read: Reader, first: date, last: date) -> Calendar:
    """Read what is needed to count between two days; half a year beside them is read as well."""
    first, last = date(min(first, last).year - 1, 7, 1), date(max(first, last).year + 1, 6, 30)
    rows = await read.all(_DAYS, first=first, last=last)
    return Calendar(
        off=frozenset(row["day"] for row in rows if row["kind"] == "off"),
        worked=frozenset(row["day"] for row in rows if row["kind"] == "worked"),
        confirmed=frozenset(row["year"] for row in await read.all(_CONFIRMED)),
    )


async def special_days(read: Reader, first: date, last: date) -> list[dict[str, Any]]:
    """List the days off and the worked weekends from one day to the other."""
    return [dict(row) for row in await read.all(_DAYS, first=first, last=last)]


async def calendar_shown(read: Reader, caller: Caller, year: int) -> dict[str, Any]:
    """Show a year; one that nobody has entered is empty and not confirmed."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    said = await read.first(_YEAR, year=year)
    special = await special_days(read, first, last)
    decision = said["decision"] if said else ""
    calendar = Calendar(
        off=frozenset(day["day"] for day in special if day["kind"] == "off"),
        worked=frozenset(day["day"] for day in special if day["kind"] == "worked"),
    )
    return {
        "year": year,
        "confirmed": bool(said and said["confirmed"]),
        "decision": decision,
        "note": NOTE if decision.startswith(FIRST_FILL) else None,
        "working_days": sum(calendar.is_working(day) for day in days(first, last)),
        "days": special,
        "updated_at": said["updated_at"] if said else None,
        "allowed_actions": _actions(entered=bool(special)) if caller.may("periods:write") else [],
    }


def _actions(*, entered: bool) -> list[str]:
    return ["edit"] if entered else ["edit", "fill"]
