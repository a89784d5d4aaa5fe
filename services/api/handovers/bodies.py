"""The bodies of an act: what is made, what ends, what comes back, and who followed whom."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import exists, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.handovers.facts import Facts
from services.api.handovers.moves import Move
from services.api.handovers.plans import Act, Plan
from services.api.handovers.receipts import Receipt, taken
from shared.models import (
    Assignment,
    Contact,
    ExplanationRequest,
    Handover,
    Organisation,
    Period,
    Responsibility,
    Succession,
)
from shared.text import fold


async def make_body(
    session: AsyncSession, handover: Handover, plan: Plan, receipt: Receipt
) -> None:
    """Make the body that the act is to make, unless another act has made it meanwhile."""
    act = plan.act
    handover.to_id, handover.to_ids = act.to_id, act.to_ids
    if act.new_body is None or act.to_id is None:
        return
    body = plan.facts.bodies[act.to_id]
    names = {name: act.new_body[name] for name in ("code", "name_vi", "name_en", "kind")}
    session.add(
        Organisation(
            id=body.id,
            part_in_the_plan="",
            plan_section="",
            is_coordinator=False,
            valid_from=body.valid_from,
            search=fold(f"{names['code']} {names['name_vi']} {names['name_en']}"),
            **names,
        )
    )
    await session.flush()
    receipt.add(
        _of_body(plan.facts, "began", act.from_ids[0], body.id, shown=body.id), old={}, new=names
    )


def _of_body(facts: Facts, action: str, from_id: UUID, to_id: UUID, *, shown: UUID) -> Move:
    return Move("organisation", action, facts.bodies[shown]._asdict(), from_id, to_id)


async def end_bodies(
    session: AsyncSession, handover: Handover, plan: Plan, receipt: Receipt
) -> None:
    """End the bodies that gave all; who coordinated hands that over too."""
    act = plan.act
    if not act.ending or act.to_id is None:
        return
    bodies = await taken(session, Organisation, [*act.ending, act.to_id])
    for body in (bodies[one] for one in act.ending):
        old: dict[str, Any] = {"valid_to": body.valid_to}
        _end(body, act.effective_on)
        if body.is_coordinator:
            old["is_coordinator"] = True
            body.is_coordinator, bodies[act.to_id].is_coordinator = False, True
        receipt.add(
            _of_body(plan.facts, "ended", body.id, act.to_id, shown=body.id),
            old=old,
            new={"valid_to": body.valid_to},
            changes={"valid_to": [old["valid_to"], body.valid_to]},
        )
    follow(session, handover, act, [(one, to) for one in act.ending for to in _heirs(act)])


def _heirs(act: Act) -> Iterable[UUID]:
    """List who follows: of a split all who receive, else the one receiver."""
    return act.to_ids if act.kind == "split" else [one for one in [act.to_id] if one]


def _end(body: Organisation, day: date) -> None:
    last = day - timedelta(days=1)
    if body.valid_from is not None:
        last = max(last, body.valid_from)
    body.valid_to = last if body.valid_to is None else min(last, body.valid_to)


def follow(
    session: AsyncSession, handover: Handover, act: Act, pairs: Iterable[tuple[UUID, UUID]]
) -> None:
    for from_id, to_id in dict.fromkeys(pairs):
        if from_id != to_id:
            session.add(
                Succession(
                    id=uuid4(),
                    handover_id=handover.id,
                    from_id=from_id,
                    to_id=to_id,
                    effective_on=act.effective_on,
                    kind=act.kind,
                    basis=act.basis,
                )
            )


async def restore_bodies(
    session: AsyncSession, handover: Handover, plan: Plan, receipt: Receipt
) -> None:
    """Let the bodies stand again that the reversed act ended, and end what it made if nothing is left there."""
    returned = plan.returned
    if returned is None:
        return
    act = plan.act
    bodies = await taken(session, Organisation, {*act.from_ids, *act.to_ids})
    # The first who gives and is not himself given back: the one to whom all had gone.
    holder = next((one for one in act.from_ids if one not in returned.revived), act.from_ids[0])
    for body in (bodies[one] for one in returned.revived if one in bodies):
        before, body.valid_to = body.valid_to, None
        receipt.add(
            _of_body(plan.facts, "began", holder, body.id, shown=body.id),
            old={"valid_to": before},
            new={"valid_to": None},
            changes={"valid_to": [before, None]},
        )
    if returned.coordinator in bodies:
        bodies[holder].is_coordinator = False
        bodies[returned.coordinator].is_coordinator = True
    for made in returned.made:
        if made in bodies and made in act.from_ids and not await _holds(session, made, act):
            _end(bodies[made], act.effective_on)
            receipt.add(
                _of_body(plan.facts, "ended", made, act.to_ids[0], shown=made),
                old={"valid_to": None},
                new={"valid_to": bodies[made].valid_to},
                changes={"valid_to": [None, bodies[made].valid_to]},
            )
    follow(session, handover, act, [(holder, one) for one in returned.revived])


async def _holds(session: AsyncSession, body: UUID, act: Act) -> bool:
    """Tell whether it has anything left: a responsibility, a duty in an open period, a question, a contact."""
    await session.flush()
    forever = text("'infinity'::date")
    duties = (
        select(Assignment.id)
        .join(Period, Period.id == Assignment.period_id)
        .where(Assignment.organisation_id == body, Period.state == "open")
    )
    found = await session.scalar(
        select(
            or_(
                exists().where(
                    Responsibility.organisation_id == body,
                    func.coalesce(Responsibility.valid_to, forever) >= act.effective_on,
                ),
                duties.exists(),
                exists().where(
                    ExplanationRequest.organisation_id == body, ExplanationRequest.state == "asked"
                ),
                exists().where(Contact.organisation_id == body, Contact.active),
            )
        )
    )
    return bool(found)
