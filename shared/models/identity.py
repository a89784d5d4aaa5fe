"""Who may come in: people with roles in bodies, and systems with keys."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, one_of

ROLES = ("admin", "coordinator", "officer", "head", "leader", "viewer")


# Written by api.
class User(Base):
    __tablename__ = "users"
    # Who has two accounts of one address is one person.
    __table_args__ = (Index("ix_users_address", text("lower(email)")),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    email: Mapped[str]
    password_hash: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default="true")
    failed_attempts: Mapped[int] = mapped_column(server_default="0")
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api.
class Membership(Base):
    __tablename__ = "memberships"
    __table_args__ = (
        CheckConstraint(f"role IN ({one_of(*ROLES)})", "role"),
        CheckConstraint("valid_from <= valid_to", "validity"),
        Index("ix_memberships_user", "user_id"),
        # The same role twice would be ended once and go on.
        Index(
            "uq_memberships_standing",
            "user_id",
            "organisation_id",
            "role",
            unique=True,
            postgresql_where="valid_to IS NULL",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    role: Mapped[str]
    valid_from: Mapped[date] = mapped_column(server_default=func.current_date())
    valid_to: Mapped[date | None]


# Written by api.
class Deputy(Base):
    """Whoever may do what a membership allows while its holder is away; it is never passed on further."""

    __tablename__ = "deputies"
    __table_args__ = (
        CheckConstraint("valid_from <= valid_to", "validity"),
        Index("ix_deputies_deputy", "deputy_id", postgresql_where="ended_at IS NULL"),
        Index("ix_deputies_membership", "membership_id"),
        Index("ix_deputies_recent", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    # A membership that is ended on its first day is taken back altogether.
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("memberships.id", ondelete="CASCADE"))
    deputy_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    reason: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


# Written by api. Tokens are kept as SHA-256 only.
class SignIn(Base):
    __tablename__ = "sign_ins"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    access_hash: Mapped[bytes] = mapped_column(unique=True)
    access_expires_at: Mapped[datetime]
    refresh_hash: Mapped[bytes] = mapped_column(unique=True)
    refresh_expires_at: Mapped[datetime] = mapped_column(index=True)
    # A spent refresh token that comes back was stolen by somebody: the sign-in ends.
    spent_refresh_hash: Mapped[bytes | None] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


# Written by api. The key is kept as SHA-256 only.
class ApiKey(Base):
    __tablename__ = "api_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str]
    prefix: Mapped[str] = mapped_column(unique=True)
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    created_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
