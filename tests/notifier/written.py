"""Mails as their readers get them, and the files they are compared with.

``python -m tests.notifier.written`` writes the files anew after a change of words or looks; read the
difference before it is kept.
"""

from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from pathlib import Path

from aiosmtplib.protocol import PERIOD_REGEX, normalize_message_line_endings

from services.notifier.mail.letter import Letter
from services.notifier.mail.writing import write
from tests.notifier.letters import FROM, NOW, variants

SNAPSHOTS = Path(__file__).parent / "snapshots"


def raw(letter: Letter, *, now: datetime = NOW, mail_from: str = FROM) -> bytes:
    return write(letter, mail_from=mail_from, now=now).as_bytes()


def received(letter: Letter, *, now: datetime = NOW) -> EmailMessage:
    """Write it, put it on the wire, and read it as a mail program does."""
    parsed = message_from_bytes(raw(letter, now=now), policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def bodies(message: EmailMessage) -> tuple[str, str]:
    """Give text and HTML, with the line ends of files."""
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    return (
        plain.get_content().replace("\r\n", "\n"),
        html.get_content().replace("\r\n", "\n"),
    )


def as_the_library_would(message: bytes) -> bytes:
    """Make of a message what DATA carries: whole lines, and a dot more where one begins with a dot."""
    return PERIOD_REGEX.sub(b"..", normalize_message_line_endings(message))


def decoded(part: Message) -> bytes:
    """Give what a part carries."""
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload


def calendar_of(message: EmailMessage) -> bytes:
    """Give the attached calendar; empty where there is none."""
    found = list(message.iter_attachments())
    return decoded(found[0]) if found else b""


def files() -> dict[str, str]:
    """Give every file by its name, as it should be."""
    found = {}
    for name, letter in variants().items():
        message = received(letter)
        plain, html = bodies(message)
        found[f"{name}.txt"] = f"Subject: {message['Subject']}\n\n{plain}"
        found[f"{name}.html"] = html
    return found


if __name__ == "__main__":
    SNAPSHOTS.mkdir(exist_ok=True)
    for old in SNAPSHOTS.iterdir():
        old.unlink()
    for name, content in files().items():
        (SNAPSHOTS / name).write_text(content)
