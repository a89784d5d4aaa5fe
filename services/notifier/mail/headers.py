"""Headers that arrive as they were written: what people typed becomes one safe line, at the speed of mail.

Written by hand. The library's newer folding loses or adds spaces between two encoded words (of Vietnamese
subjects one in six arrived damaged, Python 3.11.7), and both of its ways cost more than the whole mail.
"""

import re
from binascii import b2a_base64
from collections.abc import Iterator
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from functools import lru_cache

from shared.text import nfc

LINE = 76  # characters of a line with encoded words (RFC 2047, 2)
WORD = len("=?utf-8?b??=")
LONGEST_NAME = 120  # characters shown of a person's or a body's name
LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3
# What nearly all addresses look like; the others are read by the library.
_PLAIN = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_SPECIAL = re.compile(r"[^A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]")


class UnusableAddressError(Exception):
    """Địa chỉ thư không hợp lệ. / The address is not one that mail can be sent to."""


@lru_cache(maxsize=1024)
def fit(text: str) -> str:
    """Make what people typed fit to be shown: one line, NFC, no control characters, no turned direction."""
    if not text.isprintable():
        text = "".join(
            c if c.isprintable() else " " if c.isspace() else "" for c in text.replace("\r\n", "\n")
        )
    return nfc(text)


def fit_lines(text: str) -> str:
    """Make longer words fit to be shown; their lines stay."""
    return "\n".join(fit(line) for line in text.strip().splitlines())


def one_line(text: str) -> str:
    """Make a header of what people typed: fit to be shown, and without encoded words (RFC 2047).

    A mail program would decode them, line ends and all, into our header.
    """
    return " ".join(fit(text).replace("=?", "= ?").split())


def pieces(data: bytes, first: int, rest: int) -> Iterator[bytes]:
    """Cut UTF-8 into pieces of at most so many bytes, between characters."""
    start, size = 0, first
    while len(data) - start > size:
        end = start + size
        while data[end] & 0xC0 == 0x80:  # noqa: PLR2004 the marks of a byte within a character
            end -= 1
        yield data[start:end]
        start, size = end, rest
    yield data[start:]


def encoded(text: str, name: str) -> str:
    """Write text as the value of a header, as encoded words where it is not ASCII."""
    if text.isascii():
        return text
    first = (LINE - len(name) - 2 - WORD) // 4 * 3
    rest = (LINE - 1 - WORD) // 4 * 3
    words = (
        f"=?utf-8?b?{b2a_base64(piece, newline=False).decode()}?="
        for piece in pieces(text.encode(), first, rest)
    )
    return "\r\n ".join(words)


@lru_cache(maxsize=4096)
def usable(address: str) -> str:
    """Give the address back where mail can be sent to it; no address of ours needs more than ASCII."""
    if not address.isascii() or len(address) > LONGEST_ADDRESS:
        raise UnusableAddressError
    if _PLAIN.fullmatch(address):
        return address
    try:
        made = Address(addr_spec=address)
    except (ValueError, IndexError, AttributeError, MessageError) as error:
        raise UnusableAddressError from error
    if not made.username or not made.domain or not address.isprintable():
        raise UnusableAddressError
    return made.addr_spec


@lru_cache(maxsize=1024)
def mailbox(name: str, address: str, header: str) -> str:
    """Write a person and his address as the value of this header."""
    shown = one_line(name)[:LONGEST_NAME].rstrip()
    spec = usable(address)
    if not shown:
        return spec
    if not shown.isascii():
        return f"{encoded(shown, header)}\r\n <{spec}>"
    if _SPECIAL.search(shown):
        shown = '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{shown} <{spec}>"


@lru_cache(maxsize=8)
def sender_of(mail_from: str) -> tuple[str, str]:
    """Give the name and the address of our own mailbox."""
    return parseaddr(mail_from)
