"""What an uncertainty analysis varies, as data, so that it can be asked again."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from shared.composite.choices import MOST_ALTERNATIVES
from shared.composite.errors import MethodError
from shared.composite.method import Method

MOST_DRAWS = 100_000
LARGEST_SEED = 2**53 - 1  # what every reader of JSON knows exactly


@dataclass(frozen=True)
class Plan:
    """How many draws, from which seed, and what varies. Raises ``MethodError``.

    - ``weight_spread``: a weight w is drawn from w(1 - s) to w(1 + s), evenly, each by itself.
    - ``weight_levels``: depths of the nodes whose weights vary, 1 below the root; None: all.
    - ``alternatives``: methods that differ from the nominal one in one factor each; None: those of
      ``choices.alternatives``. The choices of one factor are equally likely.
    """

    draws: int
    seed: int
    weight_spread: float = 0.25
    weight_levels: tuple[int, ...] | None = None
    alternatives: tuple[Method, ...] | None = None

    def __post_init__(self) -> None:
        _whole("/draws", self.draws, 1, MOST_DRAWS)
        _whole("/seed", self.seed, 0, LARGEST_SEED)
        spread = self.weight_spread
        if not _is_number(spread) or not 0 <= spread < 1:
            raise MethodError(
                f"The spread of weights is a number from 0 to below 1, not {spread!r}.",
                pointer="/weight_spread",
            )
        for position, depth in enumerate(self.weight_levels or ()):
            _whole(f"/weight_levels/{position}", depth, 1, MOST_DRAWS)
        if len(self.alternatives or ()) > MOST_ALTERNATIVES:
            raise MethodError(
                f"There are more than {MOST_ALTERNATIVES} alternatives.", pointer="/alternatives"
            )

    def to_dict(self) -> dict[str, Any]:
        levels, others = self.weight_levels, self.alternatives
        return {
            "draws": self.draws,
            "seed": self.seed,
            "weight_spread": self.weight_spread + 0.0,
            "weight_levels": None if levels is None else list(levels),
            "alternatives": None if others is None else [other.to_dict() for other in others],
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` wrote; draws and seed must be there. Raises ``MethodError``."""
        members = dict(stored)
        for name in ("weight_levels", "alternatives"):
            if not isinstance(members.setdefault(name, None), list | None):
                raise MethodError(f"{name} is no list.", pointer=f"/{name}")
        if unknown := sorted(members.keys() - {field.name for field in fields(cls)}):
            raise MethodError(
                f"There is no setting {unknown[0]!r} in a plan.", pointer=f"/{unknown[0]}"
            )
        if missing := sorted({"draws", "seed"} - members.keys()):
            raise MethodError(f"A plan has {missing[0]}.", pointer=f"/{missing[0]}")
        if members["weight_levels"] is not None:
            members["weight_levels"] = tuple(members["weight_levels"])
        if members["alternatives"] is not None:
            members["alternatives"] = tuple(
                _method(position, other) for position, other in enumerate(members["alternatives"])
            )
        return cls(**members)


def _method(position: int, stored: Any) -> Method:
    if not isinstance(stored, Mapping):
        raise MethodError("An alternative is a method.", pointer=f"/alternatives/{position}")
    try:
        return Method.from_dict(stored)
    except MethodError as error:
        pointer = f"/alternatives/{position}{error.pointer}"
        raise MethodError(str(error), pointer=pointer) from error


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(pointer: str, value: Any, least: int, most: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise MethodError(
            f"{value!r} is not a whole number from {least} to {most:,}.", pointer=pointer
        )
