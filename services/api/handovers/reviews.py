"""Who must accept a body's figures once the body, or who reviewed it, has ended."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from services.api.handovers.conflicts import Conflict
from services.api.handovers.facts import Body, Facts, Row
from services.api.handovers.moves import Move


class Reviews(NamedTuple):
    moves: list[Move]
    conflicts: list[Conflict]


def reviews_of(
    facts: Facts, *, ending: Sequence[UUID], receivers: Sequence[UUID], day: date
) -> Reviews:
    """Carry rules over where one body follows; what nobody can decide here blocks and says what to set.

    A rule of the body that ends is copied: its own stays beside its history, and holds again if it is taken back.
    """
    if not ending:
        return Reviews([], [])
    found = [*_own(facts, ending, receivers), *_naming(facts, ending, receivers, day)]
    return Reviews(
        [one for one in found if isinstance(one, Move)],
        [one for one in found if isinstance(one, Conflict)],
    )


def _own(
    facts: Facts, ending: Sequence[UUID], receivers: Sequence[UUID]
) -> Iterator[Move | Conflict]:
    """Decide about the rules of those who end."""
    rules = {row["organisation_id"]: row for row in facts.held["review_rule"]}
    given: dict[UUID, tuple[Any, ...]] = {}
    for rule in (rules[body] for body in ending if _carries(facts.bodies[body], rules.get(body))):
        giver, to = rule["organisation_id"], receivers[0]
        without = [facts.code(one) for one in receivers if one not in rules]
        if not without:
            yield _kept(rule, [facts.code(one) for one in receivers])
            continue
        reviewer = to if rule["reviewer_id"] in ending else rule["reviewer_id"]
        content = (rule["review"], reviewer)
        if len(receivers) > 1:
            yield _several(rule, without)
        elif reviewer == to:
            yield _itself(rule, facts.code(to))
        elif given.get(to, content) != content:
            yield _differs(rule, facts.code(to))
        elif to not in given:
            given[to] = content
            yield Move("review_rule", "moved", {**rule, "reviewer_id": reviewer}, giver, to)


def _carries(body: Body, rule: Row | None) -> bool:
    """Tell whether there is a rule to carry over: that two accept a coordinator's figures goes with coordinating."""
    return rule is not None and not (body.is_coordinator and rule["reviewer_id"] is None)


def _naming(
    facts: Facts, ending: Sequence[UUID], receivers: Sequence[UUID], day: date
) -> Iterator[Move | Conflict]:
    """Decide about the rules that name one of those who end as the body that reviews."""
    for rule in facts.held["review_rule"]:
        to, left = receivers[0], rule["valid_to"] is not None and rule["valid_to"] < day
        if rule["reviewer_id"] not in ending or left:
            continue
        if len(receivers) > 1:
            yield _nobody(rule)
        elif rule["organisation_id"] == to:
            yield _itself(rule, facts.code(to))
        else:
            yield Move("review_rule", "in_place", rule, rule["reviewer_id"], to)


def _conflict(
    code: str, rule: Row, english: str, vietnamese: str, *, blocks: bool = True
) -> Conflict:
    body = rule["organisation_id"]
    return Conflict(
        code, blocks, english, vietnamese, kind="organisation", object_id=body, body=body
    )


def _kept(rule: Row, receivers: Sequence[str]) -> Conflict:
    names = ", ".join(receivers)
    return _conflict(
        "review_rule_kept",
        rule,
        f"{names} keeps its own rule of review; that of {rule['code']} is not carried over.",
        f"{names} giữ quy tắc duyệt của mình; quy tắc của {rule['code']} không được chuyển.",
        blocks=False,
    )


def _several(rule: Row, without: Sequence[str]) -> Conflict:
    names = ", ".join(without)
    return _conflict(
        "review_rule_of_several",
        rule,
        f"Several bodies follow {rule['code']}, whose figures more than one must accept. Set whose acceptance each "
        f"needs (PUT /v1/review-rules/{{code}}: {names}), or one_reviewer for {rule['code']}.",
        f"Nhiều cơ quan kế tục {rule['code']}, nơi số liệu cần nhiều người tiếp nhận. Hãy đặt quy tắc duyệt cho từng "
        f"cơ quan (PUT /v1/review-rules/{{code}}: {names}), hoặc one_reviewer cho {rule['code']}.",
    )


def _differs(rule: Row, to: str) -> Conflict:
    return _conflict(
        "review_rules_differ",
        rule,
        f"The bodies that become {to} have different rules of review: make that of {rule['code']} the same as the "
        f"others' (PUT /v1/review-rules/{rule['code']}).",
        f"Các cơ quan nhập vào {to} có quy tắc duyệt khác nhau: hãy đặt quy tắc của {rule['code']} giống các cơ quan "
        f"kia (PUT /v1/review-rules/{rule['code']}).",
    )


def _itself(rule: Row, to: str) -> Conflict:
    return _conflict(
        "reviews_itself",
        rule,
        f"{to} would review its own figures: name another body for {rule['code']} (PUT /v1/review-rules/{rule['code']}).",
        f"{to} sẽ tự duyệt số liệu của mình: hãy chọn cơ quan khác cho {rule['code']} "
        f"(PUT /v1/review-rules/{rule['code']}).",
    )


def _nobody(rule: Row) -> Conflict:
    return _conflict(
        "reviewer_of_several",
        rule,
        f"{rule['reviewer']} reviews {rule['code']} and ends, and several bodies follow: name who reviews "
        f"(PUT /v1/review-rules/{rule['code']}).",
        f"{rule['reviewer']} duyệt số liệu của {rule['code']} và sẽ kết thúc, nhiều cơ quan kế tục: hãy chọn cơ quan "
        f"duyệt (PUT /v1/review-rules/{rule['code']}).",
    )


def reviews_back(
    facts: Facts, done: Sequence[Mapping[str, Any]]
) -> tuple[list[Move], list[Mapping[str, Any]]]:
    """Take back what is still as it was left; the second list is what was changed since."""
    now = {row["organisation_id"]: row for row in facts.held["review_rule"]}
    moves, changed = [], []
    for one in done:
        if one["kind"] == "review_rule":
            back = _back(one, now)
            if back is None:
                changed.append(one)
            else:
                moves.append(back)
    return moves, changed


def _back(one: Mapping[str, Any], now: Mapping[UUID, Row]) -> Move | None:
    giver, to = one["to_id"], one["from_id"]
    if one["action"] == "ended":  # it was taken back before, and is carried over once more
        reviewer = one["old"]["reviewer_id"]
        row = {
            **one["facts"],
            "id": giver,
            "review": one["old"]["kind"],
            "reviewer_id": reviewer and UUID(reviewer),
        }
        return None if to in now else Move("review_rule", "moved", row, giver, to)
    rule = now.get(one["new_object_id"] or one["object_id"])
    if rule is None or _content(rule) != one["new"]:
        return None
    action = "ended" if one["action"] == "moved" else "in_place"
    return Move("review_rule", action, rule, giver, to)


def _content(rule: Row) -> dict[str, Any]:
    reviewer = rule["reviewer_id"]
    return {"kind": rule["review"], "reviewer_id": reviewer and str(reviewer)}
