"""How a figure is checked: each indicator's own rules."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base


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
    # A figure is numerator / denominator x scale: 100 for per cent.
    scale: Mapped[float] = mapped_column(server_default="1")
    # How far two figures may lie apart and still be the same, as a share of the greater.
    tolerance: Mapped[float] = mapped_column(server_default="0.005")
    # Hard: refused.
    integer_only: Mapped[bool] = mapped_column(server_default="false")
    decimals: Mapped[int | None]
    # Soft: explained.
    expected_low: Mapped[float | None]
    expected_high: Mapped[float | None]
    change_percent: Mapped[float | None]
    deviations: Mapped[float | None]
    denominator_change_percent: Mapped[float | None]
    same_denominator_as: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
