"""What is asked and answered about a duty beside its figure: more time, an explanation, a contribution."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, one_of

EXTENSION_STATES = ("asked", "granted", "refused", "withdrawn")
EXPLANATION_STATES = ("asked", "answered", "closed")


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
