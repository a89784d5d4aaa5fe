"""Reminders keep office hours: a demonstration in the evening opens them for as long as it plays."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any

from deploy.demo_people import Person

SETTINGS = "/v1/reminder-settings"
ROUND_THE_CLOCK = {"opens_at": "00:00", "digest_at": "00:00", "closes_at": "23:59"}
DECISION = "SỐ LIỆU MINH HỌA / MADE-UP: không có quyết định"
FRIDAY = 5
Tell = Callable[[str, str], None]


@asynccontextmanager
async def office_hours(coordinator: Person, now: datetime, tell: Tell) -> AsyncIterator[bool]:
    """Give whether mail can go out now; the hours are as before afterwards.

    A year that nobody has confirmed is confirmed as made up, with today as a working day: on a system of
    one's own nothing would be sent else. What a real decision says stays as it is.
    """
    works = await _calendar(coordinator, now.date(), tell)
    before = await coordinator.call("GET", SETTINGS)
    settings = {
        name: value
        for name, value in before.items()
        if name not in {"updated_at", "allowed_actions"}
    }
    inside = settings["opens_at"] <= f"{now:%H:%M}" < settings["closes_at"]
    if works and not inside:
        await coordinator.change(SETTINGS, settings | ROUND_THE_CLOCK, method="PUT")
        tell("Sở KH&CN", "opens the hours of mail round the clock while the demonstration plays")
    try:
        yield works
    finally:
        if works and not inside:
            await coordinator.change(SETTINGS, settings, method="PUT")
            tell("Sở KH&CN", f"closes them again: {settings['opens_at']}–{settings['closes_at']}")


async def _calendar(coordinator: Person, today: date, tell: Tell) -> bool:
    path = f"/v1/calendar/{today.year}"
    calendar = await coordinator.call("GET", path)
    day: dict[str, Any] | None = next(
        (day for day in calendar["days"] if day["day"] == today.isoformat()), None
    )
    works = day["kind"] == "worked" if day else today.isoweekday() <= FRIDAY
    if calendar["confirmed"]:
        return works
    days = [one for one in calendar["days"] if one is not day]
    if today.isoweekday() > FRIDAY:
        days.append({"day": today.isoformat(), "kind": "worked", "name": DECISION})
    new = {"days": days, "decision": DECISION, "confirmed": True}
    await coordinator.change(path, new, method="PUT")
    tell("Sở KH&CN", f"confirms the working days of {today.year}, as made up: {DECISION}")
    return True
