"""A period is drafted, opened and closed; opening makes its assignments from the responsibilities."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, made, record
from services.api.deps.caller import Caller
from services.api.deps.clock import today_in_hanoi
from services.api.deps.duties import hold_duties
from services.api.periods.filling import (
    Filled,
    covers_filled,
    deadline_filled,
    refuse_other_spans,
)
from services.api.periods.opening import missing_duties
from services.api.periods.queries import (
    PeriodClosedError,
    PeriodNotFoundError,
)
from services.api.periods.schemas import NewPeriod, Scope
from services.api.periods.scope import set_scope
from shared import outbox
from shared.db import session_reader
from shared.errors import ConflictError, InvalidError
from shared.events import PeriodOpened
from shared.ids import ordered_uuid
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


class ScopeFixedError(ConflictError):
    """The period is open: whom and what it asks is fixed.

    Kỳ báo cáo đã mở: không đổi được phạm vi.
    """


async def create_period(
    session: AsyncSession, caller: Caller, *, new: NewPeriod
) -> Sequence[Filled]:
    """Draft it; return what was left out and has been filled in."""
    if await session.scalar(select(Period.id).where(Period.code == new.code)):
        raise PeriodCodeTakenError(pointer="/code")
    framework_id = await session.scalar(select(Framework.id).where(Framework.year == new.framework))
    if framework_id is None:
        raise InvalidError(
            "There is no framework for this year.",
            vi="Không có bộ chỉ số của năm này.",
            pointer="/framework",
        )
    values = new.model_dump(exclude={"framework", "scope"})
    filled = await deadline_filled(await session_reader(session), values)
    values |= {one.field: one.value for one in filled}
    filled += covers_filled(values)
    values |= {one.field: one.value for one in filled}
    _check(values)
    period = Period(id=uuid4(), framework_id=framework_id, **values)
    session.add(period)
    changes = made({"framework": new.framework, "state": "draft", **values})
    if scope := await set_scope(session, period, new=new.scope):
        changes["scope"] = [None, scope[1]]
    record(session, caller, "created", ("period", new.code), changes=changes)
    return filled


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
    refuse_other_spans(values)


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
    session: AsyncSession,
    caller: Caller,
    *,
    code: str,
    values: dict[str, Any],
    scope: Scope | None,
    now: datetime,
) -> Sequence[Filled]:
    """Change it; return which days it covers where a new span came without them."""
    ends_writing = values.get("late_allowed") is False
    period = await locked_period(session, code, ends_writing=ends_writing)
    _refuse_fixed(period, values, scope)
    filled = _planned(period, values)
    changes = apply(period, values | {one.field: one.value for one in filled})
    if scope is not None and (limits := await set_scope(session, period, new=scope)):
        changes["scope"] = limits
    if changes:
        period.updated_at = now
        record(session, caller, "changed", ("period", code), changes=changes)
    return filled


def _refuse_fixed(period: Period, values: Mapping[str, Any], scope: Scope | None) -> None:
    if period.state == "closed" and (scope is not None or values.keys() - {"late_allowed"}):
        raise PeriodClosedError
    if period.state == "open" and "due_on" in values:
        raise DeadlineFixedError(pointer="/due_on")
    if period.state == "open" and values.get("kind", period.kind) != period.kind:
        raise KindFixedError(pointer="/kind")
    if period.state == "open" and scope is not None:
        raise ScopeFixedError(pointer="/scope")


def _planned(period: Period, values: Mapping[str, Any]) -> Sequence[Filled]:
    """Check what the period is about, and fill in the days of a span that was changed alone."""
    if values.keys().isdisjoint(PLANNING):
        return []
    planned = {name: values.get(name, getattr(period, name)) for name in (*PLANNING, "due_on")}
    if planned["span"] != period.span and values.keys().isdisjoint({"covers_from", "covers_to"}):
        planned |= {"covers_from": None, "covers_to": None}
    filled = covers_filled(planned)
    _check(planned | {one.field: one.value for one in filled})
    return filled


async def open_period(session: AsyncSession, caller: Caller, *, code: str, now: datetime) -> int:
    """Make the assignments that are missing; return how many. Repeating it picks up later responsibilities."""
    await hold_duties(session)
    period = await locked_period(session, code)
    if period.state == "closed":
        raise PeriodClosedError
    if period.state == "draft":
        await _require_published(session, period)
    number = await _make_assignments(session, period, now=now)
    if period.state == "draft":
        changes = apply(period, {"state": "open", "opened_at": now})
        changes["assignments"] = [0, number]
        record(session, caller, "opened", ("period", code), changes=changes)
    elif number:
        record(
            session,
            caller,
            "assignments_added",
            ("period", code),
            changes={"assignments": [None, number]},
        )
    if number or period.opened_at == now:
        period.updated_at = now
        outbox.emit(session, PeriodOpened(period_id=period.id))
    if period.opened_at == now:
        announce_period(session, period.id, "open")
    return number


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
            id=ordered_uuid(),
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
