"""Plan a hand-over, change it while it is planned, carry it out, take it back."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, made, record
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.handovers.bodies import end_bodies, make_body, restore_bodies
from services.api.handovers.carrying import Carrying
from services.api.handovers.errors import (
    AlreadyReversedError,
    BlockedError,
    NotCarriedOutError,
    NotPlannedError,
    TooEarlyError,
)
from services.api.handovers.holding import hold, hold_periods
from services.api.handovers.plans import Act, Plan, basis_text, earliest_on, plan_of
from services.api.handovers.queries import HandoverNotFoundError
from services.api.handovers.receipts import Receipt, left_behind
from services.api.handovers.schemas import HandoverPatch, NewHandover
from services.api.handovers.wishes import SHAPES, check_choices, receivers, stored, wished
from shared import outbox
from shared.db import session_reader
from shared.errors import Fault, InvalidError
from shared.events import HandedOver
from shared.log import trace_id
from shared.models import Handover, Period
from shared.public import announce_handover

# What is planned, column by column; the bodies and the act that is taken back go by their ids.
_PLANNED = (
    "kind",
    "from_ids",
    "to_ids",
    "new_body",
    "chosen",
    "exceptions",
    "effective_on",
    "basis_title",
    "basis_number",
    "basis_date",
    "note",
)


def require_coordinator(caller: Caller) -> None:
    """Ask for both rights, and for every body: a hand-over changes who answers and who may write."""
    for permission in ("plan:write", "periods:write"):
        caller.require(permission)


async def plan_handover(
    session: AsyncSession, caller: Caller, *, new: NewHandover, now: datetime
) -> UUID:
    """Store it as planned; what is asked for must be there."""
    handover = await wished(session, caller, new=new, now=now)
    read = await session_reader(session)
    await check_choices(read, Act.of(handover), today=today_in_hanoi(now))
    session.add(handover)
    record_planned(session, caller, handover)
    return handover.id


def record_planned(session: AsyncSession, caller: Caller, handover: Handover) -> None:
    record(
        session,
        caller,
        "planned",
        ("handover", handover.id),
        changes=made(
            {name: getattr(handover, name) for name in _PLANNED}
            | {"state": "planned", "to": handover.to_id, "reverses": handover.reverses_id}
        ),
        reason=basis_text(handover.basis_title, handover.basis_number, handover.basis_date),
    )


async def change_handover(
    session: AsyncSession, caller: Caller, handover_id: UUID, *, patch: HandoverPatch, now: datetime
) -> None:
    handover = await _planned(session, handover_id)
    values: dict[str, Any] = patch.model_dump(include={"effective_on", "note"}, exclude_none=True)
    if patch.basis is not None:
        values |= {f"basis_{name}": value for name, value in patch.basis.model_dump().items()}
    if patch.exceptions is not None:
        values["exceptions"] = stored(patch.exceptions)
        made = handover.new_body["code"] if handover.new_body else None
        assert handover.to_id is not None
        values["to_ids"] = await receivers(session, handover.to_id, patch.exceptions, made=made)
    if patch.responsibilities is not None:
        values["chosen"] = stored(patch.responsibilities)
        if (handover.kind == "transfer") != bool(values["chosen"]):
            english, vietnamese = SHAPES["/responsibilities"]
            raise InvalidError(english, vi=vietnamese, pointer="/responsibilities")
    if changes := apply(handover, values):
        handover.updated_at = now
        await session.flush()
        read = await session_reader(session)
        await check_choices(read, Act.of(handover), today=today_in_hanoi(now))
        record(session, caller, "changed", ("handover", handover.id), changes=changes)


async def cancel_handover(
    session: AsyncSession, caller: Caller, handover_id: UUID, *, reason: str, now: datetime
) -> None:
    handover = await _planned(session, handover_id)
    changes = apply(handover, {"state": "cancelled"})
    handover.updated_at = now
    record(session, caller, "cancelled", ("handover", handover.id), changes=changes, reason=reason)


async def locked_handover(session: AsyncSession, handover_id: UUID) -> Handover:
    handover = await session.get(Handover, handover_id, with_for_update={"key_share": True})
    if handover is None:
        raise HandoverNotFoundError
    return handover


async def _planned(session: AsyncSession, handover_id: UUID) -> Handover:
    handover = await locked_handover(session, handover_id)
    if handover.state != "planned":
        raise NotPlannedError
    return handover


async def carry_out(
    session: AsyncSession, caller: Caller, handover_id: UUID, *, now: datetime
) -> None:
    """Move all of it in this one transaction, or nothing.

    Whoever submits or accepts at the same moment has the duty before or after, never in between: both take
    the duty's row first.
    """
    await hold_periods(session)
    handover = await _planned(session, handover_id)
    await _carry(session, caller, handover, now=now)


async def reverse_handover(
    session: AsyncSession,
    caller: Caller,
    handover_id: UUID,
    *,
    reason: str,
    effective_on: date,
    now: datetime,
) -> UUID:
    """Hand back, as an act of its own, what is still where it was put; what was, stays written."""
    await hold_periods(session)
    first = await session.get(Handover, handover_id, with_for_update={"key_share": True})
    if first is None:
        raise HandoverNotFoundError
    if first.state != "carried_out":
        raise NotCarriedOutError
    if await session.scalar(select(Handover.id).where(Handover.reverses_id == first.id)):
        raise AlreadyReversedError
    if effective_on < first.effective_on:
        raise InvalidError(
            f"It took effect on {first.effective_on.isoformat()}; it cannot be taken back before.",
            vi=f"Việc bàn giao có hiệu lực từ {first.effective_on:%d/%m/%Y}; không thể đảo lại trước ngày đó.",
            pointer="/effective_on",
        )
    back = _counter_act(caller, first, reason=reason, effective_on=effective_on, now=now)
    session.add(back)
    record_planned(session, caller, back)
    await session.flush()
    await _carry(session, caller, back, now=now)
    return back.id


def _counter_act(
    caller: Caller, first: Handover, *, reason: str, effective_on: date, now: datetime
) -> Handover:
    givers = list(dict.fromkeys(first.to_ids))
    return Handover(
        id=uuid4(),
        kind="reversal",
        state="planned",
        from_ids=givers,
        to_id=first.from_ids[0] if len(first.from_ids) == 1 else None,
        to_ids=first.from_ids,
        chosen=[],
        exceptions=[],
        effective_on=effective_on,
        basis_title=reason,
        basis_number="",
        basis_date=None,
        note="",
        reverses_id=first.id,
        left_behind=[],
        created_by=caller.id,
        created_by_name=caller.name,
        created_at=now,
        updated_at=now,
        trace_id=trace_id.get(),
    )


async def _carry(
    session: AsyncSession, caller: Caller, handover: Handover, *, now: datetime
) -> None:
    today = today_in_hanoi(now)
    await hold(session, sorted({*handover.from_ids, *handover.to_ids}))
    plan = await plan_of(await session_reader(session), Act.of(handover), today=today)
    refuse_early(plan, today)
    _refuse_blocked(plan)
    receipt = Receipt(session, caller, handover, plan)
    await make_body(session, handover, plan, receipt)
    await Carrying(session, plan, receipt, now=now).run()
    await end_bodies(session, handover, plan, receipt)
    await restore_bodies(session, handover, plan, receipt)
    if not receipt.number:
        raise BlockedError("Nothing of it can be moved.", vi="Không có gì chuyển được.")
    handover.state, handover.updated_at, handover.trace_id = "carried_out", now, trace_id.get()
    handover.carried_out_by, handover.carried_out_by_name = caller.id, caller.name
    handover.carried_out_at = now
    handover.left_behind = left_behind(plan)
    record(
        session,
        caller,
        "carried_out",
        ("handover", handover.id),
        changes={
            "moved": [0, receipt.number],
            "state": ["planned", handover.state],
            "carried_out_at": [None, now],
            "left_behind": [[], handover.left_behind],
        },
        reason=plan.act.basis,
    )
    await _announce(session, handover, plan)


def refuse_early(plan: Plan, today: date) -> None:
    """Responsibilities may be dated ahead; duties, contacts and accounts change hands at once."""
    day = earliest_on(plan)
    if today < day:
        raise TooEarlyError(
            f"It takes effect on {plan.act.effective_on.isoformat()} and may be carried out from "
            f"{day.isoformat()} on.",
            vi=f"Việc bàn giao có hiệu lực từ {plan.act.effective_on:%d/%m/%Y} và được thực hiện từ "
            f"{day:%d/%m/%Y}.",
        )


def _refuse_blocked(plan: Plan) -> None:
    against = [conflict for conflict in plan.conflicts if conflict.blocks]
    if against:
        raise BlockedError(
            against[0].english,
            vi=against[0].vietnamese,
            faults=[Fault("", one.english, one.vietnamese) for one in against],
        )


async def _announce(session: AsyncSession, handover: Handover, plan: Plan) -> None:
    """Tell of it, and have the reminders of every open period planned anew: other people are to be told."""
    await session.flush()  # a body that it founded is looked up
    announce_handover(session, handover, handover.to_ids)
    if plan.moves.at_once:
        # A question may wait for its answer when its period is closed already.
        periods = {move.row["period_id"] for move in plan.moves.explanations}
        periods |= set(await session.scalars(select(Period.id).where(Period.state == "open")))
        for period_id in sorted(periods):
            outbox.emit(session, HandedOver(period_id=period_id, handover_id=handover.id))
