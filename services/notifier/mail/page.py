"""What a mail shows and in which order, before any word is chosen: pure, from the facts of a letter."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from services.notifier.mail.headers import fit, fit_lines
from services.notifier.mail.letter import Letter, Line, WhomToCall
from shared.text import natural_key

# More duties than this stand as one line each, and more than MOST_LINES are only counted.
MOST_ENTRIES = 30
MOST_LINES = 250
LONGEST_WORDS = 2000  # characters of a reason, a question or an answer
# How its reader stands to a duty: it is his, he is asked to help, or he follows up on others.
STANCES = ("own", "asked", "follow")
URGENCIES = ("overdue", "today", "coming", "undated")
STILL_OWED = frozenset(
    {"due", "returned", "reopened", "extension_granted", "extension_refused", "explanation_asked"}
)


@dataclass(slots=True)
class Entry:
    """A line as it is shown, fit for every form."""

    kind: str
    topic: str
    duty: str
    subject_id: UUID
    stance: str
    urgency: str
    # After the last day; before it when negative.
    days_late: int
    due_on: date | None
    until: date | None
    since: date | None
    period: str
    made_up: bool
    code: str
    # Code, indicator and component, as the plan names them.
    named: str
    # Whose matter it is, by language.
    body: dict[str, str]
    role: str
    basis: str
    missing: tuple[str, ...]
    words: str
    question: str
    by: str
    person: str
    from_body: str
    to_body: str
    number: int
    said: tuple[str, str]


@dataclass(slots=True)
class Group:
    """Entries of one urgency and one period, by deadline and code."""

    urgency: str
    period: str
    made_up: bool
    entries: list[Entry]


@dataclass(slots=True)
class Part:
    """All that a reader has one stance to; ``body``, by language, is empty where they are several."""

    stance: str
    total: int
    counts: dict[str, int]
    body: dict[str, str]
    duties: tuple[str, ...]
    # What the coordinator has his reminders say, by language: each once, a line a paragraph.
    said: list[dict[str, list[str]]]
    groups: list[Group]


@dataclass(slots=True)
class Page:
    kind: str
    language: str
    parts: list[Part]
    entries: list[Entry]  # of a notice, in the order in which they came
    brief: bool
    more: int  # how many are only counted
    # What stands in periods that are made up: all, some or nothing.
    made_up: str
    recipient: str
    audience: str
    call: WhomToCall | None
    link: str
    has_calendar: bool
    facts: Mapping[str, Any] = field(default_factory=dict)


def subject_of_duty(line: Line) -> UUID:
    """Give what mails about this have in common: the duty, or else the request, or else the fact itself."""
    return line.assignment_id or line.explanation_id or line.subject_id


def owed(line: Line) -> UUID:
    """Give what the deadline is of: an explanation has one of its own."""
    if line.duty == "explanation" and line.explanation_id:
        return line.explanation_id
    return line.assignment_id or line.subject_id


def _stance(line: Line) -> str:
    if line.audience in {"coordinator", "leadership"}:
        return "follow"
    return "asked" if line.role == "requested" else "own"


def _urgency(due_on: date | None, today: date) -> str:
    if due_on is None:
        return "undated"
    return "overdue" if due_on < today else "today" if due_on == today else "coming"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_WORDS else text[: LONGEST_WORDS - 1].rstrip() + "…"


def bodies(organisation: str, organisation_en: str) -> dict[str, str]:
    """Give a body's name by language; not every one has an English name."""
    name = fit(organisation)
    return {"vi": name, "en": fit(organisation_en) or name}


def _named(line: Line) -> str:
    name = f"{fit(line.indicator_code)} {fit(line.indicator)}"
    return f"{name} – {fit(line.component)}" if line.component else name


def entry(line: Line, today: date) -> Entry:
    return Entry(
        kind=line.kind,
        topic=line.topic,
        duty=line.duty,
        subject_id=owed(line),
        stance=_stance(line),
        urgency=_urgency(line.due_on, today),
        days_late=(today - line.due_on).days if line.due_on else 0,
        due_on=line.due_on,
        until=line.until,
        since=line.since,
        period=fit(line.period),
        made_up=line.made_up,
        code=fit(line.indicator_code),
        named=_named(line),
        body=bodies(line.organisation, line.organisation_en),
        role=line.role,
        basis=fit(line.legal_basis),
        missing=line.missing,
        words=_cut(fit_lines(line.words)),
        question=_cut(fit_lines(line.question)),
        by=fit(line.by),
        person=fit(line.person),
        from_body=fit(line.from_body),
        to_body=fit(line.to_body),
        number=line.number,
        said=(line.template_vi, line.template_en),
    )


