"""A message as Standard Webhooks 1.0 has it: its headers, its signatures, its bytes."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def headers(
    keys: Sequence[bytes], message_id: str, body: bytes, *, now: datetime
) -> dict[str, str]:
    """Sign with every key that stands: while one is being replaced there are two signatures."""
    timestamp = int(now.timestamp())
    return {
        "content-type": "application/json",
        "user-agent": "PII-Webhooks/1.0",
        # What comes back is kept as it comes: nothing is unpacked.
        "accept-encoding": "identity",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(key, message_id, timestamp, body) for key in keys),
    }


def message_id(event_id: UUID) -> str:
    """Name the message: the same however often it is sent."""
    return f"msg_{event_id.hex}"


def message(
    *, event_type: str, version: int, occurred_at: datetime, data: dict[str, Any], public_url: str
) -> bytes:
    """Write the body: the same bytes each time."""
    link = data.get("link", "")
    told = {**data, "link": f"{public_url.rstrip('/')}{link}"}
    timestamp = occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return orjson.dumps(
        {"type": event_type, "version": version, "timestamp": timestamp, "data": told}
    )
