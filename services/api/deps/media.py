"""Which of several forms of one thing the caller wants: RFC 9110, section 12.5.1."""

from collections.abc import Sequence

from fastapi import Request

from services.api.errors import NotAcceptableError


def chosen(request: Request, offered: Sequence[str]) -> str:
    """Choose by ``Accept``: the greatest weight, of equal ones what is offered first.

    Without the header anything will do. Raises ``NotAcceptableError`` where nothing offered will.
    """
    accept = ",".join(request.headers.getlist("accept"))
    if not accept.strip():
        return offered[0]
    ranges = [_range(part) for part in accept.lower().split(",") if part.strip()]
    weights = {media: _weight(media, ranges) for media in offered}
    best = max(offered, key=lambda media: weights[media])
    if weights[best] <= 0:
        raise NotAcceptableError(
            f"This comes as {', '.join(offered)} only.",
            vi=f"Nội dung này chỉ có ở dạng {', '.join(offered)}.",
        )
    return best


def _range(part: str) -> tuple[str, float]:
    """Read one media range and its weight; a weight that is none counts as 1, as if it were not there."""
    media, *parameters = (piece.strip() for piece in part.split(";"))
    weight = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            weight = _number(value.strip())
    return media, weight


def _number(value: str) -> float:
    try:
        weight = float(value)
    except ValueError:
        return 1.0
    return weight if 0 <= weight <= 1 else 1.0


def _weight(media: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Give the weight of the most specific range that fits; 0 where none does."""
    kind = media.partition("/")[0]
    for wanted in (media, f"{kind}/*", "*/*"):
        weights = [weight for found, weight in ranges if found == wanted]
        if weights:
            return max(weights)
    return 0.0
