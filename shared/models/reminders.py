"""Reminders: their rules, the ledger of what was told to whom, and what needs a person."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, one_of

AUDIENCES = ("officer", "head", "coordinator")
REMINDER_STATES = ("planned", "claimed", "sent", "failed", "skipped")


# Written by api.
class ReminderPolicy(Base):
    __tablename__ = "reminder_policies"
    __table_args__ = (
        UniqueConstraint("offset_days", "audience"),
        CheckConstraint(f"audience IN ({one_of(*AUDIENCES)})", "audience"),
        CheckConstraint("offset_days BETWEEN -365 AND 365", "offset"),
        CheckConstraint(
            "repeat_every_days BETWEEN 1 AND 365 AND repeat_count BETWEEN 1 AND 100", "repeat"
        ),
        CheckConstraint("(repeat_every_days IS NULL) = (repeat_count IS NULL)", "repeat_whole"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    # Days after the deadline; before it when negative.
    offset_days: Mapped[int]
    repeat_every_days: Mapped[int | None]
    repeat_count: Mapped[int | None]
    audience: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default="true")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by notifier.
class Reminder(Base):
    __tablename__ = "reminders"
    __table_args__ = (
        # The deadline is part of the duty: an extended one is reminded of anew.
        UniqueConstraint("assignment_id", "due_on", "step_days", "recipient"),
        CheckConstraint(f"state IN ({one_of(*REMINDER_STATES)})", "state"),
        Index("ix_reminders_due", "send_at", postgresql_where="state IN ('planned', 'claimed')"),
        Index("ix_reminders_recent", "send_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignments.id"))
    due_on: Mapped[date]
    step_days: Mapped[int]
    audience: Mapped[str]
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))
    recipient: Mapped[str]
    recipient_name: Mapped[str]
    send_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="planned")
    reason: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    message_id: Mapped[str]
    trace_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by notifier.
class Alarm(Base):
    __tablename__ = "alarms"
    __table_args__ = (
        Index(
            "uq_alarms_standing",
            "kind",
            "organisation_id",
            unique=True,
            postgresql_where="cleared_at IS NULL",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[str]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    detail: Mapped[str]
    raised_at: Mapped[datetime] = mapped_column(server_default=func.now())
    cleared_at: Mapped[datetime | None]
