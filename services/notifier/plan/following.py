"""Let what is planned follow the facts: another moment, another body, another person of the same address."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, case, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.plan.differences import FOLLOWED, UNSENT, differs
from services.notifier.plan.prepared import Prepared
from services.notifier.plan.schedule import AUDIENCES
from services.notifier.plan.wanted import is_in
from shared.db import among, among_given
from shared.models import Reminder


async def follow(session: AsyncSession, wanting: Prepared) -> int:
    """Follow the calendar, the settings and who it is: a step may now belong to another moment or body.

    What is wanted is that of some subjects.
    """
    first = _first(wanting.rows)
    found = await session.execute(
        select(
            Reminder.id,
            Reminder.planned_at == first.c.send_at,
            first.c.send_at,
            *(first.c[name] for name in FOLLOWED),
        )
        .join(first, first.c.id == Reminder.id)
        .where(Reminder.state.in_(UNSENT), differs(Reminder, first))
        .order_by(Reminder.id)
        .with_for_update(of=Reminder, skip_locked=True),
        wanting.values,
    )
    by_change: dict[tuple[Any, ...], list[UUID]] = defaultdict(list)
    for line, *change in found:
        by_change[tuple(change)].append(line)
    for (stays, at, *followed), ids in by_change.items():
        # What was put off to a later digest stays so.
        moment = {} if stays else {"planned_at": at, "send_at": at}
        await session.execute(
            update(Reminder)
            .where(among(Reminder.id, ids))
            .values(**moment, **dict(zip(FOLLOWED, followed, strict=True)))
        )
    return sum(len(ids) for ids in by_change.values())


def _first(want: Subquery) -> Subquery:
    """Find what each line is to be: of a recipient in two audiences the first counts, from the other it differs always."""
    return (
        select(Reminder.id, want.c.send_at, *(want.c[name] for name in FOLLOWED))
        .ext(distinct_on(Reminder.id))
        .join(want, is_in(want))
        .where(among_given(Reminder.subject_id, "scope_subjects"), Reminder.state.in_(UNSENT))
        .order_by(Reminder.id, first_audience(want), want.c.contact_id, want.c.user_id)
        .subquery("first")
    )


def first_audience(want: Subquery) -> ColumnElement[int]:
    """Order a recipient's audiences."""
    places = {audience: place for place, audience in enumerate(AUDIENCES)}
    return case(places, value=want.c.audience)
