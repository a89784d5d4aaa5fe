"""The index: other localities' figures, and the runs with all that went into them."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, one_of

ANALYSIS_KINDS = ("uncertainty",)
ANALYSIS_STATES = ("queued", "running", "done", "failed")


# Written by api.
class Locality(Base):
    __tablename__ = "localities"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]


# Written by api. Never changed: a new load is a new panel.
class Panel(Base):
    __tablename__ = "panels"
    __table_args__ = (UniqueConstraint("period_id", "revision"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    period_id: Mapped[UUID] = mapped_column(ForeignKey("periods.id"))
    revision: Mapped[int]
    source: Mapped[str]
    made_up: Mapped[bool]
    loaded_by: Mapped[UUID]
    loaded_by_name: Mapped[str]
    loaded_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api. Never changed.
class PanelValue(Base):
    __tablename__ = "panel_values"

    panel_id: Mapped[UUID] = mapped_column(ForeignKey("panels.id"), primary_key=True)
    locality_id: Mapped[UUID] = mapped_column(ForeignKey("localities.id"), primary_key=True)
    node_id: Mapped[UUID] = mapped_column(ForeignKey("nodes.id"), primary_key=True)
    value: Mapped[float]


# Written by scoring. Never changed.
class Run(Base):
    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("period_id", "number"),
        Index("ix_runs_recent", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    period_id: Mapped[UUID] = mapped_column(ForeignKey("periods.id"))
    number: Mapped[int]
    framework_id: Mapped[UUID] = mapped_column(ForeignKey("frameworks.id"))
    framework_revision: Mapped[int]
    panel_id: Mapped[UUID | None] = mapped_column(ForeignKey("panels.id"))
    # What was accepted when the run read its figures, in order: compared to tell whether it is stale.
    submission_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    # The framework, method and the city's own figures as they were, each with where it came from.
    inputs: Mapped[dict[str, Any]] = mapped_column(JSONB)
    hash: Mapped[str]
    score: Mapped[float | None]
    rank: Mapped[int | None]
    units: Mapped[int]
    # The answer of GET /v1/index but for what depends on the moment.
    summary: Mapped[dict[str, Any]] = mapped_column(JSONB)
    trigger: Mapped[str]
    trace_id: Mapped[str]
    duration_ms: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by scoring. Never changed.
class RunNode(Base):
    __tablename__ = "run_nodes"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    sort_key: Mapped[str]
    kind: Mapped[str]
    parent_code: Mapped[str | None]
    raw: Mapped[float | None]
    source: Mapped[str | None]
    # What a leaf is measured against: the panel, its goalposts or its target.
    mode: Mapped[str | None]
    score: Mapped[float | None]
    rank: Mapped[int | None]
    ranked: Mapped[int]
    coverage: Mapped[float]
    weight: Mapped[float]
    weight_in_force: Mapped[float]
    contribution: Mapped[float | None]
    reason: Mapped[str | None]


# Written by api, which asks, and by scoring, which answers. A long question about a run, never data.
class Analysis(Base):
    __tablename__ = "analyses"
    __table_args__ = (
        UniqueConstraint("run_id", "kind", "plan_hash"),
        CheckConstraint(f"kind IN ({one_of(*ANALYSIS_KINDS)})", "kind"),
        CheckConstraint(f"state IN ({one_of(*ANALYSIS_STATES)})", "state"),
        CheckConstraint("(state = 'done') = (result IS NOT NULL)", "result"),
        Index(
            "ix_analyses_waiting", "created_at", postgresql_where="state IN ('queued', 'running')"
        ),
        Index("ix_analyses_recent", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("runs.id"))
    kind: Mapped[str]
    # Everything that the result depends on beside the run, the seed included; the hash is of this.
    plan: Mapped[dict[str, Any]] = mapped_column(JSONB)
    plan_hash: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="queued")
    steps_done: Mapped[int] = mapped_column(server_default="0")
    steps: Mapped[int]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    error: Mapped[str | None]
    tries: Mapped[int] = mapped_column(server_default="0")
    asked_by: Mapped[UUID]
    asked_by_name: Mapped[str]
    trace_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    # A worker that dies leaves its claim behind; after this another takes it over.
    claimed_until: Mapped[datetime | None]
