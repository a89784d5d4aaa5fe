"""What is common to whoever holds a run, foretells it or decides of it: how its mails are counted, what is too much, what is for good."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func

FEW = 50  # mails; so many are never too many because they are unusual
USUAL = timedelta(days=30)
# The ledger's reason begins with it where a person discarded the run: such rows are never planned again.
DISCARDED = "Điều phối đã hủy lượt gửi"


def discarded_because(reason: str) -> str:
    """Say it in the ledger, Vietnamese first."""
    return f"{DISCARDED}: {reason} / The coordinator discarded this run: {reason}"


def was_discarded(reason: Any) -> ColumnElement[bool]:
    """Make the condition that a person discarded the row, whatever he gave as his reason."""
    condition: ColumnElement[bool] = reason.startswith(DISCARDED, autoescape=True)
    return condition


def mails_in(rows: Any) -> ColumnElement[int]:
    """Count the mails that rows of the ledger are: one digest and one mail of what happened for each person.

    What goes alone is a mail of its own.
    """
    alone = case((rows.separate, cast(rows.id, Text)), else_="")
    return func.count(func.concat(rows.kind, rows.recipient, alone).distinct())


def people_in(rows: Any) -> ColumnElement[int]:
    return func.count(rows.recipient.distinct())


def most_at_once(due: int, *, usual: int | None, most: int, factor: int) -> int:
    """Give how many mails may go out on a day; ``usual`` is the greatest day of late, null where there was none."""
    if usual is None or due <= FEW:
        return most
    return min(most, max(FEW, usual * factor))
