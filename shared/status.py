"""Enhanced mail status codes (RFC 3463): which answer of a mail server means that an address is dead."""

import re

# No such mailbox, no such domain, not an address, moved away, takes no mail (null MX), disabled, no route;
# and Exchange Online's own for a domain that does not exist.
DEAD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4", "5.4.310"})
# What servers say that give no code; with a code, the code counts.
_NOBODY = re.compile(
    r"(user|recipient|mailbox|address|account)\b.{0,60}\b(unknown|not found|not exist|n't exist)"
    r"|unknown (user|recipient|mailbox|address|local)|no such (user|mailbox|address|recipient|person)"
    r"|(no|n't have an?) (mailbox|account) (here|by that name|with that)"
    r"|(account|mailbox) (has been |is )?(disabled|deactivated|closed)"
    r"|(domain|host)( name)? (not found|does not exist)|unrouteable address",
    re.IGNORECASE | re.DOTALL,
)
STATUS = re.compile(
    r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)"
)  # not a date, not an address
_BY_USER_CODES = frozenset({550, 551, 553, 554})


def status_in(words: str) -> str | None:
    """Find the code that an answer starts with: "5.1.1 No such user" has 5.1.1."""
    found = STATUS.match(words.lstrip())
    return found[0] if found else None


def is_dead(status: str | None, words: str = "", *, code: int | None = None) -> bool:
    """Tell whether nobody will ever read what is sent there; policy, content and full boxes are not that.

    ``status`` is the enhanced code, None where the server gave none: then its words must say so, after
    one of the reply codes (RFC 5321) that are about a mailbox.
    """
    if status is not None and status != "5.0.0":  # which says no more than that it failed
        return status in DEAD
    return (code is None or code in _BY_USER_CODES) and bool(_NOBODY.search(words))
