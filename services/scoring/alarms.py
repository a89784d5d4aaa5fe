"""Tell a person of a period whose index cannot be calculated however often it is tried."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.alarms import INDEX_NOT_CALCULATED, raise_alarm
from shared.models import Alarm, Period

LONGEST = 300  # characters of what went wrong


async def alarm_of_period(
    session: AsyncSession, period_id: UUID, *, error: Exception, now: datetime
) -> bool:
    """Let the alarm of this period stand; tell whether it is new."""
    code = await session.scalar(select(Period.code).where(Period.id == period_id))
    why = f"{type(error).__name__}: {error}"[:LONGEST]
    return await raise_alarm(
        session,
        INDEX_NOT_CALCULATED,
        str(period_id),
        now=now,
        detail=f"Không tính được chỉ số của kỳ {code}; hãy xem lại số liệu mới tiếp nhận hoặc báo quản trị. ({why}) "
        f"/ The index of {code} cannot be calculated; look at what was accepted last, or tell the "
        f"administrator. ({why})",
    )


async def clear_alarm(session: AsyncSession, period_id: UUID, *, now: datetime) -> None:
    await session.execute(
        update(Alarm)
        .where(
            Alarm.kind == INDEX_NOT_CALCULATED,
            Alarm.subject == str(period_id),
            Alarm.cleared_at.is_(None),
        )
        .values(cleared_at=now)
    )
