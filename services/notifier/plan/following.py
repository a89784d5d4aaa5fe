"""Let what is planned follow the facts: another moment, another body, another person of the same address."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, case, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.plan.differences import FOLLOWED, UNSENT, differs
from services.notifier.plan.prepared import Prepared
from services.notifier.plan.schedule import AUDIENCES, Step
from services.notifier.plan.wanted import is_in, of_subjects, wanted
from shared.db import among
from shared.models import Reminder


async def follow(
    session: AsyncSession, steps: Sequence[Step], wanting: Prepared, *, today: date
) -> int:
    """Follow the calendar, the settings and who it is: a step may now belong to another moment or body."""
    want = wanting.rows
    found = (
        await session.execute(
            select(Reminder.id, Reminder.subject_id)
            .join(want, is_in(want))
            .where(Reminder.state.in_(UNSENT), differs(Reminder, want))
            .distinct(),
            wanting.values,
        )
    ).all()
    if not found:
        return 0
    # Of a recipient in two audiences one differs always; the first of them counts.
    scope = of_subjects([row.subject_id for row in found])
    want, values = wanted(steps, scope=scope, today=today)
    rows = (
        await session.execute(
            select(
                Reminder,
                want.c.send_at.label("at"),
                *(want.c[name].label(f"new_{name}") for name in FOLLOWED),
            )
            .join(want, is_in(want))
            .where(among(Reminder.id, [row.id for row in found]), Reminder.state.in_(UNSENT))
            .order_by(Reminder.id, first_audience(want), want.c.contact_id, want.c.user_id)
            .with_for_update(of=Reminder, skip_locked=True),
            values,
        )
    ).all()
    by_change: dict[tuple[Any, ...], list[UUID]] = defaultdict(list)
    for row in {row.Reminder.id: row for row in reversed(rows)}.values():
        old, new = row.Reminder, row[1:]
        if (old.planned_at, *(getattr(old, name) for name in FOLLOWED)) != tuple(new):
            by_change[old.planned_at == row.at, *new].append(old.id)
    for (stays, at, *followed), ids in by_change.items():
        # What was put off to a later digest stays so.
        moment = {} if stays else {"planned_at": at, "send_at": at}
        await session.execute(
            update(Reminder)
            .where(among(Reminder.id, ids))
            .values(**moment, **dict(zip(FOLLOWED, followed, strict=True)))
        )
    return sum(len(ids) for ids in by_change.values())


def first_audience(want: Subquery) -> ColumnElement[int]:
    """Order a recipient's audiences."""
    places = {audience: place for place, audience in enumerate(AUDIENCES)}
    return case(places, value=want.c.audience)
