"""All English words of all mails; what has no English name in the plan keeps its Vietnamese one."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.notifier.mail.letter import (
    LongLate,
    PeriodInShort,
    SignedHead,
    WhomToCall,
)
from services.notifier.mail.page import Entry, Page, Part
from services.notifier.mail.words.en_terms import EnglishTerms
from services.notifier.mail.words.numbers import change_en, day_en, number_en, score_en


class English(EnglishTerms):
    """The second language of most mails, and the first of whoever prefers it."""

    def day(self, day: date | str) -> str:
        return day_en(day)

    def number(self, value: float) -> str:
        return number_en(value)

    def score(self, value: float) -> str:
        return score_en(value)

    def change(self, value: float) -> str:
        return change_en(value)

    def share(self, value: float | None) -> str:
        return "none yet" if value is None else f"{number_en(value * 100)}%"

    def moment(self, day: date | str) -> str:
        return f"23:59:59 on {day_en(day)} (Hanoi)"

    def days(self, count: int) -> str:
        return f"{count} day{'s' if count != 1 else ''}"

    def when(self, e: Entry) -> str:
        asked = e.stance == "asked"
        if e.days_late > 0:
            return f"{self.days(e.days_late)} {'ago' if asked else 'overdue'}"
        if e.days_late == 0:
            return "today" if asked else "due today"
        return f"{self.days(-e.days_late)} left"

    def deadline(self, e: Entry) -> str:
        assert e.due_on is not None
        return f"{self.last(e, e.due_on)}, {self.when(e)}"

    def office(self, call: WhomToCall) -> str:
        return call.organisation_en or call.organisation

    def body_of(self, row: Mapping[str, Any]) -> str:
        return str(row.get("organisation_en") or row["organisation"])

    def same_basis(self, part: Part) -> str:
        return f"{self.LABEL['basis']} (of all that follow): {part.basis}"

    def intro(self, m: Page, part: Part) -> str:
        who, body, state = self.sender(m, part.body["vi"]), part.body["en"], self.state(part)
        one = part.total == 1
        if part.stance == "asked":
            matters = "a matter" if one else f"{part.total} matters"
            return (
                f"{who} kindly asks {body or 'your institution'} to help with {matters} ({state}) "
                "for the Provincial Innovation Index (PII)."
            )
        duties = "a duty" if one else f"{part.total} duties"
        if part.stance == "follow":
            have = f"{body} has" if body else "the bodies named below have"
            return f"For follow-up: {have} not completed {duties} ({state})."
        body = body or "the bodies named below"
        if part.counts["overdue"]:
            return f"{who} urges {body} to fulfil {duties} ({state}); what is overdue is to be done at once."
        return f"{who} reminds {body} of {duties} ({state})."

    def more(self, count: int) -> str:
        return f"and {count} more; the whole list is in the system"

    def summary_intro(self, week_from: str, week_to: str) -> str:
        return (
            "How the duties of the Provincial Innovation Index (PII) stand, "
            f"week from {self.day(week_from)} to {self.day(week_to)}."
        )

    def summary_subject(self, m: Page, received: str, overdue: str) -> str:
        week = f"{self.day(m.facts['week_from'])} – {self.day(m.facts['week_to'])}"
        return f"{self.KIND['summary']} {week}: received {received}, overdue {overdue}"

    def period_line(self, p: PeriodInShort) -> str:
        due = f" – {self.moment(p['due_on'])}" if p["due_on"] else ""
        return (
            f"{p['period']}{self.made_up(p['made_up'])}{due}: expected {self.number(p['expected'])}, "
            f"received {self.number(p['received'])}, accepted {self.number(p['accepted'])}, "
            f"late {self.number(p['late'])}, overdue {self.number(p['overdue'])}, "
            f"asked {self.number(p.get('asked', 0))}, excused {self.number(p['excused'])}, "
            f"on time {self.share(p['on_time'])}"
        )

    def long_late(self, late: LongLate) -> str:
        what = f"{late['indicator_code']} {late.get('indicator_en') or late['indicator']}"
        return f"{self.body_of(late)} – {what}: {self.days(late['days'])}"

    def head(self, h: SignedHead) -> str:
        return f"End of {self.day(h['day'])}: link {h['seq']}, {h['hash']}"

    def mails(self, count: int) -> str:
        return f"{self.number(count)} mail{'s' if count != 1 else ''}"

    def alarms(self, count: int) -> str:
        return f"{count} to look at"

    def trial(self, by: str) -> str:
        who = f" sent by {by}" if by else ""
        return (
            f"This is a test mail{who}, to see whether mail arrives. If the Vietnamese letters are right "
            "– Ưu điểm, Đổi mới, Nguyễn – it came through unharmed. There is nothing to do."
        )
