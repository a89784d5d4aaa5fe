"""Tell a person of a period whose index cannot be calculated however often it is tried."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.models import Alarm, Period

NOT_CALCULATED = "index_not_calculated"
LONGEST = 300  # characters of what went wrong


async def raise_alarm(
    session: AsyncSession, period_id: UUID, *, error: Exception, now: datetime
) -> bool:
    """Let the alarm of this period stand; tell whether it is new."""
    code = await session.scalar(select(Period.code).where(Period.id == period_id))
    why = f"{type(error).__name__}: {error}"[:LONGEST]
    raised = await session.scalar(
        insert(Alarm)
        .values(
            id=uuid4(),
            kind=NOT_CALCULATED,
            subject=str(period_id),
            raised_at=now,
            detail=f"Không tính được chỉ số của kỳ {code}; hãy xem lại số liệu mới tiếp nhận hoặc báo quản trị. "
            f"/ The index of {code} cannot be calculated; look at what was accepted last, or tell the "
            f"administrator. ({why})",
        )
        .on_conflict_do_nothing(
            index_elements=["kind", "subject"], index_where=Alarm.cleared_at.is_(None)
        )
        .returning(Alarm.id)
    )
    return raised is not None


async def clear_alarm(session: AsyncSession, period_id: UUID, *, now: datetime) -> None:
    await session.execute(
        update(Alarm)
        .where(
            Alarm.kind == NOT_CALCULATED,
            Alarm.subject == str(period_id),
            Alarm.cleared_at.is_(None),
        )
        .values(cleared_at=now)
    )
