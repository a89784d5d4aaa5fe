"""The policies with their steps."""

from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    ColumnElement,
    Executable,
    Text,
    and_,
    bindparam,
    cast,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.api.deps.caller import Caller
from services.api.deps.known import refuse_unknown
from services.api.deps.paging import page, start_of
from services.api.policies.schemas import PolicyQuery
from shared.db import Reader
from shared.errors import NotFoundError
from shared.models import Organisation, Period, ReminderPolicy, ReminderStep
from shared.policies import specificity


class PolicyNotFoundError(NotFoundError):
    """There is no such reminder policy.

    Không có chính sách nhắc việc này.
    """


_STEP = (
    "offset_days",
    "days",
    "repeat_every",
    "repeat_count",
    "audience",
    "channel",
    "template",
    "separate",
)
_steps = (
    select(
        cast(
            func.jsonb_agg(
                aggregate_order_by(
                    func.jsonb_build_object(
                        *(part for name in _STEP for part in (name, getattr(ReminderStep, name)))
                    ),
                    ReminderStep.offset_days,
                    ReminderStep.days,
                    ReminderStep.audience,
                )
            ),
            Text,
        )
    )
    .where(ReminderStep.policy_id == ReminderPolicy.id)
    .correlate(ReminderPolicy)
    .scalar_subquery()
)
_POLICY = (
    select(
        ReminderPolicy.id,
        ReminderPolicy.name,
        ReminderPolicy.kind,
        Organisation.code.label("organisation"),
        ReminderPolicy.indicator,
        Period.code.label("period"),
        ReminderPolicy.active,
        specificity().label("specificity"),
        _steps.label("steps"),
        ReminderPolicy.created_at,
        ReminderPolicy.updated_at,
    )
    .outerjoin(Organisation, Organisation.id == ReminderPolicy.organisation_id)
    .outerjoin(Period, Period.id == ReminderPolicy.period_id)
)
ONE_POLICY = _POLICY.where(ReminderPolicy.id == bindparam("id"))
_FILTERS: dict[str, ColumnElement[bool]] = {
    "kind": ReminderPolicy.kind == bindparam("kind"),
    "organisation": Organisation.code == bindparam("organisation"),
    "indicator": ReminderPolicy.indicator == bindparam("indicator"),
    "period": Period.code == bindparam("period"),
    "active": ReminderPolicy.active == bindparam("active"),
    "after": or_(
        ReminderPolicy.name > bindparam("after_name"),
        and_(
            ReminderPolicy.name == bindparam("after_name"),
            ReminderPolicy.id > bindparam("after_id"),
        ),
    ),
}


@lru_cache
def policies_statement(filters: frozenset[str]) -> Executable:
    chosen = and_(true(), *(_FILTERS[name] for name in sorted(filters)))
    return (
        _POLICY.where(chosen)
        .order_by(ReminderPolicy.name, ReminderPolicy.id)
        .limit(bindparam("limit"))
    )


def _shown(row: Any, caller: Caller) -> dict[str, Any]:
    return {
        **row,
        "steps": orjson.loads(row["steps"] or "[]"),
        "allowed_actions": ["edit", "delete"] if caller.may("reminders:write") else [],
    }


async def policies_page(read: Reader, caller: Caller, query: PolicyQuery) -> dict[str, Any]:
    values: dict[str, Any] = query.filters()
    names = frozenset(values)
    if after := start_of(query, str, UUID):
        values["after_name"], values["after_id"] = after
        names |= {"after"}
    rows = await read.all(policies_statement(names), limit=query.limit + 1, **values)
    if not rows:
        await refuse_unknown(read, query)
    return page(query, rows, lambda row: _shown(row, caller), lambda row: [row["name"], row["id"]])


async def policy_shown(read: Reader, caller: Caller, policy_id: UUID) -> dict[str, Any]:
    row = await read.first(ONE_POLICY, id=policy_id)
    if row is None:
        raise PolicyNotFoundError
    return _shown(row, caller)
