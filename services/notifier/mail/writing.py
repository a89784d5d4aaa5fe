"""A letter as a mail: a document in two languages, as text, as HTML and with its deadlines as a calendar."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import format_datetime

from services.notifier.mail import entry, page, wire, wording
from services.notifier.mail.headers import (
    LONGEST_NAME,
    UnusableAddressError,
    encoded,
    mailbox,
    one_line,
    sender_of,
    usable,
)
from services.notifier.mail.letter import Letter
from services.notifier.mail.words import LANGUAGES
from shared.duty import HANOI
from shared.names import domain_of, thread_id

__all__ = ["UnusableAddressError", "Written", "subject_of", "write"]

SUBJECT_LIMIT = 160  # characters; a plan's indicator names run to 150
MOST_THREADS = 20


@dataclass(frozen=True)
class Written:
    """A mail that is ready for the wire."""

    sender: str  # the bare address of the envelope
    recipient: str
    subject: str
    data: bytes

    def as_bytes(self) -> bytes:
        return self.data


def _today(now: datetime) -> date:
    return now.astimezone(HANOI).date()


def _shortened(subject: str) -> str:
    return subject if len(subject) <= SUBJECT_LIMIT else subject[: SUBJECT_LIMIT - 1].rstrip() + "…"


def subject_of(letter: Letter, *, now: datetime) -> str:
    """Say what the subject is on this day in Hanoi."""
    shown = page.page(letter, today=_today(now))
    return _shortened(one_line(wording.subject(shown)))


def _threads(letter: Letter, domain: str) -> list[str]:
    subjects = dict.fromkeys(page.subject_of_duty(line) for line in letter.lines)
    return [thread_id(subject, domain=domain) for subject in subjects][:MOST_THREADS]


def _headers(
    letter: Letter, *, subject: str, mail_from: str, now: datetime
) -> Iterator[tuple[str, str]]:
    domain = domain_of(mail_from)
    threads = _threads(letter, domain)
    yield "From", mailbox(*sender_of(mail_from), "From")
    yield "To", mailbox(letter.recipient_name, letter.recipient, "To")
    if letter.call is not None and letter.call.email and not page.calls_himself(letter):
        # An officer's mistyped address must not keep everybody's mail back.
        with suppress(UnusableAddressError):
            yield "Reply-To", mailbox(letter.call.name, letter.call.email, "Reply-To")
    yield "Subject", encoded(subject, "Subject")
    yield "Date", format_datetime(now)
    yield "Message-ID", letter.message_id
    if len(threads) == 1:
        yield "In-Reply-To", threads[0]
    if threads:
        yield "References", "\r\n ".join(threads)
    yield "Auto-Submitted", "auto-generated"
    yield "X-PII-Trace-Id", encoded(one_line(letter.trace_id)[:LONGEST_NAME], "X-PII-Trace-Id")
    yield "X-PII-Mail", str(letter.mail_id)


def _deadlines(shown: page.Page) -> Iterator[entry.Deadline]:
    """Give each last day once, without the link: it is its reader's own, and calendars are shared."""
    words = LANGUAGES[shown.language]
    entries = [e for part in shown.parts for group in part.groups for e in group.entries]
    seen = set()
    for found in entries or shown.entries:
        if found.due_on is None or found.subject_id in seen or not page.is_to_come(found):
            continue
        seen.add(found.subject_id)
        kind = "explanation" if found.duty == "explanation" else "duty"
        yield entry.Deadline(
            kind=kind,
            subject_id=found.subject_id,
            day=found.due_on,
            title=words.calendar_title(found),
            detail=words.calendar_detail(found),
        )


def write(letter: Letter, *, mail_from: str, now: datetime) -> Written:
    """Write the mail; days left or late are counted on the day of ``now`` in Hanoi."""
    today = _today(now)
    shown = page.page(letter, today=today)
    made = wording.rendered(shown)
    subject = _shortened(one_line(made.subject))
    sender = usable(sender_of(mail_from)[1])
    calendar = entry.calendar(
        _deadlines(shown),
        organizer=sender,
        domain=domain_of(mail_from),
        now=now,
        today=today,
    )
    return Written(
        sender=sender,
        recipient=letter.recipient,
        subject=subject,
        data=wire.assembled(
            _headers(letter, subject=subject, mail_from=mail_from, now=now),
            text=made.text,
            html=made.html,
            calendar=calendar,
            calendar_name=entry.NAME,
        ),
    )
