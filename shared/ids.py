"""Keys of rows that are made by the thousand."""

import secrets
import time
from uuid import UUID


def ordered_uuid() -> UUID:
    """Make a UUIDv7 (RFC 9562, 5.7): what is made in one time lies together in every index, and is read together."""
    stamp = time.time_ns() // 1_000_000
    return UUID(
        int=stamp << 80 | 7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    )
