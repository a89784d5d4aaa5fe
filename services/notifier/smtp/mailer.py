"""The one door to the outside world. Tests pass one that remembers."""

import asyncio
import ssl
import time
import weakref
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

import structlog

from services.notifier.mail.headers import UnusableAddressError, usable
from services.notifier.smtp.faults import (
    BYE,
    FAULTS,
    is_final,
    is_of_dead_address,
    is_refusal,
    said,
)
from services.notifier.smtp.relays import Pace, Relay, Sleep, Ticks, relays
from services.notifier.smtp.session import Before, Session

log = structlog.get_logger()

TIMEOUT = 15  # seconds, for one mail, and for finding a relay: ``send`` may need both
REST = 60  # seconds for which a relay that failed is not tried while there is another
KEEP = 5  # seconds for which an open connection waits for the next batch
MAX_MAILS = 100  # of one connection; many servers end it soon after
MAX_AGE = 300  # seconds of one connection


class MailError(Exception):
    """The mail was not taken."""


class UnreachableError(MailError):
    """No mail server can be reached and lets us in."""


class RefusedError(MailError):
    """The server will never take this mail.

    ``address_is_dead``: it will take no other one for this recipient either.
    """

    def __init__(self, words: str = "", *, address_is_dead: bool = False) -> None:
        super().__init__(words)
        self.address_is_dead = address_is_dead


class DeferredError(MailError):
    """The server did not take this mail now; where the connection broke, it did so before the content."""


class DisconnectedError(DeferredError):
    """The connection broke; whether the mail was taken is not known."""


class Connection(Protocol):
    """Takes one mail after the other."""

    @property
    def relay(self) -> str:
        """Name the server that takes the mails, ``host:port``."""

    @property
    def broken(self) -> bool:
        """Tell whether the last mail cost the connection; the next one would need a new one."""

    async def send(
        self, message: bytes, *, sender: str, to: str, before: Before | None = None
    ) -> None:
        """Return when the server has taken it; else raise one of the errors above.

        Nothing of the content goes out until ``before`` has returned; what it raises ends the mail.
        """


class Mailer(Protocol):
    """Makes connections; each carries a batch."""

    def connect(self) -> AbstractAsyncContextManager[Connection]:
        """Enter a connection, or raise ``UnreachableError``."""


@dataclass
class _Door:
    """A relay and how it fares."""

    relay: Relay
    context: ssl.SSLContext | None
    pace: Pace
    failed_at: float | None = None


