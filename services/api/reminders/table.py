"""The ledger as a table for spreadsheets; pure."""

from collections.abc import Mapping, Sequence
from typing import Any

COLUMNS = (
    "send_at",
    "state",
    "organisation",
    "indicator",
    "period",
    "topic",
    "due_on",
    "step",
    "audience",
    "template",
    "template_version",
    "recipient_name",
    "recipient",
    "sent_at",
    "delivered_at",
    "bounced_at",
    "acknowledged_at",
    "why_vi",
    "why_en",
    "subject",
    "attempts",
    "relay",
    "message_id",
    "kind",
    "assignment",
    "explanation",
    "id",
)
_OF_MAIL = ("subject", "delivered_at", "bounced_at", "attempts", "relay", "message_id")


def lines(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Lay each row flat; ``subject`` is the mail's."""
    made = []
    for row in rows:
        mail, why = row["mail"] or {}, row["why"] or {}
        flat = {
            **row,
            **{name: mail.get(name) for name in _OF_MAIL},
            "why_vi": why.get("vi"),
            "why_en": why.get("en"),
        }
        made.append({name: flat[name] for name in COLUMNS})
    return made
