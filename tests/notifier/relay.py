"""A mail server on loopback that can fail at every stage of the dialogue, over TLS or not."""

import asyncio
import base64
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import InitVar, dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DROP, SILENCE = "drop", "silence"
STAGES = ("connect", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "content", "QUIT")
USER, SECRET = "pii", "một mật khẩu"
Answer = str | Callable[[str], str]


@dataclass
class Taken:
    sender: str
    to: str
    content: bytes


@dataclass
class Relay:
    """Answers as it is told: a reply, ``DROP`` hangs up there, ``SILENCE`` never answers."""

    first: InitVar[Mapping[str, Answer] | None] = None
    extensions: tuple[str, ...] = ("SIZE 1000000", "8BITMIME")
    auth: str = ""
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    answers: dict[str, Answer] = field(default_factory=dict)
    mails: list[Taken] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self, first: Mapping[str, Answer] | None) -> None:
        self.answers |= first or {}

    async def __aenter__(self) -> Self:
        self._ended = asyncio.Event()
        self._writers: list[asyncio.StreamWriter] = []
        self._server = await asyncio.start_server(
            self._talk, "127.0.0.1", 0, ssl=self.tls if self.implicit else None
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.wake()
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)

    @property
    def port(self) -> int:
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"smtp://{self.name}"

    def words(self) -> list[str]:
        return [command.split(" ")[0] for command in self.commands]

    def hang_up(self, last: str = "") -> None:
        for writer in self._writers:
            writer.write(last.encode())
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        with suppress(OSError, EOFError, ssl.SSLError, HungUpError):
            await _Talk(self, reader, writer).converse()
        writer.close()

    def told(self, stage: str) -> str:
        answer = self.answers.get(stage, "")
        return answer if isinstance(answer, str) else ""

    def refuses(self, stage: str) -> bool:
        return self.told(stage).startswith(("4", "5"))

    def wake(self) -> None:
        self._ended.set()

    async def silence(self) -> None:
        await self._ended.wait()


class HungUpError(Exception):
    """The server ends the connection."""


class _Talk:
    def __init__(
        self, relay: Relay, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.relay = relay
        self.reader = reader
        self.writer = writer
        self.begun = False
        self.sender = self.to = ""
        self.commands: dict[str, Callable[[str, str], Awaitable[None]]] = {
            "EHLO": self.hello,
            "HELO": self.hello,
            "STARTTLS": self.encrypt,
            "AUTH": self.log_in,
            "MAIL": self.mail,
            "RCPT": self.rcpt,
            "DATA": self.data,
            "BDAT": self.chunk,
            "QUIT": self.leave,
        }

    async def converse(self) -> None:
        await self.answer("connect", "220 relay.test ESMTP")
        while line := (await self.reader.readline()).decode().rstrip("\r\n"):
            self.relay.commands.append(line)
            word, _, rest = line.partition(" ")
            await self.commands.get(word, self.other)(word, rest)

    async def answer(self, stage: str, said: str) -> None:
        said = self.relay.told(stage) or said
        if said == SILENCE:
            await self.relay.silence()
        if said in {DROP, SILENCE}:
            raise HungUpError
        self.writer.write(said.encode("utf-8", "surrogateescape") + b"\r\n")
        await self.writer.drain()
        if said.startswith("421"):
            raise HungUpError

    async def rest(self, stage: str) -> None:
        """Stop where nothing is answered, if so told."""
        if self.relay.told(stage) == SILENCE:
            await self.relay.silence()

    async def hello(self, word: str, _rest: str) -> None:
        relay = self.relay
        lines = ["relay.test", *relay.extensions]
        if relay.tls and not relay.implicit:
            lines.append("STARTTLS")
        if relay.auth:
            lines.append(f"AUTH {relay.auth}")
        *first, last = lines
        said = "\r\n".join([*(f"250-{line}" for line in first), f"250 {last}"])
        await self.answer(word, said)

    async def encrypt(self, word: str, _rest: str) -> None:
        await self.answer(word, "220 go on")
        await self.rest("handshake")
        assert self.relay.tls is not None
        plain = self.writer.transport
        try:
            await self.writer.start_tls(self.relay.tls)
        except AttributeError:  # how the library says that the other side hung up meanwhile
            self.writer._transport = plain  # type: ignore[attr-defined]  # noqa: SLF001
            raise HungUpError from None

    async def log_in(self, word: str, rest: str) -> None:
        way, _, first = rest.partition(" ")
        if way == "PLAIN":
            _, name, secret = base64.b64decode(first).decode().split("\0")
        else:
            name, secret = base64.b64decode(first).decode(), await self.asked("Password:")
        right = (name, secret) == (USER, SECRET)
        await self.answer(word, "235 2.7.0 OK" if right else "535 5.7.8 wrong")

    async def asked(self, what: str) -> str:
        self.writer.write(b"334 " + base64.b64encode(what.encode()) + b"\r\n")
        return base64.b64decode(await self.reader.readline()).decode()

    async def mail(self, word: str, rest: str) -> None:
        self.begun = not self.relay.refuses(word)
        self.sender, self.to = _between(rest), ""
        await self.answer(word, "250 2.1.0 OK")

    async def rcpt(self, word: str, rest: str) -> None:
        answer = self.relay.answers.get(word, "250 2.1.5 OK")
        to = _between(rest)
        said = answer(to) if callable(answer) else answer
        if not self.begun:
            said = "503 5.5.1 MAIL first"
        if said.startswith("2"):
            self.to = to
        await self.answer(word, said)

    async def data(self, word: str, _rest: str) -> None:
        relay = self.relay
        await self.answer(word, "354 go on" if self.to else "503 5.5.1 no valid recipients")
        if relay.refuses(word) or not (self.to or relay.told(word)):
            return
        await self.rest("reading")
        content = await _content(self.reader)
        await self.answer("content", "250 2.0.0 queued")
        if not relay.refuses("content"):
            relay.mails.append(Taken(self.sender, self.to, content))
        self.begun, self.to = False, ""

    async def chunk(self, _word: str, rest: str) -> None:
        size, last = rest.split(" ")
        assert last == "LAST"
        await self.rest("reading")
        content = await self.reader.readexactly(int(size))
        await self.answer("content", "250 2.0.0 queued" if self.to else "503 5.5.1 no recipients")
        if self.to and not self.relay.refuses("content"):
            self.relay.mails.append(Taken(self.sender, self.to, content))
        self.begun, self.to = False, ""

    async def leave(self, word: str, _rest: str) -> None:
        await self.answer(word, "221 2.0.0 Bye")
        raise HungUpError

    async def other(self, word: str, _rest: str) -> None:
        await self.answer(word, "250 2.0.0 OK")


def _between(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]


async def _content(reader: asyncio.StreamReader) -> bytes:
    """Read up to the dot, and undo what was done to lines that begin with one."""
    lines = []
    while (line := await reader.readline()) != b".\r\n":
        if not line:
            raise HungUpError
        lines.append(line.removeprefix(b"."))
    return b"".join(lines)


def certificate(folder: Path, name: str = "127.0.0.1") -> tuple[Path, ssl.SSLContext]:
    """Make an authority's certificate for one server, and the server's side of TLS with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay.test")])
    address = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    return pem, context
