"""Three days of tries, each a little later than planned; a receiver's wish to wait is kept, within bounds."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.webhooks.schedule import (
    DELAYS,
    JITTER,
    WHOLE,
    Verdict,
    pause_after,
    verdict,
    wait_asked,
)

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def judged(attempts: int = 1, status: int | None = 500, wait: datetime | None = None) -> Verdict:
    return verdict(
        delivery_id=UUID(int=1),
        attempts=attempts,
        status=status,
        error=None if status else "timeout",
        wait_until=wait,
        now=NOW,
    )


@given(st.uuids())
def test_pauses_are_the_plans_and_at_most_a_fifth_longer(delivery: UUID) -> None:
    for attempts, planned in enumerate(DELAYS, 1):
        pause = pause_after(attempts, delivery)
        assert pause is not None
        assert planned <= pause <= planned * (1 + JITTER)
    assert pause_after(len(DELAYS) + 1, delivery) is None


def test_all_tries_take_about_three_days() -> None:
    assert timedelta(days=3) <= WHOLE <= timedelta(days=3.5)


def test_what_failed_together_does_not_come_back_together() -> None:
    assert len({pause_after(4, uuid4()) for _ in range(200)}) > 190


@pytest.mark.parametrize(
    ("status", "state"),
    [(200, "delivered"), (204, "delivered"), (299, "delivered")]
    + [(code, "waiting") for code in (100, 199, 301, 302, 307, 308, 400, 404, 429, 500, 503, 599)]
    + [(410, "failed"), (None, "waiting")],
)
def test_only_2xx_is_a_success_and_a_redirect_is_none(status: int | None, state: str) -> None:
    assert judged(status=status).state == state


def test_410_says_that_nobody_is_there_any_more() -> None:
    assert judged(status=410).gone
    assert not judged(status=404).gone


def test_after_the_last_try_it_is_over() -> None:
    assert judged(attempts=9).state == "waiting"
    assert judged(attempts=10).state == "failed"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("999999999999", 86_400),
        ("Tue, 24 Nov 2026 03:10:00 GMT", 600),
        ("Tue, 24 Nov 2099 03:10:00 GMT", 86_400),
        ("Tue, 24 Nov 2020 03:10:00 GMT", None),
        ("0", None),
        ("-5", None),
        ("soon", None),
        ("²", None),
        ("", None),
        (None, None),
    ],
)
def test_a_wish_to_wait_is_read_as_seconds_or_date_and_bounded(
    header: str | None, seconds: int | None
) -> None:
    until = wait_asked(503, header, now=NOW)
    assert until == (None if seconds is None else NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("status", [200, 301, 500, None])
def test_a_wish_to_wait_counts_with_429_and_503_only(status: int | None) -> None:
    assert wait_asked(status, "120", now=NOW) is None
    assert wait_asked(429, "120", now=NOW) is not None


def test_the_later_of_wish_and_plan_holds() -> None:
    later = judged(status=429, wait=NOW + timedelta(hours=1))
    assert later.next_at == NOW + timedelta(hours=1)
    sooner = judged(attempts=4, status=429, wait=NOW + timedelta(seconds=1))
    assert sooner.next_at >= NOW + timedelta(hours=2)
