"""To those who keep the system running: a run that is held, alarms, a trial."""

from collections.abc import Iterator
from typing import Any

from services.notifier.mail.documents.block import Block, listed
from services.notifier.mail.page import Page
from services.notifier.mail.words.language import Language
from services.notifier.mail.words.numbers import hanoi
from shared.text import halves


def full(w: Language, m: Page) -> Iterator[Block]:
    yield Block("para", w.greeting(m, ""))
    yield from short(w, m)


def short(w: Language, m: Page) -> Iterator[Block]:
    if m.kind == "hold":
        yield from _hold(w, m.facts)
    elif m.kind == "alarm":
        yield Block("para", w.ALARM_INTRO)
        yield from listed(_alarm(w, alarm) for alarm in m.facts["alarms"])
    else:
        yield Block("para", w.trial(m.facts["by"]))


def _hold(w: Language, f: Any) -> Iterator[Block]:
    yield Block("para", w.HOLD_INTRO)
    yield Block("card", w.KIND["hold"], "today", "numbers")
    yield Block("number", w.HELD["why"], w.HOLD.get(f["kind"], f["kind"]))
    yield Block("number", w.HELD["mails"], w.number(f["mails"]), "plain")
    for name in ("recipients", "limit", "usual"):
        if f[name] is not None:
            yield Block("number", w.HELD[name], w.number(f[name]))
    yield Block("end card")
    yield Block("para", w.hold_why(f))
    yield Block("para", w.hold_next(f))


def _alarm(w: Language, a: Any) -> str:
    body = f" – {w.body_of(a)}" if a["organisation"] else ""
    detail = halves(a["detail"])[w.language == "en"]
    return f"{w.ALARM.get(a['kind'], w.OTHER_ALARM)}{body}: {detail} ({hanoi(a['raised_at'])})"
