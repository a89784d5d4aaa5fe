"""The plan as data: the framework's tree, the bodies, and who answers for what."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, one_of
from shared.models.round import EVIDENCE_LEVELS

FRAMEWORK_STATES = ("draft", "published", "retired")
NODE_KINDS = ("index", "subindex", "pillar", "group", "indicator", "component")
DIRECTIONS = ("higher", "lower")
SUPPLIES = ("local", "central", "unknown")
COMBINATIONS = ("all_agree", "lead", "mean_of_components")
DUTY_KINDS = ("figure", "report")
RESPONSIBILITY_ROLES = ("lead", "joint_lead", "cooperating", "requested")
CONTACT_ROLES = ("officer", "head")


# Written by api.
class Framework(Base):
    __tablename__ = "frameworks"
    __table_args__ = (
        CheckConstraint(f"state IN ({one_of(*FRAMEWORK_STATES)})", "state"),
        CheckConstraint("state <> 'draft' OR published_at IS NULL", "draft"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    year: Mapped[int] = mapped_column(unique=True)
    name_vi: Mapped[str]
    name_en: Mapped[str]
    basis: Mapped[str]
    locality_code: Mapped[str]
    expected_local: Mapped[int]
    expected_central: Mapped[int]
    weights_assumed: Mapped[bool]
    method: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # A draft may be changed at will; once published, what is scored changes only as a new version.
    state: Mapped[str] = mapped_column(server_default="published")
    published_at: Mapped[datetime | None]
    # Grows with every change of what is scored, so that a run knows which tree it saw.
    revision: Mapped[int] = mapped_column(server_default="1")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api.
class FrameworkVersion(Base):
    """A published framework as it stood at one revision; rows are added, never changed or removed."""

    __tablename__ = "framework_versions"

    framework_id: Mapped[UUID] = mapped_column(ForeignKey("frameworks.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    nodes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    method: Mapped[dict[str, Any]] = mapped_column(JSONB)
    hash: Mapped[str]
    reason: Mapped[str]
    created_by: Mapped[UUID | None]
    created_by_name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api.
class Node(Base):
    __tablename__ = "nodes"
    __table_args__ = (
        UniqueConstraint("framework_id", "code"),
        CheckConstraint(f"kind IN ({one_of(*NODE_KINDS)})", "kind"),
        CheckConstraint(f"direction IN ({one_of(*DIRECTIONS)})", "direction"),
        CheckConstraint(f"supply IN ({one_of(*SUPPLIES)})", "supply"),
        CheckConstraint(f"combination IN ({one_of(*COMBINATIONS)})", "combination"),
        CheckConstraint("weight >= 0", "weight"),
        CheckConstraint("lower_bound <= upper_bound", "bounds"),
        CheckConstraint(
            f"accepted_evidence <@ ARRAY[{one_of(*EVIDENCE_LEVELS)}]", "accepted_evidence"
        ),
        CheckConstraint(
            "(goalpost_min IS NULL) = (goalpost_max IS NULL) AND (goalpost_min IS NULL OR goalpost_min < goalpost_max)",
            "goalposts",
        ),
        Index("ix_nodes_order", "framework_id", "sort_key"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    framework_id: Mapped[UUID] = mapped_column(ForeignKey("frameworks.id"))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("nodes.id"))
    code: Mapped[str]
    sort_key: Mapped[str]
    kind: Mapped[str]
    name_vi: Mapped[str]
    name_en: Mapped[str]
    weight: Mapped[float]
    direction: Mapped[str]
    unit: Mapped[str]
    unit_assumed: Mapped[bool]
    lower_bound: Mapped[float | None]
    upper_bound: Mapped[float | None]
    goalpost_min: Mapped[float | None]
    goalpost_max: Mapped[float | None]
    target: Mapped[float | None]
    # Of this leaf's outliers, where it is not the method's.
    treatment: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    # How the figures of several leads make the one of this leaf.
    combination: Mapped[str] = mapped_column(server_default="all_agree")
    supply: Mapped[str | None]
    supply_assumed: Mapped[bool]
    evidence_required: Mapped[bool]
    # Of which levels one document at least must be; of any where none is named.
    accepted_evidence: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    source: Mapped[str]
    # How the figure is made and proved, for whoever owes it.
    guidance_vi: Mapped[str] = mapped_column(server_default="")
    guidance_en: Mapped[str] = mapped_column(server_default="")
    # A remark of those who keep the plan; no sheet shows it.
    note: Mapped[str]
    search: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api.
class Organisation(Base):
    """A body; without ``valid_to`` it stands, without ``valid_from`` it stood before the plan."""

    __tablename__ = "organisations"
    __table_args__ = (CheckConstraint("valid_from <= valid_to", "validity"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    code: Mapped[str] = mapped_column(unique=True)
    name_vi: Mapped[str]
    name_en: Mapped[str]
    kind: Mapped[str]
    part_in_the_plan: Mapped[str]
    plan_section: Mapped[str]
    is_coordinator: Mapped[bool]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    search: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api.
class Contact(Base):
    __tablename__ = "contacts"
    __table_args__ = (
        CheckConstraint(f"role IN ({one_of(*CONTACT_ROLES)})", "role"),
        CheckConstraint("language IN ('vi', 'en')", "language"),
        CheckConstraint("valid_from <= valid_to", "validity"),
        Index(
            "uq_contacts_active",
            "organisation_id",
            "role",
            text("lower(email)"),
            unique=True,
            postgresql_where="active",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    name: Mapped[str]
    role: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str]
    # Which language stands first in mails.
    language: Mapped[str] = mapped_column(server_default="vi")
    active: Mapped[bool] = mapped_column(server_default="true")
    # Nobody writes to it outside these days, active or not.
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api.
class Responsibility(Base):
    __tablename__ = "responsibilities"
    __table_args__ = (
        UniqueConstraint("node_id", "organisation_id", "role", "valid_from"),
        CheckConstraint(f"role IN ({one_of(*RESPONSIBILITY_ROLES)})", "role"),
        CheckConstraint(f"kind IN ({one_of(*DUTY_KINDS)})", "kind"),
        CheckConstraint("valid_from <= valid_to", "validity"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    node_id: Mapped[UUID] = mapped_column(ForeignKey("nodes.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    role: Mapped[str]
    # What is owed when a period opens; null: as role and supply say.
    kind: Mapped[str | None]
    legal_basis: Mapped[str]
    plan_section: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    # From whom it was taken over, where it was.
    note: Mapped[str] = mapped_column(server_default="")


# Written by api.
class OfficialResult(Base):
    """What was published; regions and levels that are no node of the tree have no codes."""

    __tablename__ = "official_results"
    __table_args__ = (
        UniqueConstraint("year", "locality", "level"),
        UniqueConstraint("year", "locality_code", "node_code"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    year: Mapped[int]
    locality: Mapped[str]
    locality_code: Mapped[str | None]
    level: Mapped[str]
    node_code: Mapped[str | None]
    score: Mapped[float | None]
    rank: Mapped[int | None]
    units_ranked: Mapped[int]
    # The figure itself that the score was made of, where it is known.
    value: Mapped[float | None]
    note: Mapped[str]
    source: Mapped[str]
    search: Mapped[str]
    # Null for what came with the plan.
    imported_at: Mapped[datetime | None]
    imported_by: Mapped[UUID | None]
    imported_by_name: Mapped[str | None]
