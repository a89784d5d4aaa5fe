"""From when to when a body stands: it neither ends nor begins in the midst of what it answers for."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.duties import hold_duties
from shared.duty import is_done
from shared.errors import ConflictError, Fault, InvalidError
from shared.models import (
    Assignment,
    Framework,
    Node,
    Organisation,
    Period,
    Responsibility,
    Succession,
)

NAMED = 20  # of what stands against it


class EndedByHandoverError(ConflictError):
    """A hand-over ended this body: take the hand-over back instead.

    Cơ quan đã kết thúc theo một đợt bàn giao: hãy hủy kết quả bàn giao đó.
    """


async def refuse_in_the_midst(
    session: AsyncSession, body: Organisation, *, first: date | None, last: date | None
) -> None:
    """Refuse days of standing that leave out a duty of the body; the refusal names what stands against it."""
    if first is not None and last is not None and first > last:
        raise InvalidError(
            "It would end before it began.",
            vi="Ngày kết thúc trước ngày bắt đầu.",
            pointer="/valid_to",
        )
    if last != body.valid_to:
        await _refuse_end(session, body, last)
    if first is not None and first != body.valid_from:
        earlier = await _held(session, body, Responsibility.valid_from < first)
        _refuse(earlier, "/valid_from")


async def _refuse_end(session: AsyncSession, body: Organisation, last: date | None) -> None:
    handed = select(Succession.id).where(Succession.from_id == body.id).limit(1)
    if body.valid_to is not None and await session.scalar(handed):
        raise EndedByHandoverError(pointer="/valid_to")
    if last is None:
        return
    await hold_duties(session)
    goes_on = or_(Responsibility.valid_to.is_(None), Responsibility.valid_to > last)
    faults = await _held(session, body, goes_on)
    _refuse(faults or await _owed(session, body), "/valid_to")


async def _held(session: AsyncSession, body: Organisation, *conditions: Any) -> Sequence[Any]:
    rows = await session.execute(
        select(Framework.year, Node.code, Responsibility.role, literal(""))
        .select_from(Responsibility)
        .join(Node, Node.id == Responsibility.node_id)
        .join(Framework, Framework.id == Node.framework_id)
        .where(Responsibility.organisation_id == body.id, *conditions)
        .order_by(Framework.year, Node.sort_key, Responsibility.id)
        .limit(NAMED)
    )
    return rows.all()


async def _owed(session: AsyncSession, body: Organisation) -> Sequence[Any]:
    rows = await session.execute(
        select(Framework.year, Node.code, literal(""), Period.code)
        .select_from(Assignment)
        .join(Period, Period.id == Assignment.period_id)
        .join(Node, Node.id == Assignment.node_id)
        .join(Framework, Framework.id == Node.framework_id)
        .where(Assignment.organisation_id == body.id, Period.state == "open", ~is_done)
        .order_by(Assignment.sort_key, Assignment.id)
        .limit(NAMED)
    )
    return rows.all()


def _refuse(found: Sequence[Any], pointer: str) -> None:
    if found:
        raise ConflictError(faults=[_fault(pointer, *row) for row in found])


def _fault(pointer: str, year: int, node: str, role: str, period: str) -> Fault:
    if period:
        return Fault(
            pointer,
            f"It still owes {node} in the period {period}.",
            f"Còn nhiệm vụ {node} chưa xong trong kỳ {period}.",
        )
    return Fault(
        pointer,
        f"It answers for {node} of {year} ({role}) outside these days.",
        f"Còn phân công {node} năm {year} ({role}) ngoài khoảng thời gian này.",
    )
