"""Mails: what went out, what came back, to whom nothing is sent any more, and what needs a person."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, one_of

MAIL_KINDS = ("digest", "separate", "notice", "summary", "hold", "alarm", "test")
MAIL_STATES = ("claimed", "waiting", "sent", "delivered", "failed", "empty")


# Written by notifier.
class Mail(Base):
    """One envelope; the rows of the ledger that it carries point to it."""

    __tablename__ = "mails"
    __table_args__ = (
        CheckConstraint(f"kind IN ({one_of(*MAIL_KINDS)})", "kind"),
        CheckConstraint(f"state IN ({one_of(*MAIL_STATES)})", "state"),
        CheckConstraint("(state = 'claimed') = (claimed_at IS NOT NULL)", "claimed"),
        CheckConstraint("state NOT IN ('sent', 'delivered') OR sent_at IS NOT NULL", "sent"),
        Index("ix_mails_open", "next_at", postgresql_where="state IN ('claimed', 'waiting')"),
        Index("ix_mails_recent", "created_at", "id"),
        Index("ix_mails_recipient", "recipient", "created_at", "id"),
        Index("ix_mails_day", "day", "created_at", "id"),
        # What is rare, where a list that looks for it would read all mails.
        Index(
            "ix_mails_rare",
            "state",
            "created_at",
            "id",
            postgresql_where="state NOT IN ('claimed', 'sent')",
        ),
        Index("ix_mails_single", "kind", "created_at", "id", postgresql_where="kind <> 'digest'"),
        Index("ix_mails_sent", "sent_at", postgresql_where="sent_at IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    # What makes it this mail: "digest:<recipient>:<day>". Its Message-ID is made of it.
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    recipient: Mapped[str]
    recipient_name: Mapped[str]
    # The day in Hanoi it belongs to.
    day: Mapped[date]
    message_id: Mapped[str] = mapped_column(unique=True)
    subject: Mapped[str] = mapped_column(server_default="")
    # What a mail says that carries no rows of the ledger.
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    state: Mapped[str] = mapped_column(server_default="claimed")
    reason: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    # When it may be tried next.
    next_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    # The connection broke: the server may have taken it.
    maybe_sent: Mapped[bool] = mapped_column(server_default="false")
    relay: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    # Told by the recipient's side (RFC 3464).
    delivered_at: Mapped[datetime | None]
    bounced_at: Mapped[datetime | None]
    trace_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by notifier, and by api where somebody reports one or lifts it.
class SuppressedAddress(Base):
    """An address that takes no mail for good; its owner's duties stay visible."""

    __tablename__ = "suppressed_addresses"
    __table_args__ = (
        Index(
            "uq_suppressed_addresses_standing",
            text("lower(address)"),
            unique=True,
            postgresql_where="lifted_at IS NULL",
        ),
        Index("ix_suppressed_addresses_recent", "suppressed_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    address: Mapped[str]
    reason: Mapped[str]
    mail_id: Mapped[UUID | None] = mapped_column(ForeignKey("mails.id"))
    suppressed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[UUID | None]
    lifted_by_name: Mapped[str | None]


# Written by notifier, and by scoring about an index that cannot be calculated.
class Alarm(Base):
    """What needs a person, as long as it stands."""

    __tablename__ = "alarms"
    __table_args__ = (
        Index(
            "uq_alarms_standing",
            "kind",
            "subject",
            unique=True,
            postgresql_where="cleared_at IS NULL",
        ),
        Index("ix_alarms_recent", "raised_at", "id"),
        Index("ix_alarms_unmailed", "raised_at", postgresql_where="mailed_at IS NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[str]
    # What it is about: a body's id, an address, an endpoint's id; empty where it is the system itself.
    subject: Mapped[str] = mapped_column(server_default="")
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    detail: Mapped[str]
    raised_at: Mapped[datetime] = mapped_column(server_default=func.now())
    cleared_at: Mapped[datetime | None]
    # When the operator or the coordinator was written to; alarms that need no mail are marked at once.
    mailed_at: Mapped[datetime | None]


# Written by notifier about itself.
class NotifierRun(Base):
    """When each of its works last came to an end: a silence is an alarm."""

    __tablename__ = "notifier_runs"

    work: Mapped[str] = mapped_column(primary_key=True)
    ended_at: Mapped[datetime]
    seconds: Mapped[float]
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
