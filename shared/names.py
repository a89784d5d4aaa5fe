"""What is called the same wherever it is written: mails, threads and calendar entries, in our own domain."""

from email.utils import parseaddr
from functools import lru_cache
from uuid import UUID


@lru_cache(maxsize=8)
def domain_of(mail_from: str) -> str:
    """Give the domain of our own address."""
    return parseaddr(mail_from)[1].partition("@")[2] or "localhost"


def message_id(mail_id: UUID, *, domain: str) -> str:
    """Name a mail by its row, which is kept before it is sent: sent twice, it is one mail to its reader.

    The row's id is random: nobody can guess the name and report a mail as returned that was not.
    """
    return f"<pii.{mail_id}@{domain}>"


def thread_id(subject_id: UUID, *, domain: str) -> str:
    """Name the thread of a duty, which all mails about it refer to."""
    return f"<pii.thread.{subject_id}@{domain}>"


def entry_uid(kind: str, subject_id: UUID, *, domain: str) -> str:
    """Name a calendar entry for as long as what it is about lives; ``kind`` is duty or explanation.

    The same in a mail and in a feed.
    """
    return f"{kind}-{subject_id}@{domain}"
