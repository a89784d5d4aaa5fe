"""What a mail says, as plain facts: read from the database in one place, written as a mail in another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Line:
    """One row of the ledger, with its subject as it is at the moment of sending."""

    reminder_id: UUID
    kind: str  # step, notice
    topic: str  # due, returned, accepted, extension_granted, explanation_asked, handed_over …
    # What is owed: figure, report, explanation; empty where nothing is (a hand-over).
    duty: str
    subject_id: UUID
    assignment_id: UUID | None
    explanation_id: UUID | None
    audience: str
    period: str
    made_up: bool
    indicator_code: str
    indicator: str
    component: str
    organisation: str
    organisation_en: str
    role: str  # lead, joint_lead, cooperating, requested
    legal_basis: str
    due_on: date | None
    # What is still missing: figure, evidence, explanation, submission (a draft that was not sent).
    missing: tuple[str, ...] = ()
    # The reason of a return, a question, the words of a decision; and who said them.
    words: str = ""
    by: str = ""
    # The day an extension was granted to.
    until: date | None = None


@dataclass(frozen=True)
class WhomToCall:
    """The coordinating body, and its officer where it has named one."""

    organisation: str
    name: str
    phone: str
    email: str


@dataclass(frozen=True)
class Letter:
    """One envelope. ``kind`` is digest, separate, notice, summary, hold, alarm or test."""

    mail_id: UUID
    kind: str
    recipient: str
    recipient_name: str
    language: str  # vi, en: which stands first
    message_id: str
    trace_id: str
    call: WhomToCall | None
    # Overdue first, then due, then coming; none in a summary, a hold, an alarm, a test.
    lines: tuple[Line, ...] = ()
    # What a mail says that carries no lines; its shape is the kind's.
    facts: Mapping[str, Any] = field(default_factory=dict)
    # Signed; opens a page, changes nothing by itself. Empty where there is nothing to do.
    link: str = ""
    written_at: datetime | None = None
