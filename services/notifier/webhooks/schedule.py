"""When a message is tried again, and what an answer means. Pure."""

import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple
from uuid import UUID

# After each failure. All in all three days and a few hours: a long week-end.
DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
WHOLE = sum(DELAYS, timedelta())
JITTER = 0.2  # at most so much longer, never shorter
LONGEST_WAIT = timedelta(hours=24)  # what a receiver may ask for
GONE = 410
ASKS_TO_WAIT = frozenset({429, 503})


def pause_after(attempts: int, delivery_id: UUID) -> timedelta | None:
    """Say how long to wait after so many failures; None when it is over.

    What failed together must not come back together: each delivery has its own share of jitter.
    """
    if attempts > len(DELAYS):
        return None
    digest = hashlib.blake2b(delivery_id.bytes + bytes([attempts]), digest_size=4).digest()
    share = int.from_bytes(digest, "big") / 2**32
    return DELAYS[attempts - 1] * (1 + JITTER * share)


def wait_asked(status: int | None, header: str | None, *, now: datetime) -> datetime | None:
    """Read ``Retry-After`` (RFC 9110, 10.2.3) where it counts: seconds or a date, within bounds."""
    if status not in ASKS_TO_WAIT or not header:
        return None
    header = header.strip()
    if header.isascii() and header.isdigit():
        until = now + timedelta(seconds=min(int(header[:9]), LONGEST_WAIT.total_seconds()))
    else:
        try:
            until = parsedate_to_datetime(header)
        except (ValueError, TypeError, OverflowError):
            return None
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
    return min(until, now + LONGEST_WAIT) if until > now else None


class Verdict(NamedTuple):
    """What becomes of a delivery after an attempt."""

    state: Literal["delivered", "waiting", "failed"]
    next_at: datetime
    reason: str | None = None
    gone: bool = False


def verdict(
    *,
    delivery_id: UUID,
    attempts: int,
    status: int | None,
    error: str | None,
    wait_until: datetime | None,
    now: datetime,
) -> Verdict:
    """Judge the ``attempts``-th attempt: 2xx is success, a redirect is a failure as any other."""
    if status is not None and 200 <= status < 300:  # noqa: PLR2004 a range of RFC 9110
        return Verdict("delivered", now)
    reason = error or f"status {status}"
    if status == GONE:
        return Verdict("failed", now, reason, gone=True)
    pause = pause_after(attempts, delivery_id)
    if pause is None:
        return Verdict("failed", now, reason)
    return Verdict("waiting", max(now + pause, wait_until or now), reason)
