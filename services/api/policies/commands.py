"""The coordinator says which duties are reminded of when; the notifier plans anew at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, record
from services.api.deps.caller import Caller
from services.api.policies.queries import PolicyNotFoundError
from services.api.policies.schemas import NewPolicy, PolicyPatch, StepWritten
from shared.errors import ConflictError, Fault, InvalidError
from shared.events import PolicyChanged
from shared.models import (
    Node,
    Organisation,
    Period,
    ReminderPolicy,
    ReminderStep,
    ReminderTemplate,
)
from shared.outbox import emit

_SCOPE = ("kind", "organisation_id", "indicator", "period_id")
_ONLY_STATED = ("name", "active")
_STEP = tuple(StepWritten.model_fields)
_TWICE = (
    "There is a step of this day and audience already.",
    "Đã có bước nhắc cho ngày và đối tượng này.",
)
_NO_TEMPLATE = ("There is no such reminder template.", "Không có mẫu lời nhắc này.")
_UNKNOWN = {
    "organisation": ("There is no such organisation.", "Không có cơ quan này."),
    "indicator": (
        "There is no indicator or component with this code.",
        "Không có chỉ số hoặc hạng mục nào mang mã này.",
    ),
    "period": ("There is no such period.", "Không có kỳ báo cáo này."),
}


class ScopeTakenError(ConflictError):
    """There is a policy of exactly this scope already: change that one.

    Đã có chính sách nhắc việc cho đúng phạm vi này: hãy sửa chính sách đó.
    """


async def create_policy(session: AsyncSession, caller: Caller, *, new: NewPolicy) -> UUID:
    await _check(session, new.steps)
    told = new.model_dump(exclude={"steps"})
    policy = ReminderPolicy(id=uuid4(), **await _stored(session, told))
    await _refuse_taken(session, policy)
    session.add(policy)
    await session.flush()
    session.add_all(_rows(policy.id, new.steps))
    changes = {name: [None, value] for name, value in told.items() if value is not None}
    changes["steps"] = [[], _listed(new.steps)]
    _tell(session, caller, "created", policy.id, changes)
    return policy.id


async def change_policy(
    session: AsyncSession, caller: Caller, policy_id: UUID, *, patch: PolicyPatch, now: datetime
) -> None:
    policy = await policy_in_hand(session, policy_id)
    told = patch.model_dump(exclude={"steps"}, exclude_unset=True)
    told = {name: value for name, value in told.items() if not _says_nothing(name, value)}
    values = await _stored(session, told)
    changes: dict[str, Any] = apply(policy, values)
    if changes.keys() & set(_SCOPE):
        await _refuse_taken(session, policy)
    if patch.steps is not None:
        changes |= await _replace_steps(session, policy_id, patch.steps)
    if changes:
        policy.updated_at = now
        _tell(session, caller, "changed", policy_id, changes)


async def delete_policy(session: AsyncSession, caller: Caller, policy_id: UUID) -> None:
    """Remove it; its duties go to the next policy that fits, or to silence."""
    policy = await policy_in_hand(session, policy_id)
    steps = await _steps_of(session, policy_id)
    was = {name: [getattr(policy, name), None] for name in ("name", *_SCOPE, "active")}
    await session.delete(policy)
    _tell(session, caller, "deleted", policy_id, {**was, "steps": [steps, []]})


def _says_nothing(name: str, value: Any) -> bool:
    return value is None and name in _ONLY_STATED


def _tell(
    session: AsyncSession, caller: Caller, action: str, policy_id: UUID, changes: dict[str, Any]
) -> None:
    record(session, caller, action, ("reminder_policy", policy_id), changes=changes)
    emit(session, PolicyChanged(policy_id=policy_id))


async def policy_in_hand(session: AsyncSession, policy_id: UUID) -> ReminderPolicy:
    policy = await session.get(ReminderPolicy, policy_id, with_for_update=True)
    if policy is None:
        raise PolicyNotFoundError
    return policy


async def _stored(session: AsyncSession, told: dict[str, Any]) -> dict[str, Any]:
    """Turn the codes of a scope into what is stored; all that are unknown are named at once."""
    known = {
        "organisation": select(Organisation.id).where(
            Organisation.code == told.get("organisation")
        ),
        "period": select(Period.id).where(Period.code == told.get("period")),
        "indicator": select(
            exists().where(
                Node.code == told.get("indicator"), Node.kind.in_(("indicator", "component"))
            )
        ),
    }
    values = dict(told)
    faults = []
    for name, statement in known.items():
        if name not in told:
            continue
        found = await session.scalar(statement) if told[name] is not None else None
        if told[name] is not None and not found:
            faults.append(Fault(f"/{name}", *_UNKNOWN[name]))
        if name != "indicator":
            del values[name]
            values[f"{name}_id"] = found
    if faults:
        raise InvalidError(faults=faults)
    return values


async def _refuse_taken(session: AsyncSession, policy: ReminderPolicy) -> None:
    """Two who make the same scope at once meet in the database's own rule, which is a 409 as well."""
    same = [
        getattr(ReminderPolicy, name).is_not_distinct_from(getattr(policy, name)) for name in _SCOPE
    ]
    with session.no_autoflush:
        taken = await session.scalar(
            select(ReminderPolicy.id).where(*same, ReminderPolicy.id != policy.id)
        )
    if taken is not None:
        raise ScopeTakenError


async def _check(session: AsyncSession, steps: Sequence[StepWritten]) -> None:
    named = {step.template for step in steps if step.template}
    known = set(
        await session.scalars(
            select(ReminderTemplate.code).where(ReminderTemplate.code.in_(named)).distinct()
        )
    )
    faults = [
        Fault(f"/steps/{place}/template", *_NO_TEMPLATE)
        for place, step in enumerate(steps)
        if step.template and step.template not in known
    ]
    if faults := faults + _doubles(steps):
        raise InvalidError(faults=faults)


def _doubles(steps: Sequence[StepWritten]) -> list[Fault]:
    seen: set[tuple[str, int, str]] = set()
    faults = []
    for place, step in enumerate(steps):
        key = (step.days, step.offset_days, step.audience)
        if key in seen:
            faults.append(Fault(f"/steps/{place}", *_TWICE))
        seen.add(key)
    return faults


def _rows(policy_id: UUID, steps: Sequence[StepWritten]) -> list[ReminderStep]:
    return [ReminderStep(id=uuid4(), policy_id=policy_id, **step.model_dump()) for step in steps]


def _listed(steps: Sequence[Any]) -> list[dict[str, Any]]:
    """Put steps in one order, so that the same ones in another order are no change."""
    listed = [{name: getattr(step, name) for name in _STEP} for step in steps]
    return sorted(listed, key=lambda step: (step["offset_days"], step["days"], step["audience"]))


async def _steps_of(session: AsyncSession, policy_id: UUID) -> list[dict[str, Any]]:
    found = await session.scalars(select(ReminderStep).where(ReminderStep.policy_id == policy_id))
    return _listed(found.all())


async def _replace_steps(
    session: AsyncSession, policy_id: UUID, steps: Sequence[StepWritten]
) -> dict[str, Any]:
    await _check(session, steps)
    before, after = await _steps_of(session, policy_id), _listed(steps)
    if before == after:
        return {}
    await session.execute(delete(ReminderStep).where(ReminderStep.policy_id == policy_id))
    session.add_all(_rows(policy_id, steps))
    return {"steps": [before, after]}
