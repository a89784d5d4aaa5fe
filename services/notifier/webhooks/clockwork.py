"""Events that no act makes but the day: a duty is due, a duty is overdue."""

from datetime import datetime

from sqlalchemy import String, and_, case, cast, exists, func, literal, or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.duty import HANOI, decidable, effective_due_on, is_asked, is_done
from shared.log import trace_id
from shared.models import Assignment, PublicEvent
from shared.public import VERSION, joined, of_duty

BATCH = 2_000


async def announce_days(session: AsyncSession, *, now: datetime) -> int:
    """Write what today makes due or overdue and was not written yet; return how many.

    It is asked of the facts, not of the clock's ticks: after days of standing still nothing is missed that
    is still true. A deadline that went by meanwhile is told as overdue alone. Each is told once for each
    last day, so an extension starts anew; the database sees to it that two notifiers do not tell it twice.
    """
    today = now.astimezone(HANOI).date()
    due = effective_due_on == today
    kind = case((due, literal("assignment.due")), else_=literal("assignment.overdue"))
    key = func.concat(kind, ":", cast(Assignment.id, String), ":", cast(effective_due_on, String))
    wanted = (
        joined(
            kind.label("type"),
            Assignment.period_id,
            Assignment.organisation_id,
            case((due, of_duty("due")), else_=of_duty("overdue")).label("data"),
            key.label("key"),
        )
        .where(
            and_(effective_due_on <= today, ~is_done, decidable),
            # Who is asked, never ordered, is not overdue.
            or_(due, ~is_asked),
            ~exists().where(PublicEvent.key == key),
        )
        .limit(BATCH)
    )
    rows = (await session.execute(wanted)).all()
    if not rows:
        return 0
    # Another notifier may write the same at this moment.
    made = await session.scalars(
        insert(PublicEvent)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(PublicEvent.id),
        [
            {
                "type": row.type,
                "version": VERSION,
                "occurred_at": now,
                "period_id": row.period_id,
                "organisation_ids": [row.organisation_id],
                "data": row.data,
                "key": row.key,
                "trace_id": trace_id.get(),
            }
            for row in rows
        ],
    )
    return len(made.all())
