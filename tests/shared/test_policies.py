"""Of the policies that fit a duty the most specific one is its whole plan."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import delete, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.models import (
    Assignment,
    ExplanationRequest,
    Organisation,
    Period,
    ReminderPolicy,
)
from shared.policies import WEIGHTS, governing, of_duty, of_explanation, specificity
from tests.cast import Cast
from tests.factories import duty_id, opened_period

ALL_SCOPES = range(16)  # bits: which parts of the scope are named


@pytest.fixture
async def duty(client: AsyncClient, cast: Cast, session: AsyncSession) -> Assignment:
    """Take a duty on a component, 3.2.1.dien-nang, where nobody has a policy yet."""
    await opened_period(client, cast)
    await session.execute(delete(ReminderPolicy))
    found = await duty_id(session, "3.2.1.dien-nang", "so-ct")
    return await session.get_one(Assignment, found)


async def policy(session: AsyncSession, **scope: Any) -> UUID:
    made = uuid4()
    await session.execute(insert(ReminderPolicy).values(id=made, name="thử", **scope))
    return made


def scope_of(duty: Assignment, bits: int, *, indicator: str = "3.2.1.dien-nang") -> dict[str, Any]:
    """Name the parts of the duty's scope whose weights add up to ``bits``."""
    whole = {
        "indicator": indicator,
        "organisation_id": duty.organisation_id,
        "period_id": duty.period_id,
        "kind": duty.kind,
    }
    return {name: value for name, value in whole.items() if WEIGHTS[name] & bits}


async def governs(session: AsyncSession, duty: Assignment) -> UUID | None:
    return await session.scalar(select(of_duty()).where(Assignment.id == duty.id))


async def test_each_scope_goes_before_all_that_are_less_specific(
    session: AsyncSession, duty: Assignment
) -> None:
    made = {bits: await policy(session, **scope_of(duty, bits)) for bits in ALL_SCOPES}
    weighed = dict(
        (await session.execute(select(ReminderPolicy.id, specificity(ReminderPolicy)))).all()
    )
    assert weighed == {key: bits for bits, key in made.items()}
    for bits in reversed(ALL_SCOPES):
        assert await governs(session, duty) == made[bits]
        await session.execute(
            update(ReminderPolicy).where(ReminderPolicy.id == made[bits]).values(active=False)
        )
    assert await governs(session, duty) is None


async def test_a_policy_that_is_of_something_else_in_one_part_does_not_fit(
    session: AsyncSession, duty: Assignment
) -> None:
    default = await policy(session)
    other_body = await session.scalar(
        select(Organisation.id).where(Organisation.code == "so-gddt").limit(1)
    )
    this = await session.get_one(Period, duty.period_id)
    other_period = Period(
        code="ky-khac",
        name="Kỳ khác",
        framework_id=this.framework_id,
        reference_year=2024,
        due_on=date(2030, 6, 30),
        made_up=True,
    )
    session.add(other_period)
    await session.flush()
    foreign = {
        "indicator": "2.1.1",
        "organisation_id": other_body,
        "period_id": other_period.id,
        "kind": "explanation",
    }
    for name, value in foreign.items():
        await policy(session, **scope_of(duty, 15 & ~WEIGHTS[name]), **{name: value})
    assert await governs(session, duty) == default


async def test_what_names_the_component_goes_before_what_names_its_indicator(
    session: AsyncSession, duty: Assignment
) -> None:
    of_body = await policy(session, organisation_id=duty.organisation_id)
    assert await governs(session, duty) == of_body
    above = await policy(session, **scope_of(duty, 15, indicator="3.2.1"))
    assert await governs(session, duty) == above
    own = await policy(session, indicator="3.2.1.dien-nang")
    assert await governs(session, duty) == own


async def test_a_policy_of_one_component_says_nothing_of_its_sisters(
    session: AsyncSession, duty: Assignment
) -> None:
    await policy(session, indicator="3.2.1.duong-bo")
    assert await governs(session, duty) is None
    await policy(session, indicator="3.2")  # two levels up is no indicator
    assert await governs(session, duty) is None


async def test_a_request_for_an_explanation_has_the_policy_of_its_kind(
    session: AsyncSession, duty: Assignment
) -> None:
    asked = ExplanationRequest(
        id=uuid4(),
        period_id=duty.period_id,
        assignment_id=duty.id,
        node_id=duty.node_id,
        organisation_id=duty.organisation_id,
        question="Vì sao?",
        due_on=date(2030, 7, 1),
        asked_by=uuid4(),
        asked_by_name="ai đó",
    )
    session.add(asked)
    await policy(session, kind="figure")
    wanted = select(of_explanation()).where(ExplanationRequest.id == asked.id)
    assert await session.scalar(wanted) is None
    default = await policy(session)
    assert await session.scalar(wanted) == default
    of_kind = await policy(session, kind="explanation")
    assert await session.scalar(wanted) == of_kind


async def test_the_rule_is_asked_of_any_columns(session: AsyncSession, duty: Assignment) -> None:
    """Planning asks it of a common table expression, and of plain values."""
    found = await policy(session, indicator="3.2.1", kind="report")
    rows = select(
        literal("report").label("kind"),
        Assignment.organisation_id,
        literal("3.2.1.dien-nang").label("code"),
        literal("3.2.1").label("above"),
        Assignment.period_id,
    ).where(Assignment.id == duty.id)
    duties = rows.cte("duties")
    rule = governing(
        kind=duties.c.kind,
        organisation_id=duties.c.organisation_id,
        indicator=duties.c.code,
        parent=duties.c.above,
        period_id=duties.c.period_id,
    )
    assert await session.scalar(select(rule).select_from(duties)) == found
    without_parent = governing(
        kind="report",
        organisation_id=duty.organisation_id,
        indicator="3.2.1.dien-nang",
        period_id=duty.period_id,
    )
    assert await session.scalar(select(without_parent)) is None


async def test_every_duty_of_the_plan_has_the_default_policy(
    client: AsyncClient, cast: Cast, session: AsyncSession
) -> None:
    await opened_period(client, cast)
    default = await session.scalar(
        select(ReminderPolicy.id).where(specificity(ReminderPolicy) == 0)
    )
    found = await session.scalars(select(of_duty()).select_from(Assignment))
    policies = list(found)
    assert len(policies) > 50
    assert set(policies) == {default}
