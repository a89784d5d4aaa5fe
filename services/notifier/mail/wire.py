"""A mail as bytes for the wire: made directly, because the library's generator costs more than all the rest."""

from binascii import b2a_base64
from collections.abc import Iterable

LINE = 76  # characters of base64 in a line (RFC 2045, 6.8)
# With a sign that base64 does not have, a boundary can stand in no part.
MIXED = "=_pii_mixed"
ALTERNATIVE = "=_pii_alternative"


class OnTheWire(bytes):
    """A message as SMTP carries it: whole lines, none of which begins with a dot (RFC 5321, 2.3.8 and 4.5.2)."""

    __slots__ = ()


def _base64(text: str) -> bytes:
    """Encode with the line ends that text has on the wire."""
    whole = b2a_base64(text.replace("\n", "\r\n").encode(), newline=False)
    return b"\r\n".join([whole[start : start + LINE] for start in range(0, len(whole), LINE)])


def _part(kind: str, text: str, *more: str) -> bytes:
    lines = (f"Content-Type: {kind}", "Content-Transfer-Encoding: base64", *more, "", "")
    return "\r\n".join(lines).encode() + _base64(text)


def _joined(kind: str, boundary: str, parts: Iterable[bytes]) -> bytes:
    mark = f"--{boundary}".encode()
    head = f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n\r\n'.encode()
    inner = b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts)
    return head + inner + mark + b"--\r\n"


def assembled(
    headers: Iterable[tuple[str, str]], *, text: str, html: str, calendar: str, calendar_name: str
) -> OnTheWire:
    """Join headers, which are folded already, with both bodies and the calendar, where there is one.

    All three come with the line ends of Python.
    """
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    body = _joined(
        "alternative",
        ALTERNATIVE,
        (_part('text/plain; charset="utf-8"', text), _part('text/html; charset="utf-8"', html)),
    )
    if calendar:
        kind = 'text/calendar; charset="utf-8"; method=PUBLISH'
        where = f'Content-Disposition: attachment; filename="{calendar_name}"'
        body = _joined("mixed", MIXED, (body, _part(kind, calendar, where)))
    return OnTheWire(f"{head}MIME-Version: 1.0\r\n".encode() + body)
