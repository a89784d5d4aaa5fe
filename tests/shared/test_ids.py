"""Keys that lie in the order of time."""

import time
from uuid import RFC_4122

from shared.ids import ordered_uuid


def test_ids_are_uuids_of_version_7_in_the_order_in_which_they_are_made() -> None:
    before = time.time_ns() // 1_000_000
    first = ordered_uuid()
    time.sleep(0.002)
    second = ordered_uuid()
    assert [(made.version, made.variant) for made in (first, second)] == [(7, RFC_4122)] * 2
    assert before <= first.int >> 80 < second.int >> 80 <= time.time_ns() // 1_000_000
    assert first < second


def test_ids_of_one_moment_are_not_the_same() -> None:
    assert len({ordered_uuid() for _ in range(10_000)}) == 10_000
