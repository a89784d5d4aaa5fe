"""What the notifier reads: what is due, what stands against a reminder, what a mail says."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, bindparam, case, exists, func, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.notifier import reasons, schedule
from services.notifier.mail import Letter, WhomToCall
from services.notifier.schedule import AUDIENCES, Policy, Step
from services.notifier.wanted import is_in, is_watched, wanted
from shared.duty import effective_due_on, is_done
from shared.models import (
    Assignment,
    Contact,
    Node,
    Organisation,
    Period,
    Reminder,
    ReminderPolicy,
    Responsibility,
    Submission,
)


class Obstacle(NamedTuple):
    """A reminder that must not go out, and why."""

    reminder_id: UUID
    reason: str


async def compare_by_hashing(session: AsyncSession) -> None:
    """Keep the planner of this transaction from nested loops.

    Right after many rows were written its statistics know none of them, and it would compare each with
    each: 8,000 reminders took more than 20 s instead of 0.1 s. Their price would also start the compiler.
    """
    await session.execute(
        select(
            func.set_config("enable_nestloop", "off", true()),
            func.set_config("jit", "off", true()),
        )
    )


async def active_policies(session: AsyncSession) -> list[Policy]:
    rows = await session.execute(
        select(
            ReminderPolicy.offset_days,
            ReminderPolicy.repeat_every_days,
            ReminderPolicy.repeat_count,
            ReminderPolicy.audience,
        ).where(ReminderPolicy.active)
    )
    return [Policy(*row) for row in rows]


async def deadlines(session: AsyncSession, *, duties: ColumnElement[bool]) -> Sequence[date]:
    found = await session.scalars(
        select(effective_due_on)
        .join(Period, Period.id == Assignment.period_id)
        .where(is_watched, duties)
        .distinct()
    )
    return found.all()


async def steps_of(
    session: AsyncSession, due_dates: Iterable[date], *, now: datetime
) -> list[Step]:
    policies = await active_policies(session)
    return [
        step
        for due_on in sorted(set(due_dates))
        for step in schedule.steps(policies, due_on=due_on, now=now)
    ]


_obstacle = case(
    (~func.coalesce(is_watched, False), reasons.PERIOD_CLOSED),
    (effective_due_on != Reminder.due_on, reasons.DEADLINE_MOVED),
    (is_done, reasons.DUTY_DONE),
    (
        and_(
            Reminder.audience != "coordinator",
            Contact.organisation_id != Assignment.organisation_id,
        ),
        reasons.PASSED_ON,
    ),
    (or_(~Contact.active, Contact.email != Reminder.recipient), reasons.CONTACT_CHANGED),
    else_=reasons.STEP_OFF,
)


async def obstacles(
    session: AsyncSession,
    steps: Sequence[Step],
    *,
    rows: ColumnElement[bool],
    duties: ColumnElement[bool],
) -> list[Obstacle]:
    """Find among ``rows`` what is no longer wanted, and lock it; what another notifier holds is its own."""
    want = wanted(steps, duties=duties)
    found = await session.execute(
        select(Reminder.id, _obstacle)
        .join(Assignment, Assignment.id == Reminder.assignment_id)
        .join(Period, Period.id == Assignment.period_id)
        .join(Contact, Contact.id == Reminder.contact_id)
        .where(rows, duties, ~exists().where(is_in(want)))
        .order_by(Reminder.id)
        .with_for_update(of=Reminder, skip_locked=True)
    )
    return [Obstacle(*row) for row in found]


async def superseded(
    session: AsyncSession, ids: Sequence[UUID], *, now: datetime
) -> list[Obstacle]:
    """Find among ``ids`` what a newer step to the same recipient has overtaken."""
    newer = aliased(Reminder)
    found = await session.scalars(
        select(Reminder.id).where(
            Reminder.id.in_(ids),
            exists().where(
                newer.assignment_id == Reminder.assignment_id,
                newer.due_on == Reminder.due_on,
                newer.recipient == Reminder.recipient,
                newer.step_days > Reminder.step_days,
                newer.state != "skipped",
                # A newer one that waits for its next attempt was due before.
                or_(newer.send_at <= now, newer.attempts > 0),
            ),
        )
    )
    return [Obstacle(reminder_id, reasons.NEWER_STEP) for reminder_id in found]


async def missing(
    session: AsyncSession, steps: Sequence[Step], *, duties: ColumnElement[bool]
) -> Sequence[Row[*tuple[Any, ...]]]:
    """List what is wanted and not in the ledger, in the ledger's order, one row for each reminder."""
    want = wanted(steps, duties=duties)
    key = (want.c.assignment_id, want.c.due_on, want.c.step_days, want.c.recipient)
    first = case(
        {audience: place for place, audience in enumerate(AUDIENCES)}, value=want.c.audience
    )
    found = await session.execute(
        select(*key, want.c.audience, want.c.send_at, want.c.contact_id, want.c.recipient_name)
        .outerjoin(Reminder, is_in(want))
        .where(Reminder.id.is_(None))
        .ext(distinct_on(*key))
        .order_by(*key, first, want.c.contact_id)
    )
    return found.all()


