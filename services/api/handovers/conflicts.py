"""What stands against a hand-over, or should be known before it is done."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from services.api.handovers.facts import Facts
from services.api.handovers.moves import Move, Moves


class Conflict(NamedTuple):
    """``blocks``: it cannot be carried out as it is; otherwise it can, and this will be so."""

    code: str
    blocks: bool
    english: str
    vietnamese: str
    kind: str = ""
    object_id: UUID | None = None
    # Whose matter it is, where that is not the object itself.
    body: UUID | None = None


def conflicts_of(
    facts: Facts,
    moves: Moves,
    *,
    givers: Sequence[UUID],
    receivers: Sequence[UUID],
    ending: Sequence[UUID],
    day: date,
    basis: str,
    also: Sequence[Conflict],
) -> list[Conflict]:
    """List them, what blocks first."""
    found = [
        *_not_standing(facts, moves, givers, receivers, day),
        *_doubles(facts, moves),
        *_own_reviews(facts, moves),
        *_unreachable(facts, moves),
        *_left(facts, ending),
        *also,
    ]
    if not basis:
        found.append(
            Conflict(
                "basis_missing",
                blocks=True,
                english="The document that this rests on is missing: enter it first.",
                vietnamese="Thiếu văn bản làm căn cứ: hãy nhập trước khi thực hiện.",
            )
        )
    if not moves.everything():
        found.append(
            Conflict(
                "nothing_moves",
                blocks=False,
                english="Nothing would be moved.",
                vietnamese="Không có gì để chuyển.",
            )
        )
    return sorted(found, key=lambda conflict: not conflict.blocks)


def _not_standing(
    facts: Facts,
    moves: Moves,
    givers: Sequence[UUID],
    receivers: Sequence[UUID],
    day: date,
) -> Iterator[Conflict]:
    used = {move.from_id for move in moves.everything()}
    for body in (facts.bodies[one] for one in sorted({*givers, *receivers})):
        gives_only_leftovers = body.id in givers and body.id in used
        if not body.stands_on(day) and not gives_only_leftovers:
            yield Conflict(
                "body_not_standing",
                blocks=True,
                english=f"{body.code} does not stand on {day.isoformat()}.",
                vietnamese=f"{body.code} không tồn tại vào ngày {day:%d/%m/%Y}.",
                kind="organisation",
                object_id=body.id,
            )


def _doubles(facts: Facts, moves: Moves) -> Iterator[Conflict]:
    for move in moves.responsibilities:
        body, node = facts.code(move.to_id), move.row["node"]
        if move.action == "joined":
            yield Conflict(
                "already_responsible",
                blocks=False,
                english=f"{body} already holds {node} ({move.row['role']}): it stays one responsibility.",
                vietnamese=f"{body} đã được giao {node} ({move.row['role']}): vẫn là một phân công.",
                kind="responsibility",
                object_id=move.object_id,
            )
        elif move.joins or _overlaps(facts, move, moves):
            yield Conflict(
                "overlapping_responsibility",
                blocks=True,
                english=f"{body} already holds {node} ({move.row['role']}) for a part of the time: end one first.",
                vietnamese=f"{body} đã được giao {node} ({move.row['role']}) trong một phần thời gian: hãy kết thúc một phân công.",
                kind="responsibility",
                object_id=move.object_id,
            )
    for move in doubled(facts, moves):
        body, node = facts.code(move.to_id), move.row["node"]
        yield Conflict(
            "double_assignment",
            blocks=False,
            english=f"{body} will have two duties for {node} in {move.row['period']}: both stay open.",
            vietnamese=f"{body} sẽ có hai nhiệm vụ về {node} trong kỳ {move.row['period']}: cả hai vẫn mở.",
            kind="assignment",
            object_id=move.object_id,
        )


def _overlaps(facts: Facts, move: Move, moves: Moves) -> bool:
    leaving = {one.object_id for one in moves.responsibilities}
    key = (move.to_id, move.row["node_id"], move.row["role"])
    return any(
        (row["organisation_id"], row["node_id"], row["role"]) == key
        and row["id"] not in leaving
        and row["valid_from"] <= (move.row["valid_to"] or date.max)
        for row in facts.responsibilities
    )


def doubled(facts: Facts, moves: Moves) -> list[Move]:
    """Find the duties that cannot take the receiver's responsibility, as another duty has it already."""
    joins = {move.object_id: move.joins for move in moves.responsibilities if move.joins}
    leaving = {move.object_id for move in moves.assignments}
    taken = {
        (row["period_id"], row["responsibility_id"])
        for row in facts.assignments
        if row["id"] not in leaving or row["responsibility_id"] in joins.values()
    }
    found = []
    for move in moves.assignments:
        joined = joins.get(move.row["responsibility_id"])
        if joined is None:
            continue
        key = (move.row["period_id"], joined)
        if key in taken:
            found.append(move)
        taken.add(key)
    return found


