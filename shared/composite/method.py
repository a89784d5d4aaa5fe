"""How an index is computed, as data: what is not written down here cannot differ between runs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self, get_args

from shared.composite.errors import MethodError

Normalisation = Literal["min_max", "goalposts"]
Aggregation = Literal["arithmetic"]


@dataclass(frozen=True)
class Method:
    """The choices that turn figures into scores.

    - ``normalisation``: "min_max" takes a leaf's goalposts where it has them and the panel's own
      least and greatest figure where not; "goalposts" never looks at the panel, so a leaf without
      goalposts is n/a.
    - ``range``: the scores of the worst and the best figure, in points.
    - ``aggregation``: "arithmetic", the weighted mean.
    - ``minimum_coverage``: share of leaves, 0 to 1, under which a node is marked (never hidden).
    - ``minimum_units``: how many units must have a figure before they count as a panel.

    Raises ``MethodError``.
    """

    normalisation: Normalisation = "min_max"
    range: tuple[float, float] = (0.0, 100.0)
    aggregation: Aggregation = "arithmetic"
    minimum_coverage: float = 0.0
    minimum_units: int = 2

    def __post_init__(self) -> None:
        if self.normalisation not in get_args(Normalisation):
            raise MethodError(f"There is no normalisation {self.normalisation!r}.")
        if self.aggregation not in get_args(Aggregation):
            raise MethodError(f"There is no aggregation {self.aggregation!r}.")
        low, high = self.range
        if not (low < high and math.isfinite(high - low)):
            raise MethodError(f"The range {self.range} is not two finite numbers, the lower first.")
        if not 0 <= self.minimum_coverage <= 1:
            raise MethodError(f"The minimum coverage {self.minimum_coverage} is not in 0 to 1.")
        if self.minimum_units < 1:
            raise MethodError(f"The minimum of units {self.minimum_units} is less than 1.")

    def to_dict(self) -> dict[str, Any]:
        """Return JSON types only; equal methods give equal dictionaries.

        The digest is taken over this. A setting added later must be left out while it has its
        default, or runs stored before it would no longer reproduce their digest.
        """
        # Adding 0.0 makes 0 and -0.0 a 0.0.
        return {
            "normalisation": self.normalisation,
            "range": [bound + 0.0 for bound in self.range],
            "aggregation": self.aggregation,
            "minimum_coverage": self.minimum_coverage + 0.0,
            "minimum_units": self.minimum_units,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` wrote; an absent setting has its default.

        An unknown setting is refused (``MethodError``): to drop it would compute something else
        than what was stored.
        """
        unknown = sorted(stored.keys() - {field.name for field in fields(cls)})
        if unknown:
            raise MethodError(f"There is no setting {unknown[0]!r} in a method.")
        settings = dict(stored)
        try:
            if "range" in settings:
                low, high = settings["range"]
                settings["range"] = (float(low), float(high))
            return cls(**settings)
        except (TypeError, ValueError) as error:
            if isinstance(error, MethodError):
                raise
            raise MethodError(f"A setting of the method has the wrong type: {error}.") from error
