"""A reminder as a document: what it says, in Vietnamese first, as text and as HTML."""

import re
from datetime import datetime
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.runtime import Macro

from services.notifier.letter import Letter
from shared.text import nfc

TEMPLATES = Path(__file__).parent / "templates"
SUBJECT_LIMIT = 160  # characters; a plan's indicator names run to 150
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class UnusableAddressError(Exception):
    """Địa chỉ thư không hợp lệ. / The address is not one that mail can be sent to."""


class _Policy(EmailPolicy):
    """Writes headers that are not ASCII by the older ``Header``.

    The newer folding loses or adds spaces between two encoded words: of Vietnamese subjects one in six
    arrived damaged (Python 3.11.7).
    """

    def fold(self, name: str, value: Any) -> str:
        text = one_line(str(value))
        if not hasattr(value, "addresses"):
            shown = text if text.isascii() else self._encoded(text, name)
            return f"{name}: {shown}{self.linesep}"
        address = value.addresses[0]
        if text.isascii() or not address.display_name:
            return f"{name}: {address}{self.linesep}"
        shown = self._encoded(one_line(address.display_name), name)
        return f"{name}: {shown}{self.linesep} <{address.addr_spec}>{self.linesep}"

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode(errors="surrogateescape")

    def _encoded(self, text: str, name: str) -> str:
        return Header(text, "utf-8", header_name=name).encode(linesep=self.linesep)


POLICY = _Policy(linesep="\r\n")


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _words(facts: dict[str, Any]) -> dict[str, str]:
    """Make the phrases that all parts share, as plain text.

    A template that imports macros takes what they return for markup, also from a file that escapes
    nothing: as strings the phrases are escaped like all other text.
    """
    module = _templates().get_template("words.j2").make_module(facts)
    macros = {name: value for name, value in vars(module).items() if isinstance(value, Macro)}
    return {name: str(macro()) for name, macro in macros.items()}


def one_line(text: str) -> str:
    """Make a header of what people typed: no line ends, no control characters, NFC.

    Nor an encoded word (RFC 2047): the library would decode it, line ends and all, into our header.
    """
    return nfc(" ".join(_CONTROL.sub(" ", text.replace("=?", "= ?")).split()))


def domain_of(mail_from: str) -> str:
    """Give the domain of our own address, for message ids."""
    return parseaddr(mail_from)[1].partition("@")[2] or "localhost"


def message_id(key: str, *, domain: str) -> str:
    """Derive the id from the mail's key: a mail sent twice is one mail to its reader."""
    return f"<pii.{uuid5(NAMESPACE_URL, key)}@{domain}>"


def _address(name: str, address: str) -> Address:
    try:
        made = Address(one_line(name), addr_spec=address)
    except (ValueError, IndexError, MessageError) as error:
        raise UnusableAddressError from error
    if not made.username or not made.domain:
        raise UnusableAddressError
    return made


def _shortened(subject: str) -> str:
    return subject if len(subject) <= SUBJECT_LIMIT else subject[: SUBJECT_LIMIT - 1].rstrip() + "…"


def write(letter: Letter, *, mail_from: str, public_url: str, now: datetime) -> EmailMessage:
    message = EmailMessage(policy=POLICY)
    message["From"] = _address(*parseaddr(mail_from))
    message["To"] = _address(letter.recipient_name, letter.recipient)
    message["Subject"] = _shortened(
        one_line(
            f"{letter.kind} {len(letter.lines)} {letter.lines[0].indicator_code if letter.lines else ''}"
        )
    )
    message["Date"] = format_datetime(now)
    message["Message-ID"] = letter.message_id
    message["X-PII-Trace-Id"] = one_line(letter.trace_id)
    message.set_content(
        "\n".join(
            f"{line.topic} {line.indicator_code} {line.due_on} {line.organisation} {line.words}"
            for line in letter.lines
        ),
        cte="base64",
    )
    return message
