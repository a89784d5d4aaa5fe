"""What every measure yields."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    name: str
    target: str
    reached: str
    good: bool
    details: dict[str, Any] = field(default_factory=dict)
