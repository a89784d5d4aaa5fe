"""One session with a mail server (RFC 5321): opened, trusted, and handing over one mail after the other.

Not the library's client, for two reasons. It cannot say whether a connection broke before a mail was
handed over or after, which is the difference between trying again and perhaps writing twice. And it waits
for each answer before the next command: with PIPELINING (RFC 2920) a mail takes two exchanges, not four.
"""

import asyncio
import base64
import re
import socket
import ssl

from services.notifier.dialogue import Dialogue, LostError, Reply
from services.notifier.relays import Relay, is_this_machine

GO_ON, BYE = 354, 421
_UNSENDABLE = re.compile(r"[\x00-\x20\x7f<>]")
_LINE_END = re.compile(rb"\r\n|\r|\n")


class RefusalError(Exception):
    """The server said no."""

    def __init__(self, stage: str, reply: Reply) -> None:
        self.stage = stage
        self.code = reply.code
        self.words = reply.words
        super().__init__(f"SMTP {reply.code}: {reply.words}")


class Session:
    """Made by ``open_session``. After ``LostError`` it is of no more use."""

    def __init__(self, dialogue: Dialogue, relay: Relay) -> None:
        self.relay = relay
        self.mails = 0
        # Whether the present mail has gone out whole: from then on only the server knows if it took it.
        self.handed_over = False
        self._dialogue = dialogue
        self._extensions: dict[str, str] = {}
        self._begun = False  # a transaction that was refused and must be reset

    @property
    def alive(self) -> bool:
        return self._dialogue.alive

    async def greet(self) -> None:
        """Say EHLO, or HELO to a server that knows no better."""
        name = socket.gethostname().encode("ascii", "ignore") or b"localhost"
        reply = await self._dialogue.ask(b"EHLO " + name)
        if reply.code in {500, 501, 502, 504}:
            reply = await self._dialogue.ask(b"HELO " + name)
            reply = reply._replace(lines=reply.lines[:1])
        _accepted("EHLO", reply)
        words = (line.upper().partition(" ") for line in reply.lines[1:])
        self._extensions = {word: rest for word, _, rest in words}

    async def encrypt(self, context: ssl.SSLContext | None) -> None:
        """Start TLS where it is wanted or offered; what was said before it does not count."""
        relay = self.relay
        if relay.use_tls or relay.start_tls is False or context is None:
            return
        if "STARTTLS" not in self._extensions:
            if relay.start_tls:
                raise LostError("the server offers no STARTTLS")
            return
        reply = await self._dialogue.ask(b"STARTTLS")
        _accepted("STARTTLS", reply)
        await self._dialogue.start_tls(context, relay.host)
        await self.greet()

    async def log_in(self) -> None:
        relay = self.relay
        if relay.username is None:
            return
        if not self._dialogue.encrypted and not is_this_machine(relay.host):
            raise LostError("a password is not sent unencrypted to another machine")
        name, secret = relay.username.encode(), (relay.password or "").encode()
        ways = self._extensions.get("AUTH", "").split()
        if "PLAIN" in ways:
            reply = await self._dialogue.ask(b"AUTH PLAIN " + _base64(b"\0", name, b"\0", secret))
        elif "LOGIN" in ways:
            reply = await self._dialogue.ask(b"AUTH LOGIN")
            for word in (name, secret):
                if reply.code == 334:  # noqa: PLR2004 RFC 4954: go on
                    reply = await self._dialogue.ask(_base64(word))
        else:
            raise LostError("the server offers neither AUTH PLAIN nor AUTH LOGIN")
        _accepted("AUTH", reply)

    async def hand_over(self, message: bytes, *, sender: str, to: str) -> None:
        """Return when the server has taken the mail.

        Raises ``RefusalError``, ``LostError``, or ``ValueError`` for a recipient that SMTP cannot carry.
        """
        self.handed_over = False
        content = _content(message)
        rcpt = self._rcpt(to)
        try:
            mail = self._mail(sender, content)
        except ValueError as error:  # our own set-up's fault
            raise RefusalError("MAIL", Reply(553, (str(error),))) from error
        if "PIPELINING" in self._extensions:
            await self._envelope_at_once(mail, rcpt)
        else:
            await self._envelope_in_steps(mail, rcpt)
        self._begun = False
        self._dialogue.say(content)
        self.handed_over = True
        reply = await self._dialogue.reply()
        self.handed_over = False
        _accepted("content", reply)
        self.mails += 1

    async def _envelope_at_once(self, mail: bytes, rcpt: bytes) -> None:
        reset = b"RSET\r\n" if self._begun else b""
        self._begun = True
        self._dialogue.say(reset + mail + b"\r\n" + rcpt + b"\r\nDATA\r\n")
        if reset:
            _accepted("RSET", await self._dialogue.reply())
        refused: RefusalError | None = None
        try:
            for stage in ("MAIL", "RCPT"):
                reply = await self._dialogue.reply()
                if refused is None and not _is_yes(reply):
                    refused = RefusalError(stage, reply)
            reply = await self._dialogue.reply()
        except LostError:
            if refused is None:
                raise
            raise refused from None  # the last words of a server that hung up after them
        if refused is not None:
            if reply.code == GO_ON:
                # It would take a mail for nobody. Ending it with a dot might send one.
                self._dialogue.abort()
            raise refused
        if reply.code != GO_ON:
            raise RefusalError("DATA", reply)

    async def _envelope_in_steps(self, mail: bytes, rcpt: bytes) -> None:
        if self._begun:
            _accepted("RSET", await self._dialogue.ask(b"RSET"))
        self._begun = True
        _accepted("MAIL", await self._dialogue.ask(mail))
        _accepted("RCPT", await self._dialogue.ask(rcpt))
        reply = await self._dialogue.ask(b"DATA")
        if reply.code != GO_ON:
            raise RefusalError("DATA", reply)

    async def is_there(self) -> bool:
        """Ask whether the server still listens."""
        try:
            return _is_yes(await self._dialogue.ask(b"NOOP"))
        except LostError:
            return False

    def leave(self) -> None:
        """Say good-bye without waiting for an answer: nothing depends on it."""
        if self.alive:
            self._dialogue.say(b"QUIT\r\n")
        self._dialogue.close()

    def abort(self) -> None:
        self._dialogue.abort()

    def _mail(self, sender: str, content: bytes) -> bytes:
        command = b"MAIL FROM:<" + (_address(sender) if sender else b"") + b">"
        if "SIZE" in self._extensions:
            command += b" SIZE=%d" % len(content)
        if "8BITMIME" in self._extensions and not content.isascii():
            command += b" BODY=8BITMIME"
        if "DSN" in self._extensions:
            command += b" RET=HDRS"  # a bounce need not bring the whole mail back
        return command

    def _rcpt(self, to: str) -> bytes:
        address = _address(to)
        command = b"RCPT TO:<" + address + b">"
        if "DSN" in self._extensions:
            told = b"SUCCESS,FAILURE,DELAY" if self.relay.notify else b"FAILURE,DELAY"
            # A bounce names whom we wrote to, also where his server passed the mail on.
            command += b" NOTIFY=" + told + b" ORCPT=rfc822;" + _xtext(address)
        return command


