"""What a deadline is called in calendars: the same in a mail and in a feed, so that it is one entry."""

from email.utils import parseaddr
from uuid import UUID


def domain_of(mail_from: str) -> str:
    """Give the domain of our own address."""
    return parseaddr(mail_from)[1].partition("@")[2] or "localhost"


def entry_uid(kind: str, subject_id: UUID, *, domain: str) -> str:
    """Name an entry for as long as what it is about lives; ``kind`` is duty or explanation."""
    return f"{kind}-{subject_id}@{domain}"
