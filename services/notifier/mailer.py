"""The one door to the outside world. Tests pass one that remembers."""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

TIMEOUT = 15  # seconds, for each exchange with the server


class MailError(Exception):
    """The mail was not taken."""


class UnreachableError(MailError):
    """The mail server cannot be reached or does not let us in."""


class RefusedError(MailError):
    """The server will never take this mail."""


class DeferredError(MailError):
    """The server does not take this mail now."""


class DisconnectedError(DeferredError):
    """The connection broke; whether the mail was taken is not known."""


class Connection(Protocol):
    """Takes one mail after the other."""

    async def send(self, message: EmailMessage, *, to: str) -> None:
        """Return when the server has taken it; else raise one of the errors above."""


class Mailer(Protocol):
    """Makes connections; each carries a batch."""

    def connect(self) -> AbstractAsyncContextManager[Connection]:
        """Enter a connection, or raise ``UnreachableError``."""


@dataclass(frozen=True)
class SmtpServer:
    """``smtp://[user:password@]host[:port][?tls=none|starttls|tls]``, or ``smtps://`` for TLS from the start.

    Without ``tls`` the connection is encrypted where the server offers it, and always before a password
    is sent to another machine.
    """

    host: str
    port: int
    username: str | None
    password: str | None
    use_tls: bool
    start_tls: bool | None  # None: when offered

    MODES: ClassVar[dict[str, tuple[bool, bool | None]]] = {
        "none": (False, False),
        "starttls": (False, True),
        "tls": (True, False),
        "offered": (False, None),
    }

    @classmethod
    def parse(cls, url: str) -> "SmtpServer":
        parts = urlsplit(url)
        options = parse_qs(parts.query)
        implicit = parts.scheme == "smtps"
        mode = options.pop("tls", ["tls" if implicit else "offered"])[0]
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ValueError("SMTP_URL must be smtp://host[:port] or smtps://host[:port]")
        if options or mode not in cls.MODES or (implicit and mode != "tls"):
            raise ValueError("SMTP_URL takes one option: tls=none, tls=starttls or tls=tls")
        if mode == "offered" and parts.username and not _is_this_machine(parts.hostname):
            mode = "starttls"
        use_tls, start_tls = cls.MODES[mode]
        return cls(
            host=parts.hostname,
            port=parts.port or (465 if use_tls else 25),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=use_tls,
            start_tls=start_tls,
        )


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class SmtpMailer:
    """Sends by SMTP; every wait has a limit."""

    def __init__(self, url: str, *, timeout: float = TIMEOUT) -> None:
        self._server = SmtpServer.parse(url)
        self._timeout = timeout  # seconds

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.use_tls,
            start_tls=server.start_tls,
            timeout=self._timeout,
            # The default asks DNS, which may hang for longer than all of our own limits.
            local_hostname=socket.gethostname(),
        )
        try:
            async with asyncio.timeout(self._timeout):
                await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise UnreachableError(_words(error)) from error
        connection = SmtpConnection(client, timeout=self._timeout)
        try:
            yield connection
            if not connection.broken:
                with suppress(aiosmtplib.SMTPException, OSError):
                    await client.quit(timeout=2)
        finally:
            client.close()


class SmtpConnection:
    """One conversation with the server."""

    def __init__(self, client: aiosmtplib.SMTP, *, timeout: float) -> None:
        self._client = client
        self._timeout = timeout
        self.broken = False

    async def send(self, message: EmailMessage, *, to: str) -> None:
        try:
            # The limit of each exchange is the library's; the sum of them is ours.
            async with asyncio.timeout(self._timeout):
                # As bytes of ours: the library would write the headers by another policy.
                sender = message["From"].addresses[0].addr_spec
                await self._client.sendmail(sender, [to], message.as_bytes())
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            meaning = _meaning(error)
            self.broken = isinstance(meaning, DisconnectedError)
            raise meaning from error


def _words(error: BaseException) -> str:
    code = getattr(error, "code", None)
    words = getattr(error, "message", None) or str(error) or type(error).__name__
    return f"SMTP {code}: {words}" if code else f"SMTP: {words}"


def _meaning(error: Exception) -> MailError:
    """Tell what never works from what may work later.

    A refused sender is our own set-up's fault, not the mail's: it is tried again. A refused recipient or
    refused content is final with 5xx.
    """
    fault: Any = error
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        fault = error.recipients[0]
    code = getattr(fault, "code", None)
    if code is None and isinstance(fault, (OSError, aiosmtplib.SMTPTimeoutError)):
        return DisconnectedError(_words(fault))
    if code == aiosmtplib.SMTPStatus.domain_unavailable:  # 421: the server hangs up
        return DisconnectedError(_words(fault))
    if code is None:  # an address or an extension that the library or the server cannot handle
        return RefusedError(_words(fault))
    if code >= 500 and not isinstance(fault, aiosmtplib.SMTPSenderRefused):  # noqa: PLR2004 RFC 5321, 4.2.1
        return RefusedError(_words(fault))
    return DeferredError(_words(fault))
