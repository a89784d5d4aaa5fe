"""A mail server on loopback that hangs up now and then, at every stage of the dialogue, and keeps what it took."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import NamedTuple, Self

STAGES = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "content", "dot")
ANSWERS = {
    "EHLO": b"250 rough.test\r\n",
    "MAIL": b"250 2.1.0 OK\r\n",
    "RCPT": b"250 2.1.5 OK\r\n",
    "RSET": b"250 2.0.0 OK\r\n",
    "NOOP": b"250 2.0.0 OK\r\n",
    "DATA": b"354 go on\r\n",
}
MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.MULTILINE | re.IGNORECASE)
END = b"\r\n.\r\n"
IN_CHUNKS = b"250-rough.test\r\n250 CHUNKING\r\n"


class Taken(NamedTuple):
    """A mail for which this server is responsible, whether it could say so or not."""

    message_id: str
    recipient: str
    content: bytes


class RoughPost:
    def __init__(self, random: Random, *, hangs_up: float) -> None:
        self.taken: list[Taken] = []
        self.hung_up: Counter[str] = Counter()
        self.hangs_up = hangs_up  # how often, at each stage
        self._rougher = 0
        self._greeted = 0
        self._not_yet = set(STAGES)  # at each it hangs up once for certain
        self._random = random
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"smtp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}?tls=none"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Talk(self), "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    @contextmanager
    def rougher(self) -> Iterator[None]:
        """Hang up over every second mail or so, for as long as somebody waits for it."""
        self._rougher += 1
        try:
            yield
        finally:
            self._rougher -= 1

    def hello(self) -> bytes:
        self._greeted += 1
        return IN_CHUNKS if self._greeted % 2 else ANSWERS["EHLO"]

    def loses_patience(self, stage: str) -> bool:
        lost = self._random.random() < (0.2 if self._rougher else self.hangs_up)
        if self.hangs_up and stage in self._not_yet:
            self._not_yet.remove(stage)
            lost = True
        self.hung_up[stage] += lost
        return lost


class _Talk(asyncio.Protocol):
    def __init__(self, post: RoughPost) -> None:
        self._post = post
        self._got = bytearray()
        self._recipient = ""
        self._content = False
        self._chunk = 0  # octets of one that is on its way
        # Every second one takes contents by BDAT.
        self._answers = {**ANSWERS, "EHLO": post.hello()}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._answer("greeting", b"220 rough.test ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._got += data
        while not self._transport.is_closing() and (taken := self._next()) is not None:
            if self._content or self._chunk:
                self._end(taken)
            else:
                self._hear(taken)

    def _next(self) -> bytes | None:
        """Take a line or a whole content off what came."""
        if self._chunk:
            size, end = self._chunk, b""
        else:
            end = END if self._content else b"\r\n"
            size = self._got.find(end)
        if not 0 <= size <= len(self._got):
            return None
        taken = bytes(self._got[:size])
        del self._got[: size + len(end)]
        return taken

    def _end(self, content: bytes) -> None:
        if self._post.loses_patience("content"):
            self._transport.abort()  # in the midst of it: nothing was taken
        else:
            self._take(content)

    def _take(self, content: bytes) -> None:
        self._content, self._chunk = False, 0
        found = MESSAGE_ID.search(content)
        assert found
        self._post.taken.append(Taken(found[1].decode(), self._recipient, content))
        self._answer("dot", b"250 2.0.0 Taken\r\n")

    def _hear(self, line: bytes) -> None:
        word = line[:4].decode("ascii", "replace").upper()
        if word == "QUIT":
            self._transport.write(b"221 2.0.0 Bye\r\n")
            self._transport.close()
            return
        if word == "BDAT":
            self._chunk = int(line.split()[1])
            return
        if word == "RCPT":
            self._recipient = line.partition(b"<")[2].partition(b">")[0].decode()
        self._answer(word, self._answers.get(word, b"502 5.5.1 What?\r\n"))
        self._content = word == "DATA"

    def _answer(self, stage: str, words: bytes) -> None:
        if stage in STAGES and self._post.loses_patience(stage):
            self._transport.abort()
        else:
            self._transport.write(words)
