"""What a mail shows and in which order, before any word is chosen: pure, from the facts of a letter."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import date
from functools import lru_cache
from itertools import groupby
from typing import Any
from uuid import UUID

from services.notifier.mail.headers import fit, fit_lines
from services.notifier.mail.letter import Letter, Line, WhomToCall
from shared.text import natural_key

# More duties than this stand as one line each, and more than MOST_LINES are only counted.
MOST_ENTRIES = 30
MOST_LINES = 250
MOST_AT_A_GLANCE = 100  # of a long list in the other language
LONGEST_WORDS = 2000  # characters of a reason, a question or an answer
# How its reader stands to a duty: it is his, he is asked to help, or he follows up on others.
STANCES = ("own", "asked", "follow")
URGENCIES = ("overdue", "today", "coming", "undated")
STILL_OWED = frozenset(
    {"due", "returned", "reopened", "extension_granted", "extension_refused", "explanation_asked"}
)
# Of single facts: first what is to be done, then what is only told.
TOPICS = (
    "returned", "rejected", "reopened", "explanation_asked", "extension_asked", "explanation_answered",
    "extension_refused", "extension_granted", "accepted", "deputy_named", "handed_over",
)  # fmt: skip


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
    # Code, indicator and component, as the plan names them, by language.
    named: dict[str, str]
    # Whose matter it is, by language.
    body: dict[str, str]
    role: str
    basis: str
    missing: tuple[str, ...]
    # A draft is there that was not sent.
    drafted: bool
    words: str
    question: str
    by: str
    person: str
    from_body: dict[str, str]
    to_body: dict[str, str]
    number: int
    answer: str
    revision: int
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
    # Of all of them where they are several and have the same; it is said once in a list.
    basis: str
    # What the coordinator has his reminders say, by language: each once, a line a paragraph.
    said: list[dict[str, list[str]]]
    groups: list[Group]
    # What the other language lists of a long list.
    glance: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class Page:
    kind: str
    language: str
    parts: list[Part]
    entries: list[
        Entry
    ]  # of a notice: what is to be done first, then in the order in which they came
    brief: bool
    more: int  # how many are only counted
    more_than_glanced: int
    # What stands in periods that are made up: all, some or nothing.
    made_up: str
    recipient: str
    audience: str
    call: WhomToCall | None
    # Its reader is whom others call.
    calls_himself: bool
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


def bodies(name: str, name_en: str) -> dict[str, str]:
    """Give a name by language; not everything has an English one."""
    plain = fit(name)
    return {"vi": plain, "en": fit(name_en) or plain}


def _named(line: Line) -> dict[str, str]:
    """Name what it is about by language; what has no English name keeps the plan's."""
    code = fit(line.indicator_code)
    names = bodies(line.indicator, line.indicator_en)
    parts = bodies(line.component, line.component_en)
    return {
        language: f"{code} {name} – {parts[language]}" if line.component else f"{code} {name}"
        for language, name in names.items()
    }


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
        missing=tuple(one for one in line.missing if one != "submission"),
        drafted="submission" in line.missing,
        words=_cut(fit_lines(line.words)),
        question=_cut(fit_lines(line.question)),
        by=fit(line.by),
        person=fit(line.person),
        from_body=bodies(line.from_body, line.from_body_en),
        to_body=bodies(line.to_body, line.to_body_en),
        number=line.number,
        answer=line.answer,
        revision=line.revision,
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
        basis=entries[0].basis if len(entries) > 1 and len({e.basis for e in entries}) == 1 else "",
        said=[_said(*pair) for pair in dict.fromkeys(e.said for e in entries) if pair[0]],
        groups=groups,
    )


def _parts(entries: Sequence[Entry]) -> list[Part]:
    found = {stance: [e for e in entries if e.stance == stance] for stance in STANCES}
    parts = [_part(stance, those) for stance, those in found.items() if those]
    left = MOST_AT_A_GLANCE
    for part in parts:
        part.glance = [e for group in part.groups for e in group.entries][:left]
        left -= len(part.glance)
    return parts


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


@lru_cache(maxsize=8)
def _call(call: WhomToCall | None) -> WhomToCall | None:
    if call is None:
        return None
    return WhomToCall(*map(fit, astuple(call)))


def calls_himself(letter: Letter) -> bool:
    """Tell whether the mail goes to the very person whom others call."""
    call = letter.call
    return bool(call and call.email and call.email.lower() == letter.recipient.lower())


def _by_need(entries: Iterable[Entry]) -> list[Entry]:
    """Put what its reader must do something about before what he is only told."""
    return sorted(
        entries, key=lambda e: TOPICS.index(e.topic) if e.topic in TOPICS else len(TOPICS)
    )


def page(letter: Letter, *, today: date) -> Page:
    """Sort and group what the letter says, on this day in Hanoi."""
    facts = _fit_all(letter.facts)
    entries = [entry(line, today) for line in letter.lines]
    periods = facts.get("periods", ())
    marks = [e.made_up for e in entries] + [period["made_up"] for period in periods]
    parts = _parts(entries) if letter.kind != "notice" else []
    shown = sum(len(group.entries) for part in parts for group in part.groups)
    more = letter.more + len(entries) - (shown if parts else min(len(entries), MOST_LINES))
    glanced = sum(len(part.glance) for part in parts)
    return Page(
        kind=letter.kind,
        language="en" if letter.language == "en" else "vi",
        parts=parts,
        entries=_by_need(entries)[:MOST_LINES] if letter.kind == "notice" else [],
        brief=len(entries) > MOST_ENTRIES,
        more=more,
        more_than_glanced=more + shown - glanced,
        made_up=_made_up(marks),
        recipient=fit(letter.recipient_name),
        audience=letter.lines[0].audience if letter.lines else "",
        call=_call(letter.call),
        calls_himself=calls_himself(letter),
        link=fit(letter.link),
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
