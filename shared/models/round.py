"""A data round: the period, the duties in it, the figures and their evidence."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, one_of
from shared.ids import ordered_uuid

PERIOD_STATES = ("draft", "open", "closed")
PERIOD_KINDS = ("annual", "progress", "on_demand")
SPANS = ("month", "quarter", "half_year", "year")
ASSIGNMENT_KINDS = ("figure", "report")
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
# From the strongest to the weakest.
EVIDENCE_LEVELS = ("signed", "copy", "extract", "link")
SCANS = ("not_scanned", "waiting", "clean", "infected")
ANSWERS = ("value", "nil", "not_applicable", "central_source")


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
class PeriodScope(Base):
    """What a period is limited to: a node and all below it, or a body; without rows it is limited to nothing."""

    __tablename__ = "period_scope"
    __table_args__ = (
        CheckConstraint("(organisation_id IS NULL) <> (node_id IS NULL)", "of_one_thing"),
        UniqueConstraint(
            "period_id", "organisation_id", "node_id", postgresql_nulls_not_distinct=True
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    period_id: Mapped[UUID] = mapped_column(ForeignKey("periods.id"))
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    node_id: Mapped[UUID | None] = mapped_column(ForeignKey("nodes.id"))


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
        Index("ix_assignments_node", "node_id", "period_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=ordered_uuid)
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
    # Last; what was to be told while it was excused is over.
    excuse_lifted_at: Mapped[datetime | None]
    sort_key: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api.
class Submission(Base):
    __tablename__ = "submissions"
    __table_args__ = (
        UniqueConstraint("assignment_id", "revision"),
        CheckConstraint(f"state IN ({one_of(*SUBMISSION_STATES)})", "state"),
        CheckConstraint("value NOT IN ('NaN', 'Infinity', '-Infinity')", "value"),
        CheckConstraint("numerator NOT IN ('NaN', 'Infinity', '-Infinity')", "numerator"),
        CheckConstraint("denominator NOT IN (0, 'NaN', 'Infinity', '-Infinity')", "denominator"),
        CheckConstraint("NOT (value IS NOT NULL AND nil_reason <> '')", "nil"),
        CheckConstraint(f"answer IN ({one_of(*ANSWERS)})", "answer"),
        CheckConstraint("value IS NULL OR answer = 'value'", "no_value"),
        # Nobody accepts his own, and nobody is both of two reviewers.
        CheckConstraint("state <> 'accepted' OR decided_by <> created_by", "not_its_author"),
        CheckConstraint("state <> 'accepted' OR decided_by <> submitted_by", "not_its_sender"),
        CheckConstraint("state <> 'accepted' OR decided_by <> first_accepted_by", "two_people"),
        CheckConstraint("state <> 'accepted' OR decided_by <> ALL (written_by)", "not_its_writer"),
        CheckConstraint("first_accepted_by <> ALL (written_by)", "not_first_its_writer"),
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
        Index("ix_submissions_state", "state", "created_at", "id"),
        Index("ix_submissions_submitted", "submitted_at"),
        Index("ix_submissions_decided", "decided_at"),
        Index("ix_submissions_waiting", "submitted_at", postgresql_where="state = 'submitted'"),
        # What the follow-up list looks for in every duty of a year.
        Index(
            "ix_submissions_standing",
            "assignment_id",
            postgresql_where="state IN ('submitted', 'accepted')",
        ),
        Index(
            "ix_submissions_sent_back",
            "assignment_id",
            postgresql_where="state IN ('returned', 'rejected')",
        ),
        Index("ix_submissions_found", "assignment_id", postgresql_where="findings <> '[]'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=ordered_uuid)
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("assignments.id"))
    revision: Mapped[int]
    # A figure, or one of three ways to say that there is none of one's own; ``nil_reason`` says why.
    answer: Mapped[str] = mapped_column(server_default="value")
    value: Mapped[float | None]
    numerator: Mapped[float | None]
    denominator: Mapped[float | None]
    nil_reason: Mapped[str]
    note: Mapped[str]
    source: Mapped[str]
    # What the soft rules said when it was last written or submitted, and what its author says to that.
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    explanations: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")
    state: Mapped[str] = mapped_column(server_default="draft")
    # Actors are users or systems; the name is kept as it was.
    created_by: Mapped[UUID]
    created_by_name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # Everybody who had a hand in it: drafted, edited or submitted it, or changed its evidence.
    written_by: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default="{}")
    submitted_by: Mapped[UUID | None]
    submitted_by_name: Mapped[str | None]
    submitted_at: Mapped[datetime | None]
    # Where two must accept: the first of them.
    first_accepted_by: Mapped[UUID | None]
    first_accepted_by_name: Mapped[str | None]
    first_accepted_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decided_by_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api.
class Evidence(Base):
    """A document of a body, which may prove several of its figures; a link has no file."""

    __tablename__ = "evidence"
    __table_args__ = (
        CheckConstraint("size > 0", "size"),
        CheckConstraint("pages > 0", "pages"),
        CheckConstraint(f"level IN ({one_of(*EVIDENCE_LEVELS)})", "level"),
        CheckConstraint(f"scan IN ({one_of(*SCANS)})", "scan"),
        CheckConstraint(
            "(level = 'link') = (url IS NOT NULL) AND (url IS NULL) = (storage_key IS NOT NULL)",
            "link",
        ),
        CheckConstraint("covers_from <= covers_to", "covers"),
        Index("ix_evidence_waiting", "uploaded_at", postgresql_where="scan = 'waiting'"),
        Index(
            "ix_evidence_unscanned",
            "uploaded_at",
            postgresql_where="scan = 'not_scanned' AND storage_key IS NOT NULL",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=ordered_uuid)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    level: Mapped[str] = mapped_column(server_default="copy")
    filename: Mapped[str]
    media_type: Mapped[str]
    # Of a link: of its address.
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    # SHA-256 of each MiB, one after another, so that a part can be checked; null for what is older.
    blocks: Mapped[bytes | None] = mapped_column(LargeBinary)
    storage_key: Mapped[str | None] = mapped_column(unique=True)
    url: Mapped[str | None]
    scan: Mapped[str] = mapped_column(server_default="not_scanned")
    scanned_at: Mapped[datetime | None]
    document_number: Mapped[str]
    document_date: Mapped[date | None]
    issuer: Mapped[str]
    pages: Mapped[int | None]
    # The time that it tells of, and the last day on which it holds; null where that is not said.
    covers_from: Mapped[date | None]
    covers_to: Mapped[date | None]
    valid_until: Mapped[date | None]
    uploaded_by: Mapped[UUID]
    uploaded_by_name: Mapped[str]
    uploaded_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api.
class EvidenceUse(Base):
    """What a document proves: a submission, the figure it states and where it stands in it."""

    __tablename__ = "evidence_uses"
    __table_args__ = (CheckConstraint("stated NOT IN ('NaN', 'Infinity', '-Infinity')", "stated"),)

    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    evidence_id: Mapped[UUID] = mapped_column(
        ForeignKey("evidence.id"), primary_key=True, index=True
    )
    stated: Mapped[float | None]
    place: Mapped[str]
    added_by: Mapped[UUID]
    added_by_name: Mapped[str]
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())