async def open_session(relay: Relay, context: ssl.SSLContext | None) -> Session:
    """Connect, greet, encrypt, log in. Raises ``LostError``, ``RefusalError`` or ``OSError``.

    It waits without a limit: whoever calls sets one.
    """
    loop = asyncio.get_running_loop()
    _, dialogue = await loop.create_connection(
        Dialogue, relay.host, relay.port, ssl=context if relay.use_tls else None
    )
    session = Session(dialogue, relay)
    try:
        _accepted("connect", await dialogue.reply())
        await session.greet()
        await session.encrypt(context)
        await session.log_in()
    except BaseException:
        session.abort()
        raise
    return session


def _is_yes(reply: Reply) -> bool:
    return 200 <= reply.code < 300  # noqa: PLR2004 RFC 5321, 4.2.1


def _accepted(stage: str, reply: Reply) -> None:
    if not _is_yes(reply):
        raise RefusalError(stage, reply)


def _base64(*parts: bytes) -> bytes:
    return base64.b64encode(b"".join(parts))


def _address(address: str) -> bytes:
    """Write it as SMTP carries it; a domain in Vietnamese goes as Punycode."""
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or _UNSENDABLE.search(address) or len(address) > 254:  # noqa: PLR2004 RFC 5321
        raise ValueError(f"not an address that mail can be sent to: {address!r}")
    try:
        host = domain if domain.isascii() else domain.encode("idna").decode()
        return f"{local}@{host}".encode("ascii")
    except UnicodeError:
        raise ValueError(f"not an address that mail can be sent to: {address!r}") from None


def _xtext(address: bytes) -> bytes:
    """Encode as RFC 3461, section 4, asks."""
    return re.sub(rb"[+=]", lambda sign: b"+%02X" % sign[0][0], address)


def _content(message: bytes) -> bytes:
    """Make what goes over the wire: lines end in CRLF, a dot in front is doubled, a dot alone ends it."""
    ends = message.count(b"\r\n")
    if message.count(b"\n") != ends or message.count(b"\r") != ends:
        message = _LINE_END.sub(b"\r\n", message)
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    if message.startswith(b"."):
        message = b"." + message
    return message.replace(b"\r\n.", b"\r\n..") + b".\r\n"
