"""When which of a language's words is said."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from services.notifier.mail.letter import HoldFacts, IndexInShort, StandingHold
from services.notifier.mail.page import URGENCIES, Entry, Group, Page, Part
from services.notifier.mail.words.terms import Terms


class Language(Terms):
    """What is put together of its words alike in every language."""

    def last(self, e: Entry, day: date) -> str:
        """Write a day to who is asked; a deadline is told to the second."""
        return self.day(day) if e.stance == "asked" else self.moment(day)

    def made_up(self, yes: bool) -> str:  # noqa: FBT001 a fact of what is shown
        return self.MADE_UP if yes else ""

    def tally(self, part: Part) -> str:
        said = self.TALLY_ASKED if part.stance == "asked" else self.TALLY
        return ", ".join(f"{part.counts[u]} {said[u]}" for u in URGENCIES if part.counts[u])

    def state(self, part: Part) -> str:
        if part.total == 1:
            only = part.groups[0].entries[0]
            if only.due_on:
                return self.when(only)
        return self.tally(part)

    def action(self, part: Part) -> str:
        if part.stance != "own":
            return self.ACTION[part.stance]
        return self.ACTION["urge" if part.counts["overdue"] else "remind"]

    def ask(self, part: Part) -> str:
        return self.ASK[part.stance]

    def group(self, part: Part, group: Group) -> str:
        said = self.GROUP_ASKED if part.stance == "asked" else self.GROUP
        period = f" – {group.period}" if group.period else ""
        return f"{said[group.urgency]}{period}{self.made_up(group.made_up)}"

    def sender(self, m: Page, body: str) -> str:
        """Name who writes; nobody writes to himself."""
        return self.office(m.call) if m.call and m.call.organisation != body else self.SYSTEM

    def topic(self, e: Entry) -> str:
        asked = self.TOPIC_ASKED.get(e.topic) if e.stance == "asked" else None
        return asked or self.TOPIC[e.topic]

    def said(self, e: Entry) -> str:
        """Name what somebody's words are."""
        ours = e.topic == "due" and e.duty == "explanation"
        return self.WORDS["explanation_asked" if ours else e.topic]

    def sentence(self, e: Entry) -> str:
        """Say what happened."""
        asked = self.SENTENCE_ASKED.get(e.topic) if e.stance == "asked" else None
        name = self.language
        thing = self.ANSWER.get(e.answer) or self.THING.get(e.duty, self.SOME_THING)
        return (asked or self.SENTENCE[e.topic]).format(
            who=e.by or self.COORDINATOR,
            thing=thing,
            Thing=thing.capitalize(),
            duty=self.DUTY.get(e.duty, thing),
            body=e.body[name],
            revision=self.REVISION.format(e.revision) if e.revision else "",
            person=e.person or self.SOMEBODY,
            holder=self.HOLDER.format(e.by) if e.by else "",
            from_body=e.from_body[name],
            to_body=e.to_body[name],
        )

    def next(self, e: Entry) -> str:
        """Say what its reader does about it; nothing where he need not."""
        own = {"own": self.NEXT_OWN, "asked": self.NEXT_ASKED}.get(e.stance, {})
        return own.get(e.topic) or self.NEXT.get(e.topic, "")

    def validity(self, e: Entry) -> str:
        assert e.since is not None
        assert e.until is not None
        return f"{self.day(e.since)} – {self.day(e.until)}"

    def about(self, e: Entry) -> str:
        name = self.language
        if e.topic == "handed_over":
            return f"{e.from_body[name]} → {e.to_body[name]}"
        if e.topic == "deputy_named":
            return f"{e.person} – {e.body[name]}"
        return e.named[name] + (f" – {e.body[name]}" if e.stance == "follow" else "")

    def greeting(self, m: Page, body: str) -> str:
        person = f" – {m.recipient}" if body and m.recipient else ""
        return f"{self.GREETING}: {body or m.recipient or self.COORDINATOR}{person}"

    def automatic(self, m: Page) -> str:
        calendar = self.WITH_CALENDAR if m.has_calendar else ""
        return f"{self.AUTOMATIC}{calendar}{self.IF_DONE if m.parts else ''}"

    def until(self, e: Entry) -> str:
        return self.UNTIL.format(self.day(e.until)) if e.until else ""

    def index_score(self, i: IndexInShort) -> str:
        if i["score"] is None:
            return self.NO_SCORE
        change = i["change"]
        since = "" if change is None else self.SCORE_BEFORE.format(self.change(change))
        return f"{self.score(i['score'])}{since}"

    def index_rank(self, i: IndexInShort) -> str:
        if i["rank"] is None:
            return self.NO_RANK
        rank = f"{i['rank']}/{i['units']}"
        if i["rank_before"] is None:
            return rank
        return rank + self.RANK_BEFORE.format(i["rank_before"], i["units_before"])

    def standing(self, h: StandingHold) -> str:
        why = self.HOLD.get(h["kind"], h["kind"])
        return f"{why}: {self.mails(h['mails'])}, {self.SINCE} {self.day(h['since'])}"

    def hold_why(self, f: HoldFacts) -> str:
        return self.HOLD_WHY.get(f["kind"], self.HOLD_WHY["too_many"]).format(year=f.get("year"))

    def hold_next(self, f: HoldFacts) -> str:
        return self.HOLD_NEXT.get(f["kind"], self.HOLD_NEXT["too_many"])

    def index_line(self, i: IndexInShort) -> str:
        score, rank = self.INDEX["score"], self.INDEX["rank"].lower()
        return f"{score} {self.index_score(i)}, {rank} {self.index_rank(i)}"

    def title(self, m: Page) -> str:
        if m.parts:
            return self.action(m.parts[0])
        if len(m.entries) == 1:
            return self.topic(m.entries[0])
        return self.NEWS_OF_DUTIES if m.entries else self.KIND[m.kind]

    def subject(self, m: Page) -> str:
        return f"{self.MARK.get(m.made_up, '')}[PII] {self._subject(m)}"

    def _subject(self, m: Page) -> str:
        if m.parts:
            return f"{self.action(m.parts[0])}: {self._subject_of_duties(m)}"
        if m.entries:
            return self._subject_of_notices(m.entries)
        if m.kind == "summary":
            return self._subject_of_summary(m)
        if m.kind == "hold":
            return f"{self.KIND['hold']}: {self.mails(m.facts['mails'])}"
        if m.kind == "alarm":
            return f"{self.KIND['alarm']}: {self.alarms(len(m.facts['alarms']))}"
        return self.KIND["test"]

    def _subject_of_duties(self, m: Page) -> str:
        part, name = m.parts[0], self.language
        if part.total > 1 or len(m.parts) > 1:
            body = part.body[name]
            return self.tally(part) + (f" – {body}" if body else "")
        e = part.groups[0].entries[0]
        when = f"{self.when(e)} – " if e.due_on else ""
        return f"{when}{e.named[name]}" + (f" – {e.body[name]}" if part.stance == "follow" else "")

    def _subject_of_notices(self, entries: list[Entry]) -> str:
        if len(entries) == 1:
            e = entries[0]
            until = self.until(e) if e.topic == "extension_granted" and e.until else ""
            return f"{self.topic(e)}{until}: {self.about(e)}"
        topics: dict[str, list[Entry]] = {}
        for e in entries:
            topics.setdefault(e.topic, []).append(e)
        counted = (f"{self.topic(those[0])} ({len(those)})" for those in topics.values())
        return f"{self.NEWS}: {', '.join(counted)}"

    def _subject_of_summary(self, m: Page) -> str:
        periods = m.facts["periods"]
        received, expected, overdue = (
            self.number(_sum(periods, name)) for name in ("received", "expected", "overdue")
        )
        return self.summary_subject(m, f"{received}/{expected}", overdue)

    def calendar_title(self, e: Entry) -> str:
        mark = self.MADE_UP_ENTRY if e.made_up else ""
        what = self.DAY_ASKED_FOR if e.stance == "asked" else self.DEADLINE
        return f"{mark}{what}: {e.named[self.language]}"

    def calendar_detail(self, e: Entry) -> str:
        assert e.due_on is not None
        return (
            f"{self.DUTY[e.duty]}\n{e.body[self.language]} ({e.period})\n"
            f"{self.LABEL['basis']}: {e.basis or self.NO_BASIS}\n{self.last(e, e.due_on)}"
        )


def _sum(rows: Iterable[Mapping[str, Any]], name: str) -> int:
    return sum(row[name] for row in rows)
