"""Hand-overs: what passes from body to body on a day, what was moved, and who followed whom."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, one_of

HANDOVER_KINDS = ("merge", "split", "transfer", "rename", "reversal")
HANDOVER_STATES = ("planned", "carried_out", "cancelled")
MOVE_KINDS = (
    "responsibility",
    "assignment",
    "submission",
    "contact",
    "membership",
    "organisation",
    "explanation",
    "review_rule",
    "deadline",
    "policy",
    "feed",
    "webhook",
    "deputy",
)
MOVE_ACTIONS = ("moved", "in_place", "joined", "began", "ended")


# Written by api.
class Handover(Base):
    """One dated act; ``from_ids`` give, ``to_id`` receives, ``to_ids`` are all who receive something."""

    __tablename__ = "handovers"
    __table_args__ = (
        CheckConstraint(f"kind IN ({one_of(*HANDOVER_KINDS)})", "kind"),
        CheckConstraint(f"state IN ({one_of(*HANDOVER_STATES)})", "state"),
        CheckConstraint("(state = 'carried_out') = (carried_out_at IS NOT NULL)", "carried_out"),
        CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", "reversal"),
        Index("ix_handovers_recent", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="planned")
    from_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    # Of a body that is to be made this is the id that it will have; null where several are returned to.
    to_id: Mapped[UUID | None]
    to_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    new_body: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    # Of a transfer: what is handed over; of the others: what goes to another body than the rest.
    chosen: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    exceptions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    effective_on: Mapped[date]
    basis_title: Mapped[str]
    basis_number: Mapped[str]
    basis_date: Mapped[date | None]
    note: Mapped[str]
    # At most one act takes another one back.
    reverses_id: Mapped[UUID | None] = mapped_column(ForeignKey("handovers.id"), unique=True)
    # Of what was looked at, how much stayed with the old bodies, and why.
    left_behind: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    created_by: Mapped[UUID]
    created_by_name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    carried_out_by: Mapped[UUID | None]
    carried_out_by_name: Mapped[str | None]
    carried_out_at: Mapped[datetime | None]
    trace_id: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api. Never changed.
class HandoverMove(Base):
    """One thing that a hand-over moved, with what it was before and what it is since."""

    __tablename__ = "handover_moves"
    __table_args__ = (
        UniqueConstraint("handover_id", "number"),
        CheckConstraint(f"kind IN ({one_of(*MOVE_KINDS)})", "kind"),
        CheckConstraint(f"action IN ({one_of(*MOVE_ACTIONS)})", "action"),
        Index("ix_handover_moves_object", "object_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    handover_id: Mapped[UUID] = mapped_column(ForeignKey("handovers.id"))
    number: Mapped[int]
    kind: Mapped[str]
    action: Mapped[str]
    object_id: Mapped[UUID]
    # What carries on in its place, where it is not the same thing.
    new_object_id: Mapped[UUID | None]
    from_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    to_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    old: Mapped[dict[str, Any]] = mapped_column(JSONB)
    new: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # What it is called, as it was called then.
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)


# Written by api. Never changed.
class Succession(Base):
    __tablename__ = "successions"
    __table_args__ = (
        UniqueConstraint("handover_id", "from_id", "to_id"),
        CheckConstraint(f"kind IN ({one_of(*HANDOVER_KINDS)})", "kind"),
        CheckConstraint("from_id <> to_id", "another"),
        Index("ix_successions_from", "from_id"),
        Index("ix_successions_to", "to_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    handover_id: Mapped[UUID] = mapped_column(ForeignKey("handovers.id"))
    from_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    to_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    effective_on: Mapped[date]
    kind: Mapped[str]
    basis: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
