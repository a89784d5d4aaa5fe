"""What a document is worth as evidence, and in which words that is said."""

from collections.abc import Collection, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

Level = Literal["signed", "copy", "extract", "link"]
LEVELS: Mapping[str, tuple[str, str]] = {
    "signed": ("bản có chữ ký", "signed document"),
    "copy": ("bản sao", "copy"),
    "extract": ("bản trích", "extract"),
    "link": ("đường dẫn", "link"),
}


def in_order(levels: Collection[str]) -> list[str]:
    """Name each level once, the strongest first."""
    return [level for level in LEVELS if level in levels]


Levels = Annotated[
    list[Level],
    Field(
        max_length=len(LEVELS),
        description="Of which levels one document at least must be; of any where none is named.",
    ),
    AfterValidator(in_order),
]


def in_vietnamese(levels: Collection[str]) -> str:
    return ", ".join(LEVELS[level][0] for level in in_order(levels))


def in_english(levels: Collection[str]) -> str:
    return ", ".join(LEVELS[level][1] for level in in_order(levels))
