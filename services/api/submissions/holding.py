"""Keep a duty's period as it is until the transaction ends: who closes it waits, or has closed it already.

``FOR KEY SHARE`` stands against ``FOR UPDATE`` alone, which only those who end writing take; the index is
calculated beside it.
"""

from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.models import Assignment, Period, Submission

_PERIOD = select(Period.id).join(Assignment, Assignment.period_id == Period.id)
_OF_DUTY = _PERIOD.where(Assignment.id == bindparam("id")).with_for_update(
    of=Period, read=True, key_share=True
)
_OF_SUBMISSION = (
    _PERIOD.join(Submission, Submission.assignment_id == Assignment.id)
    .where(Submission.id == bindparam("id"))
    .with_for_update(of=Period, read=True, key_share=True)
)


async def hold_period_of_duty(session: AsyncSession, assignment_id: UUID) -> None:
    await session.execute(_OF_DUTY, {"id": assignment_id})


async def hold_period_of(session: AsyncSession, submission_id: UUID) -> None:
    await session.execute(_OF_SUBMISSION, {"id": submission_id})
