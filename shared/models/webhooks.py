"""What other systems are told: public events, the addresses that asked for them, and how telling went."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, one_of

DELIVERY_STATES = ("waiting", "claimed", "delivered", "failed", "dropped")
DISABLED_REASONS = ("gone", "failing")


# Written by whoever changes something, in the same transaction; marked by notifier.
class PublicEvent(Base):
    """A fact that others may hear of, with no figure and no person in it."""

    __tablename__ = "public_events"
    __table_args__ = (
        # Those of the newest facts; which of them commits first is not known, so all are looked at.
        Index("ix_public_events_new", "occurred_at", postgresql_where="fanned_out_at IS NULL"),
        Index(
            "ix_public_events_old",
            "fanned_out_at",
            postgresql_where="fanned_out_at IS NOT NULL AND key IS NULL",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    type: Mapped[str]
    version: Mapped[int]
    occurred_at: Mapped[datetime] = mapped_column(server_default=func.now())
    period_id: Mapped[UUID | None]
    # Whose event it is; an endpoint of one body hears only of its own.
    organisation_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default="{}")
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # What the clock makes is made once: "assignment.due:<assignment>:<day>".
    key: Mapped[str | None] = mapped_column(unique=True)
    trace_id: Mapped[str]
    fanned_out_at: Mapped[datetime | None]


# Written by api; by notifier where the other side fails, is gone, or asks to wait.
class WebhookEndpoint(Base):
    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        CheckConstraint(f"disabled_reason IN ({one_of(*DISABLED_REASONS)})", "disabled_reason"),
        CheckConstraint("(disabled_at IS NULL) = (disabled_reason IS NULL)", "disabled"),
        CheckConstraint("cardinality(event_types) BETWEEN 1 AND 50", "event_types"),
        Index("ix_webhook_endpoints_recent", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    url: Mapped[str]
    description: Mapped[str]
    # Names and groups: "submission.accepted", "submission.*", "*".
    event_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # Null: every body's events.
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    # Who is written to when it has been disabled.
    owner_email: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default="true")
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]
    # Since when nothing has arrived; null after a success.
    failing_since: Mapped[datetime | None]
    # The receiver asked to be left alone until then.
    retry_after: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api.
class WebhookSecret(Base):
    """What an endpoint's messages are signed with: one that stands, and for a while the one before."""

    __tablename__ = "webhook_secrets"
    __table_args__ = (
        Index(
            "uq_webhook_secrets_standing",
            "endpoint_id",
            unique=True,
            postgresql_where="expires_at IS NULL",
        ),
        Index("ix_webhook_secrets_endpoint", "endpoint_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    endpoint_id: Mapped[UUID] = mapped_column(
        ForeignKey("webhook_endpoints.id", ondelete="CASCADE")
    )
    key: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]


# Written by notifier; by api where somebody pings or sends again.
class WebhookDelivery(Base):
    """One event for one endpoint."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "event_id"),
        CheckConstraint(f"state IN ({one_of(*DELIVERY_STATES)})", "state"),
        CheckConstraint("(state = 'claimed') = (claimed_at IS NOT NULL)", "claimed"),
        CheckConstraint("(state IN ('waiting', 'claimed')) = (finished_at IS NULL)", "finished"),
        Index(
            "ix_webhook_deliveries_open",
            "endpoint_id",
            "next_at",
            "id",
            postgresql_where="state IN ('waiting', 'claimed')",
        ),
        Index("ix_webhook_deliveries_recent", "endpoint_id", "created_at", "id"),
        Index("ix_webhook_deliveries_event", "event_id"),
        Index(
            "ix_webhook_deliveries_finished",
            "finished_at",
            postgresql_where="finished_at IS NOT NULL",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    endpoint_id: Mapped[UUID] = mapped_column(
        ForeignKey("webhook_endpoints.id", ondelete="CASCADE")
    )
    event_id: Mapped[UUID] = mapped_column(ForeignKey("public_events.id"))
    state: Mapped[str] = mapped_column(server_default="waiting")
    reason: Mapped[str | None]
    # Since it was planned or last sent again by hand: its place in the schedule.
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]


# Written by notifier.
class WebhookAttempt(Base):
    """One request that was made, and what was answered."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (Index("ix_webhook_attempts_delivery", "delivery_id", "at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    delivery_id: Mapped[UUID] = mapped_column(
        ForeignKey("webhook_deliveries.id", ondelete="CASCADE")
    )
    at: Mapped[datetime]
    ms: Mapped[float]
    status: Mapped[int | None]
    # Why there is no status, in a word: timeout, refused, tls, address …
    error: Mapped[str | None]
    # The first bytes of what was answered.
    answer: Mapped[str] = mapped_column(server_default="")
