"""Which mail servers take our mail, and how each is spoken to: ``SMTP_URL``."""

import asyncio
import ipaddress
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

Sleep = Callable[[float], Awaitable[None]]
Ticks = Callable[[], float]  # seconds, never going back

OPTIONS = "tls=none|starttls|tls, ca=FILE, rate=MAILS_PER_SECOND, notify=delivered"
MAX_RATE = 10_000


@dataclass(frozen=True)
class Relay:
    """``smtp://[user:password@]host[:port][?tls=none|starttls|tls&ca=FILE&rate=10&notify=delivered]``.

    ``smtps://`` is TLS from the start. Without ``tls`` the connection is encrypted where the server offers
    it, and always before a password is sent to another machine. A certificate is always verified: against
    the system's authorities, or those in ``ca`` alone.
    """

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    use_tls: bool = False
    start_tls: bool | None = None  # None: when offered
    ca: str | None = None
    rate: float | None = None  # mails per second
    notify: bool = False  # ask to be told when a mail was delivered (RFC 3461)

    MODES: ClassVar[dict[str, tuple[bool, bool | None]]] = {
        "none": (False, False),
        "starttls": (False, True),
        "tls": (True, False),
        "offered": (False, None),
    }

    @property
    def name(self) -> str:
        """Say which one it is; never the password."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def context(self) -> ssl.SSLContext | None:
        """Make what verifies its certificate; None where nothing is encrypted."""
        if not self.use_tls and self.start_tls is False:
            return None
        try:
            return ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"SMTP_URL: ca={self.ca} cannot be read: {error}") from error

    @classmethod
    def parse(cls, url: str) -> "Relay":
        parts, port = _parts(url)
        given = parse_qs(parts.query, keep_blank_values=True)
        implicit = parts.scheme == "smtps"
        mode = given.pop("tls", ["tls" if implicit else "offered"])[0]
        ca = given.pop("ca", [None])[0]
        rate = _rate(given.pop("rate", [None])[0])
        notify = given.pop("notify", [None])[0]
        assert parts.hostname is not None
        if given or mode not in cls.MODES or notify not in {None, "delivered"}:
            raise ValueError(f"SMTP_URL takes these options: {OPTIONS}")
        if implicit and mode != "tls":
            raise ValueError("SMTP_URL: smtps:// is tls=tls")
        if parts.username and not is_this_machine(parts.hostname):
            if mode == "none":
                raise ValueError("SMTP_URL: a password is not sent unencrypted to another machine")
            mode = "starttls" if mode == "offered" else mode
        use_tls, start_tls = cls.MODES[mode]
        if ca and start_tls is False and not use_tls:
            raise ValueError("SMTP_URL: ca= says whom to trust, and tls=none trusts everybody")
        return cls(
            host=parts.hostname,
            port=port or (465 if use_tls else 25),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password or "") if parts.username else None,
            use_tls=use_tls,
            start_tls=start_tls,
            ca=ca,
            rate=rate,
            notify=notify == "delivered",
        )


def relays(urls: str) -> tuple[Relay, ...]:
    """Read one or several, in the order in which they are tried, separated by spaces or commas."""
    found = tuple(Relay.parse(url) for url in re.split(r"[\s,]+", urls) if url)
    if not found:
        raise ValueError("SMTP_URL names no mail server")
    return found


def is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _parts(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # The library's words quote what it takes for a port: the end of a password with a slash in it.
        raise ValueError(
            "SMTP_URL: write signs of a password as %2F, the port as a number"
        ) from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("SMTP_URL must be smtp://host[:port] or smtps://host[:port]")
    return parts, port


def _rate(told: str | None) -> float | None:
    if told is None:
        return None
    try:
        rate = float(told)
    except ValueError:
        rate = 0
    if not 0 < rate <= MAX_RATE:
        raise ValueError(f"SMTP_URL: rate= is mails per second, up to {MAX_RATE}")
    return rate


class Pace:
    """A bucket of one token: in no time span T do more than ``rate`` · T + 1 mails leave."""

    def __init__(self, rate: float | None, *, clock: Ticks, sleep: Sleep = asyncio.sleep) -> None:
        self._gap = 1 / rate if rate else 0.0  # seconds
        self._clock = clock
        self._sleep = sleep
        self._next = clock()

    async def turn(self) -> None:
        """Wait for the token; of several that wait each has a moment of its own."""
        now = self._clock()
        moment = max(now, self._next)
        self._next = moment + self._gap
        if moment > now:
            await self._sleep(moment - now)
