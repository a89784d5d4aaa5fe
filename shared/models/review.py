"""How a figure is checked: each indicator's own rules, whose acceptance needs whom, and what is said about it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, one_of
from shared.ids import ordered_uuid

REVIEW_KINDS = ("second_reviewer", "reviewing_body")
# Without a row; the scale is the unit's then.
RULE_DEFAULTS: Mapping[str, Any] = {
    "tolerance": 0.005,
    "integer_only": False,
    "decimals": None,
    "evidence_must_match": False,
    "evidence_must_state": True,
    "expected_low": None,
    "expected_high": None,
    "change_percent": None,
    "deviations": None,
    "denominator_change_percent": 20.0,
    "same_denominator_as": [],
    "two_step": False,
}
TICKS = ("evidence_seen", "acknowledge_wipes")
TICK_STEPS = ("first", "final")


# Written by api.
class IndicatorRule(Base):
    """The rules of one node, beside its bounds; without a row the defaults hold."""

    __tablename__ = "indicator_rules"
    __table_args__ = (
        CheckConstraint("scale > 0", "scale"),
        CheckConstraint("tolerance BETWEEN 0 AND 1", "tolerance"),
        CheckConstraint("decimals BETWEEN 0 AND 15", "decimals"),
        CheckConstraint("expected_low <= expected_high", "expected"),
        CheckConstraint("change_percent > 0", "change"),
        CheckConstraint("deviations > 0", "deviations"),
        CheckConstraint("denominator_change_percent > 0", "denominator_change"),
    )

    node_id: Mapped[UUID] = mapped_column(
        ForeignKey("nodes.id", ondelete="CASCADE"), primary_key=True
    )
    # A figure is numerator / denominator x scale: 100 for per cent. Where it is the unit's nobody has said another,
    # and what stands here is only what the unit said when the rules were set.
    scale: Mapped[float] = mapped_column(server_default="1")
    scale_from_unit: Mapped[bool] = mapped_column(server_default="false")
    # How far two figures may lie apart and still be the same, as a share of the greater.
    tolerance: Mapped[float] = mapped_column(server_default="0.005")
    # Hard: refused.
    integer_only: Mapped[bool] = mapped_column(server_default="false")
    decimals: Mapped[int | None]
    # A figure that its evidence states otherwise; where it is false, that is explained.
    evidence_must_match: Mapped[bool] = mapped_column(server_default="false")
    # Soft: where evidence is required, a document states the figure and its place, or it is explained.
    evidence_must_state: Mapped[bool] = mapped_column(server_default="true")
    # Soft: explained.
    expected_low: Mapped[float | None]
    expected_high: Mapped[float | None]
    change_percent: Mapped[float | None]
    deviations: Mapped[float | None]
    denominator_change_percent: Mapped[float | None]
    same_denominator_as: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    # Two people must accept.
    two_step: Mapped[bool] = mapped_column(server_default="false")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api.
class ReviewRule(Base):
    """Whose figures need more than one person to accept them; the coordinator's own body always does."""

    __tablename__ = "review_rules"
    __table_args__ = (
        CheckConstraint(f"kind IN ({one_of(*REVIEW_KINDS)})", "kind"),
        CheckConstraint("(kind = 'reviewing_body') = (reviewer_id IS NOT NULL)", "reviewer"),
        CheckConstraint("reviewer_id <> organisation_id", "another"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    kind: Mapped[str]
    reviewer_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api.
class Tick(Base):
    """What a reviewer confirmed with his acceptance, the first of two or the final one; never changed."""

    __tablename__ = "submission_ticks"
    __table_args__ = (
        CheckConstraint(f"step IN ({one_of(*TICK_STEPS)})", "step"),
        CheckConstraint(f"tick IN ({one_of(*TICKS)})", "tick"),
    )

    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    tick: Mapped[str] = mapped_column(primary_key=True)
    ticked_by: Mapped[UUID]
    ticked_by_name: Mapped[str]
    ticked_at: Mapped[datetime]


# Written by api.
class Comment(Base):
    """What was said about a submission; rows are added, never changed or removed."""

    __tablename__ = "comments"
    __table_args__ = (Index("ix_comments_thread", "submission_id", "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=ordered_uuid)
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"))
    text: Mapped[str]
    created_by: Mapped[UUID]
    created_by_name: Mapped[str]
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
