"""What a setting of a method may be; what is wrong is named by its JSON pointer."""

import math
from typing import Any

from shared.composite.errors import MethodError


def one_of(pointer: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise MethodError(f"{value!r} is none of {', '.join(known)}.", pointer=pointer)


def number(pointer: str, value: float, *, least: float = -math.inf, most: float = math.inf) -> None:
    if not (math.isfinite(value) and least <= value <= most):
        raise MethodError(f"{value} is out of bounds.", pointer=pointer)


def count(pointer: str, value: int, *, least: int) -> None:
    # JSON's 2.5 and true are numbers to Python, too.
    if type(value) is not int or value < least:
        raise MethodError(f"{value} is no count of {least} or more.", pointer=pointer)


def is_range(given: tuple[float, float]) -> bool:
    if len(given) != 2:  # noqa: PLR2004 - a pair
        return False
    low, high = given
    return low < high and math.isfinite(high - low)
