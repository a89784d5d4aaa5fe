"""Where a mistake stands: in what was sent, or in how a path was asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.routing import Match


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


def methods_of(request: Request) -> list[str]:
    """List what every route of this path takes; Starlette names the first route's methods only."""
    return [
        method
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]
