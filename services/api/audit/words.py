"""The words by which an entry is found: folded, of its reason and changes, and nobody's name; pure."""

import re
from collections.abc import Iterator
from typing import Any

from services.api.audit.form import Entry, personal_values
from shared.text import fold

MOST_WORDS, LONGEST_WORD, MOST_ASKED = 200, 40, 8
_LONGEST_TEXT = 20_000  # characters of one entry that are looked at
_WORD = re.compile(r"[a-z0-9]+")


def words_of(entry: Entry) -> list[str]:
    """Take an entry's first words, each once."""
    personal = personal_values(entry)
    texts = [entry["reason"] or "", *_texts(entry["changes"], "/changes", personal)]
    found = _WORD.findall(fold(" ".join(texts)[:_LONGEST_TEXT]))
    return list(dict.fromkeys(word[:LONGEST_WORD] for word in found))[:MOST_WORDS]


def _texts(changes: dict[str, Any], path: str, personal: dict[str, Any]) -> Iterator[str]:
    for field, value in changes.items():
        yield field
        if f"{path}/{field}" not in personal:
            yield from _leaves(value)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for field, inner in value.items():
            yield field
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None:
        yield str(value)


def search_of(text: str) -> str | None:
    """Write the tsquery: all of the words, each as a beginning; None where there is no word in it.

    A single letter begins half of all words: it stands for itself only.
    """
    words = _WORD.findall(fold(text))[:MOST_ASKED]
    if not words:
        return None
    return " & ".join(f"'{w[:LONGEST_WORD]}'" + (":*" if len(w) > 1 else "") for w in words)
