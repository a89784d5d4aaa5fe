"""Take what a hand-over may change, in one order: two acts wait for each other and never lock up."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.duties import hold_duties
from services.api.handovers.held import BOUND
from services.api.handovers.receipts import taken
from shared.models import (
    Assignment,
    Contact,
    Deputy,
    Membership,
    Organisation,
    Period,
    Responsibility,
    ReviewRule,
)

_OF_BODIES = (Responsibility, Assignment, Contact, Membership, *BOUND.values())


async def hold_periods(session: AsyncSession) -> None:
    """Let no period be opened, closed or scored meanwhile: opening makes duties of the responsibilities."""
    await hold_duties(session)
    await session.scalars(
        select(Period.id)
        .where(Period.state != "closed")
        .order_by(Period.id)
        .with_for_update(key_share=True)
    )


async def hold(session: AsyncSession, bodies: Sequence[UUID]) -> None:
    """Take everything of these bodies, and the rules by which one of them reviews another's figures."""
    await taken(session, Organisation, bodies)
    for model in _OF_BODIES:
        key, body = model.__table__.c.id, model.__table__.c.organisation_id
        held = select(key).where(body.in_(bodies)).order_by(key)
        await session.scalars(held.with_for_update(key_share=True))
    deputies = (
        select(Deputy.id)
        .join(Membership, Membership.id == Deputy.membership_id)
        .where(Membership.organisation_id.in_(bodies))
        .order_by(Deputy.id)
    )
    await session.scalars(deputies.with_for_update(of=Deputy, key_share=True))
    rules = (
        select(ReviewRule.organisation_id)
        .where(or_(ReviewRule.organisation_id.in_(bodies), ReviewRule.reviewer_id.in_(bodies)))
        .order_by(ReviewRule.organisation_id)
    )
    await session.scalars(rules.with_for_update(key_share=True))
