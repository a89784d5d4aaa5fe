"""The wire of SMTP: commands go out, replies come in, in order; nothing that comes in is without a limit."""

import asyncio
import re
import ssl
from collections import deque
from typing import NamedTuple, cast

MAX_UNREAD = 65_536  # bytes of replies; the longest EHLO has a few hundred
MAX_REPLIES = 32
MAX_WORDS = 1_000  # characters kept of a reply
_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_REPEATED = re.compile(r"\n[245]\.\d{1,3}\.\d{1,3} ")


class LostError(Exception):
    """The connection is no longer there, or what comes over it is not SMTP."""


class Reply(NamedTuple):
    code: int
    lines: tuple[str, ...]

    @property
    def words(self) -> str:
        """Give all lines as one; the enhanced code, which each line repeats, stands once."""
        text = _REPEATED.sub(" ", "\n".join(self.lines))
        return _CONTROL.sub(" ", text).strip()[:MAX_WORDS]


class Dialogue(asyncio.Protocol):
    """Several commands may be under way: their replies are read in the same order (RFC 2920)."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._got = bytearray()
        self._lines: list[str] = []
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._lost = ""

    @property
    def alive(self) -> bool:
        """Tell whether a command may be sent: a server that spoke unasked is about to hang up."""
        return not (self._lost or self._replies or self._transport is None) and not (
            self._transport.is_closing()
        )

    @property
    def encrypted(self) -> bool:
        return bool(self._transport and self._transport.get_extra_info("ssl_object"))

    def say(self, data: bytes) -> None:
        if self._lost or self._transport is None or self._transport.is_closing():
            raise LostError(self._lost or "connection lost")
        self._transport.write(data)

    async def reply(self) -> Reply:
        """Give the next reply. Waits without a limit: whoever asks sets one."""
        while not self._replies:
            if self._lost:
                raise LostError(self._lost)
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._replies.popleft()

    async def ask(self, command: bytes) -> Reply:
        self.say(command + b"\r\n")
        return await self.reply()

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        if self._got or self._replies or self._lines or self._transport is None:
            # Somebody between us put words into the server's mouth (RFC 3207, 6).
            raise LostError("the server spoke on after STARTTLS")
        made = await asyncio.get_running_loop().start_tls(
            self._transport, self, context, server_hostname=host
        )
        if made is None:
            raise LostError("connection lost in STARTTLS")
        self._transport = made

    def close(self) -> None:
        self._lost = self._lost or "connection closed"
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Leave at once; a peer that reads nothing keeps a closing connection open."""
        self._lost = self._lost or "connection closed"
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._lost:
            return
        self._got += data
        try:
            self._read()
        except LostError as error:
            self._end(str(error))
            self.abort()
        else:
            if self._replies:
                self._wake()

    def eof_received(self) -> bool:
        self._end("the server hung up")
        return False  # closes the transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(f"connection lost: {exc}" if exc else "connection lost")

    def _end(self, why: str) -> None:
        self._lost = self._lost or why
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _read(self) -> None:
        start = 0
        while (end := self._got.find(b"\n", start)) >= 0:
            self._take(bytes(self._got[start:end]).rstrip(b"\r"))
            start = end + 1
        del self._got[:start]
        unread = len(self._got) + sum(map(len, self._lines))
        if unread > MAX_UNREAD or len(self._replies) > MAX_REPLIES:
            raise LostError("the server talks without end")

    def _take(self, line: bytes) -> None:
        found = _LINE.fullmatch(line)
        if found is None:
            raise LostError(f"not SMTP: {line[:80]!r}")
        self._lines.append((found[3] or b"").decode("utf-8", "replace"))
        if found[2] != b"-":
            self._replies.append(Reply(int(found[1]), tuple(self._lines)))
            self._lines = []
