"""Where a person's name stands: found in the models, so that a new table is not forgotten; pure."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Table

from shared.db import Base

# Written at erasure in the place of the login and of addresses, which are unique.
PREFIX = "erased-"


def pseudonym_of(user_id: UUID) -> str:
    return PREFIX + user_id.hex[:12]


def named_columns() -> Iterator[tuple[Table, str, str]]:
    """Give each table that keeps who did something: the column of his id and that of his name."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            who = column.name.removesuffix("_name")
            if column.name.endswith("_by_name") and who in table.columns:
                yield table, who, column.name


# Where else something of a person stands, and under which member of his listing it is shown.
KEPT = {
    "users.login": "account",
    "users.name": "account",
    "users.email": "account",
    "contacts.name": "contacts",
    "contacts.email": "contacts",
    "contacts.phone": "contacts",
    "deputies.reason": "deputies",
    "reminders.recipient": "reminders",
    "reminders.recipient_name": "reminders",
    "mails.recipient": "mails",
    "mails.recipient_name": "mails",
    "mails.subject": "mails",
    "suppressed_addresses.address": "suppressed_addresses",
    "suppressed_addresses.reason": "suppressed_addresses",
    "alarms.subject": "suppressed_addresses",
    "webhook_endpoints.owner_email": "looks_after",
    "reminder_settings.operator_email": "looks_after",
    "audit_log.actor_name": "audit_entries",
}
