"""Where bounces arrive: a maildir or an IMAP box. What was read is put aside; nothing is ever answered.

All of it blocks, and runs in a thread.
"""

import imaplib
import re
import ssl
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from services.notifier.smtp.relays import is_this_machine
from shared.dsn import LIMIT

MOST = 50  # mails of one visit
TIMEOUT = 8.0  # seconds, for each exchange with an IMAP server


class BoxError(Exception):
    """The box of bounces cannot be read."""


class Box(Protocol):
    def fetch(self) -> list[tuple[str, bytes]]:
        """Give the first new mails: each with its name in the box, and its first ``LIMIT`` bytes."""

    def put_aside(self, names: Sequence[str]) -> None:
        """See to it that the next fetch passes these over."""


def box_of(url: str) -> Box:
    """Read ``maildir:/folder`` or ``imaps://user:password@host[:port]/FOLDER[?ca=FILE&move=FOLDER]``.

    ``imap://`` is the same with STARTTLS, but on this machine, where nothing is encrypted.
    """
    if url.startswith("maildir:"):
        folder = Path(url.removeprefix("maildir:").removeprefix("//"))
        if not folder.is_absolute():
            raise ValueError("BOUNCE_URL: maildir: needs an absolute path")
        return Maildir(folder)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("BOUNCE_URL: write signs of a password as %2F") from None
    options = parse_qs(parts.query)
    ca, move = options.pop("ca", [None])[0], options.pop("move", [None])[0]
    if parts.scheme not in {"imap", "imaps"} or not (parts.hostname and parts.username) or options:
        raise ValueError(
            "BOUNCE_URL must be maildir:/folder or imaps://user:password@host/FOLDER?ca=FILE&move=FOLDER"
        )
    return ImapBox(
        host=parts.hostname,
        port=port or (993 if parts.scheme == "imaps" else 143),
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        tls=parts.scheme == "imaps",
        ca=ca,
        move=move,
    )


@dataclass(frozen=True)
class Maildir:
    """What the mail server puts into ``new`` goes to ``cur``, marked as seen."""

    folder: Path

    def fetch(self) -> list[tuple[str, bytes]]:
        found: list[tuple[str, bytes]] = []
        try:
            for path in sorted((self.folder / "new").iterdir()):
                if len(found) == MOST:
                    break
                with suppress(FileNotFoundError), path.open("rb") as file:  # another took it
                    found.append((path.name, file.read(LIMIT)))
        except OSError as error:
            raise BoxError(str(error)) from error
        return found

    def put_aside(self, names: Sequence[str]) -> None:
        try:
            (self.folder / "cur").mkdir(exist_ok=True)
            for name in names:
                with suppress(FileNotFoundError):
                    (self.folder / "new" / name).rename(self.folder / "cur" / f"{name}:2,S")
        except OSError as error:
            raise BoxError(str(error)) from error


@dataclass(frozen=True)
class ImapBox:
    """What nobody has read yet is taken, marked as read, and moved where a folder is named."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str
    tls: bool
    ca: str | None = None
    move: str | None = None
    timeout: float = TIMEOUT

    def fetch(self) -> list[tuple[str, bytes]]:
        with self._opened() as (client, epoch):
            (unread,) = _said(client.uid("SEARCH", "UNSEEN", "UNDELETED"))
            found = []
            for uid in (unread or b"").decode().split()[:MOST]:
                # PEEK: it counts as unread until it has been taken in.
                told = _said(client.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LIMIT}>)"))
                content = next((part[1] for part in told if isinstance(part, tuple)), None)
                if content is not None:
                    found.append((f"{epoch}:{uid}", bytes(content)))
            return found

    def put_aside(self, names: Sequence[str]) -> None:
        if not names:
            return
        with self._opened() as (client, epoch):
            uids = ",".join(
                name.partition(":")[2] for name in names if name.startswith(f"{epoch}:")
            )
            if not uids:  # the server has numbered its mails anew
                return
            _said(client.uid("STORE", uids, "+FLAGS.SILENT", r"(\Seen)"))
            if self.move is None:
                return
            if "MOVE" in client.capabilities:
                _said(client.uid("MOVE", uids, _quoted(self.move)))
            else:
                _said(client.uid("COPY", uids, _quoted(self.move)))
                _said(client.uid("STORE", uids, "+FLAGS.SILENT", r"(\Deleted)"))

    @contextmanager
    def _opened(self) -> Iterator[tuple[imaplib.IMAP4, str]]:
        """Enter the folder; ``epoch`` is the validity of its numbers. Any fault is a ``BoxError``."""
        client: imaplib.IMAP4 | None = None
        try:
            client = self._connected()
            self._log_in(client)
            _said(client.select(_quoted(self.folder)))
            epoch = client.response("UIDVALIDITY")[1][0] or b""
            yield client, epoch.decode()
            client.logout()
        except (OSError, imaplib.IMAP4.error, ValueError, LookupError, TypeError) as error:
            # The library meets an answer that it does not expect with any of them.
            raise BoxError(f"{self.host}:{self.port}: {error or 'timed out'}") from error
        finally:
            if client is not None:
                with suppress(OSError):
                    client.shutdown()

    def _connected(self) -> imaplib.IMAP4:
        if self.tls:
            return imaplib.IMAP4_SSL(
                self.host, self.port, ssl_context=self._context(), timeout=self.timeout
            )
        client = imaplib.IMAP4(self.host, self.port, timeout=self.timeout)
        if not is_this_machine(self.host):
            client.starttls(self._context())
        return client

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca)

    def _log_in(self, client: imaplib.IMAP4) -> None:
        if "AUTH=PLAIN" in client.capabilities:
            secret = f"\0{self.user}\0{self.password}".encode()
            client.authenticate("PLAIN", lambda _challenge: secret)
        else:
            client.login(self.user, self.password)


def _said(answer: tuple[str, list[Any]]) -> list[Any]:
    kind, told = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(f"{kind}: {told[:1]!r}")
    return told


def _quoted(folder: str) -> str:
    """Write a folder's name as IMAP does: what is not ASCII in a UTF-7 of its own (RFC 3501, 5.1.3)."""
    folder = re.sub(r"&|[^\x20-\x7e]+", _shifted, folder)
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _shifted(found: re.Match[str]) -> str:
    if found[0] == "&":
        return "&-"
    return f"&{b64encode(found[0].encode('utf-16-be'), b'+,').decode().rstrip('=')}-"
