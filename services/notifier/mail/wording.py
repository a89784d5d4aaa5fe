"""Puts a page into words: one document for every kind, in two languages, as text and as HTML.

The documents (``mail.j2``, ``duties.j2`` …) say what stands where, ``vi.j2`` and ``en.j2`` have all the
words, ``page.txt.j2`` and ``page.html.j2`` say how it looks. Both forms are made of the same blocks, so they say the
same, always.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.ext import Extension

from services.notifier.mail.page import Entry, Page
from shared.duty import HANOI
from shared.text import halves

TEMPLATES = Path(__file__).parent / "templates"
BLOCK, FIELD = "\x1e", "\x1f"
FIELDS = 4
DOCUMENTS = {
    "digest": "duties.j2",
    "separate": "duties.j2",
    "notice": "notices.j2",
    "summary": "summary.j2",
    "hold": "operating.j2",
    "alarm": "operating.j2",
    "test": "operating.j2",
}
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_GAPS = re.compile(r"\n\s*\n")
_TO_VIETNAMESE = str.maketrans(",.", ".,")


class Rendered(NamedTuple):
    subject: str
    text: str
    html: str


def _day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def day_vi(value: date | str) -> str:
    """Write 24/11/2026."""
    day = _day(value)
    return f"{day.day:02}/{day.month:02}/{day.year}"


def day_en(value: date | str) -> str:
    """Write 24 November 2026."""
    day = _day(value)
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def number_en(value: float) -> str:
    """Write 1,234.5: one digit after the point, and none of a whole number."""
    return f"{value:,.1f}".removesuffix(".0")


def number_vi(value: float) -> str:
    """Write 1.234,5."""
    return number_en(value).translate(_TO_VIETNAMESE)


def score_en(value: float) -> str:
    """Write 62.86, as scores are published."""
    return f"{value:.2f}"


def score_vi(value: float) -> str:
    """Write 62,86."""
    return score_en(value).translate(_TO_VIETNAMESE)


def change_en(value: float) -> str:
    """Write +0.76 or −0.10; what is rounded to nothing has no sign."""
    written = f"{value:+.2f}".replace("-", "−")
    return "0.00" if written[1:] == "0.00" else written


def change_vi(value: float) -> str:
    """Write +0,76."""
    return change_en(value).translate(_TO_VIETNAMESE)


def _hanoi(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(HANOI):%H:%M %d/%m/%Y}"


def _sum(rows: Iterable[Mapping[str, Any]], name: str) -> int:
    return sum(row[name] for row in rows)


def _said_in(text: str, language: str) -> str:
    """Give the half of this language of what is said in both."""
    return halves(text)[language == "en"]


def _groupby_topic(entries: Iterable[Entry]) -> list[tuple[str, list[Entry]]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.topic, []).append(entry)
    return list(found.items())


class _Marks(Extension):
    """Lets documents write the marks of blocks as signs that can be seen.

    The marks are control characters, which nothing typed can have (``fit``).
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002 jinja's
        return source.replace("§", BLOCK).replace("¦", FIELD)


@lru_cache(maxsize=1)
def templates() -> Environment:
    """Compile each template once; what is put into HTML is escaped, whatever it is."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        extensions=[_Marks],
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        day_vi=day_vi, day_en=day_en, number_vi=number_vi, number_en=number_en, score_vi=score_vi, score_en=score_en,
        change_vi=change_vi, change_en=change_en, hanoi=_hanoi,
        sum=_sum, groupby_topic=_groupby_topic, said_in=_said_in,
    )  # fmt: skip
    return environment


@lru_cache(maxsize=16)
def _module(name: str) -> Any:
    return templates().get_template(name).module


def prepare() -> None:
    """Compile all of them now: the first mails of a process would each wait for theirs."""
    for name in templates().list_templates():
        templates().get_template(name)


def words(language: str) -> Any:
    """Give all the words of a language."""
    return _module(f"{language}.j2")


def subject(page: Page) -> str:
    return str(words(page.language).subject(page))


def _blocks(page: Page) -> list[list[str]]:
    """Write the document; each block is its kind and three fields, of which some are empty."""
    document = templates().get_template("mail.j2")
    made = document.render(
        first=words(page.language),
        second=words("vi" if page.language == "en" else "en"),
        doc=_module(DOCUMENTS[page.kind]),
        m=page,
    )
    blocks = [block.rstrip("\n").split(FIELD) for block in made.split(BLOCK)[1:]]
    return [block + [""] * (FIELDS - len(block)) for block in blocks]


@lru_cache(maxsize=4096)
def _look(form: str, kind: str, words: str, more: str, tone: str) -> str:
    """Show a block; most of a mail's blocks stood in the mails before it, too."""
    return str(_module(form).block(kind, words, more, tone))


def _looks(form: str, blocks: Iterable[Sequence[str]]) -> str:
    return "".join([_look(form, *block) for block in blocks])


def rendered(page: Page) -> Rendered:
    blocks = _blocks(page)
    said = subject(page)
    text = _GAPS.sub("\n\n", _looks("page.txt.j2", blocks)).strip() + "\n"
    frame = _module("page.html.j2")
    html = f"{frame.opened(page.language, said)}{_looks('page.html.j2', blocks)}{frame.closed()}"
    return Rendered(said, text, html)
