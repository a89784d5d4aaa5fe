"""What a bounce says (RFC 3464), as real servers write it; pure, and it never fails.

A mail comes from anybody and may say anything: it is read up to a limit, nothing in it is followed or
answered, and what is no report of a delivery (an answer, an absence note, a receipt) gives none.
"""

import contextlib
import re
from collections.abc import Iterable, Iterator
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.policy import Compat32
from email.utils import getaddresses
from typing import NamedTuple

from shared.status import STATUS
from shared.text import nfc

LIMIT = 1_048_576  # bytes of a mail that are looked at
MOST = 100  # reports of one mail, and ids it may be about
_DEPTH = 8  # of parts in parts
_WORDS = 500  # characters of what the server says
_TEXT = 100_000  # characters of a part that are looked at

ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
_BY_CLASS = {"5": "failed", "4": "delayed", "2": "delivered"}
_RETURNED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers",
             "message/global-headers", "text/rfc822")  # fmt: skip
_REPORTS = ("message/delivery-status", "message/global-delivery-status")
_ID = re.compile(r"<[!-;=?-~]{1,990}>")
_ID_LINE = re.compile(
    r"^[ >\t]*message-id:[ \t]*(?:\r?\n[ \t]+)?(<[!-;=?-~]{1,990}>)", re.IGNORECASE | re.MULTILINE
)
_REPLY = re.compile(r"(?<![\d.])([45])\d\d(?=[ -])")
_ADDRESS = re.compile(r"<?([^\s<>@,;:()]{1,64}@[^\s<>@,;:()]{1,255})>?:?")
_MAILERS = re.compile(r"^(mailer-daemon|mail-daemon|postmaster|mdaemon)(@|$)", re.IGNORECASE)
_NOT_YET = re.compile(
    r"has not (yet )?been delivered|will be retried|still being retried|delayed", re.IGNORECASE
)
_COPY = re.compile(
    r"^(-{2,}.{0,40}(copy|original|returned).{0,80}|-+ ?below this line.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_BREAKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")


class _AsItIs(Compat32):
    """Gives headers as they came; the library's own way loses letters that were not said to be UTF-8."""

    def header_fetch_parse(self, _name: str, value: str) -> str:
        return value


_AS_IT_IS = _AsItIs()


class Report(NamedTuple):
    """What became of one mail for one recipient.

    ``message_ids`` are the mails it may be about, the likeliest first; ``recipient`` is where it went in
    the end and ``original`` where it was sent to, empty where nothing is said of it. ``status`` is an
    enhanced code (RFC 3463), with .0.0 where the server gave no more than a class.
    """

    message_ids: tuple[str, ...]
    recipient: str
    original: str
    action: str
    status: str
    diagnostic: str


def reports(raw: bytes) -> list[Report]:
    """Read every report of a mail, or of its beginning; none where it is no bounce."""
    try:
        message = message_from_bytes(raw[:LIMIT], policy=_AS_IT_IS)
        return list(_reports(message))[:MOST]
    except Exception:  # noqa: BLE001 the library has faults of its own, and one mail must not stop the others
        return []


def _reports(message: Message) -> Iterator[Report]:
    parts = list(_parts(message))
    ids = tuple(dict.fromkeys(_ids(message, parts)))[:MOST]
    told = [part for part in parts if part.get_content_type() in _REPORTS]
    if not told:
        yield from _in_prose(message, parts, ids)
    for part in told:
        for fields in _blocks(_text(part))[: MOST + 1]:
            if report := _of_fields(fields, ids):
                yield report


def _parts(message: Message, depth: int = 0) -> Iterator[Message]:
    """List the parts of the bounce itself, not those of the mail that it brings back."""
    yield message
    if message.get_content_maintype() == "multipart" and message.is_multipart() and depth < _DEPTH:
        for part in message.get_payload():
            assert isinstance(part, Message)
            yield from _parts(part, depth + 1)


def _text(part: Message) -> str:
    """Give a part's text; the library has taken some kinds apart already, decoded or not."""
    payload = part.get_payload()
    if isinstance(payload, list):
        pieces = (piece for piece in payload if isinstance(piece, Message))
        text = "\n\n".join(_whole(piece) for piece in pieces)
        coding = str(part.get("content-transfer-encoding", "")).strip().lower()
        if coding not in {"base64", "quoted-printable"}:
            return _readable(text[:_TEXT])
        part = Message()
        part["content-transfer-encoding"] = coding
        part.set_payload(text.strip())
    decoded = part.get_payload(decode=True)
    assert isinstance(decoded, bytes)
    charset = part.get_content_charset("utf-8")
    try:
        return decoded[:_TEXT].decode(charset, "replace")
    except LookupError:
        return decoded[:_TEXT].decode("utf-8", "replace")


