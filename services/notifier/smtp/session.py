"""One session with a relay: the library speaks SMTP (RFC 5321), this knows how far a mail has come."""

import re
import socket
import ssl
from asyncio import WriteTransport
from collections.abc import Awaitable, Callable, Iterator
from typing import cast

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPHeloError,
    SMTPResponse,
    SMTPServerDisconnected,
    SMTPStatus,
)

from services.notifier.mail.wire import OnTheWire
from services.notifier.smtp.faults import FAULTS
from services.notifier.smtp.relays import Relay

Before = Callable[[], Awaitable[None]]
"""What must be done before a mail's content goes out."""

_NOT_XTEXT = re.compile(r"[^!-~]|[+=]")


class Session:
    """Takes one mail after the other. It waits without a limit: whoever calls sets one."""

    def __init__(self, relay: Relay, context: ssl.SSLContext | None) -> None:
        self.mails = 0
        # Whether the present mail's content was begun: the library does not tell how much of it went
        # out, so from then on only the server knows if it took the mail.
        self.in_content = False
        self.held_up = False  # by ourselves: the server waits for us, not we for it
        self._notify = relay.notify
        self._begun = False  # a transaction that was refused and must be reset
        self._client = SMTP(
            hostname=relay.host,
            port=relay.port,
            username=relay.username,
            password=relay.password,
            use_tls=relay.use_tls,
            start_tls=relay.start_tls,
            tls_context=context,
            # Else the library asks the DNS, which may take its time.
            local_hostname=socket.gethostname().encode("ascii", "ignore").decode() or "localhost",
            timeout=None,
        )

    @property
    def alive(self) -> bool:
        return self._client.is_connected

    async def open(self) -> None:
        """Connect, encrypt, log in, greet. Raises one of ``FAULTS``."""
        client = self._client
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await self._greet()
        except BaseException:
            self.abort()
            raise

    async def _greet(self) -> None:
        try:
            await self._client.ehlo()
        except SMTPHeloError:
            if not self.alive:
                raise
            await self._client.helo()  # a server that knows no better

    async def hand_over(
        self, message: bytes, *, sender: str, to: str, before: Before | None = None
    ) -> None:
        """Return when the server has taken the mail. Raises one of ``FAULTS``, or what ``before`` raises."""
        self.in_content = self.held_up = False
        if self._begun:
            await self._client.rset()
        self._begun = True
        await self._client.mail(sender, options=self._about_mail(message))
        await self._client.rcpt(to, options=self._about_recipient(to))
        if before is not None:
            self.held_up = True
            await before()
            self.held_up = False
        await self._content(message)
        self._begun = False
        self.mails += 1

    async def _content(self, message: bytes) -> None:
        """Send it in one exchange where the server can (BDAT, RFC 3030), else in two.

        What is not made for the wire the library makes so: sign by sign, twice.
        """
        client = self._client
        if not isinstance(message, OnTheWire):
            self.in_content = True
            await client.data(message)
            return
        if client.supports_extension("CHUNKING"):
            answer = await self._pour(b"BDAT %d LAST\r\n" % len(message), message)
        else:
            answer = await client.execute_command(b"DATA")
            if answer.code != SMTPStatus.start_input:
                raise SMTPDataError(answer.code, answer.message)
            answer = await self._pour(message, b".\r\n")
        if answer.code != SMTPStatus.completed:
            raise SMTPDataError(answer.code, answer.message)

    async def _pour(self, *octets: bytes) -> SMTPResponse:
        """Write what is no command line, and read the answer to it."""
        if self._client.protocol is None:
            raise SMTPServerDisconnected("Connection lost")
        self.in_content = True
        self._client.protocol.write(b"".join(octets))
        return await self._client.protocol.read_response()

    async def is_there(self) -> bool:
        """Ask whether the server still listens."""
        try:
            await self._client.noop()
        except FAULTS:
            return False
        return True

    def leave(self) -> None:
        """Say good-bye without waiting for an answer: nothing depends on it."""
        if self.alive and self._client.protocol is not None:
            self._client.protocol.write(b"QUIT\r\n")
        self._client.close()

    def abort(self) -> None:
        """Leave at once; a peer that reads nothing keeps a closing connection open."""
        if self._client.transport is not None:
            cast("WriteTransport", self._client.transport).abort()
        self._client.close()

    def _about_mail(self, message: bytes) -> Iterator[str]:
        if self._client.supports_extension("SIZE"):
            yield f"SIZE={len(message)}"
        if self._client.supports_extension("8BITMIME") and not message.isascii():
            yield "BODY=8BITMIME"
        if self._client.supports_extension("DSN"):
            yield "RET=HDRS"  # a bounce need not bring the whole mail back

    def _about_recipient(self, to: str) -> Iterator[str]:
        if self._client.supports_extension("DSN"):
            yield f"NOTIFY={'SUCCESS,' if self._notify else ''}FAILURE,DELAY"
            # A bounce names whom we wrote to, also where his server passed the mail on.
            yield f"ORCPT=rfc822;{_xtext(to)}"


def _xtext(address: str) -> str:
    """Encode as RFC 3461, section 4, asks."""
    return _NOT_XTEXT.sub(lambda sign: f"+{ord(sign[0]):02X}", address)
