"""What the system needs to keep its word: outbox, repeated requests, audit, heartbeats."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base


# Written by whoever emits, marked by the relay.
class OutboxMessage(Base):
    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_unsent", "id", postgresql_where="sent_at IS NULL"),
        Index("ix_outbox_sent", "sent_at", postgresql_where="sent_at IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event: Mapped[str]
    queue: Mapped[str]
    task: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    trace_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]


# Written by api.
class IdempotencyKey(Base):
    __tablename__ = "idempotency_keys"

    caller_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    # What the caller might do then: whoever may less by now is not given the answer again.
    rights: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    # SHA-256 of method, path and body: the same key with another request is a mistake.
    request_hash: Mapped[bytes]
    status: Mapped[int]
    headers: Mapped[dict[str, str]] = mapped_column(JSONB)
    body: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


# Written by whoever changes something, in the same transaction. Never changed, but that names may be erased.
class AuditEntry(Base):
    __tablename__ = "audit_log"
    __table_args__ = (
        # Each filter of the list, in the list's order.
        Index("ix_audit_log_object", "object_type", "object_id", "at", "id"),
        Index("ix_audit_log_kind", "object_type", "at", "id"),
        Index("ix_audit_log_kind_action", "object_type", "action", "at", "id"),
        Index("ix_audit_log_actor", "actor_id", "at", "id"),
        Index("ix_audit_log_action", "action", "at", "id"),
        Index("ix_audit_log_trace", "trace_id", "at", "id"),
        Index("ix_audit_log_at", "at", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor_kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
    action: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[str]
    changes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reason: Mapped[str | None]
    trace_id: Mapped[str]


# Written by each worker about itself.
class Heartbeat(Base):
    __tablename__ = "heartbeats"

    part: Mapped[str] = mapped_column(primary_key=True)
    instance: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
