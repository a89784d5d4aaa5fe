"""The profile as one picture for reports and screens: SVG without scripts, fonts or images from elsewhere. Pure.

Tall it is one column, legible on a telephone; wide it is two, for a landscape page or a desk's screen.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.api.profile.captions import (
    MADE_UP,
    WORDS,
    Language,
    Layout,
    day,
    named,
    number,
    place,
    result,
)
from services.api.profile.radar import radar
from services.api.profile.shapes import (
    FAINT,
    INSIDE,
    MARGIN,
    WIDTH,
    Block,
    beside,
    cut,
    fits,
    plain,
    stacked,
    tag,
    text,
    wrap,
)
from services.api.profile.strip import legend, strip

LISTS = ("strengths", "weaknesses")
FONT = "Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"


def drawing(profile: Mapping[str, Any], language: Language, layout: Layout = "tall") -> bytes:
    """Draw a profile, of the shape of ``schemas.Profile``, as an SVG document in UTF-8."""
    columns = [
        stacked(blocks, top=MARGIN, gap=12) for blocks in _columns(profile, language, layout)
    ]
    page = beside(columns, width=WIDTH)
    width, height = WIDTH * len(columns), round(page.height)
    content = (
        tag("title", plain(_summary(profile, language)), id="pii-title")
        + tag("desc", plain(_description(profile, language)), id="pii-desc")
        + tag("rect", width=width, height=height, fill="#ffffff")
        + page.markup
    )
    drawn = tag(
        "svg",
        content,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        role="img",
        lang=language,
        aria_labelledby="pii-title pii-desc",
        font_family=FONT,
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{drawn}\n'.encode()


def _columns(profile: Mapping[str, Any], language: Language, layout: Layout) -> list[list[Block]]:
    """Say so at both ends where figures are made up: a picture may be cut."""
    made_up = _made_up(profile)
    above = [_title(profile, language), *made_up, _result(profile, language)]
    if profile["pillars"]:
        above.append(_pillars(profile, language))
    above += [_list(profile, name, language) for name in LISTS if profile[name]]
    below = [*strip(profile, language)] if profile["indicators"] else []
    if below:
        below.insert(0, legend(profile, language))
    foot = _foot(profile, language)
    if layout == "wide" and below:
        return [[*above, foot], [*below, *made_up]]
    return [[*above, *below, foot, *made_up]]


def _title(profile: Mapping[str, Any], language: Language) -> Block:
    names = wrap(named(profile["framework"], language), fits(INSIDE, 21), 3)
    where = f"{profile['locality']['name']} – {profile['period']['name']}"
    lines = [
        text(MARGIN, 20 + 26 * i, line, 21, font_weight="bold") for i, line in enumerate(names)
    ]
    below = 20 + 26 * len(names)
    places = wrap(where, fits(INSIDE, 16), 2)
    lines += [text(MARGIN, below + 20 * i, line, 16) for i, line in enumerate(places)]
    return Block("".join(lines), below + 20 * (len(places) - 1) + 4)


def _made_up(profile: Mapping[str, Any]) -> list[Block]:
    if not profile["made_up"]:
        return []
    box = tag(
        "rect",
        x=MARGIN,
        y=0,
        width=INSIDE,
        height=40,
        fill="#fff3cd",
        stroke="#b00020",
        stroke_width=2,
    )
    middle = {"text_anchor": "middle", "font_weight": "bold", "fill": "#b00020"}
    return [Block(box + text(WIDTH / 2, 27, MADE_UP, 20, **middle), 40)]


def _result(profile: Mapping[str, Any], language: Language) -> Block:
    words = WORDS[language]
    run = profile["run"]
    if run is None:
        return Block(text(MARGIN, 20, words["no_run"], 18, font_weight="bold"), 26)
    score = number(profile["score"], 2, language)
    rank = f"{words['rank']} {_rank(profile)}"
    when = words["run"].format(number=run["number"], day=day(run["created_at"], language))
    bands = [entry["band"] for entry in profile["indicators"]]
    scored = len(bands) - bands.count("not_available")
    notes = [
        f"{words['estimate']}. {when}.",
        words["coverage"].format(scored=scored, all=len(bands)),
    ]
    if profile["stale"]:
        notes.append(f"{words['stale']}.")
    lines = [
        text(MARGIN, 36, f"{score} {words['score']}", 32, font_weight="bold"),
        text(WIDTH - MARGIN, 36, rank, 32, font_weight="bold", text_anchor="end"),
        *(text(MARGIN, 62 + 21 * i, note, 15) for i, note in enumerate(notes)),
    ]
    return Block("".join(lines), 47.0 + 21 * len(notes))


def _rank(profile: Mapping[str, Any]) -> str:
    return place({"rank": profile["rank"], "ranked": profile["units"]})


def _pillars(profile: Mapping[str, Any], language: Language) -> Block:
    words = WORDS[language]
    if profile["scale"] is None:
        return heading(words["unscaled"])
    low, high = profile["scale"]
    scale = {"low": number(low, 0, language), "high": number(high, 0, language)}
    above = heading(words["pillars"].format_map(scale))
    return stacked([above, radar(profile, language)], top=0, gap=6)


def heading(words: str) -> Block:
    """Write a heading of one section, over two lines where it is long."""
    lines = wrap(words, fits(INSIDE, 16), 2)
    return Block(
        "".join(
            text(MARGIN, 18 + 20 * i, line, 16, font_weight="bold") for i, line in enumerate(lines)
        ),
        20 * len(lines) + 4,
    )


def _list(profile: Mapping[str, Any], name: str, language: Language) -> Block:
    """Name the best or the worst indicators, a line each."""
    drawn = [heading(WORDS[language][name]).markup]
    for position, entry in enumerate(profile[name]):
        y = 42 + 20 * position
        words = f"{entry['code']} {named(entry, language)}"
        drawn.append(text(MARGIN, y, cut(words, fits(INSIDE - 70, 14)), 14))
        drawn.append(text(WIDTH - MARGIN, y, place(entry), 14, text_anchor="end"))
    return Block("".join(drawn), 30.0 + 20 * len(profile[name]))


def _foot(profile: Mapping[str, Any], language: Language) -> Block:
    notes = []
    if profile["assumed"]:
        notes.append(WORDS[language]["assumed"].format(number=len(profile["assumed"])))
    if profile["run"]:
        notes.append(cut(profile["run"]["hash"], 40))
    lines = [text(MARGIN, 14 + 18 * i, note, 13, fill=FAINT) for i, note in enumerate(notes)]
    return Block("".join(lines), 18.0 * len(notes))


def _summary(profile: Mapping[str, Any], language: Language) -> str:
    words = WORDS[language]
    made_up = [MADE_UP] if profile["made_up"] else []
    name = f"{named(profile['framework'], language)} – {profile['locality']['name']}"
    score = f"{number(profile['score'], 2, language)} {words['score']}"
    rank = f"{words['rank']} {_rank(profile)}"
    return ". ".join([*made_up, name, f"{score}, {rank}", words["estimate"]])


def _description(profile: Mapping[str, Any], language: Language) -> str:
    words = WORDS[language]
    parts = [
        f"{words[name]}: {_listed(profile[name], language)}." for name in LISTS if profile[name]
    ]
    pillars = "; ".join(
        f"{pillar['code']} {named(pillar, language)} {result(pillar, language)}"
        for pillar in profile["pillars"]
    )
    return " ".join([*parts, pillars]) or words["no_run"]


def _listed(entries: Sequence[Mapping[str, Any]], language: Language) -> str:
    return "; ".join(
        f"{entry['code']} {named(entry, language)} ({place(entry)})" for entry in entries
    )
