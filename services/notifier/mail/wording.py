"""Puts a page into words: one document for every kind, in two languages, as text and as HTML.

The documents say what stands where, the words stand by language, the looks say how it is shown.
"""

from typing import NamedTuple

from services.notifier.mail.documents.mail import blocks
from services.notifier.mail.looks.html import html
from services.notifier.mail.looks.text import text
from services.notifier.mail.page import Page
from services.notifier.mail.words import LANGUAGES


class Rendered(NamedTuple):
    subject: str
    text: str
    html: str


def subject(page: Page) -> str:
    return LANGUAGES[page.language].subject(page)


def rendered(page: Page) -> Rendered:
    shown = list(blocks(page))
    said = subject(page)
    return Rendered(said, text(shown), html(shown, language=page.language, subject=said))
