"""Carries a signed message to an address that a person entered: guarded, bounded, never redirected."""

import asyncio
import ssl
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpcore
import httpx

from shared.outward import Outward, RefusedAddressError, Resolve, resolve_host

CONNECT = 5.0  # seconds
TOTAL = 15.0
BODY = 3.0
READ_LIMIT = 65_536  # bytes of an answer; what follows is not read
KEPT = 1_000  # characters of it
MOST_CONNECTIONS = 200
ADDRESSES = 3  # of a host, tried one after another


class Answer(NamedTuple):
    """What came back: a status, or a word for why there is none."""

    status: int | None
    error: str | None
    ms: float
    text: str = ""
    retry_after: str | None = None


class Guarded(httpcore.AsyncNetworkBackend):
    """Connects to the very address that was looked at; TLS and ``Host`` keep the name."""

    def __init__(self, outward: Outward, resolve: Resolve) -> None:
        self._outward = outward
        self._resolve = resolve
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 the library's name
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        async with asyncio.timeout(timeout):
            found = await self._outward.addresses(host, port, self._resolve)
            return await self._first(found[:ADDRESSES], port, local_address, socket_options)

    async def _first(
        self,
        addresses: Sequence[str],
        port: int,
        local_address: str | None,
        socket_options: Iterable[Any] | None,
    ) -> httpcore.AsyncNetworkStream:
        for address in addresses[:-1]:
            try:
                return await self._inner.connect_tcp(
                    address, port, CONNECT / ADDRESSES, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(
            addresses[-1], port, CONNECT, local_address, socket_options
        )

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002, ASYNC109
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        raise RefusedAddressError

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Transport(httpx.AsyncHTTPTransport):
    """httpx's own, but for who makes the connections."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend, context: ssl.SSLContext) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=MOST_CONNECTIONS,
            max_keepalive_connections=MOST_CONNECTIONS // 2,
            keepalive_expiry=30,
            http1=True,
            http2=False,
            network_backend=backend,
        )


def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """Trust what the system trusts, and an authority of one's own beside it."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


class Sender:
    """One client for all; it keeps connections, no cookies, and asks no proxy."""

    def __init__(
        self,
        outward: Outward,
        *,
        ca_file: Path | None = None,
        resolve: Resolve = resolve_host,
        total: float = TOTAL,
    ) -> None:
        self._total = total
        self._client = httpx.AsyncClient(
            transport=_Transport(Guarded(outward, resolve), trusted(ca_file)),
            timeout=httpx.Timeout(total, connect=CONNECT),
            follow_redirects=False,
            trust_env=False,
        )

    async def send(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Send it once; whatever goes wrong is an answer, too."""
        started = time.perf_counter()
        status, error, text, retry_after = None, None, "", None
        try:
            async with asyncio.timeout(self._total):
                status, text, retry_after = await self._sent(url, body, headers)
        except RefusedAddressError:
            error = "address refused"
        except (TimeoutError, httpx.TimeoutException):
            error = "timeout"
        except ssl.SSLError as fault:
            error = _told("tls", fault)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as fault:
            error = _told("connection", fault)
        ms = round((time.perf_counter() - started) * 1000, 1)
        return Answer(status, error, ms, text, retry_after)

    async def _sent(
        self, url: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, str, str | None]:
        async with self._client.stream("POST", url, content=body, headers=headers) as response:
            read = await _first_bytes(response)
            return response.status_code, _readable(read), response.headers.get("retry-after")

    async def close(self) -> None:
        await self._client.aclose()


async def _first_bytes(response: httpx.Response) -> bytes:
    """Read a little, for a little while: the status has said all, and a body that never ends changes nothing."""
    read = b""
    try:
        async with asyncio.timeout(BODY):
            async for chunk in response.aiter_raw():
                read += chunk
                if len(read) >= READ_LIMIT:
                    break
    except (TimeoutError, httpx.HTTPError):
        pass
    return read


def _readable(read: bytes) -> str:
    text = read[: 4 * KEPT].decode("utf-8", "replace")[:KEPT]
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def _told(kind: str, fault: Exception) -> str:
    return f"{kind}: {_readable(str(fault).encode())[:200]}".rstrip(": ")
