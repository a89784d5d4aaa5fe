"""Whatever refers to a body is moved by a hand-over, kept as history, or named as left behind: nothing is forgotten."""

from services.api.handovers.bound import LEFT
from services.api.handovers.labels import SHOWN
from shared.db import Base
from shared.models.handovers import MOVE_KINDS

# Column that holds a body → as which kind it is moved.
MOVED = {
    "responsibilities.organisation_id": "responsibility",
    "assignments.organisation_id": "assignment",
    "contacts.organisation_id": "contact",
    "memberships.organisation_id": "membership",
    "explanation_requests.organisation_id": "explanation",
    "review_rules.organisation_id": "review_rule",
    "review_rules.reviewer_id": "review_rule",
    "period_deadlines.organisation_id": "deadline",
    "reminder_policies.organisation_id": "policy",
    "feeds.organisation_id": "feed",
    "webhook_endpoints.organisation_id": "webhook",
}
# What stays under the old name, and why that is right.
HISTORY = {
    "evidence.organisation_id": "accepted figures that it proves are history; whoever owns a draft that it proves reuses it",
    "comments.organisation_id": "for which body somebody spoke then",
    "contributions.organisation_id": "which body contributed then; never changed",
    "alarms.organisation_id": "the notifier clears what no longer stands and raises it for whoever owns the duty",
    "handover_moves.from_id": "the receipt itself",
    "handover_moves.to_id": "the receipt itself",
    "handovers.from_ids": "the act itself",
    "handovers.to_id": "the act itself",
    "handovers.to_ids": "the act itself",
    "successions.from_id": "who followed whom",
    "successions.to_id": "who followed whom",
    "reminders.organisation_id": "the ledger: what is still planned is planned anew for the receiver",
    "public_events.organisation_ids": "whom an event concerned when it happened",
}
# What neither moves nor is history is named in the preview and the receipt.
NAMED = {
    "api_keys.organisation_id": "key_left",
    "period_scope.organisation_id": "scope_left",
}
# What hangs on a thing that is moved, by another's id, and has to follow it by itself.
FOLLOWS = {"deputies.membership_id": "deputy"}
WITHOUT_A_KEY = {"organisation_id", "organisation_ids", "from_ids", "to_id", "to_ids"}


def columns_of_bodies() -> set[str]:
    """List every column that holds a body's id, with a foreign key or without."""
    return {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name in WITHOUT_A_KEY
        or any(key.column.table.name == "organisations" for key in column.foreign_keys)
    }


def test_every_reference_to_a_body_is_moved_kept_or_named() -> None:
    told = [*MOVED, *HISTORY, *NAMED]
    assert columns_of_bodies() == set(told)
    assert len(told) == len(set(told))


def test_what_hangs_on_a_membership_follows_it() -> None:
    hanging = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if any(key.column.table.name == "memberships" for key in column.foreign_keys)
    }
    assert hanging == set(FOLLOWS)


def test_every_kind_that_is_moved_has_a_name_and_its_place() -> None:
    kinds = {*MOVED.values(), *FOLLOWS.values(), "submission", "organisation"}
    assert kinds == set(MOVE_KINDS) == set(SHOWN)
    assert set(LEFT) < kinds
