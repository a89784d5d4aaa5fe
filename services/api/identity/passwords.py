"""Passwords are kept as Argon2id hashes (RFC 9106), hashed in a thread, two at a time."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.errors import TooManyRequestsError

# OWASP's parameters for small servers: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
MOST_WAITING = (
    20  # sign-ins; they take a second or two together, and whoever comes then is told to wait
)
RETRY_AFTER = 2  # seconds


class BusyError(TooManyRequestsError):
    """Too many people sign in at this moment; try again shortly.

    Đang có quá nhiều người đăng nhập cùng lúc; vui lòng thử lại sau giây lát.
    """


class Passwords:
    """Bounds the memory and the cores that sign-ins may take, and how many wait for them."""

    def __init__(self, *, most_waiting: int = MOST_WAITING) -> None:
        self._places = asyncio.Semaphore(2)
        self._most = most_waiting
        self._waiting = 0
        self._unknown: str | None = None

    async def hash(self, password: str) -> str:
        async with self._places:
            return await asyncio.to_thread(_HASHER.hash, password)

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Tell whether it is right; takes as long for an unknown login. Raises where too many wait already."""
        if self._waiting >= self._most:
            raise BusyError(retry_after=RETRY_AFTER)
        self._waiting += 1
        try:
            async with self._places:
                return await self._verified(password, password_hash)
        finally:
            self._waiting -= 1

    async def _verified(self, password: str, password_hash: str | None) -> bool:
        if self._unknown is None:
            self._unknown = await asyncio.to_thread(_HASHER.hash, "nobody's password")
        known = password_hash or self._unknown
        try:
            right = await asyncio.to_thread(_HASHER.verify, known, password)
        except (VerificationError, InvalidHashError):
            return False
        return right and password_hash is not None
