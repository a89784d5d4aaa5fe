"""Reminders: what is owed, why, until when, what is missing."""

from collections.abc import Iterator

from services.notifier.mail.documents.block import Block, listed
from services.notifier.mail.page import Entry, Page, Part
from services.notifier.mail.words.language import Language


def full(w: Language, m: Page) -> Iterator[Block]:
    yield Block("para", _greeting(w, m))
    for part in m.parts:
        yield Block("para", w.intro(m, part))
        yield from _said(w, part)
        if m.brief:
            yield from _basis(w, part)
        yield from _groups(w, m, part)
        yield Block("para", w.ask(part))
        if part.stance != "follow":
            yield from listed(w.WHAT_TO_DO[duty] for duty in part.duties)
    if m.more:
        yield Block("para", w.more(m.more))


def short(w: Language, m: Page) -> Iterator[Block]:
    for part in m.parts:
        yield Block("para", w.intro(m, part))
        yield from _said(w, part)
        if m.brief:
            yield from listed(_glance(w, e, part) for e in part.glance)
        else:
            yield from _basis(w, part)
            yield from listed(_line(w, e, part) for group in part.groups for e in group.entries)
    more = m.more_than_glanced if m.brief else m.more
    if more:
        yield Block("para", w.more(more))


def _greeting(w: Language, m: Page) -> str:
    part = m.parts[0]
    if part.stance != "follow":
        return w.greeting(m, part.body[w.language])
    return w.greeting(m, w.office(m.call) if m.audience == "coordinator" and m.call else "")


def _said(w: Language, part: Part) -> Iterator[Block]:
    for words in part.said:
        for line in words[w.language]:
            yield Block("para", line)


def _basis(w: Language, part: Part) -> Iterator[Block]:
    if part.basis:
        yield Block("para", w.same_basis(part))


def _groups(w: Language, m: Page, part: Part) -> Iterator[Block]:
    asked = part.stance == "asked"
    for group in part.groups:
        yield Block("heading", w.group(part, group), "" if asked else group.urgency)
        if m.brief:
            yield from listed(_line(w, e, part) for e in group.entries)
        else:
            for e in group.entries:
                yield from _card(w, e, asked=asked)


def _card(w: Language, e: Entry, *, asked: bool) -> Iterator[Block]:
    label = w.LABEL
    yield Block("card", e.named[w.language], "" if asked else e.urgency)
    yield Block("row", label["what"], w.DUTY[e.duty])
    yield Block("row", label["body"], f"{e.body[w.language]} ({w.ROLE.get(e.role, e.role)})")
    yield Block("row", label["basis"], e.basis or w.NO_BASIS)
    if e.due_on:
        tone = "plain" if asked else e.urgency
        yield Block("row", label["wished" if asked else "deadline"], w.deadline(e), tone)
    if e.missing:
        yield Block("row", label["hoped" if asked else "missing"], _missing(w, e))
    if e.drafted:
        yield Block("row", label["state"], w.DRAFTED)
    if e.words:
        yield Block("row", w.said(e), e.words)
    yield Block("end card")


def _missing(w: Language, e: Entry) -> str:
    return ", ".join([w.MISSING.get(one, one) for one in e.missing])


def _name(w: Language, e: Entry, part: Part) -> str:
    """Name it, with its body where the part is of several."""
    body = "" if part.body["vi"] else f" – {e.body[w.language]}"
    return f"{e.named[w.language]}{body}"


def _line(w: Language, e: Entry, part: Part) -> str:
    said = [f"{_name(w, e, part)}: {w.DUTY[e.duty]}"]
    if e.due_on:
        said.append(w.deadline(e))
    if e.missing:
        label = w.LABEL["hoped" if e.stance == "asked" else "missing"].lower()
        said.append(f"{label}: {_missing(w, e)}")
    if e.drafted:
        said.append(w.DRAFTED)
    if not part.basis:
        said.append(f"{w.LABEL['basis'].lower()}: {e.basis or w.NO_BASIS}")
    return "; ".join(said)


def _glance(w: Language, e: Entry, part: Part) -> str:
    """Give what is to be found again in the first language: of a long list the other has no more."""
    return _name(w, e, part) + (f": {w.when(e)}" if e.due_on else "")
