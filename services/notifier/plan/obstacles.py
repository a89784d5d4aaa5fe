"""What stands against a line of the ledger that was planned or claimed: the facts, read again."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, case, cast, exists, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.notifier.plan import reasons
from services.notifier.plan.notices import is_told, noticed
from services.notifier.plan.schedule import Step
from services.notifier.plan.wanted import Asked, Scope, everything, is_watched, wanted
from shared.db import among
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
    rows: ColumnElement[bool],
    scope: Scope | None = None,
) -> list[Obstacle]:
    """Find among the steps in ``rows`` what is no longer wanted, and lock it; what is locked is another's."""
    want = wanted(steps, scope=scope or everything(), today=today)
    key = ("subject_id", "due_on", "step", "recipient")
    # NOT IN, which Postgres always answers by hashing: of a join it expects one row, and would compare each
    # of some hundred lines with each.
    is_unwanted = tuple_(*(getattr(Reminder, name) for name in key)).not_in(
        select(*(want.c[name] for name in key))
    )
    found = await session.execute(
        select(Reminder.id, _why)
        .outerjoin(Assignment, Assignment.id == Reminder.assignment_id)
        .outerjoin(Period, Period.id == Assignment.period_id)
        .outerjoin(Asked, Asked.id == Reminder.explanation_id)
        .outerjoin(Contact, Contact.id == Reminder.contact_id)
        .where(
            Reminder.kind == "step",
            rows,
            or_(is_unwanted, is_suppressed(Reminder.recipient)),
        )
        .order_by(Reminder.id)
        .with_for_update(of=Reminder, skip_locked=True)
    )
    return [Obstacle(*pair) for pair in found]


async def untrue(
    session: AsyncSession,
    *,
    today: date,
    rows: ColumnElement[bool],
    subjects: Sequence[UUID],
    since: datetime,
) -> list[Obstacle]:
    """Find among the notices in ``rows`` what is no longer so."""
    facts = noticed(since, subjects, today=today)
    found = await session.execute(
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
            rows,
            or_(facts.c.subject_id.is_(None), is_suppressed(Reminder.recipient)),
        )
        .order_by(Reminder.id)
        .with_for_update(of=Reminder, skip_locked=True)
    )
    return [Obstacle(*pair) for pair in _once(found).items()]


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


async def superseded(
    session: AsyncSession, ids: Sequence[UUID], *, now: datetime
) -> list[Obstacle]:
    """Find among ``ids`` the steps that a newer one to the same recipient has overtaken, and say which never had their time."""
    newer = aliased(Reminder)
    found = await session.execute(
        select(Reminder.id, _why_overtaken)
        .outerjoin(Assignment, Assignment.id == Reminder.assignment_id)
        .outerjoin(Asked, Asked.id == Reminder.explanation_id)
        .where(
            among(Reminder.id, ids),
            Reminder.kind == "step",
            exists().where(
                newer.subject_id == Reminder.subject_id,
                newer.kind == "step",
                newer.due_on == Reminder.due_on,
                newer.recipient == Reminder.recipient,
                newer.planned_at > Reminder.planned_at,
                newer.state != "skipped",
                newer.planned_at <= now,
            ),
        )
    )
    return [Obstacle(*pair) for pair in found]
