"""Reminders: their rules, and the ledger of what was told to whom, when, and why not."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, one_of

AUDIENCES = ("officer", "deputy", "head", "coordinator", "leadership")
CHANNELS = ("email",)
DAY_UNITS = ("working", "calendar")
POLICY_KINDS = ("figure", "report", "explanation")
REMINDER_KINDS = ("step", "notice")
TOPICS = (
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
)
REMINDER_STATES = ("planned", "held", "claimed", "sent", "delivered", "failed", "skipped")


# Written by api.
class ReminderPolicy(Base):
    """The steps of some duties; of several that fit a duty the most specific one is its whole plan."""

    __tablename__ = "reminder_policies"
    __table_args__ = (
        UniqueConstraint(
            "kind",
            "organisation_id",
            "indicator",
            "period_id",
            name="uq_reminder_policies_scope",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint(f"kind IN ({one_of(*POLICY_KINDS)})", "kind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str]
    # Null is every kind, body, indicator, period. An indicator is meant by its code, in every year.
    kind: Mapped[str | None]
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    indicator: Mapped[str | None]
    period_id: Mapped[UUID | None] = mapped_column(ForeignKey("periods.id"))
    active: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api.
class ReminderStep(Base):
    """One step of a policy; a policy without steps is silence."""

    __tablename__ = "reminder_steps"
    __table_args__ = (
        UniqueConstraint("policy_id", "days", "offset_days", "audience"),
        CheckConstraint(f"audience IN ({one_of(*AUDIENCES)})", "audience"),
        CheckConstraint(f"channel IN ({one_of(*CHANNELS)})", "channel"),
        CheckConstraint(f"days IN ({one_of(*DAY_UNITS)})", "days"),
        CheckConstraint("offset_days BETWEEN -365 AND 365", "offset"),
        CheckConstraint(
            "repeat_every BETWEEN 1 AND 365 AND repeat_count BETWEEN 1 AND 100", "repeat"
        ),
        CheckConstraint("repeat_every IS NOT NULL OR repeat_count IS NULL", "repeat_whole"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    policy_id: Mapped[UUID] = mapped_column(ForeignKey("reminder_policies.id", ondelete="CASCADE"))
    # Days after the deadline, before it when negative; counted in days of this unit.
    offset_days: Mapped[int]
    days: Mapped[str]
    repeat_every: Mapped[int | None]
    # Null of what is repeated: until the duty is done.
    repeat_count: Mapped[int | None]
    audience: Mapped[str]
    channel: Mapped[str] = mapped_column(server_default="email")
    # Whose newest words it says beside the facts, by code; null: the facts alone.
    template: Mapped[str | None]
    # A mail of its own, not a line of the day's digest.
    separate: Mapped[bool] = mapped_column(server_default="false")


# Written by api.
class ReminderTemplate(Base):
    """The coordinator's own words at one version; rows are added, never changed or removed."""

    __tablename__ = "reminder_templates"
    __table_args__ = (
        UniqueConstraint("code", "version"),
        CheckConstraint("version > 0", "version"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    code: Mapped[str]
    version: Mapped[int]
    name: Mapped[str]
    words_vi: Mapped[str]
    words_en: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api.
class ReminderSettings(Base):
    """When mail may go out and how much of it, and what is an alarm; one row."""

    __tablename__ = "reminder_settings"
    __table_args__ = (
        CheckConstraint("id = 1", "one"),
        CheckConstraint("opens_at < closes_at", "window"),
        CheckConstraint("digest_at >= opens_at AND digest_at < closes_at", "digest"),
        CheckConstraint("most_mails BETWEEN 1 AND 1000000", "most_mails"),
        CheckConstraint("usual_factor BETWEEN 1 AND 1000", "usual_factor"),
        CheckConstraint("summary_weekday BETWEEN 1 AND 7", "summary_weekday"),
        CheckConstraint("silent_hours BETWEEN 1 AND 168", "silent_hours"),
        CheckConstraint("unsent_minutes BETWEEN 1 AND 10080", "unsent_minutes"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, server_default="1")
    # In Hanoi, on working days.
    opens_at: Mapped[time] = mapped_column(server_default="08:00")
    closes_at: Mapped[time] = mapped_column(server_default="17:30")
    digest_at: Mapped[time] = mapped_column(server_default="08:00")
    paused: Mapped[bool] = mapped_column(server_default="false")
    pause_reason: Mapped[str] = mapped_column(server_default="")
    # A run of more mails than this, or than the greatest day of the last 30 times the factor, is held.
    most_mails: Mapped[int] = mapped_column(server_default="2000")
    usual_factor: Mapped[int] = mapped_column(server_default="5")
    calendar_required: Mapped[bool] = mapped_column(server_default="true")
    # ISO: 1 is Monday; null is no weekly summary.
    summary_weekday: Mapped[int | None] = mapped_column(server_default="1")
    operator_email: Mapped[str] = mapped_column(server_default="")
    silent_hours: Mapped[int] = mapped_column(server_default="2")
    unsent_minutes: Mapped[int] = mapped_column(server_default="60")
    # What happened before this is nobody's news.
    notices_since: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by notifier; acknowledged by api.
class Reminder(Base):
    """The ledger: one row for each duty (or other subject), step or notice, and recipient."""

    __tablename__ = "reminders"
    __table_args__ = (
        # The deadline is part of the duty: an extended one is reminded of anew.
        UniqueConstraint(
            "subject_id",
            "topic",
            "due_on",
            "step",
            "recipient",
            name="uq_reminders_key",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint(f"state IN ({one_of(*REMINDER_STATES)})", "state"),
        CheckConstraint(f"kind IN ({one_of(*REMINDER_KINDS)})", "kind"),
        CheckConstraint(f"topic IN ({one_of(*TOPICS)})", "topic"),
        CheckConstraint(f"audience IN ({one_of(*AUDIENCES)})", "audience"),
        CheckConstraint("(kind = 'step') = (due_on IS NOT NULL)", "due"),
        CheckConstraint("(state = 'claimed') <= (mail_id IS NOT NULL)", "claimed"),
        CheckConstraint("(state = 'held') = (hold_id IS NOT NULL)", "held"),
        CheckConstraint(
            "(period_id IS NULL) = (assignment_id IS NULL AND explanation_id IS NULL)", "period"
        ),
        Index("ix_reminders_due", "send_at", "recipient", postgresql_where="state = 'planned'"),
        Index("ix_reminders_held", "hold_id", postgresql_where="state = 'held'"),
        Index("ix_reminders_recent", "send_at", "id"),
        # A step of a duty has it as its subject.
        Index(
            "ix_reminders_assignment",
            "assignment_id",
            postgresql_where="assignment_id <> subject_id",
        ),
        Index("ix_reminders_mail", "mail_id", postgresql_where="mail_id IS NOT NULL"),
        # What is planned is found among what is due: it has no place of its own by person.
        Index("ix_reminders_recipient", "recipient", postgresql_where="state <> 'planned'"),
        Index("ix_reminders_matter", "organisation_id", "period_id", "send_at", "id"),
        # What is rare, where a list that looks for it would read the whole ledger.
        Index(
            "ix_reminders_rare",
            "state",
            "send_at",
            "id",
            postgresql_where="state NOT IN ('planned', 'claimed', 'sent')",
        ),
        Index("ix_reminders_notices", "topic", "send_at", "id", postgresql_where="kind = 'notice'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    kind: Mapped[str]
    topic: Mapped[str]
    # A duty or a request for an explanation; of a notice also a submission, an extension, a hand-over …
    subject_id: Mapped[UUID]
    # What it is about, where it is about one. Here, of bodies and of people there is no foreign key: lines
    # are copied from those tables by the hundred thousand, and from none of them is a row ever deleted.
    assignment_id: Mapped[UUID | None]
    explanation_id: Mapped[UUID | None]
    # Whose matter it is, and of which period, where it is of one.
    organisation_id: Mapped[UUID]
    period_id: Mapped[UUID | None]
    due_on: Mapped[date | None]
    # As -5w or +3c: working or calendar days after the deadline; empty for a notice.
    step: Mapped[str] = mapped_column(server_default="")
    audience: Mapped[str]
    separate: Mapped[bool] = mapped_column(server_default="false")
    # The very words that it says, or said, beside the facts.
    template_id: Mapped[UUID | None]
    # A contact, or the user who stands in for one.
    contact_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None]
    recipient: Mapped[str]
    recipient_name: Mapped[str]
    # When its policy wants it sent; it is sent later where it has to wait.
    planned_at: Mapped[datetime]
    send_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="planned")
    reason: Mapped[str | None]
    hold_id: Mapped[UUID | None] = mapped_column(ForeignKey("holds.id"))
    mail_id: Mapped[UUID | None] = mapped_column(ForeignKey("mails.id"))
    sent_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    trace_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by notifier; decided by api.
class Hold(Base):
    """A run that waits for a person: too much mail, or days that nobody has confirmed."""

    __tablename__ = "holds"
    __table_args__ = (
        CheckConstraint("kind IN ('too_many', 'calendar')", "kind"),
        CheckConstraint("state IN ('waiting', 'released', 'discarded')", "state"),
        CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", "decided"),
        Index("uq_holds_waiting", "kind", unique=True, postgresql_where="state = 'waiting'"),
        Index("ix_holds_recent", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(server_default="waiting")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # Null where the reason for it went away by itself.
    decided_by: Mapped[UUID | None]
    decided_by_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]
