"""Message-IDs are made of what makes a mail this mail: sent twice, it is one mail to its reader."""

from email.utils import parseaddr
from uuid import NAMESPACE_URL, uuid5


def domain_of(mail_from: str) -> str:
    """Give the domain of our own address."""
    return parseaddr(mail_from)[1].partition("@")[2] or "localhost"


def message_id(key: str, *, domain: str) -> str:
    """Derive the id from the mail's key, such as ``digest:<recipient>:<day>``."""
    return f"<reminder.{uuid5(NAMESPACE_URL, key)}@{domain}>"
