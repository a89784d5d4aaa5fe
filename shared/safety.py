"""How much mail is too much: one rule for who holds a run and who foretells that it would be held."""

from datetime import timedelta

from sqlalchemy import ColumnElement, Text, case, cast, func

from shared.models import Reminder

FEW = 50  # mails; so many are never too many because they are unusual
USUAL = timedelta(days=30)

# One digest and one mail of what happened for each person, and what goes alone.
MAILS: ColumnElement[int] = func.count(
    func.concat(
        Reminder.kind,
        Reminder.recipient,
        case((Reminder.separate, cast(Reminder.id, Text)), else_=""),
    ).distinct()
)


def most_at_once(due: int, *, usual: int | None, most: int, factor: int) -> int:
    """Give how many mails may go out on a day; ``usual`` is the greatest day of late, null where there was none."""
    if usual is None or due <= FEW:
        return most
    return min(most, max(FEW, usual * factor))
