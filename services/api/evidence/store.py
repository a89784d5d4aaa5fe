"""Where the bytes are kept, and the check that they are still the ones that came."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import obstore.exceptions
from obstore.store import from_url
from starlette.datastructures import UploadFile

from services.api.evidence.files import BLOCK, PIECE

S3_PART = 5 * 1024 * 1024  # bytes; S3 takes no smaller ones. Two are held of each upload
_HASH = 32  # bytes of a SHA-256


class DamagedError(Exception):
    """The stored bytes are not the ones that came, or are gone."""


class GoneError(DamagedError):
    """Nothing is stored there."""


class Kept(NamedTuple):
    """What is known of a stored file."""

    key: str
    size: int
    sha256: str
    blocks: bytes | None


class Store:
    """Evidence on a disk or in S3, under names of our own."""

    def __init__(self, url: str) -> None:
        self._part_size = S3_PART
        if url.startswith("file:"):
            from pathlib import Path  # noqa: PLC0415 only the disk needs it

            folder = Path(url.removeprefix("file:").removeprefix("//")).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            url = folder.as_uri()
            self._part_size = PIECE
        self._store: Any = from_url(url)

    async def put(self, key: str, upload: UploadFile) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            while chunk := await upload.read(PIECE):
                yield chunk

        await upload.seek(0)
        await self._store.put_async(key, pieces(), chunk_size=self._part_size, max_concurrency=1)

    async def read(
        self, kept: Kept, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """Give the bytes from ``start`` up to ``end``, each MiB checked before any of it is given.

        What is older has one hash only: it is given from the start, its last piece once all is checked.
        Raises ``DamagedError``.
        """
        if kept.blocks is None:
            async for piece in self._checked_at_the_end(kept):
                yield piece
            return
        end = kept.size if end is None else end
        for number in range(start // BLOCK, -(-end // BLOCK)):
            first = number * BLOCK
            block = await self._part(kept.key, first, min(first + BLOCK, kept.size))
            wanted = kept.blocks[number * _HASH : (number + 1) * _HASH]
            if hashlib.sha256(block).digest() != wanted:
                raise DamagedError
            yield block[max(start - first, 0) : end - first]

    async def _part(self, key: str, start: int, end: int) -> bytes:
        try:
            return bytes(await self._store.get_range_async(key, start=start, end=end))
        except FileNotFoundError as error:
            raise GoneError from error
        except (obstore.exceptions.BaseError, OSError) as error:
            raise DamagedError from error

    async def _checked_at_the_end(self, kept: Kept) -> AsyncIterator[bytes]:
        digest, held = hashlib.sha256(), b""
        try:
            found = await self._store.get_async(kept.key)
            async for chunk in found.stream(min_chunk_size=BLOCK):
                if held:
                    yield held
                held = bytes(chunk)
                digest.update(held)
        except FileNotFoundError as error:
            raise GoneError from error
        except (obstore.exceptions.BaseError, OSError) as error:
            raise DamagedError from error
        if digest.hexdigest() != kept.sha256:
            raise DamagedError
        yield held

    async def stored(self) -> AsyncIterator[tuple[str, Any]]:
        """List the key of everything that is stored, and when it was."""
        async for page in self._store.list():
            for found in page:
                yield found["path"], found["last_modified"]

    async def remove(self, key: str) -> None:
        await self._store.delete_async(key)
