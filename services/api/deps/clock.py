"""Deadlines are days in Hanoi, whatever zone the server keeps."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


def today_in_hanoi(now: datetime | None = None) -> date:
    return (now or datetime.now(UTC)).astimezone(HANOI).date()
