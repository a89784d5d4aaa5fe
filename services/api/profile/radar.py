"""The pillars' own scores on one axis each, from the middle of the scale outward. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.api.profile.captions import Language, named, number, place, result
from services.api.profile.shapes import (
    FAINT,
    INK,
    LINE,
    WIDTH,
    Block,
    fits,
    plain,
    polar,
    tag,
    text,
    wrap,
)

RADIUS, X, Y = 138, WIDTH / 2, 0  # placed where the labels leave room
SIZE, STEP = 14, 17  # of labels, and from line to line
OWN = "#0072b2"
Point = tuple[float, float]


def radar(profile: Mapping[str, Any], language: Language) -> Block:
    """Draw rings at a quarter, a half, three quarters and the whole of the scale, and the city's shape.

    A pillar without a score has no corner: the shape is then open and not filled.
    """
    pillars = profile["pillars"]
    low, high = profile["scale"]
    turns = [position / len(pillars) for position in range(len(pillars))]
    points = [
        None
        if pillar["score"] is None
        else polar(X, Y, RADIUS * min(max((pillar["score"] - low) / (high - low), 0), 1), turn)
        for pillar, turn in zip(pillars, turns, strict=True)
    ]
    axes = "".join(_axis(turn) for turn in turns)
    corners = "".join(
        tag("circle", _told(pillar, language), cx=point[0], cy=point[1], r=5, fill=OWN)
        for pillar, point in zip(pillars, points, strict=True)
        if point
    )
    labels = [_label(pillar, turn, language) for pillar, turn in zip(pillars, turns, strict=True)]
    rings = _rings(low, high, 0.5 / len(pillars), language)
    drawn = axes + rings + _shape(points) + corners + "".join(label for label, _, _ in labels)
    top = min(Y - RADIUS, *(top for _, top, _ in labels)) - 4
    bottom = max(Y + RADIUS, *(bottom for _, _, bottom in labels)) + 6
    return Block(tag("g", drawn, transform=f"translate(0 {-top:.1f})"), bottom - top)


def _axis(turn: float) -> str:
    x, y = polar(X, Y, RADIUS, turn)
    return tag("line", x1=X, y1=Y, x2=x, y2=y, stroke=LINE)


def _rings(low: float, high: float, turn: float, language: Language) -> str:
    drawn = []
    for part in (0.25, 0.5, 0.75, 1.0):
        drawn.append(
            tag("circle", cx=X, cy=Y, r=RADIUS * part, fill="none", stroke=LINE, stroke_width=1)
        )
        x, y = polar(X, Y, RADIUS * part, turn)
        mark = low + part * (high - low)
        written = number(mark, 0 if mark == int(mark) else 2, language)
        halo: dict[str, Any] = {
            "stroke": "#ffffff",
            "stroke_width": 3,
            "paint_order": "stroke",
        }
        drawn.append(text(x, y + 4, written, 12, fill=FAINT, text_anchor="middle", **halo))
    return "".join(drawn)


def _shape(points: Sequence[Point | None]) -> str:
    known = [point for point in points if point is not None]
    if len(known) == len(points):
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in known)
        return tag(
            "polygon", points=corners, fill=OWN, fill_opacity=0.18, stroke=OWN, stroke_width=2.5
        )
    sides = zip(points, [*points[1:], points[0]], strict=True)
    return "".join(
        tag("line", x1=a[0], y1=a[1], x2=b[0], y2=b[1], stroke=OWN, stroke_width=2.5)
        for a, b in sides
        if a and b
    )


def _label(pillar: Mapping[str, Any], turn: float, language: Language) -> tuple[str, float, float]:
    """Write name and result beside the axis; also from what height to what height they reach."""
    x, y = polar(X, Y, RADIUS + 16, turn)
    side = 0.0 if abs(x - X) < 1 else x - X
    room = 1.5 * RADIUS if not side else WIDTH / 2 - abs(side) - 4
    anchor = "middle" if not side else ("start" if side > 0 else "end")
    name = f"{pillar['code']}. {named(pillar, language)}"
    lines = wrap(name, fits(room, SIZE), 2 if not side else 5)
    height = STEP * (len(lines) + 1)
    # Its middle is level with the axis at the sides; at the top and the bottom it stands outside the ring.
    top = y - height / 2 + (y - Y) / (RADIUS + 16) * height / 2
    bold: dict[str, Any] = {"font_weight": "bold", "fill": INK}
    written = [
        text(
            x,
            top + 13 + STEP * i,
            line,
            SIZE,
            text_anchor=anchor,
            **(bold if i == len(lines) else {}),
        )
        for i, line in enumerate([*lines, result(pillar, language)])
    ]
    return "".join(written), top, top + height


def _told(pillar: Mapping[str, Any], language: Language) -> str:
    told = f"{named(pillar, language)}: {number(pillar['score'], 2, language)} ({place(pillar)})"
    return tag("title", plain(told))
