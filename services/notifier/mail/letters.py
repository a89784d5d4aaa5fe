"""Read what a mail says as it is at this moment."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record
from sqlalchemy import and_, any_, case, exists, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.notifier.mail.letter import Letter, Line, WhomToCall
from shared.answering import answered_under, role_in_the_plan
from shared.db import among, among_given, session_reader
from shared.models import (
    Assignment,
    Contact,
    Deputy,
    EvidenceUse,
    ExplanationRequest,
    Extension,
    Handover,
    HandoverMove,
    Mail,
    Membership,
    Node,
    Organisation,
    Period,
    Reminder,
    ReminderTemplate,
    Responsibility,
    Submission,
    User,
)
from shared.reach import in_force

MOST_LINES = 200  # of one mail; the rest is counted
SENT_BACK = ("returned", "rejected", "reopened")

_Parent, _Newest = aliased(Node), aliased(Submission)
_is_component = Node.kind == "component"
_newest = (
    select(_Newest.id)
    .where(_Newest.assignment_id == Assignment.id)
    .order_by(_Newest.revision.desc())
    .limit(1)
    .correlate(Assignment)
    .scalar_subquery()
)
_has_evidence = exists().where(EvidenceUse.submission_id == _Newest.id).correlate(_Newest)
_returned_because = case((among(_Newest.state, SENT_BACK), _Newest.decision_reason), else_=None)
_Decided, _Asked, _Principal = aliased(Submission), ExplanationRequest, aliased(User)


def _sides(ids: Any, *, english: bool = False) -> Any:
    """Name the bodies on one side of a hand-over; those without an English name by their Vietnamese one."""
    body = aliased(Organisation)
    name = func.coalesce(func.nullif(body.name_en, ""), body.name_vi) if english else body.name_vi
    names = (
        select(func.string_agg(name, aggregate_order_by(literal("; "), body.code)))
        .where(body.id == any_(ids))
        .correlate(Handover)
        .scalar_subquery()
    )
    # Most lines are about none: for them nothing is looked for.
    return func.coalesce(case((Handover.id.is_not(None), names)), "")


_moved = (
    select(func.count())
    .where(HandoverMove.handover_id == Handover.id, HandoverMove.kind == "assignment")
    .correlate(Handover)
    .scalar_subquery()
)
_place = func.row_number().over(
    partition_by=Reminder.mail_id, order_by=(Reminder.due_on, Assignment.sort_key, Reminder.id)
)
# Made once: it is asked for every mail.
_LINES = (
    select(
        Reminder.mail_id,
        _place.label("place"),
        Reminder.id.label("reminder_id"),
        Reminder.kind,
        Reminder.topic,
        case(
            (Reminder.explanation_id.is_not(None), "explanation"),
            else_=func.coalesce(Assignment.kind, ""),
        ).label("duty"),
        Reminder.subject_id,
        Reminder.assignment_id,
        Reminder.explanation_id,
        Reminder.audience,
        func.coalesce(Period.name, "").label("period"),
        func.coalesce(Period.made_up, literal(value=False)).label("made_up"),
        func.coalesce(case((_is_component, _Parent.code), else_=Node.code), "").label(
            "indicator_code"
        ),
        func.coalesce(case((_is_component, _Parent.name_vi), else_=Node.name_vi), "").label(
            "indicator"
        ),
        case((_is_component, Node.name_vi), else_="").label("component"),
        func.coalesce(case((_is_component, _Parent.name_en), else_=Node.name_en), "").label(
            "indicator_en"
        ),
        case((_is_component, Node.name_en), else_="").label("component_en"),
        Organisation.name_vi.label("organisation"),
        Organisation.name_en.label("organisation_en"),
        func.coalesce(
            Responsibility.role, case((_Asked.id.is_not(None), role_in_the_plan(_Asked))), "lead"
        ).label("role"),
        case(
            (
                Handover.id.is_not(None),
                func.concat_ws(" ", Handover.basis_title, Handover.basis_number),
            ),
            else_=func.coalesce(Responsibility.legal_basis, ""),
        ).label("legal_basis"),
        func.coalesce(
            Reminder.due_on,
            _Asked.due_on,
            func.coalesce(Assignment.extended_due_on, Assignment.due_on),
        ).label("due_on"),
        Node.evidence_required,
        _Newest.state.label("newest_state"),
        _has_evidence.label("has_evidence"),
        func.coalesce(
            case(
                (_Decided.id.is_not(None), _Decided.decision_reason),
                (Extension.state == "asked", Extension.reason),
                (Extension.id.is_not(None), Extension.decision_reason),
                (
                    and_(_Asked.id.is_not(None), Reminder.topic == "explanation_answered"),
                    _Asked.answer,
                ),
                (_Asked.id.is_not(None), _Asked.question),
                (Handover.id.is_not(None), Handover.note),
                (Deputy.id.is_not(None), Deputy.reason),
                else_=_returned_because,
            ),
            "",
        ).label("words"),
        func.coalesce(
            _Decided.decided_by_name,
            case((Extension.state == "asked", Extension.asked_by_name)),
            Extension.decided_by_name,
            case((Reminder.topic == "explanation_answered", _Asked.answered_by_name)),
            _Asked.asked_by_name,
            Handover.carried_out_by_name,
            _Principal.name,
            "",
        ).label("by"),
        func.coalesce(
            case((Extension.state == "asked", Extension.wished_on), else_=Extension.granted_until),
            Deputy.valid_to,
        ).label("until"),
        func.coalesce(Deputy.valid_from, Handover.effective_on).label("since"),
        case((Reminder.topic == "explanation_answered", _Asked.question), else_="").label(
            "question"
        ),
        case((Deputy.id.is_not(None), Reminder.recipient_name), else_="").label("person"),
        _sides(Handover.from_ids).label("from_body"),
        _sides(Handover.to_ids).label("to_body"),
        _sides(Handover.from_ids, english=True).label("from_body_en"),
        _sides(Handover.to_ids, english=True).label("to_body_en"),
        func.coalesce(_Decided.answer, "").label("answer"),
        func.coalesce(_Decided.revision, 0).label("revision"),
        case((Handover.id.is_not(None), _moved), else_=0).label("number"),
        func.coalesce(ReminderTemplate.words_vi, "").label("template_vi"),
        func.coalesce(ReminderTemplate.words_en, "").label("template_en"),
    )
    .join(Organisation, Organisation.id == Reminder.organisation_id)
    .outerjoin(Assignment, Assignment.id == Reminder.assignment_id)
    .outerjoin(_Asked, _Asked.id == Reminder.explanation_id)
    .outerjoin(Period, Period.id == func.coalesce(Assignment.period_id, _Asked.period_id))
    .outerjoin(Node, Node.id == func.coalesce(Assignment.node_id, _Asked.node_id))
    .outerjoin(_Parent, _Parent.id == Node.parent_id)
    .outerjoin(
        Responsibility,
        Responsibility.id == func.coalesce(Assignment.responsibility_id, answered_under(_Asked)),
    )
    .outerjoin(_Newest, _Newest.id == _newest)
    .outerjoin(
        _Decided,
        and_(
            _Decided.id == Reminder.subject_id,
            among(Reminder.topic, ("returned", "rejected", "accepted", "reopened")),
        ),
    )
    .outerjoin(
        Extension,
        and_(Extension.id == Reminder.subject_id, Reminder.topic.startswith("extension_")),
    )
    .outerjoin(Handover, and_(Handover.id == Reminder.subject_id, Reminder.topic == "handed_over"))
    .outerjoin(Deputy, and_(Deputy.id == Reminder.subject_id, Reminder.topic == "deputy_named"))
    .outerjoin(Membership, Membership.id == Deputy.membership_id)
    .outerjoin(_Principal, _Principal.id == Membership.user_id)
    .outerjoin(ReminderTemplate, ReminderTemplate.id == Reminder.template_id)
    .where(among_given(Reminder.mail_id, "mails"), Reminder.state == "claimed")
    .subquery("lines")
)
_FIELDS = tuple(name for name in Line.__dataclass_fields__ if name != "missing")
_SHOWN = (
    select(*(_LINES.c[name] for name in _FIELDS), *(c for c in _LINES.c if c.name not in _FIELDS))
    .where(_LINES.c.place <= MOST_LINES)
    .order_by(_LINES.c.mail_id, _LINES.c.place)
)
_COUNTS = (
    select(Reminder.mail_id, func.count())
    .where(among_given(Reminder.mail_id, "mails"), Reminder.state == "claimed")
    .group_by(Reminder.mail_id)
)
_MAILS = select(
    Mail.id.label("mail_id"),
    Mail.kind,
    Mail.recipient,
    Mail.recipient_name,
    Mail.message_id,
    Mail.trace_id,
    Mail.facts,
    case(
        (
            # IN, which Postgres answers by hashing: once it plans for any number of mails it would look
            # through all contacts for each.
            func.lower(Mail.recipient).in_(
                select(func.lower(Contact.email)).where(Contact.active, Contact.language == "en")
            ),
            "en",
        ),
        else_="vi",
    ).label("language"),
).where(among_given(Mail.id, "mails"))


async def letters(
    session: AsyncSession, mails: Sequence[UUID], *, now: datetime
) -> dict[UUID, Letter]:
    """Read all of a batch at once."""
    read = await session_reader(session)
    lines: dict[UUID, list[Line]] = defaultdict(list)
    for row in await read.all(_SHOWN, mails=mails):
        lines[row["mail_id"]].append(_line(row))
    counts = dict(map(tuple, await read.all(_COUNTS, mails=mails)))
    call = await whom_to_call(session)
    return {
        row["mail_id"]: Letter(
            call=call,
            lines=tuple(lines[row["mail_id"]]),
            more=counts.get(row["mail_id"], 0) - len(lines[row["mail_id"]]),
            written_at=now,
            **row,
        )
        for row in await read.all(_MAILS, mails=mails)
    }


def _line(row: Record) -> Line:
    return Line(missing=_missing(row), **dict(zip(_FIELDS, row, strict=False)))


def _missing(row: Record) -> tuple[str, ...]:
    """Name what is still owed: from the newest revision, where there is one that can go on."""
    duty, state = row["duty"], row["newest_state"]
    if row["kind"] != "step":
        return ()
    if duty == "explanation":
        return ("explanation",)
    needs_evidence = row["evidence_required"] and duty == "figure"
    unproven = ("evidence",) if needs_evidence and not row["has_evidence"] else ()
    if state == "draft":
        return (*unproven, "submission")
    if state in SENT_BACK:
        return ("revision", *unproven)
    return ("figure", "evidence") if needs_evidence else (duty,)


async def whom_to_call(session: AsyncSession) -> WhomToCall | None:
    """Give the coordinating body and, where it has one, the officer people may call."""
    row = (
        await session.execute(
            select(
                Organisation.name_vi,
                Contact.name,
                Contact.phone,
                Contact.email,
                Organisation.name_en,
            )
            .outerjoin(
                Contact,
                and_(
                    Contact.organisation_id == Organisation.id,
                    in_force(),
                    Contact.role == "officer",
                ),
            )
            .where(Organisation.is_coordinator)
            .order_by(Organisation.code, Contact.created_at, Contact.id)
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else WhomToCall(*(value or "" for value in row))
