"""A period is drafted, opened and closed; opening makes its assignments from the responsibilities."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, record
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.periods.hand import hold_duties
from services.api.periods.opening import missing_duties
from services.api.periods.queries import (
    PeriodClosedError,
    PeriodNotFoundError,
    PeriodNotOpenError,
)
from services.api.periods.schemas import NewPeriod
from shared import outbox
from shared.db import session_reader
from shared.errors import ConflictError, InvalidError
from shared.events import PeriodClosed, PeriodOpened
from shared.models import Assignment, Framework, Period
from shared.public import announce_period

PLANNING = ("kind", "span", "covers_from", "covers_to")


class PeriodCodeTakenError(ConflictError):
    """A period already has this code.

    Đã có kỳ báo cáo mang mã này.
    """


class DeadlineFixedError(ConflictError):
    """The period is open: move the deadline of each assignment instead.

    Kỳ báo cáo đã mở: hãy đổi hạn của từng nhiệm vụ.
    """


class KindFixedError(ConflictError):
    """The period is open: what it asks for is fixed.

    Kỳ báo cáo đã mở: không đổi được loại kỳ.
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
    _check(values)
    session.add(Period(id=uuid4(), framework_id=framework_id, **values))
    record(
        session,
        caller,
        "created",
        ("period", new.code),
        changes={k: [None, v] for k, v in values.items() if v is not None},
    )


def _check(values: Mapping[str, Any]) -> None:
    """Refuse what does not go together; the database has the same checks."""
    if (values["kind"] == "progress") != (values["span"] is not None):
        raise InvalidError(
            "A progress report has a span, and nothing else has one.",
            vi="Báo cáo tiến độ phải có chu kỳ; loại kỳ khác không có chu kỳ.",
            pointer="/span",
        )
    first, last = values["covers_from"], values["covers_to"]
    if (first is None) != (last is None) or (first is not None and first > last):
        raise InvalidError(
            "What it covers has a first and a last day, in this order.",
            vi="Khoảng thời gian báo cáo phải có ngày đầu và ngày cuối, theo thứ tự.",
            pointer="/covers_from",
        )


async def locked_period(session: AsyncSession, code: str, *, ends_writing: bool = False) -> Period:
    """Take it in hand; who ``ends_writing`` waits for all who are writing to its duties."""
    period = await session.scalar(
        select(Period)
        .where(Period.code == code)
        .with_for_update(key_share=not ends_writing)
        .execution_options(populate_existing=True)
    )
    if period is None:
        raise PeriodNotFoundError
    return period


async def unclosed_period(session: AsyncSession, code: str) -> Period:
    period = await locked_period(session, code)
    if period.state == "closed":
        raise PeriodClosedError
    return period


async def change_period(
    session: AsyncSession, caller: Caller, *, code: str, values: dict[str, Any], now: datetime
) -> None:
    ends_writing = values.get("late_allowed") is False
    period = await locked_period(session, code, ends_writing=ends_writing)
    if period.state == "closed" and values.keys() - {"late_allowed"}:
        raise PeriodClosedError
    if period.state == "open" and "due_on" in values:
        raise DeadlineFixedError(pointer="/due_on")
    if period.state == "open" and values.get("kind", period.kind) != period.kind:
        raise KindFixedError(pointer="/kind")
    _check({name: values.get(name, getattr(period, name)) for name in PLANNING})
    if changes := apply(period, values):
        period.updated_at = now
        record(session, caller, "changed", ("period", code), changes=changes)


async def open_period(session: AsyncSession, caller: Caller, *, code: str, now: datetime) -> int:
    """Make the assignments that are missing; return how many. Repeating it picks up later responsibilities."""
    await hold_duties(session)
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
    if period.opened_at == now:
        announce_period(session, period.id, "open")
    return made


async def _require_published(session: AsyncSession, period: Period) -> None:
    # FOR SHARE: nobody retires it while the period is being opened.
    found = select(Framework.state).where(Framework.id == period.framework_id)
    if await session.scalar(found.with_for_update(read=True)) != "published":
        raise FrameworkNotInForceError


async def _make_assignments(session: AsyncSession, period: Period, *, now: datetime) -> int:
    missing = await missing_duties(
        await session_reader(session),
        period.id,
        period.due_on,
        period_kind=period.kind,
        today=today_in_hanoi(now),
    )
    session.add_all(
        Assignment(
            id=uuid4(),
            period_id=period.id,
            responsibility_id=duty.responsibility_id,
            node_id=duty.node_id,
            organisation_id=duty.organisation_id,
            kind=duty.kind,
            due_on=duty.due_on,
            sort_key=duty.sort_key,
        )
        for duty in missing
    )
    return len(missing)


async def close_period(session: AsyncSession, caller: Caller, *, code: str, now: datetime) -> None:
    period = await locked_period(session, code, ends_writing=True)
    if period.state != "open":
        raise PeriodNotOpenError
    period.state, period.closed_at, period.updated_at = "closed", now, now
    record(session, caller, "closed", ("period", code))
    outbox.emit(session, PeriodClosed(period_id=period.id))