class SmtpMailer:
    """Sends by SMTP over the first relay that works; every wait has a limit."""

    def __init__(
        self,
        urls: str,
        *,
        timeout: float = TIMEOUT,
        keep: float = KEEP,
        clock: Ticks = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._doors = [
            _Door(relay, relay.context(), Pace(relay.rate, clock=clock, sleep=sleep))
            for relay in relays(urls)
        ]
        self._timeout = timeout
        self._keep = keep
        self._clock = clock
        self._idle: tuple[_Open, asyncio.TimerHandle] | None = None

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["SmtpConnection"]:
        connection = SmtpConnection(self, await self._kept() or await self.dial(), self._timeout)
        try:
            yield connection
        except BaseException:
            connection.abort()
            raise
        self._put_by(connection)

    async def dial(self) -> "_Open":
        """Open a session with the first relay that lets us in; all of them share the time there is."""
        faults = []
        doors = self._worth_trying()
        for door in doors:
            session = Session(door.relay, door.context)
            try:
                async with asyncio.timeout(self._timeout / len(doors)):
                    await session.open()
            except FAULTS as fault:
                faults.append(f"{door.relay.name}: {said(fault)}")
                self.failed(door, faults[-1])
            else:
                door.failed_at = None
                return _Open(session, door, self._clock())
        raise UnreachableError("; ".join(faults))

    def failed(self, door: _Door, why: str) -> None:
        door.failed_at = self._clock()
        log.warning("relay_failed", relay=door.relay.name, error=why, relays=len(self._doors))

    def is_spent(self, opened: "_Open") -> bool:
        return (
            not opened.session.alive
            or opened.session.mails >= MAX_MAILS
            or self._clock() - opened.at > MAX_AGE
        )

    def close(self) -> None:
        """Hang up, where a connection waits for a next batch."""
        if self._idle is not None:
            opened, timer = self._idle
            self._idle = None
            timer.cancel()
            opened.session.leave()

    def _worth_trying(self) -> list[_Door]:
        """Leave resting relays alone; where all rest, try the one that has rested longest."""
        now = self._clock()
        fit = [
            door for door in self._doors if door.failed_at is None or now - door.failed_at >= REST
        ]
        return fit or [min(self._doors, key=lambda door: door.failed_at or 0)]

    async def _kept(self) -> "_Open | None":
        if self._idle is None:
            return None
        opened, timer = self._idle
        self._idle = None
        timer.cancel()
        try:
            async with asyncio.timeout(self._timeout):
                if not self.is_spent(opened) and await opened.session.is_there():
                    return opened
        except TimeoutError:
            opened.session.abort()
            return None
        except BaseException:
            opened.session.abort()
            raise
        opened.session.leave()
        return None

    def _put_by(self, connection: "SmtpConnection") -> None:
        opened = connection.opened
        if connection.broken or self._keep <= 0 or self._idle is not None or self.is_spent(opened):
            opened.session.leave()
            return
        # Who drops the mailer drops its connection, too: the timer must not keep them.
        timer = asyncio.get_running_loop().call_later(self._keep, _close, weakref.ref(self))
        self._idle = opened, timer

    def __del__(self) -> None:
        with suppress(RuntimeError, AttributeError):  # the loop has ended, or it never came to be
            self.close()


def _close(mailer: "weakref.ref[SmtpMailer]") -> None:
    if found := mailer():
        found.close()


@dataclass
class _Open:
    session: Session
    door: _Door
    at: float


class SmtpConnection:
    """A batch's way out. Where the server hangs up between two mails it opens a new session."""

    def __init__(self, mailer: SmtpMailer, opened: _Open, timeout: float) -> None:
        self.opened = opened
        self.broken = False
        self._mailer = mailer
        self._timeout = timeout

    @property
    def relay(self) -> str:
        return self.opened.door.relay.name

    async def send(
        self, message: bytes, *, sender: str, to: str, before: Before | None = None
    ) -> None:
        sender, to = _envelope(sender, to)
        await self.opened.door.pace.turn()
        if self._mailer.is_spent(self.opened):
            self.broken = True
            self.opened.session.leave()
            self.opened = await self._mailer.dial()
        session = self.opened.session
        # Until the server has had its say; also where the process is told to stop.
        self.broken = True
        try:
            async with asyncio.timeout(self._timeout):
                await session.hand_over(message, sender=sender, to=to, before=before)
        except FAULTS as fault:
            self.broken = not is_refusal(fault) or fault.code == BYE
            if session.held_up:
                session.abort()
                raise DeferredError("what came before was not written down in time") from fault
            if self.broken:
                self._left(said(fault))
            raise _meaning(fault, in_content=session.in_content) from fault
        self.broken = False

    def abort(self) -> None:
        self.opened.session.abort()

    def _left(self, why: str) -> None:
        self.opened.session.abort()
        self._mailer.failed(self.opened.door, why)


def _envelope(sender: str, to: str) -> tuple[str, str]:
    """Write both as SMTP carries them, before anything is said: the library would send to a part of it."""
    try:
        sender = _address(sender)
    except UnusableAddressError as error:  # our own set-up's fault
        raise DeferredError(f"not an address that mail can be sent from: {sender!r}") from error
    try:
        return sender, _address(to)
    except UnusableAddressError as error:
        words = f"5.1.3 not an address that mail can be sent to: {to!r}"
        raise RefusedError(words, address_is_dead=True) from error


def _address(address: str) -> str:
    """Check it; a domain in Vietnamese goes as Punycode."""
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        with suppress(UnicodeError):
            return usable(f"{local}@{domain.encode('idna').decode()}")
    return usable(address)


def _meaning(fault: Exception, *, in_content: bool) -> MailError:
    """Tell what was refused from what broke off; of that, only what came before the content was not taken."""
    if is_final(fault):
        return RefusedError(said(fault), address_is_dead=is_of_dead_address(fault))
    if in_content and not is_refusal(fault):
        return DisconnectedError(said(fault))
    return DeferredError(said(fault))