async def wanted_again(
    session: AsyncSession, steps: Sequence[Step], *, duties: ColumnElement[bool], now: datetime
) -> dict[UUID, datetime]:
    """Find what was skipped for a fact that is no more, and when it is to be sent.

    A step whose day came while the duty was done stays skipped; one whose day came after the duty was
    returned is sent, even if no notifier was running on that day.
    """
    want = wanted(steps, duties=duties)
    found = await session.execute(
        select(Reminder.id, want.c.send_at)
        .join(want, is_in(want))
        .where(
            Reminder.state == "skipped",
            Reminder.reason != reasons.NEWER_STEP,
            or_(
                Reminder.reason != reasons.DUTY_DONE,
                want.c.send_at > func.coalesce(want.c.undone_since, now),
            ),
        )
        .order_by(Reminder.id)
        .with_for_update(of=Reminder, skip_locked=True)
    )
    return dict(found.all())


def is_due(*, now: datetime, claim: timedelta) -> ColumnElement[bool]:
    """Choose what is to be sent now: planned, or claimed by a notifier that must be dead."""
    free = or_(
        Reminder.state == "planned",
        and_(Reminder.state == "claimed", Reminder.claimed_at < now - claim),
    )
    return and_(Reminder.state.in_(("planned", "claimed")), free, Reminder.send_at <= now)


async def anything_due(session: AsyncSession, *, now: datetime, claim: timedelta) -> bool:
    found = await session.scalar(select(exists().where(is_due(now=now, claim=claim))))
    return bool(found)


async def unreachable_bodies(session: AsyncSession) -> dict[UUID, int]:
    """Count the unfinished duties of every body that has nobody to write to."""
    rows = await session.execute(
        select(Assignment.organisation_id, func.count())
        .join(Period, Period.id == Assignment.period_id)
        .where(
            Period.state == "open",
            ~is_done,
            ~exists().where(Contact.organisation_id == Assignment.organisation_id, Contact.active),
        )
        .group_by(Assignment.organisation_id)
    )
    return dict(rows.all())


async def whom_to_call(session: AsyncSession) -> WhomToCall | None:
    """Give the coordinating body and, where it has one, the officer people may call."""
    row = (
        await session.execute(
            select(Organisation.name_vi, Contact.name, Contact.phone, Contact.email)
            .outerjoin(
                Contact,
                and_(
                    Contact.organisation_id == Organisation.id,
                    Contact.active,
                    Contact.role == "officer",
                ),
            )
            .where(Organisation.is_coordinator)
            .order_by(Organisation.code, Contact.created_at, Contact.id)
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else WhomToCall(row[0], row[1] or "", row[2] or "", row[3] or "")


_Parent = aliased(Node)
_is_component = Node.kind == "component"
_returned_because = (
    select(Submission.decision_reason)
    .where(
        Submission.assignment_id == Assignment.id,
        Submission.state.in_(("returned", "rejected", "reopened")),
    )
    .order_by(Submission.revision.desc())
    .limit(1)
    .correlate(Assignment)
    .scalar_subquery()
)
# Made once: it is asked for every mail.
_LETTER = (
    select(
        Assignment.id.label("assignment_id"),
        effective_due_on.label("due_on"),
        Assignment.kind,
        Reminder.step_days,
        Reminder.audience,
        Reminder.recipient,
        Reminder.recipient_name,
        Reminder.message_id,
        Reminder.trace_id,
        Period.name.label("period"),
        Period.made_up,
        case((_is_component, _Parent.code), else_=Node.code).label("indicator_code"),
        case((_is_component, _Parent.name_vi), else_=Node.name_vi).label("indicator"),
        case((_is_component, Node.name_vi), else_="").label("component"),
        Organisation.name_vi.label("organisation"),
        Organisation.name_en.label("organisation_en"),
        Responsibility.role,
        Responsibility.legal_basis,
        func.coalesce(_returned_because, "").label("returned_because"),
    )
    .join(Assignment, Assignment.id == Reminder.assignment_id)
    .join(Period, Period.id == Assignment.period_id)
    .join(Node, Node.id == Assignment.node_id)
    .outerjoin(_Parent, _Parent.id == Node.parent_id)
    .join(Organisation, Organisation.id == Assignment.organisation_id)
    .join(Responsibility, Responsibility.id == Assignment.responsibility_id)
    .where(Reminder.id == bindparam("reminder_id"))
)


async def letter(session: AsyncSession, reminder_id: UUID) -> Letter:
    """Read what the mail says as it is at this moment."""
    row = (await session.execute(_LETTER, {"reminder_id": reminder_id})).one()
    return Letter(**row._asdict())
