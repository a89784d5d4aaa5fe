"""What a mail says, as plain facts: read from the database in one place, written as a mail in another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypedDict
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
    # The last day as it stands now; none where nothing is owed.
    due_on: date | None
    # What is still missing: figure, report, evidence, explanation, revision (of what was sent back), and
    # submission (a draft is there and was not sent).
    missing: tuple[str, ...] = ()
    # The reason of a return, a question, an answer, the words of a decision; and who said them.
    words: str = ""
    by: str = ""
    # The day an extension is asked for or was granted to; a deputy's last day.
    until: date | None = None
    # A deputy's first day; the day from which a hand-over holds.
    since: date | None = None
    # The question that an answer answers.
    question: str = ""
    # The deputy; ``by`` is whom he stands in for.
    person: str = ""
    # Of a hand-over: who gives, who receives, and how many duties; its document is the legal basis.
    from_body: str = ""
    to_body: str = ""
    number: int = 0
    # What was decided about: value, nil, not_applicable, central_source; and which revision of it.
    answer: str = ""
    revision: int = 0
    # Names in English, where there are any.
    indicator_en: str = ""
    component_en: str = ""
    from_body_en: str = ""
    to_body_en: str = ""
    # The coordinator's own words of this step, in both languages where he wrote them.
    template_vi: str = ""
    template_en: str = ""


@dataclass(frozen=True)
class WhomToCall:
    """The coordinating body, and its officer where it has named one."""

    organisation: str
    name: str
    phone: str
    email: str
    organisation_en: str = ""


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
    # How many further lines it stands for, which are not shown.
    more: int = 0
    # What a mail says that carries no lines: SummaryFacts, HoldFacts, AlarmFacts, TrialFacts.
    facts: Mapping[str, Any] = field(default_factory=dict)
    # Signed; opens a page, changes nothing by itself. Empty where there is nothing to do.
    link: str = ""
    written_at: datetime | None = None


# The shapes below are kept as JSON in the row of the mail: days are ISO strings.


class PeriodInShort(TypedDict):
    """One period's board; ``on_time`` is a share from 0 to 1, none while nothing was due."""

    period: str
    made_up: bool
    due_on: str | None
    expected: int
    received: int
    accepted: int
    late: int
    overdue: int
    asked: int
    excused: int
    on_time: float | None
    # None where nothing was computed yet.
    index: "IndexInShort | None"


class IndexInShort(TypedDict):
    """The newest run, an estimate; ``change`` and what was before are since the week began, none where there was none."""

    score: float | None
    rank: int | None
    units: int
    change: float | None
    rank_before: int | None
    units_before: int | None


class SignedHead(TypedDict):
    """Where the audit log stood at the end of a day."""

    day: str
    seq: int
    hash: str


class Changes(TypedDict):
    """What happened in the last seven days."""

    submitted: int
    accepted: int
    returned: int
    reopened: int
    extensions: int
    newly_overdue: int
    handovers: int
    explanations_asked: int
    explanations_answered: int


class LongLate(TypedDict):
    """A duty that is overdue for so many days."""

    organisation: str
    indicator_code: str
    indicator: str
    days: int
    organisation_en: str
    indicator_en: str


class DeadAddress(TypedDict):
    organisation: str
    address: str
    reason: str
    organisation_en: str


class StandingHold(TypedDict):
    """A run that still waits; ``kind`` as in the table of holds."""

    kind: str
    mails: int
    since: str


class SummaryFacts(TypedDict):
    """The week in short, for the coordinator and the leadership; all lists may be empty."""

    week_from: str
    week_to: str
    periods: list[PeriodInShort]
    changes: Changes
    longest_late: list[LongLate]
    # Bodies with nobody to write to.
    unreachable: list[str]
    unreachable_en: list[str]
    dead_addresses: list[DeadAddress]
    holds: list[StandingHold]
    # None before the first day was signed.
    head: SignedHead | None


class HoldFacts(TypedDict):
    """Why a run waits: too_many (``limit`` and ``usual``) or calendar (``year``)."""

    hold_id: str
    kind: str
    mails: int
    recipients: int
    # The most mails that a run may have, and those of the greatest day of the last 30.
    limit: int | None
    usual: int | None
    year: int | None


class OneAlarm(TypedDict):
    """A row of the alarms; ``raised_at`` is an ISO moment."""

    kind: str
    organisation: str
    organisation_en: str
    # In both languages: Vietnamese / English.
    detail: str
    raised_at: str


class AlarmFacts(TypedDict):
    alarms: list[OneAlarm]


class TrialFacts(TypedDict):
    """Who asked for the trial."""

    by: str
