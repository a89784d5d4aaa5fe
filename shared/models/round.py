"""A data round: the period, the duties in it, the figures and their evidence."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, one_of

PERIOD_STATES = ("draft", "open", "closed")
PERIOD_KINDS = ("annual", "progress", "on_demand")
SPANS = ("month", "quarter", "half_year", "year")
ASSIGNMENT_KINDS = ("figure", "report")
EXTENSION_STATES = ("asked", "granted", "refused", "withdrawn")
EXPLANATION_STATES = ("asked", "answered", "closed")
SUBMISSION_STATES = (
    "draft",
    "submitted",
    "accepted",
    "returned",
    "rejected",
    "withdrawn",
    "superseded",
    "reopened",
)


# Written by api.
class Period(Base):
    __tablename__ = "periods"
    __table_args__ = (
        CheckConstraint(f"state IN ({one_of(*PERIOD_STATES)})", "state"),
        CheckConstraint(f"kind IN ({one_of(*PERIOD_KINDS)})", "kind"),
        CheckConstraint(f"span IN ({one_of(*SPANS)})", "span"),
        CheckConstraint("(kind = 'progress') = (span IS NOT NULL)", "progress"),
        CheckConstraint(
            "(covers_from IS NULL) = (covers_to IS NULL) AND (covers_from IS NULL OR covers_from <= covers_to)",
            "covers",
        ),
        CheckConstraint("working_days_before BETWEEN 0 AND 250", "working_days_before"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    framework_id: Mapped[UUID] = mapped_column(ForeignKey("frameworks.id"))
    reference_year: Mapped[int]
    # Figures once a year, progress of the measures by decree 09/2019's spans, or a single question.
    kind: Mapped[str] = mapped_column(server_default="annual")
    span: Mapped[str | None]
    covers_from: Mapped[date | None]
    covers_to: Mapped[date | None]
    due_on: Mapped[date]
    # The city's deadline is planned back from the ministry's.
    ministry_due_on: Mapped[date | None]
    working_days_before: Mapped[int | None]
    # After closing figures are still taken, and marked late.
    late_allowed: Mapped[bool] = mapped_column(server_default="false")
    state: Mapped[str] = mapped_column(server_default="draft")
    made_up: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api.
class PeriodDeadline(Base):
    """A deadline of a body, of a node and all below it, or of a body's duties there."""

    __tablename__ = "period_deadlines"
    __table_args__ = (
        CheckConstraint("organisation_id IS NOT NULL OR node_id IS NOT NULL", "of_something"),
        UniqueConstraint(
            "period_id", "organisation_id", "node_id", postgresql_nulls_not_distinct=True
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    period_id: Mapped[UUID] = mapped_column(ForeignKey("periods.id"))
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    node_id: Mapped[UUID | None] = mapped_column(ForeignKey("nodes.id"))
    due_on: Mapped[date]


# Written by api.
class Assignment(Base):
    __tablename__ = "assignments"
    __table_args__ = (
        UniqueConstraint("period_id", "responsibility_id"),
        CheckConstraint(f"kind IN ({one_of(*ASSIGNMENT_KINDS)})", "kind"),
        CheckConstraint(
            "(excused_at IS NULL) = (excused_reason IS NULL) AND (excused_at IS NULL) = (excused_by IS NULL)",
            "excused",
        ),
        Index("ix_assignments_organisation", "organisation_id", "period_id"),
        Index("ix_assignments_order", "period_id", "sort_key", "id"),
        Index("ix_assignments_all", "sort_key", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    period_id: Mapped[UUID] = mapped_column(ForeignKey("periods.id"))
    responsibility_id: Mapped[UUID] = mapped_column(ForeignKey("responsibilities.id"))
    node_id: Mapped[UUID] = mapped_column(ForeignKey("nodes.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    kind: Mapped[str]
    due_on: Mapped[date]
    # The last day that was granted; due_on stays what it was.
    extended_due_on: Mapped[date | None]
    excused_at: Mapped[datetime | None]
    excused_by: Mapped[UUID | None]
    excused_by_name: Mapped[str | None]
    excused_reason: Mapped[str | None]
    sort_key: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api.
class Extension(Base):
    __tablename__ = "extensions"
    __table_args__ = (
        CheckConstraint(f"state IN ({one_of(*EXTENSION_STATES)})", "state"),
        CheckConstraint("(state = 'granted') = (granted_until IS NOT NULL)", "granted"),
        CheckConstraint("state = 'asked' OR decided_at IS NOT NULL", "decided"),
        # One question at a time.
        Index(
            "uq_extensions_asked", "assignment_id", unique=True, postgresql_where="state = 'asked'"
        ),
        Index("ix_extensions_recent", "asked_at", "id"),
        Index("ix_extensions_assignment", "assignment_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignments.id"))
    reason: Mapped[str]
    wished_on: Mapped[date]
    # The last day as it was when this was asked.
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(server_default="asked")
    granted_until: Mapped[date | None]
    asked_by: Mapped[UUID]
    asked_by_name: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    decided_by: Mapped[UUID | None]
    decided_by_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]


# Written by api.
class ExplanationRequest(Base):
    __tablename__ = "explanation_requests"
    __table_args__ = (
        CheckConstraint(f"state IN ({one_of(*EXPLANATION_STATES)})", "state"),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", "answered"),
        CheckConstraint("state <> 'answered' OR answer IS NOT NULL", "answer"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", "closed"),
        Index("ix_explanation_requests_recent", "asked_at", "id"),
        Index("ix_explanation_requests_waiting", "due_on", postgresql_where="state = 'asked'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    period_id: Mapped[UUID] = mapped_column(ForeignKey("periods.id"))
    # Null where it is about an indicator rather than a duty.
    assignment_id: Mapped[UUID | None] = mapped_column(ForeignKey("assignments.id"))
    node_id: Mapped[UUID] = mapped_column(ForeignKey("nodes.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    question: Mapped[str]
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(server_default="asked")
    asked_by: Mapped[UUID]
    asked_by_name: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    answer: Mapped[str | None]
    answered_by: Mapped[UUID | None]
    answered_by_name: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    remark: Mapped[str | None]
    closed_by: Mapped[UUID | None]
    closed_by_name: Mapped[str | None]
    closed_at: Mapped[datetime | None]


# Written by api.
class Contribution(Base):
    """What a co-operating or requested body adds to another's duty; never changed."""

    __tablename__ = "contributions"
    __table_args__ = (Index("ix_contributions_order", "assignment_id", "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignments.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    note: Mapped[str]
    created_by: Mapped[UUID]
    created_by_name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api.
class Submission(Base):
    __tablename__ = "submissions"
    __table_args__ = (
        UniqueConstraint("assignment_id", "revision"),
        CheckConstraint(f"state IN ({one_of(*SUBMISSION_STATES)})", "state"),
        CheckConstraint("value NOT IN ('NaN', 'Infinity', '-Infinity')", "value"),
        CheckConstraint("NOT (value IS NOT NULL AND nil_reason <> '')", "nil"),
        # At most one figure of a duty is in force, and at most one is on its way.
        Index(
            "uq_submissions_accepted",
            "assignment_id",
            unique=True,
            postgresql_where="state = 'accepted'",
        ),
        Index(
            "uq_submissions_pending",
            "assignment_id",
            unique=True,
            postgresql_where="state IN ('draft', 'submitted')",
        ),
        Index("ix_submissions_recent", "created_at", "id"),
        Index("ix_submissions_waiting", "submitted_at", postgresql_where="state = 'submitted'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignments.id"))
    revision: Mapped[int]
    value: Mapped[float | None]
    nil_reason: Mapped[str]
    note: Mapped[str]
    source: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="draft")
    # Actors are users or systems; the name is kept as it was.
    created_by: Mapped[UUID]
    created_by_name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    submitted_by: Mapped[UUID | None]
    submitted_by_name: Mapped[str | None]
    submitted_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decided_by_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api.
class Evidence(Base):
    __tablename__ = "evidence"
    __table_args__ = (CheckConstraint("size > 0", "size"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"), index=True)
    filename: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    storage_key: Mapped[str] = mapped_column(unique=True)
    document_number: Mapped[str]
    document_date: Mapped[date | None]
    issuer: Mapped[str]
    uploaded_by: Mapped[UUID]
    uploaded_by_name: Mapped[str]
    uploaded_at: Mapped[datetime] = mapped_column(server_default=func.now())
