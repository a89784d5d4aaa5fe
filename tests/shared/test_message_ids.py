"""A mail's Message-ID is made of its key and our own domain."""

import pytest

from shared.message_ids import domain_of, message_id


def test_the_same_key_makes_the_same_id_and_another_key_another() -> None:
    first = message_id("digest:a@example.org:2026-11-24", domain="hanoi.example")
    assert first == message_id("digest:a@example.org:2026-11-24", domain="hanoi.example")
    assert first != message_id("digest:a@example.org:2026-11-25", domain="hanoi.example")
    assert first.startswith("<reminder.")
    assert first.endswith("@hanoi.example>")


@pytest.mark.parametrize(
    ("mail_from", "domain"),
    [
        ("PII Hà Nội <pii@hanoi.example>", "hanoi.example"),
        ("pii@hanoi.example", "hanoi.example"),
        ("PII", "localhost"),
        ("", "localhost"),
    ],
)
def test_the_domain_is_that_of_our_own_address(mail_from: str, domain: str) -> None:
    assert domain_of(mail_from) == domain
