"""The few shapes of SVG that pictures are made of; whatever text goes in, it stays text. Pure."""

import math
import re
from dataclasses import dataclass
from html import escape

# Of each character, in sizes of the type: a little more than most typefaces take.
_WIDTH = 0.55
# XML 1.0 has no way to write these, not even as a reference.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
WIDTH, MARGIN = 600, 20  # of a column
INSIDE = WIDTH - 2 * MARGIN
INK, FAINT, LINE = "#1a1a1a", "#555555", "#cccccc"


@dataclass(frozen=True)
class Block:
    """Markup that starts at y = 0, and how much room it takes."""

    markup: str
    height: float


def plain(words: str) -> str:
    """Make text that may stand anywhere in XML, between quotes too."""
    return escape(_UNWRITABLE.sub("", words))


def tag(name: str, content: str = "", **attributes: str | float) -> str:
    """Make an element; ``content`` is markup, attributes are text: ``text_anchor`` is text-anchor."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def _value(value: str | float) -> str:
    return plain(value) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")


def text(x: float, y: float, words: str, size: float = 14, **attributes: str | float) -> str:
    """Write one line; ``y`` is its base line."""
    shown = {"fill": INK, **attributes}
    return tag("text", plain(words), x=x, y=y, font_size=size, **shown)


def fits(width: float, size: float) -> int:
    """Tell how many characters of a size fit into a width."""
    return max(1, int(width / (size * _WIDTH)))


def cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: max(1, most - 1)].rstrip() + "…"


def wrap(words: str, most: int, lines: int) -> list[str]:
    """Break text into at most ``lines`` lines of ``most`` characters; an ellipsis says that some is cut."""
    made = [""]
    for word in words.split():
        while len(word) > most:  # a word longer than a line is broken where the line ends
            head, word = word[:most], word[most:]  # noqa: PLW2901
            made = [*made, head] if made[-1] else [head]
        joined = f"{made[-1]} {word}".strip()
        made = [*made[:-1], joined] if len(joined) <= most else [*made, word]
    if len(made) <= lines:
        return made
    return [*made[: lines - 1], cut(f"{made[lines - 1]} {made[lines]}", most)]


def stacked(blocks: list[Block], *, top: float, gap: float) -> Block:
    """Put blocks below one another."""
    markup, y = [], top
    for block in blocks:
        markup.append(tag("g", block.markup, transform=f"translate(0 {y:.1f})"))
        y += block.height + gap
    return Block("".join(markup), y)


def beside(columns: list[Block], *, width: float) -> Block:
    """Put columns of one width side by side."""
    markup = (
        tag("g", column.markup, transform=f"translate({width * position:.1f} 0)")
        for position, column in enumerate(columns)
    )
    return Block("".join(markup), max(column.height for column in columns))


def polar(x: float, y: float, radius: float, turn: float) -> tuple[float, float]:
    """Give the point at ``turn`` (0 to 1) clockwise from the top."""
    angle = 2 * math.pi * turn
    return x + radius * math.sin(angle), y - radius * math.cos(angle)