def fitting(facts: Facts, move: Move) -> UUID | None:
    """Find the receiver's own responsibility for a duty whose own has ended; none where it has its duty."""
    taken = {(row["period_id"], row["responsibility_id"]) for row in facts.assignments}
    return next(
        (
            UUID(str(row["id"]))
            for row in facts.responsibilities
            if (row["organisation_id"], row["node_id"], row["role"])
            == (move.to_id, move.row["node_id"], move.row["role"])
            and (move.row["period_id"], row["id"]) not in taken
        ),
        None,
    )


def _own_reviews(facts: Facts, moves: Moves) -> Iterator[Conflict]:
    for move in moves.submissions:
        authors = {move.row["created_by"], move.row["submitted_by"]}
        if not authors & facts.reviewers.keys():
            continue
        name = move.row["submitted_by_name"] or move.row["created_by_name"]
        others = len(facts.reviewers.keys() - authors)
        yield Conflict(
            "own_review",
            blocks=False,
            english=f"{name} wrote what is sent for {move.row['node']} and reviews: one of {others} others must decide.",
            vietnamese=f"{name} là người lập báo cáo {move.row['node']} và cũng là người duyệt: cần một trong {others} người khác quyết định.",
            kind="submission",
            object_id=move.object_id,
        )
    for body in {move.to_id for move in moves.assignments}:
        if facts.bodies[body].is_coordinator:
            yield Conflict(
                "coordinator_reviews_own_body",
                blocks=False,
                english=f"{facts.code(body)} reviews and will also report: whoever submits does not accept.",
                vietnamese=f"{facts.code(body)} vừa duyệt vừa báo cáo: người gửi không được tự tiếp nhận.",
                kind="organisation",
                object_id=body,
            )


def _unreachable(facts: Facts, moves: Moves) -> Iterator[Conflict]:
    left = {move.object_id for move in moves.contacts}
    reached = {move.to_id for move in moves.contacts} | {
        row["organisation_id"] for row in facts.contacts if row["active"] and row["id"] not in left
    }
    duties = Counter(move.to_id for move in (*moves.responsibilities, *moves.assignments))
    for body, number in sorted(duties.items()):
        if body not in reached:
            yield Conflict(
                "unreachable_owner",
                blocks=False,
                english=f"{facts.code(body)} will have nobody to write to, for {number} responsibilities and duties.",
                vietnamese=f"{facts.code(body)} sẽ không có đầu mối liên hệ nào, với {number} phân công và nhiệm vụ.",
                kind="organisation",
                object_id=body,
            )


def _left(facts: Facts, ending: Sequence[UUID]) -> Iterator[Conflict]:
    for row in facts.keys:
        if row["organisation_id"] in ending:
            yield Conflict(
                "key_left",
                blocks=False,
                english=f"The API key {row['name']!r} acts for {facts.code(row['organisation_id'])} and is not moved.",
                vietnamese=f"Khóa API {row['name']!r} của {facts.code(row['organisation_id'])} không được chuyển.",
                kind="api_key",
                object_id=row["id"],
                body=row["organisation_id"],
            )
    for row in facts.scopes:
        if row["organisation_id"] in ending:
            body = facts.code(row["organisation_id"])
            yield Conflict(
                "scope_left",
                blocks=False,
                english=f"The period {row['code']} was limited to {body}, which ends: what opening it makes later, "
                f"nobody else is asked for. Limit a draft anew with PATCH /v1/periods/{row['code']}.",
                vietnamese=f"Kỳ {row['code']} giới hạn cho {body}, cơ quan sẽ kết thúc: các nhiệm vụ tạo thêm về sau "
                f"không giao cho cơ quan khác. Kỳ còn là bản nháp thì đặt lại bằng PATCH /v1/periods/{row['code']}.",
                kind="period",
                object_id=row["id"],
                body=row["organisation_id"],
            )
    for row in facts.elsewhere:
        yield Conflict(
            "planned_elsewhere",
            blocks=False,
            english=f"Another planned hand-over ({row['kind']}, {row['effective_on'].isoformat()}) concerns the same bodies.",
            vietnamese=f"Một việc bàn giao khác đang lập ({row['kind']}, {row['effective_on']:%d/%m/%Y}) liên quan các cơ quan này.",
            kind="handover",
            object_id=row["id"],
        )
