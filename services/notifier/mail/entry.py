"""Deadlines as calendar entries (RFC 5545), which a reader's calendar takes with one click.

An entry lasts all day on the last day: such an entry shows the same day in every zone, in Outlook, in
Google and on phones, where one at 23:59:59 hides at the foot of the evening and tasks (VTODO) are not
shown at all. Written by hand, as the library takes 0.2 ms for each; tests read it back with the library.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from uuid import UUID

from services.notifier.mail.headers import pieces
from shared.names import entry_uid

NAME = "han-nop.ics"
FOLD = 75  # bytes of a line
EPOCH = date(2024, 1, 1)


@dataclass(frozen=True)
class Deadline:
    """The last day of something owed, in words; ``subject_id`` is the duty's, or the request's."""

    kind: str  # duty, explanation
    subject_id: UUID
    day: date
    title: str
    detail: str


def _escaped(text: str) -> str:
    slashed = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return slashed.replace("\n", "\\n")


@lru_cache(maxsize=4096)
def _folded(line: str) -> str:
    data = line.encode()
    if len(data) <= FOLD:
        return line
    return "\n ".join(piece.decode() for piece in pieces(data, FOLD, FOLD - 1))


def _day(day: date) -> str:
    return day.isoformat().replace("-", "")


def _event(deadline: Deadline, *, organizer: str, domain: str, stamp: str, sequence: int) -> str:
    lines = (
        "BEGIN:VEVENT",
        f"UID:{entry_uid(deadline.kind, deadline.subject_id, domain=domain)}",
        f"DTSTAMP:{stamp}",
        f"LAST-MODIFIED:{stamp}",
        f"SEQUENCE:{sequence}",
        f"DTSTART;VALUE=DATE:{_day(deadline.day)}",
        f"DTEND;VALUE=DATE:{_day(deadline.day + timedelta(days=1))}",
        _folded(f"SUMMARY:{_escaped(deadline.title)}"),
        _folded(f"DESCRIPTION:{_escaped(deadline.detail)}"),
        _folded(f"ORGANIZER:mailto:{organizer}"),
        "STATUS:CONFIRMED",
        "TRANSP:TRANSPARENT",
        "X-MICROSOFT-CDO-BUSYSTATUS:FREE",
        "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE",
        "END:VEVENT",
    )
    return "\n".join(lines)


def calendar(
    deadlines: Iterable[Deadline], *, organizer: str, domain: str, now: datetime, today: date
) -> str:
    """Write the calendar, its lines parted as in Python; empty where there are no deadlines.

    An entry keeps its UID for as long as its duty lives, and every later day's mail outranks the earlier
    (SEQUENCE), also where a deadline was drawn nearer.
    """
    stamp = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    sequence = max((today - EPOCH).days, 0)
    events = [
        _event(deadline, organizer=organizer, domain=domain, stamp=stamp, sequence=sequence)
        for deadline in deadlines
    ]
    if not events:
        return ""
    head = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//PII//Nhac viec//VI\nMETHOD:PUBLISH\n"
    return head + "\n".join(events) + "\nEND:VCALENDAR\n"
