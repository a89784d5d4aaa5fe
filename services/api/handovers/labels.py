"""What a thing is called that is handed over."""

from typing import Any

from services.api.handovers.moves import Move

SHOWN = {
    "responsibility": ("framework", "node", "node_name_vi", "role", "valid_from", "valid_to"),
    "assignment": ("period", "node", "node_name_vi", "role", "kind", "due_on", "status"),
    "submission": ("period", "node", "assignment_id", "pending_state", "pending_revision",
                   "created_by_name", "submitted_by_name"),
    "contact": ("name", "role", "email"),
    "membership": ("login", "name", "role", "valid_from", "valid_to"),
    "organisation": ("code", "name_vi"),
    "explanation": ("period", "node", "node_name_vi", "assignment_id", "due_on"),
    "review_rule": ("code", "review", "reviewer"),
    "deadline": ("period", "node", "node_name_vi", "due_on"),
    "policy": ("title", "kind", "indicator", "period"),
    "feed": ("login", "name"),
    "webhook": ("title",),
    "deputy": ("login", "name", "valid_from", "valid_to"),
}  # fmt: skip


def labels(move: Move) -> dict[str, Any]:
    """Say what the thing is called, as it is called now."""
    return {name: move.row.get(name) for name in SHOWN[move.kind]}


# What must stay erasable where it belongs, and so is not written into history once more.
PERSONAL = frozenset({"name", "email", "login", "created_by_name", "submitted_by_name"})


def lasting_labels(move: Move) -> dict[str, Any]:
    return {name: value for name, value in labels(move).items() if name not in PERSONAL}
