"""The parts a mail is made of: a kind, and what it says; how each kind looks stands in ``looks``."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Block(NamedTuple):
    """Section, banner, title, heading, para, small, button, list, item, card, row, number, or the end of one.

    ``words`` is a label where there is ``more``; ``tone`` tells what weight it has.
    """

    kind: str
    words: str = ""
    more: str = ""
    tone: str = ""


def listed(items: Iterable[str]) -> Iterator[Block]:
    """Make a list of these; none of nothing."""
    begun = False
    for item in items:
        if not begun:
            yield Block("list")
            begun = True
        yield Block("item", item)
    if begun:
        yield Block("end list")
