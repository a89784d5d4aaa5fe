"""What a mail server's no means: for ever or for now, for the mail, for the address, or for us."""

import re
from typing import TypeGuard

from aiosmtplib import (
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from shared.status import is_dead, status_in

FAULTS = (SMTPException, OSError)  # what a session may end with
BYE = 421
SERVERS_OR_OURS = frozenset({500, 502, 503, 530, 534, 535, 538})  # commands, order, who we are
CONTENT = frozenset({"5.3.4", "5.2.3"})  # too large, said to MAIL already
MAX_WORDS = 1_000  # characters kept of a reply
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_REPEATED = re.compile(r"\n[245]\.\d{1,3}\.\d{1,3} ")


def is_refusal(fault: Exception) -> TypeGuard[SMTPResponseException]:
    """Tell a server that said no from one that broke off, or says what is not SMTP.

    The library calls every code that it does not expect a refusal: also 252, and 999.
    """
    return isinstance(fault, SMTPResponseException) and 400 <= fault.code < 600  # noqa: PLR2004 RFC 5321, 4.2.1


def is_final(fault: Exception) -> TypeGuard[SMTPResponseException]:
    """Tell what never works from what may work later.

    A refused sender, a wrong order of commands, a login that is missing: our set-up's fault or the
    server's, not the mail's, which is tried again. A refused recipient or content is final with 5xx.
    """
    if not is_refusal(fault) or fault.code < 500 or fault.code in SERVERS_OR_OURS:  # noqa: PLR2004 RFC 5321, 4.2.1
        return False
    if isinstance(fault, SMTPSenderRefused):
        return fault.code == 552 or status_in(_words(fault)) in CONTENT  # noqa: PLR2004 RFC 1870
    return isinstance(fault, SMTPRecipientRefused | SMTPDataError)


def is_of_dead_address(refusal: SMTPResponseException) -> bool:
    words = _words(refusal)
    return is_dead(status_in(words), words, code=refusal.code)


def said(fault: Exception) -> str:
    """Give what the server said, or what went wrong, as one line that can be kept."""
    words = _words(fault) or "timed out"
    return f"SMTP {fault.code}: {words}" if is_refusal(fault) else f"SMTP: {words}"


def _words(fault: Exception) -> str:
    """Give all lines as one; the enhanced code, which each line repeats, stands once.

    The library keeps bytes that are no UTF-8 as surrogates, which no database takes.
    """
    given = fault.message if isinstance(fault, SMTPResponseException) else str(fault)
    text = given.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return _CONTROL.sub(" ", _REPEATED.sub(" ", text)).strip()[:MAX_WORDS]
