"""Passwords are kept as Argon2id hashes (RFC 9106), hashed in a thread, two at a time."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's parameters for small servers: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


class Passwords:
    """Bounds the memory and the cores that sign-ins may take."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(2)
        self._unknown: str | None = None

    async def hash(self, password: str) -> str:
        async with self._places:
            return await asyncio.to_thread(_HASHER.hash, password)

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Tell whether it is right; takes as long for an unknown login."""
        async with self._places:
            if self._unknown is None:
                self._unknown = await asyncio.to_thread(_HASHER.hash, "nobody's password")
            known = password_hash or self._unknown
            try:
                right = await asyncio.to_thread(_HASHER.verify, known, password)
            except (VerificationError, InvalidHashError):
                return False
        return right and password_hash is not None
