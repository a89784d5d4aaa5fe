"""The life of a submission as one table: what may be done to it, when, by whom."""

from typing import Any, NamedTuple

from services.api.deps.caller import Caller


class Transition(NamedTuple):
    before: frozenset[str]
    after: str
    permission: str
    needs_reason: bool = False
    by_another: bool = False  # whoever wrote or submitted it may not
    by_reviewing_body: bool = False  # in its turn, the body that reviews it may as well
    part_of: str = ""  # nobody asks for it: it is what another action comes to


WRITE, REVIEW = "submissions:write", "submissions:review"

TRANSITIONS: dict[str, Transition] = {
    "edit": Transition(frozenset({"draft"}), "draft", WRITE),
    "submit": Transition(frozenset({"draft"}), "submitted", WRITE),
    "withdraw": Transition(frozenset({"draft", "submitted"}), "withdrawn", WRITE),
    "accept": Transition(
        frozenset({"submitted"}), "accepted", REVIEW, by_another=True, by_reviewing_body=True
    ),
    "return": Transition(
        frozenset({"submitted"}), "returned", REVIEW, needs_reason=True, by_reviewing_body=True
    ),
    "reject": Transition(
        frozenset({"submitted"}), "rejected", REVIEW, needs_reason=True, by_reviewing_body=True
    ),
    "reopen": Transition(frozenset({"accepted"}), "reopened", REVIEW, needs_reason=True),
    # The first of two acceptances, and what acceptance of a later revision does to the earlier one.
    "first_accept": Transition(
        frozenset({"submitted"}), "submitted", REVIEW, by_another=True, part_of="accept"
    ),
    "supersede": Transition(frozenset({"accepted"}), "superseded", REVIEW, part_of="accept"),
}
ACTIONS = tuple(name for name, transition in TRANSITIONS.items() if not transition.part_of)
# Who of a body that reviews another's figures may decide on them.
REVIEWERS = frozenset({"officer", "head", "leader", "coordinator"})


class Review(NamedTuple):
    """Who must accept a submission, and who has."""

    organisation_id: Any  # whose figure it is
    created_by: Any
    submitted_by: Any
    written_by: Any  # all who had a hand in it
    first_accepted_by: Any
    two_step: bool
    reviewing_body: Any  # that must complete it; null: any second reviewer

    @classmethod
    def of(cls, row: Any) -> "Review":
        return cls(*(row[name] for name in cls._fields))

    @property
    def authors(self) -> frozenset[Any]:
        return frozenset({self.created_by, self.submitted_by, *self.written_by})


def reviews_for(caller: Caller, body: Any) -> bool:
    """Tell whether the caller reviews in the name of a body."""
    return body is not None and any(
        role in REVIEWERS and where == body for role, where, _ in caller.memberships
    )


def acceptance(caller: Caller, review: Review) -> str | None:
    """Say what this caller's acceptance comes to: the first of two, the last, or nothing."""
    if not caller.accounts.isdisjoint({*review.authors, review.first_accepted_by}):
        return None
    coordinates = caller.may(REVIEW, review.organisation_id)
    if review.first_accepted_by is None:
        if not coordinates:
            return None
        return "first_accept" if review.two_step else "accept"
    completes = (
        coordinates if review.reviewing_body is None else reviews_for(caller, review.reviewing_body)
    )
    return "accept" if completes else None


def is_its_turn(caller: Caller, review: Review) -> bool:
    """Tell whether the caller's body reviews it, and its coordinator has begun; nobody is both."""
    return (
        review.first_accepted_by is not None
        and reviews_for(caller, review.reviewing_body)
        and caller.accounts.isdisjoint({*review.authors, review.first_accepted_by})
    )


def may(caller: Caller, action: str, review: Review) -> bool:
    """Tell whether the caller has the right, whatever the state."""
    if action == "accept":
        return acceptance(caller, review) is not None
    transition = TRANSITIONS[action]
    if caller.may(transition.permission, review.organisation_id):
        return True
    return transition.by_reviewing_body and is_its_turn(caller, review)


def allowed_actions(caller: Caller, row: Any) -> list[str]:
    review = Review.of(row)
    open_to = {WRITE: row["writable"], REVIEW: row["decidable"]}
    actions = [
        action
        for action in ACTIONS
        if open_to[TRANSITIONS[action].permission]
        and row["state"] in TRANSITIONS[action].before
        and may(caller, action, review)
    ]
    return [*actions, "add_evidence"] if "edit" in actions else actions


def diagram() -> str:
    """Draw the table for Mermaid, as ``docs/workflow.md`` shows it."""
    arrows = [
        f"    {before} --> {transition.after}: {name}"
        + (" (reason)" if transition.needs_reason else "")
        + (" (by another)" if transition.by_another else "")
        + (" (or the reviewing body)" if transition.by_reviewing_body else "")
        for name, transition in TRANSITIONS.items()
        for before in sorted(transition.before)
    ]
    leaving = {before for transition in TRANSITIONS.values() for before in transition.before}
    ends = sorted({transition.after for transition in TRANSITIONS.values()} - leaving)
    lines = ["    [*] --> draft: create", *arrows, *(f"    {state} --> [*]" for state in ends)]
    return "\n".join(["stateDiagram-v2", *lines])
