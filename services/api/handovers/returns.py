"""A counter-act: what was moved, and is still where it was put, goes back; the rest stays and is listed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from services.api.handovers.facts import Facts, Row
from services.api.handovers.held import BOUND, KEYS
from services.api.handovers.moves import Aims, Move, is_history
from services.api.handovers.reviews import reviews_back

Done = Mapping[str, Any]


class Returned(NamedTuple):
    aims: Aims
    # What is not taken back, and why.
    stays: list[dict[str, Any]]
    # The bodies that ended and stand again, and those that were made and may end.
    revived: list[UUID]
    made: list[UUID]
    coordinator: UUID | None
    # Of a duty that joined another's responsibility: under which it was before.
    before: Mapping[UUID, UUID]


REASONS = {
    "changed": "It was changed since. / Đã thay đổi kể từ khi bàn giao.",
    "done": "It is done or its period is closed. / Đã hoàn thành hoặc kỳ đã đóng.",
    "gone": "It is no longer with the body it was given to. / Không còn thuộc cơ quan đã tiếp nhận.",
}


def aims_back(facts: Facts, done: Sequence[Done], *, day: date) -> Returned:
    """Aim everything that is still as it was left at the body it came from."""
    now: dict[str, dict[UUID, Row]] = {
        "responsibility": {row["id"]: row for row in facts.responsibilities},
        "assignment": {row["id"]: row for row in facts.assignments},
        "contact": {row["id"]: row for row in facts.contacts},
        "membership": {row["id"]: row for row in facts.memberships},
        **{kind: {row["id"]: row for row in facts.held[kind]} for kind in BOUND},
    }
    listed = [move for move in done if move["kind"] in now]
    joined = [_again(move, now) for move in listed if move["action"] == "joined"]
    returning: dict[str, dict[UUID, Done]] = {kind: {} for kind in now}
    stays: list[dict[str, Any]] = []
    for move in listed:
        if move["action"] == "joined":
            continue
        kind, placed = move["kind"], move["new_object_id"] or move["object_id"]
        if reason := _unreturnable(kind, move, now[kind].get(placed), now):
            stays.append(_stay(move, placed, reason))
        else:
            returning[kind][placed] = move
    revived = [move for move in joined if not _ended_before(move, day)]
    reviews, changed = reviews_back(facts, done)
    stays += [_stay(move, move["object_id"], "changed") for move in changed]
    return _returned(returning, revived, stays, done, reviews)


def _returned(
    returning: Mapping[str, Mapping[UUID, Done]],
    revived: Sequence[Move],
    stays: list[dict[str, Any]],
    done: Sequence[Done],
    reviews: Sequence[Move],
) -> Returned:
    back = {
        kind: {placed: move["from_id"] for placed, move in moves.items()}
        for kind, moves in returning.items()
    }
    responsibilities, duties = returning["responsibility"], returning["assignment"]
    aims = Aims(
        responsibilities=back["responsibility"],
        assignments=back["assignment"],
        contacts=back["contact"],
        memberships=back["membership"],
        bases={placed: move["old"]["legal_basis"] for placed, move in responsibilities.items()},
        revived=revived,
        bound={kind: back[kind] for kind in BOUND},
        reviews=reviews,
        deputies={
            move["object_id"]: UUID(move["old"]["membership_id"])
            for move in done
            if move["kind"] == "deputy"
        },
    )
    bodies = [move for move in done if move["kind"] == "organisation"]
    return Returned(
        aims,
        stays,
        revived=[move["object_id"] for move in bodies if move["action"] == "ended"],
        made=[move["object_id"] for move in bodies if move["action"] == "began"],
        coordinator=next((m["from_id"] for m in bodies if m["old"].get("is_coordinator")), None),
        before={placed: UUID(m["old"]["responsibility_id"]) for placed, m in duties.items()},
    )


def _unreturnable(
    kind: str, move: Done, row: Row | None, now: Mapping[str, Mapping[UUID, Row]]
) -> str | None:
    if row is None:
        return "done" if kind in {"assignment", "explanation"} else "gone"
    if row["organisation_id"] != move["to_id"]:
        return "gone"
    if kind == "assignment":
        return "done" if is_history(row) else None
    if kind == "contact":
        return None if row["active"] and row["untouched"] else "changed"
    if kind in KEYS and _stands_there(kind, move, row, now[kind].values()):
        return "changed"
    watched = {
        "responsibility": ("valid_to",),
        "membership": ("role", "valid_to"),
    }.get(kind, ())
    same = all(_plain(row[name]) == move["new"][name] for name in watched)
    return None if same else "changed"


def _stands_there(kind: str, move: Done, row: Row, others: Iterable[Row]) -> bool:
    """Tell whether whoever would get it back has one of the same scope by now."""
    return any(
        one["organisation_id"] == move["from_id"]
        and all(one[name] == row[name] for name in KEYS[kind])
        for one in others
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _again(move: Done, now: Mapping[str, Mapping[UUID, Row]]) -> Move:
    """Begin again what ended because the receiver had the same."""
    row = {**move["facts"], **move["old"], "id": move["object_id"]}
    if move["kind"] == "contact":
        row |= dict(now["contact"].get(move["object_id"], {}))
    for name in ("node_id", "user_id"):
        if row.get(name):
            row[name] = UUID(row[name])
    row["valid_to"] = date.fromisoformat(row["valid_to"]) if row.get("valid_to") else None
    basis = row.get("legal_basis")
    return Move(move["kind"], "began", row, move["to_id"], move["from_id"], legal_basis=basis)


def _ended_before(move: Move, day: date) -> bool:
    return move.row["valid_to"] is not None and move.row["valid_to"] < day


def _stay(move: Done, placed: UUID, reason: str) -> dict[str, Any]:
    return {
        "kind": move["kind"],
        "object_id": str(placed),
        "bodies": [str(move["from_id"]), str(move["to_id"])],
        "reason": reason,
        "words": REASONS[reason],
        "facts": move["facts"],
    }
