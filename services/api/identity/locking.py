"""How long an account is locked after wrong passwords; pure."""

from datetime import datetime, timedelta

from shared.errors import TooManyRequestsError

FREE_ATTEMPTS = 5
LONGEST_LOCK = timedelta(minutes=15)


def locked_until(failures: int, *, now: datetime) -> datetime | None:
    """Back off: nothing for four misses, then 30 s, 60 s, 120 s … up to a quarter of an hour."""
    if failures < FREE_ATTEMPTS:
        return None
    doublings = min(failures - FREE_ATTEMPTS, 10)
    return now + min(timedelta(seconds=30 * (1 << doublings)), LONGEST_LOCK)


def refuse_locked(until: datetime | None, *, now: datetime) -> None:
    if until is None or until <= now:
        return
    wait = int((until - now).total_seconds()) + 1
    raise TooManyRequestsError(
        f"Too many wrong passwords; try again in {wait} seconds.",
        vi=f"Sai mật khẩu quá nhiều lần; vui lòng thử lại sau {wait} giây.",
        retry_after=wait,
    )
