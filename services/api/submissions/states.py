"""The life of a submission as one table: what may be done to it, when, by whom."""

from typing import Any, NamedTuple

from services.api.deps.caller import Caller


class Transition(NamedTuple):
    before: frozenset[str]
    after: str
    permission: str
    needs_reason: bool = False
    by_another: bool = False  # whoever wrote or submitted it may not


WRITE, REVIEW = "submissions:write", "submissions:review"

TRANSITIONS: dict[str, Transition] = {
    "edit": Transition(frozenset({"draft"}), "draft", WRITE),
    "submit": Transition(frozenset({"draft"}), "submitted", WRITE),
    "withdraw": Transition(frozenset({"draft", "submitted"}), "withdrawn", WRITE),
    "accept": Transition(frozenset({"submitted"}), "accepted", REVIEW, by_another=True),
    "return": Transition(frozenset({"submitted"}), "returned", REVIEW, needs_reason=True),
    "reject": Transition(frozenset({"submitted"}), "rejected", REVIEW, needs_reason=True),
    "reopen": Transition(frozenset({"accepted"}), "reopened", REVIEW, needs_reason=True),
}
# Beside these, acceptance of a later revision makes the earlier one "superseded".


def may(caller: Caller, action: str, row: Any) -> bool:
    """Tell whether the caller has the right, whatever the state; ``row`` names body and authors."""
    transition = TRANSITIONS[action]
    if not caller.may(transition.permission, row["organisation_id"]):
        return False
    return not (transition.by_another and caller.id in {row["created_by"], row["submitted_by"]})


def allowed_actions(caller: Caller, row: Any) -> list[str]:
    open_to = {WRITE: row["writable"], REVIEW: row["decidable"]}
    actions = [
        action
        for action, transition in TRANSITIONS.items()
        if open_to[transition.permission]
        and row["state"] in transition.before
        and may(caller, action, row)
    ]
    return [*actions, "add_evidence"] if "edit" in actions else actions
