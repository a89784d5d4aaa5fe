"""Single facts: a return, an acceptance, an extension, a question, a hand-over."""

from collections.abc import Iterator

from services.notifier.mail.documents.block import Block, listed
from services.notifier.mail.page import Entry, Page
from services.notifier.mail.words.language import Language

WITH_A_DEADLINE = ("returned", "reopened", "explanation_asked")
OF_NO_DUTY = ("handed_over", "deputy_named")
HANDLED = {
    "extension_asked": "asked_by",
    "explanation_asked": "asked_by",
    "explanation_answered": "answered_by",
}


def full(w: Language, m: Page) -> Iterator[Block]:
    first = m.entries[0]
    yield Block("para", w.greeting(m, "" if first.stance == "follow" else first.body[w.language]))
    if m.brief:
        yield from _lines(w, m)
    else:
        for e in m.entries:
            yield from _entry(w, e)
    if m.more:
        yield Block("para", w.more(m.more))


def short(w: Language, m: Page) -> Iterator[Block]:
    if not m.brief:
        yield from _lines(w, m)


def _entry(w: Language, e: Entry) -> Iterator[Block]:
    yield Block("para", w.sentence(e))
    name = w.about(e) if e.topic in OF_NO_DUTY else e.named[w.language]
    presses = e.topic in WITH_A_DEADLINE and e.stance != "asked"
    yield Block("card", name, e.urgency if presses else "")
    yield from _facts(w, e)
    for label, day, tone in _days(w, e):
        yield Block("row", w.LABEL[label], day, tone)
    if e.question:
        yield Block("row", w.LABEL["question"], e.question)
    if e.words:
        yield Block("row", w.said(e), e.words)
    yield Block("end card")
    if after := w.next(e):
        yield Block("para", after)


def _facts(w: Language, e: Entry) -> Iterator[Block]:
    """List who has to do with it."""
    label, name = w.LABEL, w.language
    match e.topic:
        case "handed_over":
            yield Block("row", label["from"], e.from_body[name])
            yield Block("row", label["to"], e.to_body[name])
            if e.number:
                yield Block("row", label["number"], w.number(e.number))
            yield Block("row", label["basis"], e.basis or w.NO_BASIS)
        case "deputy_named":
            yield Block("row", label["body"], e.body[name])
            yield Block("row", label["person"], e.person)
            if e.by:
                yield Block("row", label["holder"], e.by)
        case _:
            yield from _facts_of_duty(w, e)


def _facts_of_duty(w: Language, e: Entry) -> Iterator[Block]:
    label = w.LABEL
    if e.duty:
        yield Block("row", label["what"], w.DUTY[e.duty])
    role = f" ({w.ROLE.get(e.role, e.role)})" if e.role else ""
    yield Block("row", label["body"], f"{e.body[w.language]}{role}")
    if e.period:
        yield Block("row", label["period"], f"{e.period}{w.made_up(e.made_up)}")
    yield Block("row", label["basis"], e.basis or w.NO_BASIS)
    if e.by:
        yield Block("row", label[HANDLED.get(e.topic, "by")], e.by)


def _days(w: Language, e: Entry) -> Iterator[tuple[str, str, str]]:
    """Give the days that it is about, each with its label and its weight."""
    asked = e.stance == "asked"
    match e.topic:
        case "extension_granted" if day := e.until or e.due_on:
            yield "new", w.last(e, day), "plain"
        case "extension_asked":
            if e.due_on:
                yield "deadline", w.deadline(e), ""
            if e.until:
                yield "until", w.last(e, e.until), "plain"
        case "extension_refused" if e.due_on:
            yield "kept", w.deadline(e), "plain"
        case "returned" | "reopened" | "explanation_asked" if e.due_on:
            tone = "plain" if asked else e.urgency
            yield "wished" if asked else "deadline", w.deadline(e), tone
        case "deputy_named" if e.since and e.until:
            yield "validity", w.validity(e), ""
        case "handed_over" if e.since:
            yield "since", w.day(e.since), ""


def _lines(w: Language, m: Page) -> Iterator[Block]:
    yield from listed(_line(w, e) for e in m.entries)


def _line(w: Language, e: Entry) -> str:
    name = "" if e.topic in OF_NO_DUTY else f"{e.named[w.language]}: "
    # In a line, the last of the days is what counts.
    days = [f" {w.LABEL[label]}: {day}." for label, day, _ in _days(w, e) if not _is_old(e, label)]
    words = e.words.replace("\n", " ")
    return f"{name}{w.sentence(e)}{''.join(days)}" + (f" {w.said(e)}: {words}" if words else "")


def _is_old(e: Entry, label: str) -> bool:
    return e.topic == "extension_asked" and label == "deadline"
