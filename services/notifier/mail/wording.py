"""Puts a page into words: one document for every kind, in two languages, as text and as HTML.

The documents say what stands where, the words stand by language, the looks say how it is shown.
"""

from functools import lru_cache
from typing import NamedTuple

from services.notifier.mail.documents.block import Block
from services.notifier.mail.documents.mail import blocks
from services.notifier.mail.looks import html, text
from services.notifier.mail.page import Page
from services.notifier.mail.words import LANGUAGES


class Rendered(NamedTuple):
    subject: str
    text: str
    html: str


def subject(page: Page) -> str:
    return LANGUAGES[page.language].subject(page)


@lru_cache(maxsize=2048)
def _looks(block: Block) -> tuple[str, str]:
    """Show a block in both forms; most of a mail's blocks stood in the mails before it, too."""
    return text.look(block), html.look(block)


def rendered(page: Page) -> Rendered:
    plain, marked = zip(*map(_looks, blocks(page)), strict=True)
    said = subject(page)
    return Rendered(said, text.text(plain), html.html(marked, language=page.language, subject=said))
