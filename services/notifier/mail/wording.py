"""Puts a page into words: one document for every kind, in two languages, as text and as HTML.

The documents say what stands where, the words stand by language, ``page.txt.j2`` and ``page.html.j2`` say how it
looks. Both forms are made of the same blocks, so they say the same, always.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notifier.mail.documents.block import Block
from services.notifier.mail.documents.mail import blocks
from services.notifier.mail.page import Page
from services.notifier.mail.words import LANGUAGES

TEMPLATES = Path(__file__).parent / "templates"
_GAPS = re.compile(r"\n\s*\n")


class Rendered(NamedTuple):
    subject: str
    text: str
    html: str


@lru_cache(maxsize=2)
def _form(name: str) -> Any:
    """Compile a template once; what is put into HTML is escaped, whatever it is."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name).module


def prepare() -> None:
    """Compile them now: the first mails of a process would wait for it."""
    for form in ("page.txt.j2", "page.html.j2"):
        _form(form)


def subject(page: Page) -> str:
    return LANGUAGES[page.language].subject(page)


@lru_cache(maxsize=4096)
def _look(form: str, block: Block) -> str:
    """Show a block; most of a mail's blocks stood in the mails before it, too."""
    return str(_form(form).block(*block))


def _looks(form: str, blocks: Iterable[Block]) -> str:
    return "".join([_look(form, block) for block in blocks])


def rendered(page: Page) -> Rendered:
    shown = list(blocks(page))
    said = subject(page)
    text = _GAPS.sub("\n\n", _looks("page.txt.j2", shown)).strip() + "\n"
    frame = _form("page.html.j2")
    html = f"{frame.opened(page.language, said)}{_looks('page.html.j2', shown)}{frame.closed()}"
    return Rendered(said, text, html)
