"""A mail server that takes everything at once, so that a measure of sending measures the sender.

aiosmtpd, made to be complete, takes about as long for a mail as the sender does.
"""

import argparse
import asyncio
from typing import Self, cast

GREETING = b"220 sink.test ESMTP\r\n"
EHLO = b"250-sink.test\r\n250-SIZE 10485760\r\n250-8BITMIME\r\n250-CHUNKING\r\n250 ENHANCEDSTATUSCODES\r\n"
END = b"\r\n.\r\n"
ANSWERS = {
    b"MAIL": b"250 2.1.0 OK\r\n",
    b"RCPT": b"250 2.1.5 OK\r\n",
    b"RSET": b"250 2.0.0 OK\r\n",
    b"NOOP": b"250 2.0.0 OK\r\n",
}
TAKEN = b"250 2.0.0 Taken\r\n"


class Sink:
    """Counts mails; keeps nothing. ``delay`` seconds pass before each answer, as on a far network."""

    def __init__(self, *, delay: float = 0) -> None:
        self.mails = 0
        self.bytes = 0
        self.delay = delay
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?tls=none"

    async def listen(self, port: int = 0) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Talk(self), "127.0.0.1", port)
        return self

    async def __aenter__(self) -> Self:
        return await self.listen()

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()


class _Talk(asyncio.Protocol):
    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._got = bytearray()
        self._content = False
        self._chunk: int | None = None  # octets of a chunk that is on its way
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is none by name
        self._say(GREETING)

    def data_received(self, data: bytes) -> None:
        self._got += data
        answers = bytearray()
        while (answer := self._next()) is not None:
            answers += answer
        if answers:
            self._say(bytes(answers))

    def _say(self, answers: bytes) -> None:
        if self._sink.delay:
            self._loop.call_later(self._sink.delay, self._write, answers)
        else:
            self._write(answers)

    def _write(self, answers: bytes) -> None:
        if not self._transport.is_closing():  # the client that said QUIT need not wait
            self._transport.write(answers)

    def _next(self) -> bytes | None:
        """Take one command, or the whole content of a mail, off what came."""
        if self._chunk is not None:
            return self._take(self._chunk, 0) if len(self._got) >= self._chunk else None
        if self._content:
            end = self._got.find(END)
            return self._take(end, len(END)) if end >= 0 else None
        end = self._got.find(b"\r\n")
        if end < 0:
            return None
        line = bytes(self._got[:end])
        del self._got[: end + 2]
        word = line[:4].upper()
        if word == b"BDAT":  # of one chunk
            self._chunk = int(line.split()[1])
            return b""
        return self._answer(word)

    def _take(self, octets: int, ending: int) -> bytes:
        self._sink.mails += 1
        self._sink.bytes += octets
        del self._got[: octets + ending]
        self._content, self._chunk = False, None
        return TAKEN

    def _answer(self, word: bytes) -> bytes:
        if word == b"DATA":
            self._content = True
            return b"354 go on\r\n"
        if word == b"EHLO":
            return EHLO
        if word == b"QUIT":
            self._loop.call_later(self._sink.delay, self._transport.close)
            return b"221 2.0.0 Bye\r\n"
        return ANSWERS.get(word, b"502 5.5.1 What?\r\n")


async def _forever(port: int) -> None:
    sink = await Sink().listen(port)
    print(sink.port, flush=True)  # noqa: T201 whoever started it wants to know
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(_forever(parser.parse_args().port))
