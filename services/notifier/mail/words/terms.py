"""Which words mails need in any language."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from services.notifier.mail.letter import (
    LongLate,
    PeriodInShort,
    SignedHead,
    WhomToCall,
)
from services.notifier.mail.page import Entry, Page, Part

Table = Mapping[str, str]


class Terms(ABC):
    """All words of all mails in one language.

    What has no name in this language keeps its Vietnamese one. Whoever is outside the city's line of command
    (stance ``asked``) is asked, never ordered, so much is said to him in other words.
    """

    language: ClassVar[str]

    # By kind of duty, role, what is missing, label, answer, topic of a notice, kind of a mail …
    DUTY: ClassVar[Table]
    THING: ClassVar[Table]
    SOME_THING: ClassVar[str]
    ROLE: ClassVar[Table]
    MISSING: ClassVar[Table]
    LABEL: ClassVar[Table]
    ANSWER: ClassVar[Table]
    WORDS: ClassVar[Table]
    TOPIC: ClassVar[Table]
    TOPIC_ASKED: ClassVar[Table]
    KIND: ClassVar[Table]
    HOLD: ClassVar[Table]
    ALARM: ClassVar[Table]
    OPEN: ClassVar[Table]
    BOARD: ClassVar[Table]
    CHANGES: ClassVar[Table]
    SUMMARY: ClassVar[Table]
    INDEX: ClassVar[Table]
    HELD: ClassVar[Table]
    WHAT_TO_DO: ClassVar[Table]
    # What happened, and what its reader does about it; by topic, with places for who, what and whose.
    SENTENCE: ClassVar[Table]
    SENTENCE_ASKED: ClassVar[Table]
    REVISION: ClassVar[str]
    HOLDER: ClassVar[str]
    SOMEBODY: ClassVar[str]
    NEXT: ClassVar[Table]
    NEXT_OWN: ClassVar[Table]
    NEXT_ASKED: ClassVar[Table]
    ASK: ClassVar[Table]
    ACTION: ClassVar[Table]
    # By urgency; the second of each pair is said to those who are asked.
    GROUP: ClassVar[Table]
    GROUP_ASKED: ClassVar[Table]
    TALLY: ClassVar[Table]
    TALLY_ASKED: ClassVar[Table]
    # Of data that are made up, all of them or some: above the mail and before its subject.
    BANNER: ClassVar[Table]
    MARK: ClassVar[Table]

    IN_SHORT: ClassVar[str]
    DRAFTED: ClassVar[str]
    NO_BASIS: ClassVar[str]
    COORDINATOR: ClassVar[str]
    SYSTEM: ClassVar[str]
    OTHER_ALARM: ClassVar[str]
    LINK_ABOVE: ClassVar[str]
    NEWS: ClassVar[str]
    NEWS_OF_DUTIES: ClassVar[str]
    DEADLINE: ClassVar[str]
    DAY_ASKED_FOR: ClassVar[str]
    MADE_UP: ClassVar[str]
    MADE_UP_ENTRY: ClassVar[str]
    HEAD_WHY: ClassVar[str]
    HOLD_INTRO: ClassVar[str]
    ALARM_INTRO: ClassVar[str]
    GREETING: ClassVar[str]
    NO_SCORE: ClassVar[str]
    SCORE_BEFORE: ClassVar[str]
    NO_RANK: ClassVar[str]
    RANK_BEFORE: ClassVar[str]
    SINCE: ClassVar[str]
    UNTIL: ClassVar[str]
    HOLD_WHY: ClassVar[Table]
    HOLD_NEXT: ClassVar[Table]
    AUTOMATIC: ClassVar[str]
    WITH_CALENDAR: ClassVar[str]
    IF_DONE: ClassVar[str]

    # Numbers and days.

    @abstractmethod
    def day(self, day: date | str) -> str: ...

    @abstractmethod
    def number(self, value: float) -> str: ...

    @abstractmethod
    def score(self, value: float) -> str: ...

    @abstractmethod
    def change(self, value: float) -> str: ...

    @abstractmethod
    def share(self, value: float | None) -> str: ...

    @abstractmethod
    def moment(self, day: date | str) -> str:
        """Write a deadline to the second."""

    # Duties.

    @abstractmethod
    def when(self, e: Entry) -> str:
        """Say how many days are left, or how late it is."""

    @abstractmethod
    def deadline(self, e: Entry) -> str: ...

    @abstractmethod
    def office(self, call: WhomToCall) -> str: ...

    @abstractmethod
    def body_of(self, row: Mapping[str, Any]) -> str: ...

    @abstractmethod
    def same_basis(self, part: Part) -> str: ...

    @abstractmethod
    def intro(self, m: Page, part: Part) -> str: ...

    @abstractmethod
    def more(self, count: int) -> str: ...

    # Notices.

    # The week, and what keeps the system running.

    @abstractmethod
    def summary_intro(self, week_from: str, week_to: str) -> str: ...

    @abstractmethod
    def summary_subject(self, m: Page, received: str, overdue: str) -> str: ...

    @abstractmethod
    def period_line(self, p: PeriodInShort) -> str: ...

    @abstractmethod
    def long_late(self, late: LongLate) -> str: ...

    @abstractmethod
    def head(self, h: SignedHead) -> str: ...

    @abstractmethod
    def mails(self, count: int) -> str: ...

    @abstractmethod
    def alarms(self, count: int) -> str: ...

    @abstractmethod
    def trial(self, by: str) -> str: ...
