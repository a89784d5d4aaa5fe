"""Which days are worked: entered year by year, because swaps are decided year by year."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, one_of

DAY_KINDS = ("off", "worked")


# Written by api.
class CalendarYear(Base):
    __tablename__ = "calendar_years"
    __table_args__ = (CheckConstraint("NOT confirmed OR decision <> ''", "decision"),)

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    confirmed: Mapped[bool] = mapped_column(server_default="false")
    decision: Mapped[str] = mapped_column(server_default="")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Written by api.
class CalendarDay(Base):
    """A weekday on which nobody works, or a day of a weekend on which all do."""

    __tablename__ = "calendar_days"
    __table_args__ = (
        CheckConstraint(f"kind IN ({one_of(*DAY_KINDS)})", "kind"),
        CheckConstraint("kind = 'off' OR extract(isodow FROM day) > 5", "worked"),
    )

    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    decision: Mapped[str]
