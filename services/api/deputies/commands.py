"""Whoever writes for a body ends what somebody stands in for there."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.deputies.queries import DeputyNotFoundError
from shared.errors import ConflictError
from shared.models import Deputy, Membership


class DeputyEndedError(ConflictError):
    """This has ended.

    Ủy quyền này đã kết thúc.
    """


async def end_deputy(
    session: AsyncSession, caller: Caller, deputy_id: UUID, *, now: datetime
) -> None:
    """End it at once; whoever writes for the body may, because it only takes rights away."""
    deputy = await session.get(Deputy, deputy_id, with_for_update=True)
    if deputy is None:
        raise DeputyNotFoundError
    body = await session.scalar(
        select(Membership.organisation_id).where(Membership.id == deputy.membership_id)
    )
    caller.require("submissions:write", body)
    if deputy.ended_at is not None or deputy.valid_to < today_in_hanoi(now):
        raise DeputyEndedError
    deputy.ended_at = now
    record(session, caller, "ended", ("deputy", deputy_id), changes={"ended_at": [None, now]})
