"""A web server on loopback that keeps what it is told, and answers as it is told."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Self


class Got(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


class Reply(NamedTuple):
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


Answering = Callable[[Got], Awaitable[Reply]]


async def thanks(_got: Got) -> Reply:
    return Reply(204)


def always(status: int, *headers: tuple[str, str], body: bytes = b"") -> Answering:
    async def reply(_got: Got) -> Reply:
        return Reply(status, headers, body)

    return reply


class Receiver:
    def __init__(self, answering: Answering = thanks, tls: ssl.SSLContext | None = None) -> None:
        self.got: list[Got] = []
        self.answering = answering
        self.connections = 0
        self.most_at_once = 0
        self._at_once = 0
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._heard = asyncio.Condition()

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        return [got.id for got in self.got]

    async def heard(self, number: int, *, within: float = 10) -> None:
        async with asyncio.timeout(within), self._heard:
            await self._heard.wait_for(lambda: len(self.got) >= number)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        got = Got(head[0].split(" ")[1], headers, body)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        async with self._heard:
            self.got.append(got)
            self._heard.notify_all()
        try:
            reply = await self.answering(got)
        finally:
            self._at_once -= 1
        lines = [f"HTTP/1.1 {reply.status} X", f"content-length: {len(reply.body)}"]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        writer.write("\r\n".join([*lines, "", ""]).encode() + reply.body)
        await writer.drain()
        return True
