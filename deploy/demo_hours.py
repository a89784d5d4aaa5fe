"""Reminders keep office hours and wait for a confirmed year: a demonstration opens both for as long as it plays."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any

from deploy.demo_people import Person
from deploy.demo_traces import everything

SETTINGS = "/v1/reminder-settings"
ROUND_THE_CLOCK = {"opens_at": "00:00", "digest_at": "00:00", "closes_at": "23:59"}
DECISION = "SỐ LIỆU MINH HỌA / MADE-UP: không có quyết định"
FRIDAY = 5
Tell = Callable[[str, str], None]


@asynccontextmanager
async def office_hours(coordinator: Person, now: datetime, tell: Tell) -> AsyncIterator[bool]:
    """Give whether mail can go out now; hours and calendar are as before afterwards.

    A year that nobody has confirmed is confirmed as made up, with today as a working day: on a system of
    one's own nothing would be sent else. What a real decision says stays as it is, and where a real period
    is open neither hours nor calendar are touched: its mail would go out with that of the demonstration.
    """
    real = await _has_real_period(coordinator)
    async with (
        _calendar(coordinator, now.date(), tell, touch=not real) as works,
        _hours(coordinator, now, tell, touch=works and not real) as is_open,
    ):
        if real and not (works and is_open):
            tell("Sở KH&CN", "has a real period open: its hours and its calendar stay as they are")
        yield works and is_open


async def _has_real_period(coordinator: Person) -> bool:
    periods = everything(coordinator, "/v1/periods?state=open")
    return bool([period["code"] async for period in periods if not period["made_up"]])


@asynccontextmanager
async def _hours(
    coordinator: Person, now: datetime, tell: Tell, *, touch: bool
) -> AsyncIterator[bool]:
    before = await coordinator.call("GET", SETTINGS)
    settings = {
        name: value
        for name, value in before.items()
        if name not in {"updated_at", "allowed_actions"}
    }
    inside = settings["opens_at"] <= f"{now:%H:%M}" < settings["closes_at"]
    if inside or not touch:
        yield inside
        return
    await coordinator.change(SETTINGS, settings | ROUND_THE_CLOCK, method="PUT")
    tell("Sở KH&CN", "opens the hours of mail round the clock while the demonstration plays")
    try:
        yield True
    finally:
        await coordinator.change(SETTINGS, settings, method="PUT")
        tell("Sở KH&CN", f"closes them again: {settings['opens_at']}–{settings['closes_at']}")


@asynccontextmanager
async def _calendar(
    coordinator: Person, today: date, tell: Tell, *, touch: bool
) -> AsyncIterator[bool]:
    """Give whether today is worked and its year confirmed."""
    path = f"/v1/calendar/{today.year}"
    calendar = await coordinator.call("GET", path)
    if calendar["confirmed"] and calendar["decision"] != DECISION:
        yield _works(calendar, today)
        return
    if not touch:
        yield False
        return
    if "fill" in calendar["allowed_actions"]:  # nothing was entered: afterwards it is a first fill
        calendar = await coordinator.call("POST", f"{path}/fill")
    before = _as_it_was(calendar)
    days = [day for day in before["days"] if day["day"] != today.isoformat()]
    if today.isoweekday() > FRIDAY:
        days.append({"day": today.isoformat(), "kind": "worked", "name": DECISION})
    made_up = {"days": days, "decision": DECISION, "confirmed": True}
    await coordinator.change(path, made_up, method="PUT")
    tell("Sở KH&CN", f"confirms the working days of {today.year}, as made up: {DECISION}")
    try:
        yield True
    finally:
        await _put_back(coordinator, path, before, tell)


def _works(calendar: dict[str, Any], today: date) -> bool:
    day = next((one for one in calendar["days"] if one["day"] == today.isoformat()), None)
    return day["kind"] == "worked" if day else today.isoweekday() <= FRIDAY


def _as_it_was(calendar: dict[str, Any]) -> dict[str, Any]:
    """Give the year without what an earlier demonstration left that could not put it back."""
    left = calendar["decision"] == DECISION
    return {
        "days": [day for day in calendar["days"] if day["name"] != DECISION],
        "decision": "" if left else calendar["decision"],
        "confirmed": False,
    }


async def _put_back(coordinator: Person, path: str, before: dict[str, Any], tell: Tell) -> None:
    now = await coordinator.call("GET", path)
    if now["decision"] != DECISION:
        tell("Sở KH&CN", "leaves the calendar alone: somebody has entered a decision meanwhile")
        return
    await coordinator.change(path, before, method="PUT")
    tell("Sở KH&CN", "puts the calendar back: the year is not confirmed, and reminders wait for it")
