"""The coordinator enters a year's days off and worked weekends, and confirms the year."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.calendar import schemas
from services.api.calendar.days import NO_DAY_OFF, has_day_off, misplaced
from services.api.calendar.library import FIRST_FILL, FIRST_YEAR, LAST_YEAR, SOURCE, library_days
from services.api.calendar.table import read_days
from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.sheets.faults import Faults
from services.api.sheets.tables import Table
from shared.errors import ConflictError, Fault, InvalidError
from shared.models import CalendarDay, CalendarYear

_CALENDAR = 0x63616C  # the advisory locks of this noun, beside the year


class CalendarEnteredError(ConflictError):
    """This year's days have been entered already: change them, a first fill overwrites nothing.

    Ngày của năm này đã được nhập: hãy sửa trực tiếp, việc điền ban đầu không ghi đè.
    """


class CheckedYear(NamedTuple):
    """How many days a file has, what is wrong with it, and what it would change or has changed."""

    days: int
    faults: Faults
    difference: dict[str, list[date]] | None


async def hold_year(session: AsyncSession, year: int) -> None:
    """Take the year in hand until the end, also one that has no row yet."""
    await session.execute(select(func.pg_advisory_xact_lock(_CALENDAR, year)))


async def set_year(
    session: AsyncSession, caller: Caller, year: int, *, new: schemas.CalendarYear, now: datetime
) -> None:
    """Replace the year's days, whole or not at all."""
    if faults := _faults(year, new.days or ()):
        raise InvalidError(faults=faults)
    _refuse_without_decision(confirmed=new.confirmed, decision=new.decision)
    held = await _held(session, year)
    before = await _days_of(session, year)
    after = before if new.days is None else {day.day: day.model_dump() for day in new.days}
    if new.confirmed:
        _refuse_without_days_off(after.values())
    said = {"confirmed": new.confirmed, "decision": new.decision}
    changes = {
        name: [getattr(held, name), value]
        for name, value in said.items()
        if getattr(held, name) != value
    }
    if before != after:
        changes["days"] = [len(before), len(after)]
        for day in sorted(before.keys() | after.keys()):
            if before.get(day) != after.get(day):
                changes[str(day)] = [before.get(day), after.get(day)]
        await session.execute(delete(CalendarDay).where(_in(year)))
        session.add_all(CalendarDay(**values) for values in after.values())
    if changes:
        held.confirmed, held.decision, held.updated_at = new.confirmed, new.decision, now
        record(session, caller, "changed", ("calendar", str(year)), changes=changes)


def _refuse_without_decision(*, confirmed: bool, decision: str) -> None:
    if confirmed and (not decision or decision.startswith(FIRST_FILL)):
        raise InvalidError(
            "A year is confirmed by a decision: give its number.",
            vi="Năm được xác nhận theo quyết định: hãy ghi số quyết định.",
            pointer="/decision",
        )


def _refuse_without_days_off(days: Iterable[Mapping[str, object]]) -> None:
    if not has_day_off(days):
        raise InvalidError(NO_DAY_OFF.english, vi=NO_DAY_OFF.vietnamese, pointer="/days")


async def import_year(
    session: AsyncSession,
    caller: Caller,
    year: int,
    *,
    table: Table,
    form: schemas.CalendarFile,
    dry_run: bool,
    now: datetime,
) -> CheckedYear:
    """Check a file; replace the year's days by its own unless it is a dry run, which raises nothing for what is in the file."""
    _refuse_without_decision(confirmed=form.confirmed, decision=form.decision)
    days, faults = read_days(table, year=year, confirmed=form.confirmed)
    if not dry_run:
        faults.refuse()
    difference = None if faults else _compared(await _days_of(session, year), days)
    if not dry_run:
        new = schemas.CalendarYear(days=days, confirmed=form.confirmed, decision=form.decision)
        await set_year(session, caller, year, new=new, now=now)
    return CheckedYear(len(days), faults, difference)


def _compared(
    before: Mapping[date, Mapping[str, object]], days: Iterable[schemas.CalendarDay]
) -> dict[str, list[date]]:
    after = {day.day: day.model_dump() for day in days}
    return {
        "added": sorted(after.keys() - before.keys()),
        "removed": sorted(before.keys() - after.keys()),
        "changed": sorted(day for day in before.keys() & after.keys() if before[day] != after[day]),
    }


async def fill_year(
    session: AsyncSession, caller: Caller, year: int, *, now: datetime, emptied: bool = False
) -> bool:
    """Enter a library's holidays where nobody has entered anything, as a start; the year stays unconfirmed.

    ``emptied``: also where somebody has, and left no day. False where it was entered before. Raises ``InvalidError`` for a year that the library does not know.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InvalidError(
            f"The library knows the lunar days of {FIRST_YEAR} to {LAST_YEAR} only.",
            vi=f"Thư viện chỉ có ngày âm lịch của các năm {FIRST_YEAR} đến {LAST_YEAR}.",
        )
    # Of two who fill at once the second waits here for the first, and finds the year entered.
    await hold_year(session, year)
    added = await session.scalar(
        insert(CalendarYear).values(year=year).on_conflict_do_nothing().returning(CalendarYear.year)
    )
    if added is None and not (emptied and not await _days_of(session, year)):
        return False
    filled = schemas.CalendarYear(days=library_days(year), decision=SOURCE)
    await set_year(session, caller, year, new=filled, now=now)
    return True


def _faults(year: int, days: Sequence[schemas.CalendarDay]) -> list[Fault]:
    return [Fault(f"/days/{place}/day", *said) for place, said in misplaced(year, days)]


async def _held(session: AsyncSession, year: int) -> CalendarYear:
    """Take the year in hand: of two who replace it at once the second replaces what the first wrote."""
    await session.execute(insert(CalendarYear).values(year=year).on_conflict_do_nothing())
    found = await session.scalars(
        select(CalendarYear)
        .where(CalendarYear.year == year)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found.one()


def _in(year: int) -> ColumnElement[bool]:
    return CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))


async def _days_of(session: AsyncSession, year: int) -> dict[date, dict[str, object]]:
    rows = await session.scalars(select(CalendarDay).where(_in(year)))
    return {
        row.day: {"day": row.day, "kind": row.kind, "name": row.name, "decision": row.decision}
        for row in rows
    }
