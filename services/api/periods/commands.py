"""A period is drafted, opened and closed; opening makes its assignments from the responsibilities."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, record
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.periods.queries import (
    PeriodClosedError,
    PeriodNotFoundError,
    PeriodNotOpenError,
)
from services.api.periods.schemas import NewPeriod
from shared import outbox
from shared.errors import ConflictError, InvalidError
from shared.events import PeriodClosed, PeriodOpened
from shared.models import (
    Assignment,
    Framework,
    HandoverMove,
    Node,
    Organisation,
    Period,
    Responsibility,
)


class PeriodCodeTakenError(ConflictError):
    """A period already has this code.

    Đã có kỳ báo cáo mang mã này.
    """


class DeadlineFixedError(ConflictError):
    """The period is open: move the deadline of each assignment instead.

    Kỳ báo cáo đã mở: hãy đổi hạn của từng nhiệm vụ.
    """


class FrameworkNotInForceError(ConflictError):
    """The framework is not published, or is retired: no period can be opened on it.

    Bộ chỉ số chưa công bố hoặc đã ngừng áp dụng nên không mở được kỳ báo cáo.
    """


async def create_period(session: AsyncSession, caller: Caller, *, new: NewPeriod) -> None:
    if await session.scalar(select(Period.id).where(Period.code == new.code)):
        raise PeriodCodeTakenError(pointer="/code")
    framework_id = await session.scalar(select(Framework.id).where(Framework.year == new.framework))
    if framework_id is None:
        raise InvalidError(
            "There is no framework for this year.",
            vi="Không có bộ chỉ số của năm này.",
            pointer="/framework",
        )
    values = new.model_dump(exclude={"framework"})
    session.add(Period(id=uuid4(), framework_id=framework_id, **values))
    record(
        session,
        caller,
        "created",
        ("period", new.code),
        changes={k: [None, v] for k, v in values.items()},
    )


async def locked_period(session: AsyncSession, code: str) -> Period:
    period = await session.scalar(
        select(Period).where(Period.code == code).with_for_update(key_share=True)
    )
    if period is None:
        raise PeriodNotFoundError
    return period


async def change_period(
    session: AsyncSession, caller: Caller, *, code: str, values: dict[str, Any], now: datetime
) -> None:
    period = await locked_period(session, code)
    if period.state == "closed":
        raise PeriodClosedError
    if period.state == "open" and "due_on" in values:
        raise DeadlineFixedError(pointer="/due_on")
    if changes := apply(period, values):
        period.updated_at = now
        record(session, caller, "changed", ("period", code), changes=changes)


async def open_period(session: AsyncSession, caller: Caller, *, code: str, now: datetime) -> int:
    """Make the assignments that are missing; return how many. Repeating it picks up later responsibilities."""
    period = await locked_period(session, code)
    if period.state == "closed":
        raise PeriodClosedError
    if period.state == "draft":
        await _require_published(session, period)
    made = await _make_assignments(session, period, now=now)
    if period.state == "draft":
        period.state, period.opened_at = "open", now
        record(session, caller, "opened", ("period", code), changes={"assignments": [0, made]})
    elif made:
        record(
            session,
            caller,
            "assignments_added",
            ("period", code),
            changes={"assignments": [None, made]},
        )
    if made or period.opened_at == now:
        period.updated_at = now
        outbox.emit(session, PeriodOpened(period_id=period.id))
    return made


async def _require_published(session: AsyncSession, period: Period) -> None:
    # FOR SHARE: nobody retires it while the period is being opened.
    found = select(Framework.state).where(Framework.id == period.framework_id)
    if await session.scalar(found.with_for_update(read=True)) != "published":
        raise FrameworkNotInForceError


async def _make_assignments(session: AsyncSession, period: Period, *, now: datetime) -> int:
    today = today_in_hanoi(now)
    has_one = select(Assignment.responsibility_id).where(Assignment.period_id == period.id)
    missing = await session.execute(
        select(Responsibility, Node, Organisation.code)
        .join(Node, Node.id == Responsibility.node_id)
        .join(Organisation, Organisation.id == Responsibility.organisation_id)
        .where(
            Node.framework_id == period.framework_id,
            Responsibility.valid_from <= today,
            func.coalesce(Responsibility.valid_to, text("'infinity'::date")) >= today,
            Responsibility.id.not_in(has_one),
            # What was done before a hand-over is not owed again by whoever took over.
            Responsibility.id.not_in(_continued(has_one)),
        )
    )
    made = [
        Assignment(
            id=uuid4(),
            period_id=period.id,
            responsibility_id=responsibility.id,
            node_id=node.id,
            organisation_id=responsibility.organisation_id,
            kind=kind_of_duty(role=responsibility.role, supply=node.supply),
            due_on=period.due_on,
            sort_key=f"{node.sort_key} {organisation_code}",
        )
        for responsibility, node, organisation_code in missing
    ]
    session.add_all(made)
    return len(made)


def _continued(responsibilities: Select[UUID]) -> Select[UUID]:
    """Choose the responsibilities that go on with one of these, by any number of hand-overs."""
    move = select(HandoverMove.new_object_id.label("heir"), HandoverMove.object_id.label("first"))
    move = move.where(HandoverMove.kind == "responsibility", HandoverMove.action != "joined")
    line = move.where(HandoverMove.object_id.in_(responsibilities)).cte("line", recursive=True)
    line = line.union(move.where(HandoverMove.object_id == line.c.heir))
    return select(line.c.heir).where(line.c.heir.is_not(None))


def kind_of_duty(*, role: str, supply: str | None) -> str:
    """Say what is owed: leads supply a figure unless central bodies do; all others report on measures."""
    return "figure" if role in {"lead", "joint_lead"} and supply != "central" else "report"


async def close_period(session: AsyncSession, caller: Caller, *, code: str, now: datetime) -> None:
    period = await locked_period(session, code)
    if period.state != "open":
        raise PeriodNotOpenError
    period.state, period.closed_at, period.updated_at = "closed", now, now
    record(session, caller, "closed", ("period", code))
    outbox.emit(session, PeriodClosed(period_id=period.id))
