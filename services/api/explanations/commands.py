"""The coordinator or a leader asks, the body answers, whoever may ask closes with a remark."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.explanations.queries import ExplanationNotFoundError
from services.api.explanations.schemas import NewExplanation
from shared import outbox
from shared.errors import ConflictError, InvalidError
from shared.events import Event, ExplanationAnswered, ExplanationAsked, ExplanationClosed
from shared.models import Assignment, ExplanationRequest, Node, Organisation, Period


class ExplanationStateError(ConflictError):
    """It was answered or closed already.

    Yêu cầu đã được trả lời hoặc đã đóng.
    """


class _About(NamedTuple):
    period_id: UUID
    assignment_id: UUID | None
    node_id: UUID
    organisation_id: UUID


async def ask_explanation(
    session: AsyncSession, caller: Caller, *, new: NewExplanation, now: datetime
) -> UUID:
    if new.due_on < today_in_hanoi(now):
        raise InvalidError(
            "The last day for the answer is past.", vi="Hạn trả lời đã qua.", pointer="/due_on"
        )
    about = await (_of_duty(session, new) if new.assignment else _of_indicator(session, new))
    caller.require("explanations:write", about.organisation_id)
    asked = ExplanationRequest(
        id=uuid4(),
        **about._asdict(),
        question=new.question,
        due_on=new.due_on,
        asked_by=caller.id,
        asked_by_name=caller.name,
        asked_at=now,
    )
    session.add(asked)
    await session.flush()  # what is told of it looks it up
    _told(session, caller, asked, "asked", ExplanationAsked, text=new.question)
    return asked.id


async def _of_duty(session: AsyncSession, new: NewExplanation) -> _About:
    duty = await session.get(Assignment, new.assignment)
    if duty is None:
        raise InvalidError(
            "There is no such duty.", vi="Không có nhiệm vụ này.", pointer="/assignment"
        )
    return _About(duty.period_id, duty.id, duty.node_id, duty.organisation_id)


async def _of_indicator(session: AsyncSession, new: NewExplanation) -> _About:
    period = await session.scalar(select(Period).where(Period.code == new.period))
    if period is None:
        raise InvalidError(
            "There is no such period.", vi="Không có kỳ báo cáo này.", pointer="/period"
        )
    node = await session.scalar(
        select(Node.id).where(
            Node.framework_id == period.framework_id,
            Node.code == new.indicator,
            Node.kind.in_(("indicator", "component")),
        )
    )
    if node is None:
        raise InvalidError(
            "There is no such indicator.", vi="Không có chỉ số này.", pointer="/indicator"
        )
    body = await session.scalar(
        select(Organisation.id).where(Organisation.code == new.organisation)
    )
    if body is None:
        raise InvalidError(
            "There is no such organisation.", vi="Không có cơ quan này.", pointer="/organisation"
        )
    return _About(period.id, None, node, body)


async def _held(session: AsyncSession, explanation_id: UUID) -> ExplanationRequest:
    found = await session.get(ExplanationRequest, explanation_id, with_for_update=True)
    if found is None:
        raise ExplanationNotFoundError
    return found


async def answer_explanation(
    session: AsyncSession, caller: Caller, explanation_id: UUID, *, answer: str, now: datetime
) -> None:
    """Answer, late too; an answer stands."""
    asked = await _held(session, explanation_id)
    caller.require("submissions:write", asked.organisation_id)
    if asked.state != "asked":
        raise ExplanationStateError
    asked.state, asked.answer, asked.answered_at = "answered", answer, now
    asked.answered_by, asked.answered_by_name = caller.id, caller.name
    _told(session, caller, asked, "answered", ExplanationAnswered, text=answer)


async def close_explanation(
    session: AsyncSession, caller: Caller, explanation_id: UUID, *, remark: str, now: datetime
) -> None:
    """Close it, answered or not, with a remark."""
    asked = await _held(session, explanation_id)
    caller.require("explanations:write", asked.organisation_id)
    if asked.state == "closed":
        raise ExplanationStateError
    asked.state, asked.remark, asked.closed_at = "closed", remark, now
    asked.closed_by, asked.closed_by_name = caller.id, caller.name
    _told(session, caller, asked, "closed", ExplanationClosed, text=remark)


def _told(
    session: AsyncSession,
    caller: Caller,
    asked: ExplanationRequest,
    action: str,
    event: type[Event],
    *,
    text: str,
) -> None:
    record(session, caller, action, ("explanation", asked.id), reason=text)
    outbox.emit(session, event(period_id=asked.period_id, explanation_id=asked.id))
