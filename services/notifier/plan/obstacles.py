"""What stands against a line of the ledger that was planned or claimed: the facts, read again."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    DateTime,
    Select,
    Subquery,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.notifier.plan import reasons
from services.notifier.plan.differences import UNSENT
from services.notifier.plan.notices import is_told, noticed
from services.notifier.plan.schedule import Step
from services.notifier.plan.wanted import Asked, is_watched, of_subjects, wanted
from shared.db import among_given
from shared.duty import HANOI, effective_due_on, is_done
from shared.models import Assignment, AuditEntry, Contact, Extension, Period, Reminder
from shared.reach import in_force
from shared.suppression import is_suppressed


class Obstacle(NamedTuple):
    """A line that must not go out, and why."""

    reminder_id: UUID
    reason: str


_is_duty = Reminder.explanation_id.is_(None)
_why = case(
    (is_suppressed(Reminder.recipient), reasons.ADDRESS_DEAD),
    (and_(_is_duty, ~func.coalesce(is_watched, False)), reasons.PERIOD_CLOSED),
    (and_(_is_duty, effective_due_on != Reminder.due_on), reasons.DEADLINE_MOVED),
    (and_(~_is_duty, Asked.due_on != Reminder.due_on), reasons.DEADLINE_MOVED),
    (and_(_is_duty, is_done), reasons.DUTY_DONE),
    (and_(~_is_duty, Asked.state != "asked"), reasons.DUTY_DONE),
    (
        and_(
            Reminder.audience.in_(("officer", "deputy", "head")),
            func.coalesce(Contact.organisation_id, Reminder.organisation_id)
            != func.coalesce(Asked.organisation_id, Assignment.organisation_id),
        ),
        reasons.PASSED_ON,
    ),
    (
        and_(
            Reminder.contact_id.is_not(None),
            or_(
                ~in_force(on=func.date(func.timezone(HANOI.key, Reminder.planned_at))),
                Contact.email != Reminder.recipient,
            ),
        ),
        reasons.CONTACT_CHANGED,
    ),
    else_=reasons.STEP_OFF,
)


def _once(found: Any) -> dict[UUID, str]:
    """Name each line once, though it may be wanted by several audiences."""
    return dict(found.all())


async def obstacles(
    session: AsyncSession,
    steps: Sequence[Step],
    *,
    today: date,
    subjects: Sequence[UUID],
    ids: Sequence[UUID] | None = None,
) -> list[Obstacle]:
    """Find what is no longer wanted, and lock it; what is locked is another's.

    It is looked for among all unsent steps of these subjects, or among those with these ids.
    """
    want, values = wanted(steps, scope=of_subjects(subjects), today=today)
    if ids is None:
        found = await session.execute(_unwanted(want, chosen=False), values)
    else:
        found = await session.execute(_unwanted(want, chosen=True), {**values, "ids": list(ids)})
    return [Obstacle(*pair) for pair in found]


@cache
def _unwanted(want: Subquery, *, chosen: bool) -> Select[Any]:
    key = ("subject_id", "due_on", "step", "recipient")
    # NOT IN, which Postgres always answers by hashing: of a join it expects one row, and would compare each
    # of some hundred lines with each.
    is_unwanted = tuple_(*(getattr(Reminder, name) for name in key)).not_in(
        select(*(want.c[name] for name in key))
    )
    unsent = and_(among_given(Reminder.subject_id, "scope_subjects"), Reminder.state.in_(UNSENT))
    return (
        select(Reminder.id, _why)
        .outerjoin(Assignment, Assignment.id == Reminder.assignment_id)
        .outerjoin(Period, Period.id == Assignment.period_id)
        .outerjoin(Asked, Asked.id == Reminder.explanation_id)
        .outerjoin(Contact, Contact.id == Reminder.contact_id)
        .where(
            Reminder.kind == "step",
            among_given(Reminder.id, "ids") if chosen else unsent,
            or_(is_unwanted, is_suppressed(Reminder.recipient)),
        )
        .order_by(Reminder.id)
        .with_for_update(of=Reminder, skip_locked=True)
    )


async def untrue(
    session: AsyncSession,
    ids: Sequence[UUID],
    *,
    today: date,
    subjects: Sequence[UUID],
    since: datetime,
) -> list[Obstacle]:
    """Find among these notices what is no longer so."""
    facts, values = noticed(since, subjects, today=today)
    found = await session.execute(_untrue(facts), {**values, "ids": list(ids)})
    return [Obstacle(*pair) for pair in _once(found).items()]


@cache
def _untrue(facts: Subquery) -> Select[Any]:
    return (
        select(
            Reminder.id,
            case(
                (is_suppressed(Reminder.recipient), reasons.ADDRESS_DEAD),
                else_=reasons.NO_LONGER_SO,
            ),
        )
        .outerjoin(facts, is_told(facts))
        .where(
            Reminder.kind == "notice",
            among_given(Reminder.id, "ids"),
            or_(facts.c.subject_id.is_(None), is_suppressed(Reminder.recipient)),
        )
        .order_by(Reminder.id)
        .with_for_update(of=Reminder, skip_locked=True)
    )


_extended_at = (
    select(func.max(Extension.decided_at))
    .where(
        Extension.assignment_id == Reminder.assignment_id,
        Extension.state == "granted",
        Extension.granted_until == Reminder.due_on,
    )
    .correlate(Reminder)
    .scalar_subquery()
)
_moved_at = (
    select(func.max(AuditEntry.at))
    .where(
        AuditEntry.object_type == "assignment",
        AuditEntry.object_id == cast(Reminder.assignment_id, Text),
        AuditEntry.action == "deadline_moved",
        AuditEntry.changes["due_on"][1].astext == cast(Reminder.due_on, Text),
    )
    .correlate(Reminder)
    .scalar_subquery()
)
# A step may lie before all this, as its day is counted from the deadline; the newest of these is sent at once.
_why_overtaken = case(
    (
        Reminder.planned_at < func.coalesce(Asked.asked_at, Assignment.created_at),
        reasons.BEFORE_DUTY,
    ),
    (
        and_(_is_duty, Reminder.planned_at < func.greatest(_extended_at, _moved_at)),
        reasons.BEFORE_DEADLINE,
    ),
    else_=reasons.NEWER_STEP,
)


_Newer = aliased(Reminder)
_SUPERSEDED = (
    select(Reminder.id, _why_overtaken)
    .outerjoin(Assignment, Assignment.id == Reminder.assignment_id)
    .outerjoin(Asked, Asked.id == Reminder.explanation_id)
    .where(
        among_given(Reminder.id, "ids"),
        Reminder.kind == "step",
        exists().where(
            _Newer.subject_id == Reminder.subject_id,
            _Newer.kind == "step",
            _Newer.due_on == Reminder.due_on,
            _Newer.recipient == Reminder.recipient,
            _Newer.planned_at > Reminder.planned_at,
            _Newer.state != "skipped",
            _Newer.planned_at <= bindparam("now", type_=DateTime(timezone=True)),
        ),
    )
)


async def superseded(
    session: AsyncSession, ids: Sequence[UUID], *, now: datetime
) -> list[Obstacle]:
    """Find among ``ids`` the steps that a newer one to the same recipient has overtaken, and say which never had their time."""
    found = await session.execute(_SUPERSEDED, {"ids": list(ids), "now": now})
    return [Obstacle(*pair) for pair in found]
