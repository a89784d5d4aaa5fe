"""Every indicator in natural order, a row for each pillar, as high as its rank percentile. Pure."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from services.api.profile.captions import WORDS, Language, named, place, result
from services.api.profile.shapes import (
    FAINT,
    INK,
    INSIDE,
    LINE,
    MARGIN,
    WIDTH,
    Block,
    cut,
    fits,
    plain,
    tag,
    text,
    wrap,
)

MOST = 12  # indicators in a row
TRACK, BOX = 64, 20  # the heights of a row and of a box in it
# Okabe and Ito's palette: told apart by all common kinds of colour vision, and in grey by form.
# Each: fill, ink on it, outline.
COLOURS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "rank_1": ("#0072b2", "#ffffff", INK),
        "top_ten": ("#9bd3f5", INK, "#0072b2"),
        "middle": ("#dddddd", INK, "#777777"),
        "last_third": ("#e8813a", INK, "#8a3b00"),
        "not_compared": ("#ffffff", INK, "#777777"),
        "not_available": ("#ffffff", FAINT, "#999999"),
    }
)


def legend(profile: Mapping[str, Any], language: Language) -> Block:
    """Say what the colours mean, and how many indicators have each."""
    words = WORDS[language]
    bands = [entry["band"] for entry in profile["indicators"]]
    drawn = [text(MARGIN, 18, words["indicators"], 16, font_weight="bold")]
    drawn += [
        text(MARGIN, 38 + 17 * i, line, 13, fill=FAINT)
        for i, line in enumerate(wrap(words["position"], fits(INSIDE, 13), 2))
    ]
    shown = [band for band in COLOURS if band in bands]
    for position, band in enumerate(shown):
        x, y = MARGIN + 280 * (position % 2), 66 + 24 * (position // 2)
        drawn.append(_box(x, y, 34, band))
        drawn.append(text(x + 42, y + 15, f"{words[band]}: {bands.count(band)}", 14))
    return Block("".join(drawn), 66 + 24 * ((len(shown) + 1) // 2))


def _box(x: float, y: float, width: float, band: str) -> str:
    fill, _, outline = COLOURS[band]
    form: dict[str, Any] = {} if band == "last_third" else {"rx": BOX / 2}
    if band == "not_available":
        form |= {"stroke_dasharray": "3 3"}
    thick = 2.5 if band in {"rank_1", "last_third"} else 1.2
    return tag(
        "rect",
        x=x,
        y=y,
        width=width,
        height=BOX,
        fill=fill,
        stroke=outline,
        stroke_width=thick,
        **form,
    )


def strip(profile: Mapping[str, Any], language: Language) -> list[Block]:
    """Draw the rows: one for each pillar, more where it has many indicators."""
    pillars = {pillar["code"]: pillar for pillar in profile["pillars"]}
    below: dict[str | None, list[Mapping[str, Any]]] = {code: [] for code in pillars}
    for entry in profile["indicators"]:
        below.setdefault(entry["pillar"], []).append(entry)
    longest = max(len(entries) for entries in below.values())
    column = INSIDE / min(max(longest, 9), MOST)
    return [
        _row(pillars.get(code or ""), entries, column, language)
        for code, entries in below.items()
        if entries
    ]


def _row(
    pillar: Mapping[str, Any] | None,
    entries: Sequence[Mapping[str, Any]],
    column: float,
    language: Language,
) -> Block:
    name, value = WORDS[language]["others"], ""
    if pillar:
        name = f"{pillar['code']}. {named(pillar, language)}"
        value = result(pillar, language)
    lines = wrap(name, fits(420, 15), 2)
    bold: dict[str, Any] = {"font_weight": "bold"}
    drawn = [text(MARGIN, 15 + 18 * i, line, 15, **bold) for i, line in enumerate(lines)]
    drawn.append(text(WIDTH - MARGIN, 15, value, 15, text_anchor="end", **bold))
    y = 6.0 + 18 * len(lines)
    for start in range(0, len(entries), MOST):
        drawn.append(_track(entries[start : start + MOST], y, column, language))
        y += TRACK + 26
    return Block("".join(drawn), y - 4)


def _track(
    entries: Sequence[Mapping[str, Any]], y: float, column: float, language: Language
) -> str:
    lines = "".join(
        tag("line", x1=MARGIN, y1=at, x2=WIDTH - MARGIN, y2=at, stroke=LINE, stroke_width=1)
        for at in (y + BOX / 2, y + TRACK - BOX / 2)
    )
    cells = (
        _cell(entry, MARGIN + column * position, y, column, language)
        for position, entry in enumerate(entries)
    )
    return lines + "".join(cells)


def _cell(entry: Mapping[str, Any], x: float, y: float, column: float, language: Language) -> str:
    middle = x + column / 2
    told = f"{entry['code']} {named(entry, language)}: {place(entry)}"
    # What has no percentile stands in the middle of its column, without a line to stand on.
    height = entry["percentile"]
    top = y + (TRACK - BOX) * (0.5 if height is None else 1 - height)
    width = min(column - 6, 50)
    ink = COLOURS[entry["band"]][1]
    parts = [
        tag("title", plain(told)),
        _box(middle - width / 2, top, width, entry["band"]),
        text(middle, top + 14.5, place(entry), 12.5, fill=ink, text_anchor="middle"),
        text(
            middle, y + TRACK + 16, cut(entry["code"], fits(column, 13)), 13, text_anchor="middle"
        ),
    ]
    return tag("g", "".join(parts))
