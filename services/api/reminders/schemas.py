"""Shapes of the ledger, of the proof sheet of one duty, and of what goes out on a day."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.api.deps.fields import Day
from services.api.deps.paging import Code, PageQuery, SearchText
from services.api.policies.schemas import PolicyShown

Audience = Literal["officer", "deputy", "head", "coordinator", "leadership"]
ReminderKind = Literal["step", "notice"]
ReminderState = Literal["planned", "held", "claimed", "sent", "delivered", "failed", "skipped"]
Topic = Literal[
    "due",
    "returned",
    "rejected",
    "accepted",
    "reopened",
    "extension_asked",
    "extension_granted",
    "extension_refused",
    "explanation_asked",
    "explanation_answered",
    "deputy_named",
    "handed_over",
]
Why = Literal[
    "done",
    "excused",
    "paused",
    "held",
    "failed",
    "skipped",
    "policy_silent",
    "no_contact",
    "suppressed_address",
    "not_a_working_day",
    "no_step_that_day",
    "beyond_horizon",
]


class ReminderQuery(PageQuery):
    assignment: UUID | None = None
    explanation: UUID | None = None
    period: Code | None = None
    organisation: Code | None = None
    recipient: SearchText | None = Field(default=None, description="The whole address.")
    state: ReminderState | None = None
    topic: Topic | None = None
    kind: ReminderKind | None = None
    planned_from: Day | None = Field(default=None, description="Planned for this day or later.")
    planned_to: Day | None = Field(default=None, description="Planned for this day or before.")
    sent_from: Day | None = None
    sent_to: Day | None = None
    format: Literal["json", "csv", "xlsx"] | None = Field(
        default=None, description="Tables come in pages of 5,000, whatever the limit."
    )

    def filters(self) -> dict[str, Any]:
        return {name: value for name, value in super().filters().items() if name != "format"}


class BothWords(BaseModel):
    vi: str
    en: str


class MailOfRow(BaseModel):
    id: UUID
    message_id: str
    state: str
    subject: str
    sent_at: datetime | None
    delivered_at: datetime | None
    bounced_at: datetime | None
    attempts: int
    relay: str | None
    reason: str | None


class ReminderShown(BaseModel):
    """One row: who was, or is to be, told what and when; ``why`` says in words why not, or not yet."""

    id: UUID
    kind: ReminderKind
    topic: Topic
    subject: UUID = Field(
        description="What it is about; of a notice also a submission, an extension, a hand-over."
    )
    assignment: UUID | None
    explanation: UUID | None
    period: str | None
    indicator: str | None
    organisation: str
    due_on: date | None
    step: str = Field(description="As -5w or +3c: working or calendar days after the deadline.")
    audience: Audience
    separate: bool
    template: str | None = Field(description="Whose words it says beside the facts.")
    template_version: int | None
    recipient: str
    recipient_name: str
    send_at: datetime
    state: ReminderState
    reason: str | None
    why: BothWords | None
    hold: UUID | None
    mail: MailOfRow | None
    sent_at: datetime | None
    acknowledged_at: datetime | None
    trace_id: str
    created_at: datetime


class Named(BaseModel):
    code: str
    name_vi: str


class SubjectShown(BaseModel):
    """A duty, or a request for an explanation, as it is now."""

    kind: Literal["figure", "report", "explanation"]
    id: UUID
    assignment: UUID | None
    period: str
    made_up: bool
    indicator: Named
    organisation: Named
    role: str | None
    legal_basis: str | None
    due_on: date = Field(description="As it was first set.")
    effective_due_on: date = Field(description="As it was moved and extended.")
    status: str
    days_late: int
    excused_reason: str | None
    question: str | None
    answered_at: datetime | None


class DeadlineAsked(BaseModel):
    """More time that was asked for, and what was decided."""

    asked_at: datetime
    asked_by: str
    reason: str
    due_on: date = Field(description="The last day as it was when this was asked.")
    wished_on: date
    state: str
    granted_until: date | None
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None


class DeadlineMoved(BaseModel):
    """The coordinator set another last day."""

    model_config = ConfigDict(populate_by_name=True)

    at: datetime
    by: str
    from_: date = Field(alias="from")
    to: date
    reason: str | None = Field(description="Null where it was moved before a reason was asked for.")


class ProofSheet(BaseModel):
    """Who was told what, when, whether it arrived, was acknowledged, and why not."""

    subject: SubjectShown
    policy: PolicyShown | None = Field(description="The one that governs it now; null: none does.")
    deadlines: list[DeadlineAsked] = Field(description="Oldest first.")
    moves: list[DeadlineMoved] = Field(description="Oldest first.")
    counts: dict[str, int] = Field(description="Rows by state, all of them.")
    acknowledged: int
    rows: list[ReminderShown] = Field(description="Oldest first, up to 2,000.")
    complete: bool = Field(description="False where there are more rows than are shown.")


class Governing(BaseModel):
    policy: PolicyShown | None = Field(description="Null: no policy fits, nobody is reminded.")


class PreviewQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    date: Day | None = Field(
        default=None, description="The next working day by default; at most 30 days from today."
    )
    organisation: Code | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 200


class RowPreviewed(BaseModel):
    id: UUID
    kind: ReminderKind
    topic: Topic
    state: ReminderState
    assignment: UUID | None
    explanation: UUID | None
    period: str | None
    indicator: str | None
    organisation: str
    due_on: date | None
    step: str
    audience: Audience
    send_at: datetime


class MailPreviewed(BaseModel):
    kind: Literal["digest", "separate", "notice"]
    rows: list[RowPreviewed]


class RecipientPreviewed(BaseModel):
    recipient: str
    recipient_name: str
    mails: list[MailPreviewed]


class NotTold(BaseModel):
    """A duty or a request nobody of its body is written to about on that day."""

    kind: Literal["figure", "report", "explanation"]
    id: UUID
    period: str
    indicator: str
    organisation: str
    due_on: date
    reason: Why
    why: BothWords
    next_on: date | None = Field(description="The next day with something planned, or to be.")


class EmptyAudience(BaseModel):
    """A step of that day for people who are not there: it goes to nobody."""

    kind: Literal["figure", "report", "explanation"]
    id: UUID
    period: str
    indicator: str
    organisation: str
    due_on: date
    audience: Audience


class RowLeftOut(RowPreviewed):
    """A row of that day that does not go out, and why."""

    recipient: str
    recipient_name: str
    why: BothWords | None


class HoldForetold(BaseModel):
    """The safety stop would hold the run of that day, or a part of it."""

    kind: Literal["too_many", "calendar"]
    mails: int = Field(description="That would wait.")
    limit: int | None = Field(description="How many may go out that day; null of a calendar.")
    usual: int | None = Field(description="The greatest day of the last 30.")
    year: int | None = Field(description="The first year that must be confirmed.")


class HoldWaiting(BaseModel):
    id: UUID
    kind: str
    rows: int


class Preview(BaseModel):
    date: date
    working_day: bool
    calendar_confirmed: bool = Field(
        description="Whether decisions have confirmed that year and all up to the deadlines shown."
    )
    unconfirmed_years: list[int] = Field(description="Those that none has.")
    paused: bool
    pause_reason: str
    holds: list[HoldWaiting]
    would_be_held: list[HoldForetold] = Field(
        description="By the safety stop, were the run of that day as it is planned now."
    )
    goes_out: bool = Field(
        description="False on a day off, while paused, and where all that is planned would be held."
    )
    recipients: list[RecipientPreviewed]
    not_told: list[NotTold]
    empty_audiences: list[EmptyAudience]
    left_out: list[RowLeftOut]
    counts: dict[str, int] = Field(description="Recipients, mails, rows, and not told by reason.")
    complete: bool = Field(description="False where the lists show less than is counted.")
