"""What the recipient of a mail may do about each of its matters now; pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

MOST_MATTERS = 200
UNFINISHED = frozenset({"open", "returned"})


@dataclass(frozen=True)
class Person:
    """The one user who has the recipient's address."""

    id: UUID
    name: str


@dataclass(frozen=True)
class Matter:
    """One thing that a mail was about, and what may be done about it; the facts are ``facts``."""

    id: UUID
    facts: Mapping[str, Any]
    topics: tuple[str, ...]
    # He is still who was written to; what he was written about is still with him.
    stands: bool
    his: bool
    acknowledged_at: datetime | None

    @property
    def may_acknowledge(self) -> bool:
        return self.his and self.acknowledged_at is None

    @property
    def may_ask(self) -> bool:
        """Tell whether more time may be asked for: not by those who look on."""
        return (
            self.his
            and self.writes
            and self.facts["assignment_id"] is not None
            and self.facts["explanation_id"] is None
            and self.facts["status"] in UNFINISHED
            and not self.facts["extension_waits"]
        )

    @property
    def writes(self) -> bool:
        return self.facts["audience"] in {"officer", "head", "deputy"}

    @property
    def unfinished(self) -> bool:
        return self.facts["status"] in {*UNFINISHED, "asked"}

    def days(self, today: date) -> int | None:
        due_on: date | None = self.facts["due_on"]
        return None if due_on is None else (due_on - today).days


@dataclass(frozen=True)
class Letter:
    mail_id: UUID
    recipient_name: str
    person: Person | None
    matters: tuple[Matter, ...]
    # Body → code and name: where the person himself is officer or head.
    own: Mapping[UUID, tuple[str, str]]

    def matter(self, matter_id: UUID) -> Matter | None:
        return next((each for each in self.matters if each.id == matter_id), None)

    def bodies_to_lend(self) -> dict[UUID, tuple[str, str]]:
        """List the bodies of this mail in which the recipient may name a deputy for himself."""
        bodies = {
            each.facts["body_id"] for each in self.matters if each.his and each.writes
        } & self.own.keys()
        return {body: self.own[body] for body in sorted(bodies)}

    @property
    def is_his(self) -> bool:
        """Tell whether anything of the mail is still the recipient's."""
        return any(each.his for each in self.matters)

    @property
    def made_up(self) -> bool:
        return any(each.facts["made_up"] for each in self.matters)


def matters_of(
    rows: Iterable[Mapping[str, Any]], standing_in: Collection[tuple[UUID, UUID]]
) -> tuple[Matter, ...]:
    """Put together the rows of the ledger that are about the same thing.

    ``standing_in`` lists which user writes for which body now. It is his through any of the rows; it is
    acknowledged when all of them are.
    """
    together: dict[UUID, list[Mapping[str, Any]]] = {}
    for row in rows:
        together.setdefault(row["id"], []).append(row)
    return tuple(_matter(each, standing_in) for each in list(together.values())[:MOST_MATTERS])


def _matter(rows: list[Mapping[str, Any]], standing_in: Collection[tuple[UUID, UUID]]) -> Matter:
    his = [row for row in rows if row["stands"] and _belongs(row, standing_in)]
    writing = [row for row in his if row["audience"] in {"officer", "head", "deputy"}]
    chosen = (writing or his or rows)[0]
    acknowledged = [row["acknowledged_at"] for row in rows]
    return Matter(
        id=chosen["id"],
        facts=dict(chosen),
        topics=tuple(dict.fromkeys(row["topic"] for row in rows)),
        stands=any(row["stands"] for row in rows),
        his=bool(his),
        acknowledged_at=None if None in acknowledged else max(acknowledged),
    )


def _belongs(row: Mapping[str, Any], standing_in: Collection[tuple[UUID, UUID]]) -> bool:
    if row["user_id"] is not None:
        return (row["user_id"], row["body_id"]) in standing_in
    return bool(row["at_home"])
