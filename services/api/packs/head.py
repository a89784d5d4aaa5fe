"""What every file of a pack says about the pack; pure."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.text import fold


def name_of(period: str, number: int, *, made_up: bool) -> str:
    """Name a pack's files; a period's code is letters, digits, dots, dashes and underscores only."""
    return f"goi-{period}-so-{number}{'-gia-dinh' if made_up else ''}"


class Head(NamedTuple):
    id: UUID
    number: int
    period: str
    period_name: str
    reference_year: int
    framework: int
    framework_revision: int
    run: UUID | None
    made_at: datetime
    made_up: bool
    note: str

    @property
    def name(self) -> str:
        return name_of(self.period, self.number, made_up=self.made_up)

    @property
    def period_told(self) -> str:
        """Name the period, with its code where the name does not say that already."""
        said = _letters(self.period) in _letters(self.period_name)
        return self.period_name if said else f"{self.period_name} ({self.period})"


def _letters(text: str) -> str:
    return "".join(c for c in fold(text) if c.isalnum())
