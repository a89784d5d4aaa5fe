"""Where in what was sent a mistake stands."""

from collections.abc import Mapping, Sequence
from typing import Any


def steps_in(sent: Any, location: Sequence[Any], *, missing: bool) -> list[Any]:
    """Keep the steps that lead somewhere in what was sent, and a last one that is ``missing`` there.

    Pydantic puts more among them: which of several shapes it chose, and that a key itself is wrong.
    """
    steps = []
    value = sent
    for number, step in enumerate(location, 1):
        if _has(value, step):
            value = value[step]
        elif not (missing and number == len(location)):
            continue
        steps.append(step)
    return steps


def _has(value: Any, step: Any) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, Mapping) and step in value
