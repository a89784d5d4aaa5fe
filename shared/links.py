"""Links that carry their own right: signed, for one purpose, until a moment; nothing of them is kept.

A token is base64url of version, moment of expiry, subject and a MAC (HMAC-SHA256, its first 128 bits) over
purpose and all of that. The purpose is not in it: whoever reads it for another one finds it invalid.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from shared.errors import GoneError, NotFoundError

VERSION = 1
MAIL = "mail"  # the purpose of the page that a mail leads to; its subject is the mail
OFFICE = ("summary", "hold", "alarm")  # kinds of mail to coordinator, leadership and operator
MAIL_LIFE = timedelta(days=45)
LEAST_KEY = 32  # bytes
_HEAD = 5  # version, seconds since 1970
_MAC = 16
_PART = 16  # a UUID
_MOST = 8  # parts of a subject

Subject = tuple[UUID, ...]


class InvalidLinkError(NotFoundError):
    """This link is not whole, or not meant for this.

    Liên kết không đầy đủ, hoặc không dùng cho việc này.
    """


class ExpiredLinkError(GoneError):
    """This link has expired; open the one in the newest mail.

    Liên kết đã hết hạn; xin mở liên kết trong thư mới nhất.
    """


class LinkKeyError(ValueError):
    """A key of links has 32 bytes or more."""


class Opened(NamedTuple):
    subject: Subject
    expires_at: datetime


class Links:
    """Signs with the first key and accepts all of them: a new one is put before the old."""

    def __init__(self, key: bytes, *older: bytes) -> None:
        if min(len(each) for each in (key, *older)) < LEAST_KEY:
            raise LinkKeyError("A key of links needs 32 bytes or more.")
        self._keys = (key, *older)

    def sign(self, purpose: str, subject: UUID | Subject, *, expires_at: datetime) -> str:
        """Make the token, of letters, digits, - and _; ``subject`` is what it is about."""
        parts = (subject,) if isinstance(subject, UUID) else subject
        if not 0 < len(parts) <= _MOST:
            raise ValueError(f"a subject has 1 to {_MOST} parts")
        moment = int(expires_at.timestamp()).to_bytes(4)
        told = bytes((VERSION,)) + moment + b"".join(part.bytes for part in parts)
        return _written(told + _mac(self._keys[0], purpose, told))

    def read(self, token: str, purpose: str, *, now: datetime) -> Subject:
        """Give the subject. Raises InvalidLinkError, and ExpiredLinkError for what was valid once."""
        return self.open(token, purpose, now=now).subject

    def open(self, token: str, purpose: str, *, now: datetime) -> Opened:
        """Give the subject and until when it holds; raises as ``read`` does."""
        told, mac = _taken_apart(token)
        # Every key is tried: how long it takes does not tell which one it was.
        known = [hmac.compare_digest(_mac(key, purpose, told), mac) for key in self._keys]
        if not any(known):
            raise InvalidLinkError
        expires_at = datetime.fromtimestamp(int.from_bytes(told[1:_HEAD]), UTC)
        if expires_at <= now:
            raise ExpiredLinkError
        parts = (told[start : start + _PART] for start in range(_HEAD, len(told), _PART))
        return Opened(tuple(UUID(bytes=part) for part in parts), expires_at)


def mail_address(links: Links, public_url: str, mail_id: UUID, *, now: datetime) -> str:
    """Write the one link of a mail."""
    return f"{public_url.rstrip('/')}/l/{links.sign(MAIL, mail_id, expires_at=now + MAIL_LIFE)}"


def _mac(key: bytes, purpose: str, told: bytes) -> bytes:
    return hmac.digest(key, purpose.encode() + b"\0" + told, hashlib.sha256)[:_MAC]


def _written(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _taken_apart(token: str) -> tuple[bytes, bytes]:
    """Split what is signed from its MAC; refuse what this version would never have written."""
    if len(token) > (_HEAD + _MOST * _PART + _MAC) * 4 // 3 + 1:
        raise InvalidLinkError
    try:
        data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise InvalidLinkError from error
    size = len(data) - _HEAD - _MAC
    # The last character has bits to spare: another one with the same meaning is not ours.
    if size < _PART or size % _PART or data[0] != VERSION or _written(data) != token:
        raise InvalidLinkError
    return data[:-_MAC], data[-_MAC:]


def make_link_key(file: Path) -> bool:
    """Make the key unless there is one; tell whether it was made. A file that exists is never touched."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w") as target:
        target.write(secrets.token_urlsafe(LEAST_KEY) + "\n")
    return True


def load_links(file: Path, given: str | None = None) -> Links | None:
    """Read the keys: what was given, else the file's, one a line or parted by commas, the newest first.

    None where there is neither. Raises LinkKeyError for a key that is too short.
    """
    if given is None:
        try:
            given = file.read_text("utf-8")
        except FileNotFoundError:
            return None
    keys: Sequence[bytes] = [key.encode() for key in given.replace(",", " ").split()]
    if not keys:
        raise LinkKeyError("There is no key of links in LINK_KEY or its file.")
    return Links(*keys)
