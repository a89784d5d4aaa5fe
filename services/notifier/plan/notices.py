"""What is told once, when it happened: decisions, extensions, explanations, deputies, hand-overs; as SQL over the facts."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Select,
    Subquery,
    Uuid,
    and_,
    bindparam,
    case,
    column,
    exists,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import aliased

from services.notifier.plan.prepared import Prepared
from shared.db import among_given
from shared.duty import HANOI
from shared.models import (
    Assignment,
    Deputy,
    ExplanationRequest,
    Extension,
    Handover,
    Membership,
    Period,
    Reminder,
    Submission,
    User,
)
from shared.recipients import is_theirs, recipients

LONGEST = timedelta(days=30)  # what is older is nobody's news
# Contacts come over in the act that hands their duties over: its moment and theirs are of two clocks.
ONE_ACT = timedelta(minutes=1)
DECIDED = ("returned", "rejected", "accepted", "reopened")


# Of a demonstration that is over nobody is told anything: who is a contact by now never had its duties.
_is_told: ColumnElement[bool] = and_(
    Period.state != "draft", ~and_(Period.made_up, Period.state == "closed")
)


def _decisions(since: Any) -> Select[Any]:
    """Of each duty only the newest revision: whoever wrote a newer one knows."""
    newer = aliased(Submission)
    return (
        select(
            Submission.id.label("subject_id"),
            Submission.state.label("topic"),
            Assignment.id.label("assignment_id"),
            null().cast(Uuid).label("explanation_id"),
            Assignment.organisation_id.label("organisation_id"),
            Assignment.period_id.label("period_id"),
            Submission.decided_at.label("at"),
            literal("officer").label("first"),
            literal("deputy").label("second"),
        )
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .join(Period, Period.id == Assignment.period_id)
        .where(
            Submission.state.in_(DECIDED),
            Submission.decided_at >= since,
            _is_told,
            ~exists().where(
                newer.assignment_id == Submission.assignment_id,
                newer.revision > Submission.revision,
            ),
        )
    )


def _extensions(since: Any) -> Select[Any]:
    """Tell the body what was decided, and the coordinator what is asked."""
    asked = Extension.state == "asked"
    at = case((asked, Extension.asked_at), else_=Extension.decided_at)
    return (
        select(
            Extension.id,
            literal("extension_") + Extension.state,
            Extension.assignment_id,
            null().cast(Uuid),
            Assignment.organisation_id,
            Assignment.period_id,
            at,
            case((asked, "coordinator"), else_="officer"),
            case((asked, "coordinator"), else_="deputy"),
        )
        .join(Assignment, Assignment.id == Extension.assignment_id)
        .join(Period, Period.id == Assignment.period_id)
        .where(_is_told, Extension.state.in_(("asked", "granted", "refused")), at >= since)
    )


def _explanations(since: Any) -> Select[Any]:
    asked = ExplanationRequest.state == "asked"
    at = case((asked, ExplanationRequest.asked_at), else_=ExplanationRequest.answered_at)
    return (
        select(
            ExplanationRequest.id,
            literal("explanation_") + ExplanationRequest.state,
            ExplanationRequest.assignment_id,
            ExplanationRequest.id,
            ExplanationRequest.organisation_id,
            ExplanationRequest.period_id,
            at,
            case((asked, "officer"), else_="coordinator"),
            case((asked, "head"), else_="coordinator"),
        )
        .join(Period, Period.id == ExplanationRequest.period_id)
        .where(_is_told, ExplanationRequest.state.in_(("asked", "answered")), at >= since)
    )


def _handovers(since: Any) -> Select[Any]:
    """Tell both sides."""
    sides = (
        func.unnest(Handover.from_ids + Handover.to_ids)
        .table_valued(column("id", Uuid), name="sides")
        .render_derived()
        .lateral()
    )
    return (
        select(
            Handover.id,
            literal("handed_over"),
            null().cast(Uuid),
            null().cast(Uuid),
            sides.c.id,
            null().cast(Uuid),
            Handover.carried_out_at,
            literal("officer"),
            literal("head"),
        )
        .join(sides, true())
        .where(Handover.state == "carried_out", Handover.carried_out_at >= since)
    )


def noticed(since: datetime, subjects: Sequence[UUID] | None = None, *, today: date) -> Prepared:
    """List what is to be told once, and to whom; ``subjects`` narrows it."""
    values = {"since": since, "today": today}
    if subjects is None:
        return Prepared(_noticed(narrowed=False), values)
    return Prepared(_noticed(narrowed=True), {**values, "subjects": list(subjects)})


@cache
def _noticed(*, narrowed: bool) -> Subquery:
    since = bindparam("since", type_=DateTime(timezone=True))
    today = bindparam("today", type_=Date())
    facts = union_all(
        _decisions(since), _extensions(since), _explanations(since), _handovers(since)
    ).subquery("facts")
    people = recipients()
    day = func.date(func.timezone(HANOI.key, facts.c.at))
    told = (
        select(
            facts.c.subject_id,
            facts.c.topic,
            facts.c.assignment_id,
            facts.c.explanation_id,
            facts.c.organisation_id,
            facts.c.period_id,
            people.c.audience,
            people.c.contact_id,
            people.c.user_id,
            people.c.recipient,
            people.c.recipient_name,
        )
        .join(
            people,
            and_(
                is_theirs(people, facts.c.organisation_id, day),
                people.c.audience.in_((facts.c.first, facts.c.second)),
                # What happened before somebody came is no news to him, also of the same day.
                people.c.made_at <= facts.c.at + ONE_ACT,
                people.c.valid_to >= today,
            ),
        )
        .where(among_given(facts.c.subject_id, "subjects") if narrowed else true())
    )
    deputies = (
        select(
            Deputy.id,
            literal("deputy_named"),
            null().cast(Uuid),
            null().cast(Uuid),
            Membership.organisation_id,
            null().cast(Uuid),
            literal("deputy"),
            null().cast(Uuid),
            User.id,
            User.email,
            User.name,
        )
        .join(Membership, Membership.id == Deputy.membership_id)
        .join(User, User.id == Deputy.deputy_id)
        .where(
            Deputy.created_at >= since,
            Deputy.ended_at.is_(None),
            Deputy.valid_to >= today,
            User.active,
            User.email != "",
            among_given(Deputy.id, "subjects") if narrowed else true(),
        )
    )
    return union_all(told, deputies).subquery("noticed")


def is_known(rows: Any) -> ColumnElement[bool]:
    """Tell whether the body was told: whoever comes to it later, or has a new address, hears no old news."""
    return and_(
        Reminder.kind == "notice",
        Reminder.subject_id == rows.c.subject_id,
        Reminder.topic == rows.c.topic,
        Reminder.organisation_id == rows.c.organisation_id,
        Reminder.audience == rows.c.audience,
        Reminder.state.in_(("sent", "delivered")),
    )


def is_told(rows: Any) -> ColumnElement[bool]:
    return and_(
        Reminder.kind == "notice",
        Reminder.subject_id == rows.c.subject_id,
        Reminder.topic == rows.c.topic,
        Reminder.recipient == rows.c.recipient,
    )
