"""Reads kept mails. Anybody may have written one, so no mail may break the page that shows it."""

import re
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from email.parser import BytesHeaderParser
from itertools import islice
from pathlib import Path

NAME = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{40}")
# What the standard library is known to raise on headers and parts that make no sense.
UNREADABLE = (ValueError, LookupError, AttributeError, TypeError, AssertionError)


@dataclass(frozen=True)
class Mail:
    name: str
    message_id: str
    subject: str
    sender: str
    to: str
    date: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Body:
    text: str
    html: str


def names(folder: Path, *, after: str = "") -> list[str]:
    """Return the mails' names, newest first; with ``after`` only those older than that one."""
    found = (path.stem for path in folder.glob("*.eml") if NAME.fullmatch(path.stem))
    return sorted((name for name in found if not after or name < after), reverse=True)


def page(folder: Path, *, limit: int, after: str = "") -> tuple[list[Mail], str | None]:
    """Return up to ``limit`` mails and the name after which the next page goes on."""
    found = list(islice(names(folder, after=after), limit + 1))
    mails = [read_mail(folder, name) for name in found[:limit]]
    return mails, mails[-1].name if len(found) > limit else None


def path_of(folder: Path, name: str) -> Path | None:
    path = folder / f"{name}.eml"
    return path if NAME.fullmatch(name) and path.is_file() else None


def read_mail(folder: Path, name: str) -> Mail:
    with (folder / f"{name}.eml").open("rb") as file:
        message = BytesHeaderParser(EmailMessage, policy=policy.default).parse(file)
    ours = [key for key in message if key.lower().startswith("x-pii-")]
    return Mail(
        name=name,
        message_id=header(message, "Message-ID"),
        subject=header(message, "Subject"),
        sender=header(message, "From"),
        to=header(message, "To"),
        date=header(message, "Date"),
        headers={key: header(message, key) for key in ours},
    )


def read_body(path: Path) -> Body:
    message = message_from_bytes(path.read_bytes(), EmailMessage, policy=policy.default)
    return Body(text=_part(message, "plain"), html=_part(message, "html"))


def message_id_of(content: bytes) -> str:
    message = BytesHeaderParser(EmailMessage, policy=policy.default).parsebytes(content)
    return header(message, "Message-ID")


def header(message: EmailMessage, name: str) -> str:
    try:
        return clean(str(message[name] or "")).strip()
    except UNREADABLE:
        return "(unreadable)"


def _part(message: EmailMessage, kind: str) -> str:
    try:
        part = message.get_body((kind,))
    except UNREADABLE:
        return ""
    return _content(part) if part else ""


def _content(part: MIMEPart) -> str:
    try:
        return clean(str(part.get_content()))
    except UNREADABLE:
        raw = part.get_payload(decode=True)
        return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""


def clean(text: str) -> str:
    """Replace what cannot be sent as UTF-8."""
    return text.encode("utf-8", "replace").decode()
