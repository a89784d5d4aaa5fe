"""Messages are signed as Standard Webhooks 1.0 says; who follows our guide can check them."""

import base64
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.webhooks.signing import headers, message, message_id, signature

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def verify(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Check as a receiver would, written from the specification alone."""
    assert secret.startswith("whsec_")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join(
        (headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body)
    )
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    versions = [one.split(",", 1) for one in headers["webhook-signature"].split(" ")]
    return any(
        version == "v1" and hmac.compare_digest(given, expected) for version, given in versions
    )


def secret_of(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


def the_guides_function() -> Any:
    """Take the receiver's code out of the guide, as a reader does."""
    (code,) = re.findall(
        r"```python\n(.*?)```", Path("docs/webhooks.md").read_text("utf-8"), re.DOTALL
    )
    assert len([line for line in code.splitlines() if line.strip()]) <= 14
    names: dict[str, Any] = {}
    exec(compile(code, "docs/webhooks.md", "exec"), names)  # noqa: S102 the guide is tested
    return names["verified"]


def test_the_published_vector_has_the_published_signature() -> None:
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    made = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(min_size=24, max_size=64), st.binary(max_size=300))
def test_what_is_signed_verifies_and_nothing_else_does(key: bytes, body: bytes) -> None:
    made = headers([key], "msg_1", body, now=NOW)
    secret = secret_of(key)
    assert verify(secret, made, body)
    assert not verify(secret, made, body + b" ")
    assert not verify(secret, made | {"webhook-id": "msg_2"}, body)
    assert not verify(secret, made | {"webhook-timestamp": "1"}, body)
    assert not verify(secret_of(key[:-1] + bytes([key[-1] ^ 1])), made, body)


def test_while_a_secret_is_replaced_both_verify() -> None:
    old, new = b"o" * 32, b"n" * 32
    made = headers([new, old], "msg_1", b"{}", now=NOW)
    assert len(made["webhook-signature"].split(" ")) == 2
    assert verify(secret_of(old), made, b"{}")
    assert verify(secret_of(new), made, b"{}")
    assert not verify(secret_of(b"x" * 32), made, b"{}")


def test_the_guides_code_takes_what_is_ours_and_refuses_what_is_not() -> None:
    verified = the_guides_function()
    key = b"k" * 32
    body = b'{"type":"webhook.ping"}'
    made = headers([b"n" * 32, key], "msg_1", body, now=NOW)
    at = NOW.timestamp()
    assert verified(secret_of(key), made, body, at)
    assert not verified(secret_of(key), made, b"{}", at)
    assert not verified(secret_of(b"x" * 32), made, body, at)
    assert not verified(secret_of(key), made, body, at + 301)
    assert not verified(secret_of(key), made, body, at - 301)


def test_a_message_says_what_happened_when_and_where_to_read_more() -> None:
    made = message(
        event_type="submission.accepted",
        version=1,
        occurred_at=NOW,
        data={"submission": "1", "link": "/v1/submissions/1"},
        public_url="https://pii.example.vn/",
    )
    assert json.loads(made) == {
        "type": "submission.accepted",
        "version": 1,
        "timestamp": "2026-11-24T03:00:00Z",
        "data": {"submission": "1", "link": "https://pii.example.vn/v1/submissions/1"},
    }


@pytest.mark.parametrize("digits", [1, 2**127])
def test_a_message_is_named_after_its_event(digits: int) -> None:
    assert re.fullmatch(r"msg_[0-9a-f]{32}", message_id(UUID(int=digits)))
