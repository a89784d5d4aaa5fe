"""All that is wrong with a file, each with its place: people correct a file once, not once per mistake."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from services.api.errors import pointer_to
from services.api.words import in_english, in_vietnamese
from shared.errors import Fault, InvalidError

MOST_FAULTS = 200  # are told; all are counted


class Said(NamedTuple):
    """What is wrong, in English and Vietnamese."""

    english: str
    vietnamese: str


class Place(NamedTuple):
    """Where it stands: a pointer, and words that a reader of the file understands."""

    pointer: str
    words: Said = Said("", "")


class Faults:
    """Gathers what is wrong; the first 200 are kept."""

    def __init__(self) -> None:
        self.total = 0
        self._first: list[Fault] = []

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._first)

    def __bool__(self) -> bool:
        return self.total > 0

    @property
    def full(self) -> bool:
        """Nothing more will be told, so that it need not be worded."""
        return self.total >= MOST_FAULTS

    def add(self, place: Place, said: Said) -> None:
        self.total += 1
        if self.total <= MOST_FAULTS:
            parts = (
                place.pointer,
                _joined(place.words.english, said.english),
                _joined(place.words.vietnamese, said.vietnamese),
            )
            self._first.append(Fault(*map(_storable, parts)))

    def add_entries(self, entries: list[Any]) -> None:
        """Take what Pydantic found, its place as a JSON pointer."""
        for entry in entries:
            self.add(Place(pointer_to(*entry["loc"])), said_of(entry))

    def extend(self, others: "Faults") -> None:
        """Take what was found elsewhere, in its order."""
        self._first += [*others][: max(MOST_FAULTS - len(self._first), 0)]
        self.total += others.total

    def refuse(self) -> None:
        """Raise ``InvalidError`` with all of it, if there is anything."""
        if not self.total:
            return
        if self.total == 1:
            (only,) = self._first
            raise InvalidError(only.english, vi=only.vietnamese, faults=self._first)
        shown = len(self._first)
        raise InvalidError(
            f"{self.total} places are wrong; errors[] names {shown}.",
            vi=f"Có {self.total} chỗ sai; errors[] nêu {shown} chỗ.",
            faults=self._first,
        )


def said_of(entry: Mapping[str, Any]) -> Said:
    return Said(in_english(entry), in_vietnamese(entry))


def shown(text: object) -> str:
    """Quote what was sent, not more of it than helps to find it."""
    words = repr(text)
    return words if len(words) <= 42 else f"{words[:40]}…"  # noqa: PLR2004


def _joined(place: str, said: str) -> str:
    return f"{place}: {said}" if place else said


def _storable(text: str) -> str:
    # JSON may bring half of a surrogate pair, which is no UTF-8.
    return text.encode("utf-8", "replace").decode()
