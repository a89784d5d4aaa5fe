"""The words under which the ministry publishes: levels of the tree, and names of localities."""

import re
from collections.abc import Mapping

from shared.text import fold

# What a kind of node is called, folded; after it stands the node's code.
_KINDS = {
    "pillar": ("pillar", "tru cot"),
    "group": ("group", "nhom"),
    "indicator": ("indicator", "chi so"),
    "component": ("component", "hang muc"),
    "subindex": ("subindex", "chi so phu"),
}
_OVERALL = ("overall", "chung", "pii")
_BEFORE_A_NAME = re.compile(r"(?:thanh pho|tp|tinh)[. ]\s*")


def level_of(kind: str, code: str) -> str:
    """Name a node as published tables do: overall, input, pillar 4, indicator 2.1.1."""
    if kind == "index":
        return "overall"
    return code if kind == "subindex" else f"{kind} {code}"


def node_of(words: str, kinds: Mapping[str, str]) -> str | None:
    """Find the node that is meant by its code or by its level; ``kinds`` is each code's kind."""
    if words in kinds:
        return words
    folded = fold(words).strip()
    if folded in _OVERALL:
        return next((code for code, kind in kinds.items() if kind == "index"), None)
    for code, kind in kinds.items():
        named = {f"{word} {fold(code)}" for word in _KINDS.get(kind, ())}
        if folded in named or (kind == "subindex" and folded == fold(code)):
            return code
    return None


def locality_key(name: str) -> str:
    """Make one key of TP. Hà Nội, Thành phố Hà Nội and Hà Nội."""
    folded = re.sub(r"\s+", " ", fold(name)).strip()
    return _BEFORE_A_NAME.sub("", folded, count=1) if _BEFORE_A_NAME.match(folded) else folded
