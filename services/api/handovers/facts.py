"""What the bodies of a hand-over hold at this moment: read once, then decided about without the database."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, bindparam, case, func, or_, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY

from services.api.handovers.held import Held, held_by, in_bodies
from shared.db import Reader
from shared.duty import reminds_of
from shared.models import (
    ApiKey,
    Assignment,
    Contact,
    ExplanationRequest,
    Framework,
    Handover,
    Membership,
    Node,
    Organisation,
    Period,
    PeriodScope,
    Reminder,
    Responsibility,
    Submission,
    User,
)

Row = Mapping[str, Any]
_FOREVER = text("'infinity'::date")


class Body(NamedTuple):
    """A body, or one that the act will make, which has nothing yet."""

    id: UUID
    code: str
    name_vi: str
    is_coordinator: bool = False
    valid_from: date | None = None
    valid_to: date | None = None

    def stands_on(self, day: date) -> bool:
        return (self.valid_from or day) <= day <= (self.valid_to or day)


@dataclass(frozen=True, slots=True)
class Facts:
    """All rows are of the bodies that give or receive; ``closed`` counts what is history already."""

    bodies: Mapping[UUID, Body]
    responsibilities: Sequence[Row]
    assignments: Sequence[Row]
    reminders: Sequence[Row]
    contacts: Sequence[Row]
    memberships: Sequence[Row]
    reviewers: Mapping[UUID, str]
    keys: Sequence[Row]
    scopes: Sequence[Row]
    elsewhere: Sequence[Row]
    closed: Row
    held: Held

    def code(self, body: UUID) -> str:
        return self.bodies[body].code


BODIES = select(
    Organisation.id,
    Organisation.code,
    Organisation.name_vi,
    Organisation.is_coordinator,
    Organisation.valid_from,
    Organisation.valid_to,
).where(in_bodies(Organisation.id))
RESPONSIBILITIES = (
    select(
        Responsibility.id,
        Responsibility.organisation_id,
        Responsibility.node_id,
        Node.code.label("node"),
        Node.name_vi.label("node_name_vi"),
        Framework.year.label("framework"),
        Responsibility.role,
        Responsibility.legal_basis,
        Responsibility.valid_from,
        Responsibility.valid_to,
    )
    .join(Node, Node.id == Responsibility.node_id)
    .join(Framework, Framework.id == Node.framework_id)
    .where(
        in_bodies(Responsibility.organisation_id),
        func.coalesce(Responsibility.valid_to, _FOREVER) >= bindparam("day"),
    )
    .order_by(Framework.year, Node.sort_key, Responsibility.role, Responsibility.id)
)
_newest = (
    select(Submission.state)
    .where(Submission.assignment_id == Assignment.id)
    .order_by(Submission.revision.desc())
    .limit(1)
    .correlate(Assignment)
    .scalar_subquery()
)
_accepted = (
    select(Submission.id)
    .where(Submission.assignment_id == Assignment.id, Submission.state == "accepted")
    .correlate(Assignment)
    .exists()
)
_pending = (
    select(Submission)
    .where(
        Submission.assignment_id == Assignment.id,
        or_(Submission.state == "draft", Submission.state == "submitted"),
    )
    .limit(1)
    .lateral("pending")
)
ASSIGNMENTS = (
    select(
        Assignment.id,
        Assignment.organisation_id,
        Assignment.responsibility_id,
        Assignment.node_id,
        Period.id.label("period_id"),
        Period.code.label("period"),
        Node.code.label("node"),
        Node.name_vi.label("node_name_vi"),
        Node.sort_key,
        Assignment.due_on,
        Assignment.kind,
        Responsibility.role,
        case(
            (or_(_newest == "accepted", _newest == "submitted"), _newest),
            (_accepted, "accepted"),
            (_newest == "returned", "returned"),
            else_="open",
        ).label("status"),
        _pending.c.id.label("pending_id"),
        _pending.c.state.label("pending_state"),
        _pending.c.revision.label("pending_revision"),
        _pending.c.created_by,
        _pending.c.created_by_name,
        _pending.c.submitted_by,
        _pending.c.submitted_by_name,
    )
    .select_from(Assignment)
    .join(Period, Period.id == Assignment.period_id)
    .join(Node, Node.id == Assignment.node_id)
    .join(Responsibility, Responsibility.id == Assignment.responsibility_id)
    .outerjoin(_pending, true())
    .where(in_bodies(Assignment.organisation_id), Period.state == "open")
    .order_by(Period.code, Assignment.sort_key, Assignment.id)
)
_waits = or_(*(Reminder.state == state for state in ("planned", "held", "claimed")))
_REMINDER = select(
    Reminder.id,
    Reminder.assignment_id.label("assignment"),
    Reminder.explanation_id.label("explanation"),
    Reminder.recipient_name,
    Reminder.audience,
    Reminder.send_at,
).order_by(Reminder.send_at, Reminder.id)
REMINDERS = _REMINDER.join(Assignment, reminds_of(Assignment.id)).where(
    in_bodies(Assignment.organisation_id), _waits, Reminder.explanation_id.is_(None)
)
EXPLANATION_REMINDERS = _REMINDER.join(
    ExplanationRequest, ExplanationRequest.id == Reminder.subject_id
).where(in_bodies(ExplanationRequest.organisation_id), ExplanationRequest.state == "asked", _waits)
CONTACTS = (
    select(
        Contact.id,
        Contact.organisation_id,
        Contact.name,
        Contact.role,
        Contact.email,
        Contact.phone,
        Contact.active,
        (Contact.updated_at == Contact.created_at).label("untouched"),
    )
    .where(in_bodies(Contact.organisation_id))
    .order_by(Contact.created_at, Contact.id)
)
MEMBERSHIPS = (
    select(
        Membership.id,
        Membership.organisation_id,
        Membership.user_id,
        User.login,
        User.name,
        User.active,
        Membership.role,
        Membership.valid_from,
        Membership.valid_to,
    )
    .join(User, User.id == Membership.user_id)
    .where(
        in_bodies(Membership.organisation_id),
        func.coalesce(Membership.valid_to, _FOREVER) >= bindparam("day"),
    )
    .order_by(User.login, Membership.role, Membership.id)
)
REVIEWERS = (
    select(User.id, User.name)
    .join(Membership, Membership.user_id == User.id)
    .where(
        User.active,
        Membership.role == "coordinator",
        Membership.valid_from <= bindparam("today"),
        func.coalesce(Membership.valid_to, _FOREVER) >= bindparam("today"),
    )
)
KEYS = select(ApiKey.id, ApiKey.name, ApiKey.organisation_id).where(
    in_bodies(ApiKey.organisation_id), ApiKey.revoked_at.is_(None), ApiKey.expires_at > func.now()
)
# Periods that still make duties, and were limited to one of the bodies.
SCOPES = (
    select(Period.id, Period.code, PeriodScope.organisation_id)
    .join(PeriodScope, PeriodScope.period_id == Period.id)
    .where(in_bodies(PeriodScope.organisation_id), Period.state != "closed")
    .order_by(Period.code)
)
ELSEWHERE = select(Handover.id, Handover.kind, Handover.from_ids, Handover.effective_on).where(
    Handover.state == "planned",
    Handover.id != bindparam("handover"),
    or_(
        Handover.from_ids.overlap(bindparam("bodies", type_=ARRAY(Uuid))),
        Handover.to_ids.overlap(bindparam("givers", type_=ARRAY(Uuid))),
    ),
)
CLOSED = (
    select(
        func.count(Assignment.id.distinct()).label("assignments"),
        func.count(Submission.id).label("submissions"),
        func.count(Submission.id).filter(Submission.state == "accepted").label("accepted"),
    )
    .select_from(Assignment)
    .join(Period, Period.id == Assignment.period_id)
    .outerjoin(Submission, Submission.assignment_id == Assignment.id)
    .where(in_bodies(Assignment.organisation_id), Period.state == "closed")
)


async def facts_of(
    read: Reader,
    *,
    handover: UUID,
    givers: Collection[UUID],
    receivers: Collection[UUID],
    made: Body | None,
    day: date,
    today: date,
) -> Facts:
    """Read what the bodies hold from ``day`` on; ``made`` is a body that is not there yet."""
    bodies = sorted({*givers, *receivers})
    own = sorted(givers)
    found = {row["id"]: Body(*row) for row in await read.all(BODIES, bodies=bodies)}
    if made is not None:
        found.setdefault(made.id, made)
    return Facts(
        bodies=found,
        responsibilities=await read.all(RESPONSIBILITIES, bodies=bodies, day=day),
        assignments=await read.all(ASSIGNMENTS, bodies=bodies),
        reminders=[
            *await read.all(REMINDERS, bodies=own),
            *await read.all(EXPLANATION_REMINDERS, bodies=own),
        ],
        contacts=await read.all(CONTACTS, bodies=bodies),
        memberships=await read.all(MEMBERSHIPS, bodies=bodies, day=day),
        reviewers={row["id"]: row["name"] for row in await read.all(REVIEWERS, today=today)},
        keys=await read.all(KEYS, bodies=own),
        scopes=await read.all(SCOPES, bodies=own),
        elsewhere=await read.all(ELSEWHERE, bodies=bodies, givers=own, handover=handover),
        closed=(await read.all(CLOSED, bodies=own))[0],
        held=await held_by(read, bodies, today=max(day, today)),
    )
