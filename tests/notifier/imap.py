"""As much of an IMAP server (RFC 3501) as taking bounces needs, on loopback."""

import asyncio
import base64
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

USER, SECRET = "pii", "một mật khẩu"


@dataclass
class Letter:
    content: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class ImapServer:
    """Folders of mails by number; answers ``stalls`` never, ``refuses`` with NO."""

    folders: dict[str, dict[int, Letter]] = field(default_factory=lambda: {"INBOX": {}})
    capabilities: str = "IMAP4rev1 AUTH=PLAIN MOVE"
    tls: ssl.SSLContext | None = None
    stalls: str = ""
    refuses: str = ""
    epoch: int = 7
    commands: list[str] = field(default_factory=list)

    def put(self, content: bytes, *flags: str) -> int:
        box = self.folders["INBOX"]
        box[len(box) + 1] = Letter(content, set(flags))
        return len(box)

    def flags(self) -> list[set[str]]:
        return [letter.flags for letter in self.folders["INBOX"].values()]

    @property
    def port(self) -> int:
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> Self:
        self._ended = asyncio.Event()
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0, ssl=self.tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ended.set()
        self._server.close()
        await asyncio.sleep(0.01)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, ssl.SSLError):
            await self._converse(reader, writer)
        writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        selected = "INBOX"
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            tag, _, command = line.partition(" ")
            self.commands.append(command)
            word = command.removeprefix("UID ").split(" ")[0]
            if word == self.stalls:
                await self._ended.wait()
                return
            if word == "AUTHENTICATE":
                writer.write(b"+ \r\n")
                secret = base64.b64decode(await reader.readline()).decode()
                done = "OK" if secret == f"\0{USER}\0{SECRET}" else "NO wrong"
            elif word == self.refuses:
                done = "NO [TRYCREATE] refused"
            else:
                if word == "SELECT":
                    selected = command.split('"')[1]
                for answer in self._answers(word, command, selected):
                    writer.write(answer)
                done = "OK"
            writer.write(f"{tag} {done} done\r\n".encode())
            if word == "LOGOUT":
                return

    def _answers(self, word: str, command: str, selected: str) -> list[bytes]:
        box = self.folders[selected]
        does: dict[str, Callable[[], list[bytes]]] = {
            "CAPABILITY": lambda: [f"* CAPABILITY {self.capabilities}\r\n".encode()],
            "SELECT": lambda: [
                f"* {len(box)} EXISTS\r\n* OK [UIDVALIDITY {self.epoch}] x\r\n".encode()
            ],
            "SEARCH": lambda: [self._found(box)],
            "FETCH": lambda: self._fetched(box, command),
            "STORE": lambda: self._stored(box, command),
            "COPY": lambda: self._copied(box, command),
            "MOVE": lambda: self._moved(box, command),
            "LOGOUT": lambda: [b"* BYE\r\n"],
        }
        return does[word]() if word in does else []

    def _found(self, box: dict[int, Letter]) -> bytes:
        fit = [str(n) for n, letter in box.items() if not letter.flags & {"\\Seen", "\\Deleted"}]
        return f"* SEARCH {' '.join(fit)}\r\n".encode()

    def _fetched(self, box: dict[int, Letter], command: str) -> list[bytes]:
        found = re.fullmatch(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", command)
        assert found, command
        if int(found[1]) not in box:
            return []
        content = box[int(found[1])].content[: int(found[2])]
        head = f"* 1 FETCH (UID {found[1]} BODY[]<0> {{{len(content)}}}\r\n".encode()
        return [head + content + b")\r\n"]

    def _stored(self, box: dict[int, Letter], command: str) -> list[bytes]:
        for uid in _uids(command):
            box[uid].flags.add(command.rpartition("(")[2].rstrip(")"))
        return []

    def _copied(self, box: dict[int, Letter], command: str) -> list[bytes]:
        target = self.folders.setdefault(command.split('"')[1], {})
        for uid in _uids(command):
            target[uid] = box[uid]
        return []

    def _moved(self, box: dict[int, Letter], command: str) -> list[bytes]:
        self._copied(box, command)
        for uid in _uids(command):
            del box[uid]
        return []


def _uids(command: str) -> list[int]:
    return [int(uid) for uid in command.split(" ")[2].split(",")]