def _order(entry: Entry) -> tuple[Any, ...]:
    last = entry.due_on or date.max
    return (URGENCIES.index(entry.urgency), entry.period, last, natural_key(entry.code))


def _said(vi: str, en: str) -> dict[str, list[str]]:
    """Part a template's words into lines that are fit; without English ones the Vietnamese stand for them."""
    lines = {"vi": fit_lines(vi), "en": fit_lines(en or vi)}
    return {language: [one for one in text.split("\n") if one] for language, text in lines.items()}


def _part(stance: str, entries: Sequence[Entry]) -> Part:
    names = {found.body["vi"] for found in entries}
    groups = [
        Group(urgency, period, made_up, list(found))
        for (urgency, period, made_up), found in groupby(
            sorted(entries, key=_order)[:MOST_LINES], lambda e: (e.urgency, e.period, e.made_up)
        )
    ]
    return Part(
        stance=stance,
        total=len(entries),
        counts={name: sum(e.urgency == name for e in entries) for name in URGENCIES},
        body=entries[0].body if len(names) == 1 else {"vi": "", "en": ""},
        duties=tuple(dict.fromkeys(e.duty for e in entries if e.duty)),
        said=[_said(*pair) for pair in dict.fromkeys(e.said for e in entries) if pair[0]],
        groups=groups,
    )


def _parts(entries: Sequence[Entry]) -> list[Part]:
    found = {stance: [e for e in entries if e.stance == stance] for stance in STANCES}
    return [_part(stance, those) for stance, those in found.items() if those]


def _made_up(marks: Iterable[bool]) -> str:
    found = set(marks)
    return "" if True not in found else "some" if False in found else "all"


def _fit_all(value: Any) -> Any:
    if isinstance(value, str):
        return fit(value)
    if isinstance(value, Mapping):
        return {key: _fit_all(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_fit_all(held) for held in value]
    return value


def _link(letter: Letter, public_url: str) -> str:
    """Give the one address to open: what was signed, or else the plain page of what the mail is about."""
    if letter.link:
        return letter.link
    root = f"{public_url.rstrip('/')}/v1"
    duties = {line.assignment_id for line in letter.lines if line.assignment_id}
    requests = {line.explanation_id for line in letter.lines if line.explanation_id}
    if len(duties) == 1:
        return f"{root}/assignments/{duties.pop()}"
    if len(requests) == 1 and not duties:
        return f"{root}/explanations/{requests.pop()}"
    others = {"summary": "board", "hold": "holds", "alarm": "alarms", "test": ""}
    if letter.kind in others:
        place = others[letter.kind]
        return f"{root}/{place}" if place else ""
    return f"{root}/assignments" if duties else ""


def _call(call: WhomToCall | None) -> WhomToCall | None:
    if call is None:
        return None
    return WhomToCall(fit(call.organisation), fit(call.name), fit(call.phone), fit(call.email))


def page(letter: Letter, *, public_url: str, today: date) -> Page:
    """Sort and group what the letter says, on this day in Hanoi."""
    facts = _fit_all(letter.facts)
    entries = [entry(line, today) for line in letter.lines]
    periods = facts.get("periods", ())
    marks = [e.made_up for e in entries] + [period["made_up"] for period in periods]
    parts = _parts(entries) if letter.kind != "notice" else []
    shown = sum(len(group.entries) for part in parts for group in part.groups)
    return Page(
        kind=letter.kind,
        language="en" if letter.language == "en" else "vi",
        parts=parts,
        entries=entries[:MOST_LINES] if letter.kind == "notice" else [],
        brief=len(entries) > MOST_ENTRIES,
        more=letter.more + len(entries) - (shown if parts else min(len(entries), MOST_LINES)),
        made_up=_made_up(marks),
        recipient=fit(letter.recipient_name),
        audience=letter.lines[0].audience if letter.lines else "",
        call=_call(letter.call),
        link=fit(_link(letter, public_url)),
        has_calendar=any(is_to_come(e) for e in entries),
        facts=facts,
    )


def is_to_come(entry: Entry) -> bool:
    """Tell whether its last day belongs into its reader's calendar; others' days do not."""
    return (
        entry.topic in STILL_OWED
        and bool(entry.duty)
        and entry.stance != "follow"
        and entry.urgency in {"today", "coming"}
    )
