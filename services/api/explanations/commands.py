"""The coordinator or a leader asks, the body answers, whoever may ask closes with a remark."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, made, record
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.explanations.queries import ExplanationNotFoundError
from services.api.explanations.schemas import NewExplanation
from shared import outbox
from shared.errors import ConflictError, InvalidError
from shared.events import Event, ExplanationAnswered, ExplanationAsked, ExplanationClosed
from shared.models import (
    Assignment,
    ExplanationRequest,
    Node,
    Organisation,
    Period,
    Responsibility,
)


class ExplanationStateError(ConflictError):
    """It was answered or closed already.

    Yêu cầu đã được trả lời hoặc đã đóng.
    """

    of_state = True


class _About(NamedTuple):
    period_id: UUID
    assignment_id: UUID | None
    node_id: UUID
    organisation_id: UUID

    async def named(self, session: AsyncSession) -> dict[str, str]:
        """Name what it is about, as the log does."""
        things = (
            (Period, self.period_id),
            (Node, self.node_id),
            (Organisation, self.organisation_id),
        )
        codes = (select(thing.code).where(thing.id == key) for thing, key in things)
        found = await session.execute(select(*(code.scalar_subquery() for code in codes)))
        return dict(zip(("period", "node", "organisation"), found.one(), strict=True))


async def ask_explanation(
    session: AsyncSession, caller: Caller, *, new: NewExplanation, now: datetime
) -> UUID:
    if new.due_on < today_in_hanoi(now):
        raise InvalidError(
            "The last day for the answer is past.", vi="Hạn trả lời đã qua.", pointer="/due_on"
        )
    about = await (
        _of_duty(session, new, now) if new.assignment else _of_indicator(session, new, now)
    )
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
    changes = {"state": "asked", "question": new.question, "due_on": new.due_on, "asked_at": now}
    changes |= {"assignment": about.assignment_id, **await about.named(session)}
    _told(session, caller, asked, "asked", ExplanationAsked, made(changes), text=new.question)
    return asked.id


async def _of_duty(session: AsyncSession, new: NewExplanation, now: datetime) -> _About:
    duty = await session.get(Assignment, new.assignment)
    if duty is None:
        raise InvalidError(
            "There is no such duty.", vi="Không có nhiệm vụ này.", pointer="/assignment"
        )
    body = await _held_body(session, Organisation.id == duty.organisation_id, "/assignment")
    await session.refresh(duty)  # a hand-over that was waited for gave it to another body
    if duty.organisation_id != body.id:
        body = await _held_body(session, Organisation.id == duty.organisation_id, "/assignment")
    _refuse_ended(body, now, "/assignment")
    return _About(duty.period_id, duty.id, duty.node_id, duty.organisation_id)


async def _of_indicator(session: AsyncSession, new: NewExplanation, now: datetime) -> _About:
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
    body = await _held_body(session, Organisation.code == new.organisation, "/organisation")
    _refuse_ended(body, now, "/organisation")
    about = _About(period.id, None, node, body.id)
    if not await _has_part(session, about):
        raise InvalidError(
            "This body has no part in the indicator: neither a responsibility nor a duty in the period.",
            vi="Cơ quan này không có phần trong chỉ số: không có phân công, cũng không có nhiệm vụ trong kỳ.",
            pointer="/organisation",
        )
    return about


async def _held_body(
    session: AsyncSession, which: ColumnElement[bool], pointer: str
) -> Organisation:
    """Take the body, as a hand-over does first: it takes the question along, or this comes after it."""
    body = await session.scalar(select(Organisation).where(which).with_for_update(read=True))
    if body is None:
        raise InvalidError(
            "There is no such organisation.", vi="Không có cơ quan này.", pointer=pointer
        )
    return body


def _refuse_ended(body: Organisation, now: datetime, pointer: str) -> None:
    if body.valid_to is not None and body.valid_to < today_in_hanoi(now):
        raise InvalidError(
            "This body has ended and nobody answers for it: name period, indicator and a body that followed it.",
            vi="Cơ quan này đã kết thúc, không còn ai trả lời: hãy nêu kỳ, chỉ số và cơ quan kế tục.",
            pointer=pointer,
        )


async def _has_part(session: AsyncSession, about: _About) -> bool:
    """Tell whether the body has, or had, anything to do with the node, what lies under it or what it lies under."""
    this = select(Node.parent_id).where(Node.id == about.node_id).scalar_subquery()
    near = select(Node.id).where(
        or_(Node.id == about.node_id, Node.parent_id == about.node_id, Node.id == this),
        Node.kind.in_(("indicator", "component")),
    )
    held = select(Responsibility.id).where(
        Responsibility.organisation_id == about.organisation_id, Responsibility.node_id.in_(near)
    )
    owed = select(Assignment.id).where(
        Assignment.organisation_id == about.organisation_id,
        Assignment.period_id == about.period_id,
        Assignment.node_id.in_(near),
    )
    return bool(await session.scalar(select(or_(held.exists(), owed.exists()))))


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
    changes = apply(asked, {"state": "answered", "answer": answer, "answered_at": now})
    asked.answered_by, asked.answered_by_name = caller.id, caller.name
    _told(session, caller, asked, "answered", ExplanationAnswered, changes, text=answer)


async def close_explanation(
    session: AsyncSession, caller: Caller, explanation_id: UUID, *, remark: str, now: datetime
) -> None:
    """Close it, answered or not, with a remark."""
    asked = await _held(session, explanation_id)
    caller.require("explanations:write", asked.organisation_id)
    if asked.state == "closed":
        raise ExplanationStateError
    changes = apply(asked, {"state": "closed", "remark": remark, "closed_at": now})
    asked.closed_by, asked.closed_by_name = caller.id, caller.name
    _told(session, caller, asked, "closed", ExplanationClosed, changes, text=remark)


def _told(
    session: AsyncSession,
    caller: Caller,
    asked: ExplanationRequest,
    action: str,
    event: type[Event],
    changes: dict[str, Any],
    *,
    text: str,
) -> None:
    record(session, caller, action, ("explanation", asked.id), changes=changes, reason=text)
    outbox.emit(session, event(period_id=asked.period_id, explanation_id=asked.id))
