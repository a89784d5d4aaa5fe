"""The coordinator sets when reminders go out."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, record
from services.api.deps.caller import Caller
from services.api.reminders.queries import PolicyNotFoundError
from services.api.reminders.schemas import NewPolicy
from shared.errors import ConflictError
from shared.models import ReminderPolicy


class StepTakenError(ConflictError):
    """There is a step for this day and audience already.

    Đã có bước nhắc cho ngày và đối tượng này.
    """


async def create_policy(session: AsyncSession, caller: Caller, *, new: NewPolicy) -> UUID:
    if await session.scalar(select(ReminderPolicy.id).where(ReminderPolicy.name == new.name)):
        raise StepTakenError(pointer="/name")
    policy = ReminderPolicy(id=uuid4(), **new.model_dump())
    session.add(policy)
    record(
        session,
        caller,
        "created",
        ("reminder_policy", policy.id),
        changes={name: [None, value] for name, value in new.model_dump().items()},
    )
    return policy.id


async def change_policy(
    session: AsyncSession, caller: Caller, policy_id: UUID, *, active: bool, now: datetime
) -> None:
    policy = await session.get(ReminderPolicy, policy_id, with_for_update=True)
    if policy is None:
        raise PolicyNotFoundError
    if changes := apply(policy, {"active": active}):
        policy.updated_at = now
        record(session, caller, "changed", ("reminder_policy", policy_id), changes=changes)
