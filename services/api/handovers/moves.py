"""Who gets what: decided from the facts alone, so that preview and act cannot differ."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from uuid import UUID

from services.api.handovers.facts import Facts, Row

ENDS = frozenset({"merge", "rename", "split"})


@dataclass(frozen=True, slots=True)
class Move:
    """One thing to be moved. ``joins`` is what the receiver has already, so that nothing is doubled.

    ``moved``: the old one ends the day before and a new one begins. ``in_place``: it begins on the day or
    later, so it changes hands as it is. ``joined``: the old one ends. ``began``: what was joined is given back.
    """

    kind: str
    action: str
    row: Row
    from_id: UUID
    to_id: UUID
    joins: UUID | None = None
    legal_basis: str | None = None

    @property
    def object_id(self) -> UUID:
        return UUID(str(self.row["id"]))


class Pick(NamedTuple):
    """One responsibility, by itself or by its node and body; ``to`` where it goes elsewhere than the rest."""

    responsibility: UUID | None
    node: str | None
    giver: str | None
    to_id: UUID | None = None

    def fits(self, *, responsibility: UUID, node: str, giver: str) -> bool:
        if self.responsibility is not None:
            return self.responsibility == responsibility
        return (self.node, self.giver) == (node, giver)


@dataclass(frozen=True, slots=True)
class Aims:
    """Where each thing shall go: by its id, the body that gets it."""

    responsibilities: Mapping[UUID, UUID]
    assignments: Mapping[UUID, UUID]
    contacts: Mapping[UUID, UUID] = field(default_factory=dict)
    memberships: Mapping[UUID, UUID] = field(default_factory=dict)
    # The basis that a responsibility had before, where it is given back.
    bases: Mapping[UUID, str] = field(default_factory=dict)
    # What ended without a successor of its own, and is to begin again.
    revived: Sequence[Move] = ()
    # Of each kind that changes hands by its body alone, the same.
    bound: Mapping[str, Mapping[UUID, UUID]] = field(default_factory=dict)
    reviews: Sequence[Move] = ()
    # Of a deputy that is given back: the membership on which he was before.
    deputies: Mapping[UUID, UUID] = field(default_factory=dict)


def aims_of(
    facts: Facts,
    *,
    kind: str,
    givers: Sequence[UUID],
    to_id: UUID,
    chosen: Sequence[Pick],
    exceptions: Sequence[Pick],
) -> Aims:
    """Send everything of the givers to the receiver, but what was chosen or excepted."""

    def goes_to(giver: UUID, node: str, responsibility: UUID) -> UUID | None:
        code = facts.code(giver)

        def fits(pick: Pick) -> bool:
            return pick.fits(responsibility=responsibility, node=node, giver=code)

        if kind == "transfer" and not any(map(fits, chosen)):
            return None
        return next((pick.to_id for pick in exceptions if fits(pick)), None) or to_id

    def aimed(rows: Iterable[Row], responsibility: str) -> Iterator[tuple[UUID, UUID]]:
        for row in rows:
            giver = row["organisation_id"]
            if giver in givers:
                to = goes_to(giver, row["node"], row[responsibility])
                if to is not None and to != giver:
                    yield row["id"], to

    def whole(rows: Iterable[Row]) -> dict[UUID, UUID]:
        leaves = kind in ENDS
        return {
            row["id"]: to_id
            for row in rows
            if leaves and row["organisation_id"] in givers and row["organisation_id"] != to_id
        }

    return Aims(
        responsibilities=dict(aimed(facts.responsibilities, "id")),
        assignments=dict(aimed(facts.assignments, "responsibility_id")),
        contacts=whole(row for row in facts.contacts if row["active"]),
        memberships=whole(facts.memberships),
    )


def is_history(row: Row) -> bool:
    """Tell whether a duty is done: its accepted figure stays where it was accepted, unless a newer is on its way."""
    return row["status"] == "accepted" and row["pending_id"] is None


class Moves(NamedTuple):
    responsibilities: list[Move]
    assignments: list[Move]
    submissions: list[Move]
    contacts: list[Move]
    memberships: list[Move]
    explanations: list[Move]
    review_rules: list[Move]
    deadlines: list[Move]
    policies: list[Move]
    feeds: list[Move]
    webhooks: list[Move]
    deputies: list[Move]

    def everything(self) -> list[Move]:
        return [move for moves in self for move in moves]

    @property
    def at_once(self) -> int:
        """Count what cannot be dated ahead: all but responsibilities changes hands when it is done."""
        return len(self.everything()) - len(self.responsibilities)


def moves_of(facts: Facts, aims: Aims, *, day: date) -> Moves:
    """Decide what is moved, what joins what the receiver has, and in which order."""
    responsibilities = _responsibilities(facts, aims, day)
    assignments = [
        Move("assignment", "moved", row, row["organisation_id"], aims.assignments[row["id"]])
        for row in facts.assignments
        if row["id"] in aims.assignments and not is_history(row)
    ]
    submissions = [
        Move(
            "submission",
            "moved",
            {**move.row, "id": move.row["pending_id"], "assignment_id": move.row["id"]},
            move.from_id,
            move.to_id,
        )
        for move in assignments
        if move.row["pending_id"] is not None
    ]
    memberships = _memberships(facts, aims, day)
    return Moves(
        responsibilities,
        assignments,
        submissions,
        _contacts(facts, aims),
        memberships,
        explanations=_bound(facts, aims, "explanation"),
        review_rules=list(aims.reviews),
        deadlines=_bound(facts, aims, "deadline"),
        policies=_bound(facts, aims, "policy"),
        feeds=_bound(facts, aims, "feed"),
        webhooks=_bound(facts, aims, "webhook"),
        deputies=_deputies(facts, aims, memberships),
    )


def _responsibilities(facts: Facts, aims: Aims, day: date) -> list[Move]:
    moves: list[Move] = [m for m in aims.revived if m.kind == "responsibility"]
    leaving = [row for row in facts.responsibilities if row["id"] in aims.responsibilities]
    held = {
        (row["organisation_id"], row["node_id"], row["role"]): row
        for row in facts.responsibilities
        if row["id"] not in aims.responsibilities
    }
    # Of several that become one the one that lasts longest stands.
    for row in sorted(leaving, key=lambda row: row["valid_to"] or date.max, reverse=True):
        to_id = aims.responsibilities[row["id"]]
        other = held.get((to_id, row["node_id"], row["role"]))
        start = max(day, row["valid_from"])
        covered = other is not None and covers(other, start, row["valid_to"])
        action = "in_place" if row["valid_from"] >= day else "joined" if covered else "moved"
        held.setdefault((to_id, row["node_id"], row["role"]), {**row, "valid_from": start})
        moves.append(
            Move(
                "responsibility",
                action,
                row,
                row["organisation_id"],
                to_id,
                # In place and joining at once cannot be done: it is told as a conflict.
                joins=other["id"] if other is not None and covered else None,
                legal_basis=aims.bases.get(row["id"]),
            )
        )
    return moves


def covers(other: Row, start: date, end: date | None) -> bool:
    return other["valid_from"] <= start and (other["valid_to"] or date.max) >= (end or date.max)


def _contacts(facts: Facts, aims: Aims) -> list[Move]:
    known = {
        (row["organisation_id"], row["role"], row["email"].lower()): row["id"]
        for row in facts.contacts
        if row["active"] and row["id"] not in aims.contacts
    }
    moves = [m for m in aims.revived if m.kind == "contact"]
    for row in facts.contacts:
        if row["id"] in aims.contacts:
            to_id = aims.contacts[row["id"]]
            same = known.setdefault((to_id, row["role"], row["email"].lower()), row["id"])
            joined = same != row["id"]
            moves.append(
                Move(
                    "contact",
                    "joined" if joined else "moved",
                    row,
                    row["organisation_id"],
                    to_id,
                    joins=same if joined else None,
                )
            )
    return moves


def _memberships(facts: Facts, aims: Aims, day: date) -> list[Move]:
    known = {
        (row["organisation_id"], row["user_id"], row["role"]): row
        for row in facts.memberships
        if row["id"] not in aims.memberships
    }
    moves = [m for m in aims.revived if m.kind == "membership"]
    for row in facts.memberships:
        if row["id"] not in aims.memberships:
            continue
        to_id = aims.memberships[row["id"]]
        same = known.get((to_id, row["user_id"], row["role"]))
        covered = same is not None and covers(same, max(day, row["valid_from"]), row["valid_to"])
        action = "in_place" if row["valid_from"] >= day else "joined" if covered else "moved"
        moves.append(
            Move(
                "membership",
                action,
                row,
                row["organisation_id"],
                to_id,
                joins=same["id"] if same is not None and action == "joined" else None,
            )
        )
    return moves


def _bound(facts: Facts, aims: Aims, kind: str) -> list[Move]:
    """List what changes hands as it is, because it is bound to the body."""
    goes = aims.bound.get(kind, {})
    return [
        Move(kind, "in_place", row, row["organisation_id"], goes[row["id"]])
        for row in facts.held[kind]
        if row["id"] in goes
    ]


def _deputies(facts: Facts, aims: Aims, memberships: Sequence[Move]) -> list[Move]:
    """Let who stands in for somebody go along where the membership is ended and goes on as another."""
    went = {move.object_id: move for move in memberships if move.action != "in_place"}
    moves = []
    for row in facts.held["deputy"]:
        before = aims.deputies.get(row["id"])
        account = (before and went.get(before)) or went.get(row["membership_id"])
        if account is not None:
            placed = {**row, "follows": account.object_id}
            moves.append(Move("deputy", "in_place", placed, account.from_id, account.to_id))
    return moves
