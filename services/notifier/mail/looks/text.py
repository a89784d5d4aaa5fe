"""Blocks as plain text."""

import re
from collections.abc import Iterable

from services.notifier.mail.documents.block import Block

_GAPS = re.compile(r"\n\s*\n")
_LOOKS = {
    "row": "  - {words}: {more}\n",
    "number": "  - {words}: {more}\n",
    "item": "- {words}\n",
    "para": "{words}\n\n",
    "small": "{words}\n\n",
    "card": "\n* {words}\n",
    "heading": "\n{words}\n{line}\n\n",
    "title": "{words}\n{line}\n\n",
    "banner": "*** {words} ***\n\n",
    "button": "{words}: {more}\n\n",
    "list": "",
    "end list": "\n",
    "end card": "\n",
    "end section": "\n",
}
_LINES = {"heading": "-", "title": "="}


def look(block: Block) -> str:
    kind, words, more, _ = block
    if kind == "section":  # only the second says that it is one
        return f"\n--\n{more}\n\n" if more else ""
    line = _LINES.get(kind, "") * len(words)
    return _LOOKS[kind].format(words=words, more=more.replace("\n", "\n    "), line=line)


def text(looks: Iterable[str]) -> str:
    """Write blocks one below the other, with at most one empty line between two."""
    return _GAPS.sub("\n\n", "".join(looks)).strip() + "\n"
