"""The week in short, for the coordinator and the leadership."""

from collections.abc import Iterator
from typing import Any

from services.notifier.mail.documents.block import Block, listed
from services.notifier.mail.page import Page
from services.notifier.mail.words.language import Language

COUNTS = ("expected", "received", "accepted", "late", "overdue", "asked", "excused")


def full(w: Language, m: Page) -> Iterator[Block]:
    f = m.facts
    yield Block("para", w.greeting(m, ""))
    yield Block("para", w.summary_intro(f["week_from"], f["week_to"]))
    for period in f["periods"]:
        yield from _period(w, period)
    yield Block("heading", w.SUMMARY["changes"])
    yield Block("para", _changes(w, f["changes"]))
    yield Block("heading", w.SUMMARY["longest"])
    if f["longest_late"]:
        yield from listed(w.long_late(late) for late in f["longest_late"])
    else:
        yield Block("para", w.SUMMARY["nobody"])
    yield from _needs(w, f)
    if head := f.get("head"):
        yield Block("heading", w.SUMMARY["head"])
        yield Block("para", w.head(head))
        yield Block("para", w.HEAD_WHY)


def short(w: Language, m: Page) -> Iterator[Block]:
    yield Block("para", w.summary_intro(m.facts["week_from"], m.facts["week_to"]))
    yield from listed(_lines(w, m.facts))


def _lines(w: Language, f: Any) -> Iterator[str]:
    for period in f["periods"]:
        index = f"; {w.index_line(period['index'])}" if period.get("index") else ""
        yield f"{w.period_line(period)}{index}"
    yield f"{w.SUMMARY['changes']}: {_changes(w, f['changes'])}"
    for late in f["longest_late"]:
        yield f"{w.SUMMARY['longest']}: {w.long_late(late)}"
    if head := f.get("head"):
        yield f"{w.SUMMARY['head']}: {w.head(head)}"


def _period(w: Language, p: Any) -> Iterator[Block]:
    due = f" – {w.moment(p['due_on'])}" if p["due_on"] else ""
    name = f"{p['period']}{w.made_up(p['made_up'])}{due}"
    yield Block("card", name, "overdue" if p["overdue"] else "coming", "numbers")
    for count in COUNTS:
        tone = "overdue" if count == "overdue" and p["overdue"] else ""
        yield Block("number", w.BOARD[count], w.number(p.get(count, 0)), tone)
    yield Block("number", w.BOARD["on_time"], w.share(p["on_time"]))
    if index := p.get("index"):
        yield Block("number", w.INDEX["score"], w.index_score(index))
        yield Block("number", w.INDEX["rank"], w.index_rank(index))
    yield Block("end card")


def _changes(w: Language, changes: Any) -> str:
    return "; ".join(
        f"{words}: {w.number(changes[name])}"
        for name, words in w.CHANGES.items()
        if name in changes
    )


def _needs(w: Language, f: Any) -> Iterator[Block]:
    """List what keeps mail from people."""
    unreachable = (w.language == "en" and f.get("unreachable_en")) or f["unreachable"]
    dead = (
        f"{one['address']} – {w.body_of(one)}" + (f": {one['reason']}" if one["reason"] else "")
        for one in f["dead_addresses"]
    )
    held = (w.standing(hold) for hold in f["holds"])
    for name, items in (("unreachable", unreachable), ("dead", dead), ("holds", held)):
        blocks = list(listed(items))
        if blocks:
            yield Block("heading", w.SUMMARY[name])
            yield from blocks
