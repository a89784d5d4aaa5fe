"""Feeds: deadlines that people subscribe to in their calendars."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base


# Written by api. The address is kept as SHA-256 only.
class Feed(Base):
    """What its holder reads is what its owner may see at that moment."""

    __tablename__ = "feeds"
    __table_args__ = (Index("ix_feeds_user", "user_id", "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    # Null is the owner's own: all bodies for which he writes.
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
