"""Where goes what hangs on a body, and what of it is left behind because it would govern what was the receiver's before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from services.api.handovers.conflicts import Conflict
from services.api.handovers.facts import Facts, Row
from services.api.handovers.held import KEYS
from services.api.handovers.moves import Aims, is_history


class Bound(NamedTuple):
    aims: Mapping[str, Mapping[UUID, UUID]]  # kind → id → the body that gets it
    left: Sequence[tuple[str, Row]]


@dataclass(frozen=True, slots=True)
class _Ways:
    facts: Facts
    aims: Aims
    ending: Sequence[UUID]
    to_id: UUID
    # All of one body goes to one that has nothing of its own: nothing else can be meant.
    alone: bool

    def explanation(self, row: Row) -> UUID | None:
        """With the duty or the indicator that it is about, else with the body that ends."""
        giver, duty = row["organisation_id"], row["assignment_id"]
        if giver in self.ending:
            aimed = self.aims.assignments.get(duty) or self._heir(giver, row["node"])
            return aimed or self.to_id
        if duty is None:
            return self._heir(giver, row["node"])
        goes = (one for one in self.facts.assignments if one["id"] == duty and not is_history(one))
        return next((self.aims.assignments.get(one["id"]) for one in goes), None)

    def rule(self, row: Row) -> UUID | None:
        """With the indicator that it names; one of the body alone only where nobody else comes under it."""
        heir = self._heir(row["organisation_id"], row["node"])
        if heir is not None and not self._holds(heir, row["node"]):
            return heir
        return self.whole(row)

    def feed(self, row: Row) -> UUID | None:
        """With the body that ends: its owner sees in it what he may see, and no more."""
        return self.to_id if row["organisation_id"] in self.ending else None

    def whole(self, row: Row) -> UUID | None:
        return self.to_id if self.alone and row["organisation_id"] in self.ending else None

    def loses(self, row: Row) -> bool:
        """Tell whether its body ends or gives away what it is about."""
        giver = row["organisation_id"]
        return giver in self.ending or self._heir(giver, row.get("node")) is not None

    def _heir(self, giver: UUID, node: str | None) -> UUID | None:
        """Find who gets all that this body holds of a node."""
        goes = {
            self.aims.responsibilities.get(row["id"])
            for row in self.facts.responsibilities
            if (row["organisation_id"], row["node"]) == (giver, node)
        }
        return goes.pop() if len(goes) == 1 else None

    def _holds(self, body: UUID, node: str | None) -> bool:
        return any(
            (row["organisation_id"], row["node"]) == (body, node)
            for row in self.facts.responsibilities
        )


CHOICES = {
    "explanation": _Ways.explanation,
    "deadline": _Ways.rule,
    "policy": _Ways.rule,
    "feed": _Ways.feed,
    "webhook": _Ways.whole,
}


def bound_of(
    facts: Facts,
    aims: Aims,
    *,
    givers: Sequence[UUID],
    ending: Sequence[UUID],
    to_id: UUID,
    receivers: Sequence[UUID],
) -> Bound:
    """Aim what hangs on the givers; each body has a rule of one scope once."""
    holds = {row["organisation_id"] for row in (*facts.responsibilities, *facts.assignments)}
    alone = len(givers) == len(receivers) == 1 and to_id not in holds
    ways = _Ways(facts, aims, ending, to_id, alone)
    goes: dict[str, dict[UUID, UUID]] = {kind: {} for kind in CHOICES}
    left: list[tuple[str, Row]] = []
    for kind, choose in CHOICES.items():
        taken = {_key(kind, row, row["organisation_id"]) for row in facts.held[kind]}
        for row in (one for one in facts.held[kind] if one["organisation_id"] in givers):
            to = choose(ways, row)
            if to is not None and to != row["organisation_id"] and _key(kind, row, to) not in taken:
                goes[kind][row["id"]] = to
                taken.add(_key(kind, row, to))
            elif kind in LEFT and ways.loses(row):
                left.append((kind, row))
    return Bound(goes, left)


def _key(kind: str, row: Row, body: UUID) -> tuple[object, ...]:
    return (body, *(row[name] for name in KEYS.get(kind, ("id",))))


LEFT = {
    "deadline": (
        "The deadline {due_on} of {body} in {period} ({node}) is not moved: set it with PUT /v1/periods/{period}/deadlines.",
        "Hạn {due_on} của {body} trong kỳ {period} ({node}) không được chuyển: đặt lại bằng PUT /v1/periods/{period}/deadlines.",
    ),
    "policy": (
        "The reminder policy {title!r} of {body} is not moved: change it, or make one for the receiver.",
        "Quy tắc nhắc việc {title!r} của {body} không được chuyển: hãy sửa hoặc lập quy tắc cho cơ quan tiếp nhận.",
    ),
    "webhook": (
        "The webhook {title!r} tells of {body} and is not moved: make one for the receiver.",
        "Webhook {title!r} báo tin về {body} và không được chuyển: hãy lập webhook cho cơ quan tiếp nhận.",
    ),
}


def left_behind(facts: Facts, bound: Bound) -> Iterator[Conflict]:
    """Name what is not moved: it would tell of, or hold for, what the receiver had before."""
    for kind, row in bound.left:
        english, vietnamese = LEFT[kind]
        told = {**row, "body": facts.code(row["organisation_id"])}
        if not told.get("node"):
            told["node"] = "*"
        yield Conflict(
            "left_behind",
            blocks=False,
            english=english.format(**told),
            vietnamese=vietnamese.format(**told),
            kind=kind,
            object_id=row["id"],
            body=row["organisation_id"],
        )
