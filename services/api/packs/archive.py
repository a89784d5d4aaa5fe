"""A ZIP that leaves piece by piece: nobody holds more of it than one piece, and the same pack makes the same bytes."""

import hashlib
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import IO, NamedTuple, cast

from services.api.deps.clock import HANOI

# How the format counts, APPNOTE 4.3: what stands before, after and at the end for each member.
_LOCAL, _AFTER, _CENTRAL, _END = 30, 16, 46, 22
_LONGEST = 1 << 31  # bytes; beyond it the format's larger numbers come in
_FILE = 0o100644 << 16
_UNIX = 3


class TornError(Exception):
    """What is read is not what the manifest says."""


class Member(NamedTuple):
    path: str
    size: int
    sha256: str
    read: Callable[[], AsyncIterator[bytes]]

    @classmethod
    def of(cls, path: str, content: bytes) -> "Member":
        """Make a member of what is in memory already."""

        async def read() -> AsyncIterator[bytes]:
            yield content

        return cls(path, len(content), hashlib.sha256(content).hexdigest(), read)


class _Outlet:
    """What zipfile writes to; it cannot seek, so nothing needs to be kept."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, piece: bytes) -> int:
        self._written += piece
        return len(piece)

    def flush(self) -> None:
        """Do nothing: what was written is taken when it is wanted."""

    def taken(self) -> bytes:
        piece = bytes(self._written)
        self._written.clear()
        return piece


def length_of(members: Sequence[Member]) -> int | None:
    """Tell beforehand how many bytes ``zipped`` gives; None where they are very many."""
    if len(members) > zipfile.ZIP_FILECOUNT_LIMIT:
        return None
    names = sum(len(member.path.encode()) for member in members)
    around = (_LOCAL + _AFTER + _CENTRAL) * len(members) + 2 * names + _END
    length = around + sum(member.size for member in members)
    return length if length < _LONGEST else None


async def zipped(members: Sequence[Member], *, made_at: datetime) -> AsyncIterator[bytes]:
    """Pack the members as they are, one after another.

    Raises ``TornError`` in the middle where bytes are not what they should be: the directory is never
    written then, and what has left is no pack.
    """
    outlet = _Outlet()
    archive = zipfile.ZipFile(cast("IO[bytes]", outlet), "w", zipfile.ZIP_STORED)
    for member in members:
        with archive.open(_info(member, made_at), "w") as target:
            async for piece in _checked(member):
                target.write(piece)
                yield outlet.taken()
    archive.close()
    yield outlet.taken()


def _info(member: Member, made_at: datetime) -> zipfile.ZipInfo:
    moment = made_at.astimezone(HANOI).timetuple()
    info = zipfile.ZipInfo(member.path, moment[:6])
    info.file_size, info.external_attr, info.create_system = member.size, _FILE, _UNIX
    return info


async def _checked(member: Member) -> AsyncIterator[bytes]:
    """Give the bytes; the last piece only when all of them are known to be the right ones."""
    digest, size, held = hashlib.sha256(), 0, b""
    async for piece in member.read():
        if held:
            yield held
        digest.update(piece)
        size += len(piece)
        held = piece
    if (size, digest.hexdigest()) != (member.size, member.sha256):
        raise TornError(member.path)
    if held:
        yield held