def _readable(text: str) -> str:
    """Undo the library's way of keeping bytes that were not said to be text."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _whole(message: Message) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in message.items())
    content = message.get_payload(decode=True)
    return (
        f"{headers}\n\n{content.decode('utf-8', 'replace')}"
        if isinstance(content, bytes)
        else headers
    )


def _ids(message: Message, parts: list[Message]) -> Iterator[str]:
    for part in parts:
        if part.get_content_type() in _RETURNED:
            payload = part.get_payload()
            if isinstance(payload, list) and isinstance(payload[0], Message):
                yield from _ID.findall(str(payload[0].get("message-id", "")))
            yield from _ID_LINE.findall(_text(part))[:1]
    for name in ("x-original-message-id", "original-message-id", "in-reply-to", "references"):
        # Of a thread the last is the one that was answered.
        yield from reversed(_ID.findall(str(message.get(name, ""))))
    for part in parts:
        if part.get_content_type() == "text/plain":
            yield from _ID_LINE.findall(_text(part))


def _blocks(text: str) -> list[dict[str, str]]:
    """Split into groups of fields, unfolded; the first of two fields with one name counts."""
    blocks = []
    for block in re.split(r"\r?\n[ \t]*(?:\r?\n[ \t]*)+", text.strip()):
        fields: dict[str, str] = {}
        for line in re.sub(r"\r?\n[ \t]+", " ", block).splitlines():
            name, colon, value = line.partition(":")
            if colon:
                fields.setdefault(name.strip().lower(), value.strip())
        blocks.append(fields)
    return blocks


def _of_fields(fields: dict[str, str], ids: tuple[str, ...]) -> Report | None:
    recipient = _typed(fields.get("final-recipient", ""))
    original = _typed(fields.get("original-recipient", ""))
    if not (recipient or original):
        return None
    words = _words(fields.get("diagnostic-code", ""), typed=True)
    status = _status(fields.get("status", ""), words)
    action = re.match(r"[a-z]*", fields.get("action", "").lower())
    return _report(ids, recipient or original, original, action[0] if action else "", status, words)


def _report(
    ids: tuple[str, ...], recipient: str, original: str, action: str, status: str, words: str
) -> Report | None:
    if action not in ACTIONS:
        action = _BY_CLASS.get(status[:1], "")
    if not action:
        return None
    if not status:
        status = {"failed": "5.0.0", "delayed": "4.0.0"}.get(action, "2.0.0")
    return Report(ids, recipient, original, action, status, words)


def _typed(value: str) -> str:
    """Give the address of ``rfc822; a@b``, as servers write it: with brackets, quotes or without a type."""
    address = value.rpartition(";")[2].strip().strip("<>\"' ")
    fits = "@" in address and len(address) <= 320 and " " not in address and address.isprintable()  # noqa: PLR2004 RFC 3696
    return address if fits else ""


def _words(text: str, *, typed: bool = False) -> str:
    """Make a line that people can read of what the server said."""
    if typed:
        text = re.sub(r"^\s*[\w-]{1,20}\s*;", "", text)
    if "=?" in text:
        with contextlib.suppress(ValueError, LookupError):
            text = str(make_header(decode_header(text)))
    return nfc(_BREAKS.sub(" ", text).strip())[:_WORDS]


def _status(told: str, words: str) -> str:
    """Take the code, and a more exact one of the same class from the words where it says only the class."""
    found = STATUS.search(told)
    more = STATUS.search(words)
    if found and found[2] == found[3] == "0" and more and more[1] == found[1]:
        return more[0]
    if found or more:
        return (found or more or [""])[0]
    reply = _REPLY.search(words)
    return f"{reply[1]}.0.0" if reply else ""


def _in_prose(message: Message, parts: list[Message], ids: tuple[str, ...]) -> Iterator[Report]:
    """Read a bounce that has no part for machines, as Exim and qmail send them."""
    told = getaddresses(_all(message, "x-failed-recipients"))
    named = [typed for _, address in told if (typed := _typed(address))]
    senders = [address for _, address in getaddresses(_all(message, "from"))]
    if not named and not any(_MAILERS.match(sender) for sender in senders):
        return
    plain = next((part for part in parts if part.get_content_type() == "text/plain"), None)
    text = _COPY.split(_text(plain), maxsplit=1)[0] if plain else ""
    delayed = bool(_NOT_YET.search(text)) and not named
    said = dict(_paragraphs(text))
    for address in dict.fromkeys([*named, *said]):
        words = said.get(address, "")
        status = _status("", words) or ("5.0.0" if address in named else "")
        if delayed and "@" in address:
            status = status if status.startswith("4") else "4.0.0"
        if report := _report(ids, address, "", "delayed" if delayed else "", status, words):
            yield report


def _all(message: Message, name: str) -> list[str]:
    return [_readable(str(value)[:10_000]) for value in message.get_all(name, [])]


def _paragraphs(text: str) -> Iterable[tuple[str, str]]:
    """Find lines that are an address and nothing else, each with what stands below it."""
    lines = text.splitlines()[:2_000]
    for number, line in enumerate(lines):
        found = _ADDRESS.fullmatch(line.strip()) if len(line) < 400 else None  # noqa: PLR2004
        if found and (address := _typed(found[1])):
            below = []
            for further in lines[number + 1 : number + 12]:
                if not further.strip():
                    break
                below.append(further)
            yield address, _words(" ".join(below))
