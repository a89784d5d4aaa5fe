"""The chain of the audit log: links, signed heads, and what of a person is kept apart from it."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, one_of

# Where an audit entry holds what is a person's: chained as a salted hash, so that it can be erased.
PERSONAL_PLACES = (
    "/actor_name",
    "/changes/login",
    "/changes/name",
    "/changes/email",
    "/changes/phone",
)


# Written by a trigger on audit_log, emptied by api as it links. Short, so what waits is found at once.
class AuditWaiting(Base):
    __tablename__ = "audit_waiting"

    audit_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


# Written by api. Never changed.
class AuditLink(Base):
    """One link of the chain; ``services/api/audit/form.py`` says what its hash is of.

    No foreign key: it would lock the entry, and a removed entry must leave its link behind.
    """

    __tablename__ = "audit_links"
    __table_args__ = (Index("ix_audit_links_day", "day", "seq"),)

    # Without gaps, unlike an identity: one that is missing was removed.
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    audit_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    day: Mapped[date]
    hash: Mapped[bytes]


# Written by api. Never changed.
class AuditHead(Base):
    """Where the chain stood at the end of a day, signed."""

    __tablename__ = "audit_heads"

    day: Mapped[date] = mapped_column(primary_key=True)
    links: Mapped[int] = mapped_column(BigInteger)
    last_seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes]
    previous_hash: Mapped[bytes]
    sealed_at: Mapped[datetime]
    key_id: Mapped[str]
    public_key: Mapped[str]
    signature: Mapped[bytes]


# Written by api. Changed in one way only: a person's data are erased, and the salt with them.
class AuditPersonal(Base):
    __tablename__ = "audit_personal"
    __table_args__ = (
        CheckConstraint(f"place IN ({one_of(*PERSONAL_PLACES)})", "place"),
        CheckConstraint("(salt IS NULL) = (erased_by IS NOT NULL)", "erased"),
    )

    audit_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    place: Mapped[str] = mapped_column(primary_key=True)
    # SHA-256 of the salt and the value: what the chain holds in the value's stead.
    digest: Mapped[bytes]
    salt: Mapped[bytes | None]
    # The entry that tells of the erasure.
    erased_by: Mapped[int | None] = mapped_column(ForeignKey("audit_log.id"))


# Written by api as it links. The folded words of changes and reasons, without what is a person's.
class AuditWords(Base):
    __tablename__ = "audit_words"
    __table_args__ = (Index("ix_audit_words_words", "words", postgresql_using="gin"),)

    audit_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    words: Mapped[str] = mapped_column(TSVECTOR)
