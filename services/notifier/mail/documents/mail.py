"""Every mail: the first language in full, with the link and whom to call; the second in short."""

from collections.abc import Iterator
from types import ModuleType

from services.notifier.mail.documents import duties, notices, operating, summary
from services.notifier.mail.documents.block import Block
from services.notifier.mail.letter import WhomToCall
from services.notifier.mail.page import Page
from services.notifier.mail.words import LANGUAGES
from services.notifier.mail.words.language import Language

DOCUMENTS: dict[str, ModuleType] = {
    "digest": duties,
    "separate": duties,
    "notice": notices,
    "summary": summary,
    "hold": operating,
    "alarm": operating,
    "test": operating,
}


def blocks(m: Page) -> Iterator[Block]:
    document = DOCUMENTS[m.kind]
    w, second = LANGUAGES[m.language], LANGUAGES["vi" if m.language == "en" else "en"]
    yield Block("section", w.language)
    yield from _banner(w, m)
    yield Block("title", w.title(m))
    yield from document.full(w, m)
    if m.link:
        yield Block("button", w.OPEN[m.kind], m.link)
    if not m.calls_himself and (m.call or m.parts or m.entries):
        yield Block("para", _contact(w, m.call))
    yield Block("small", w.automatic(m))
    yield Block("end section")
    yield Block("section", second.language, second.IN_SHORT)
    yield from _banner(second, m)
    yield from document.short(second, m)
    if m.link:
        yield Block("small", second.LINK_ABOVE)
    yield Block("end section")


def _banner(w: Language, m: Page) -> Iterator[Block]:
    if m.made_up:
        yield Block("banner", w.BANNER[m.made_up])


def _contact(w: Language, call: WhomToCall | None) -> str:
    if call is None:
        return f"{w.LABEL['call']}: {w.COORDINATOR}."
    said = [f"{w.LABEL['call']}: {w.office(call)}"]
    if call.name:
        said.append(call.name)
    if call.phone:
        said.append(f"{w.LABEL['phone']} {call.phone}")
    if call.email:
        said.append(f"{w.LABEL['mail']} {call.email}")
    return f"{', '.join(said)}."
