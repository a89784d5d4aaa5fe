"""What was sent to the ministry: the figures as they were then, and the very files made of them."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base


# Written by api. Never changed, but that the maker's name may be erased.
class Pack(Base):
    __tablename__ = "packs"
    __table_args__ = (
        UniqueConstraint("period_id", "number"),
        CheckConstraint("number > 0", "number"),
        CheckConstraint("size > 0", "size"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    period_id: Mapped[UUID] = mapped_column(ForeignKey("periods.id"))
    number: Mapped[int]
    note: Mapped[str]
    framework_id: Mapped[UUID] = mapped_column(ForeignKey("frameworks.id"))
    framework_revision: Mapped[int]
    # The newest when it was made; null where the period had none.
    run_id: Mapped[UUID | None] = mapped_column(ForeignKey("runs.id"))
    # Of the period then; every file of the pack says so.
    made_up: Mapped[bool]
    # One for each accepted answer, in the order of the letter.
    rows: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    gaps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    # Numbered documents; one without a path is a link, or its bytes are not in the pack.
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    # Of all its members, in bytes.
    size: Mapped[int] = mapped_column(BigInteger)
    manifest_sha256: Mapped[str]
    made_by: Mapped[UUID]
    made_by_name: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api. Never changed.
class PackFile(Base):
    """A file that was made for a pack; kept, since a later release may write the same rows in other bytes."""

    __tablename__ = "pack_files"

    pack_id: Mapped[UUID] = mapped_column(ForeignKey("packs.id"), primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    # Its place in the archive.
    place: Mapped[int]
    content: Mapped[bytes]
