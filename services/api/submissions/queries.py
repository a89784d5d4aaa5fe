"""Figures and reports, as far as the caller may see them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    ColumnElement,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    cast,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import aliased

from services.api.assignments.queries import is_concerned
from services.api.deps.caller import Caller
from services.api.deps.newest import NewestFirst
from services.api.submissions.differences import changes_since
from services.api.submissions.schemas import SubmissionQuery
from services.api.submissions.states import REVIEWERS, allowed_actions, reviews_for
from shared.db import Reader
from shared.duty import decidable, late, writable
from shared.errors import ForbiddenError, NotFoundError
from shared.models import (
    Assignment,
    Evidence,
    EvidenceUse,
    IndicatorRule,
    Node,
    Organisation,
    Period,
    ReviewRule,
    Submission,
    Tick,
)

two_step: ColumnElement[bool] = or_(
    func.coalesce(IndicatorRule.two_step, false()),
    ReviewRule.organisation_id.is_not(None),
    Organisation.is_coordinator,
)
"""True where two must accept. Whoever coordinates does not accept his own body's figures alone."""


class SubmissionNotFoundError(NotFoundError):
    """There is no such submission, or it is not yours to see.

    Không có báo cáo số liệu này, hoặc báo cáo không thuộc phạm vi của bạn.
    """


_SAID = (
    "id",
    "level",
    "filename",
    "media_type",
    "size",
    "sha256",
    "url",
    "scan",
    "document_number",
    "document_date",
    "issuer",
    "pages",
    "covers_from",
    "covers_to",
    "valid_until",
)
EVIDENCE = (
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_object(
                    *(part for name in _SAID for part in (name, getattr(Evidence, name))),
                    "stated",
                    EvidenceUse.stated,
                    "place",
                    EvidenceUse.place,
                ),
                EvidenceUse.added_at,
                Evidence.id,
            )
        )
    )
    .select_from(Evidence)
    .join(EvidenceUse, EvidenceUse.evidence_id == Evidence.id)
    .where(EvidenceUse.submission_id == Submission.id)
    .correlate(Submission)
    .scalar_subquery()
)
"""The documents of a ``Submission`` of the statement around it, as JSON."""
_Prior = aliased(Submission)
# What was submitted before it, and lay before a reviewer.
_prior = (
    select(
        func.jsonb_build_object(
            "id",
            _Prior.id,
            *(
                part
                for name in ("answer", "value", "numerator", "denominator", "note", "source")
                for part in (name, getattr(_Prior, name))
            ),
            "nil_reason",
            _Prior.nil_reason,
            "evidence",
            select(func.jsonb_agg(aggregate_order_by(Evidence.sha256, Evidence.sha256)))
            .select_from(Evidence)
            .join(EvidenceUse, EvidenceUse.evidence_id == Evidence.id)
            .where(EvidenceUse.submission_id == _Prior.id)
            .scalar_subquery(),
        )
    )
    .where(
        _Prior.assignment_id == Submission.assignment_id,
        _Prior.revision < Submission.revision,
        _Prior.submitted_at.is_not(None),
    )
    .order_by(_Prior.revision.desc())
    .limit(1)
    .scalar_subquery()
)
_ticks = (
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_object(
                    "step",
                    Tick.step,
                    "tick",
                    Tick.tick,
                    "by",
                    Tick.ticked_by_name,
                    "at",
                    Tick.ticked_at,
                ),
                Tick.ticked_at,
                Tick.tick.desc(),
            )
        )
    )
    .where(Tick.submission_id == Submission.id)
    .correlate(Submission)
    .scalar_subquery()
)
_SUBMISSION = (
    select(
        Submission.id,
        Submission.assignment_id.label("assignment"),
        Period.code.label("period"),
        Period.made_up,
        writable.label("writable"),
        decidable.label("decidable"),
        Node.code.label("indicator"),
        Node.name_vi.label("indicator_name_vi"),
        Node.unit,
        Organisation.code.label("organisation"),
        Organisation.name_vi.label("organisation_name_vi"),
        Assignment.organisation_id,
        Assignment.kind,
        Submission.revision,
        (Submission.revision > 1).label("resubmission"),
        case((Submission.revision > 1, cast(_prior, Text))).label("prior"),
        Submission.answer,
        Submission.value,
        Submission.numerator,
        Submission.denominator,
        Submission.nil_reason,
        Submission.note,
        Submission.source,
        cast(Submission.findings, Text).label("findings"),
        cast(Submission.explanations, Text).label("explanations"),
        Submission.state,
        late.label("late"),
        Submission.created_by,
        Submission.created_by_name,
        Submission.created_at,
        Submission.written_by,
        Submission.submitted_by,
        Submission.submitted_by_name,
        Submission.submitted_at,
        two_step.label("two_step"),
        ReviewRule.reviewer_id.label("reviewing_body"),
        Submission.first_accepted_by,
        Submission.first_accepted_by_name,
        Submission.first_accepted_at,
        Submission.decided_by,
        Submission.decided_by_name,
        Submission.decided_at,
        Submission.decision_reason,
        cast(_ticks, Text).label("acknowledged"),
        cast(EVIDENCE, Text).label("evidence"),
        Submission.updated_at,
    )
    .join(Assignment, Assignment.id == Submission.assignment_id)
    .join(Period, Period.id == Assignment.period_id)
    .join(Node, Node.id == Assignment.node_id)
    .join(Organisation, Organisation.id == Assignment.organisation_id)
    .outerjoin(IndicatorRule, IndicatorRule.node_id == Assignment.node_id)
    .outerjoin(ReviewRule, ReviewRule.organisation_id == Assignment.organisation_id)
)
SOME_SUBMISSIONS = _SUBMISSION.where(Submission.id == any_(bindparam("ids", type_=ARRAY(Uuid))))
ONE_SUBMISSION = _SUBMISSION.where(Submission.id == bindparam("id"))
_in_bodies = Assignment.organisation_id == any_(bindparam("bodies", type_=ARRAY(Uuid)))
_FILTERS: dict[str, ColumnElement[bool]] = {
    "period": Period.code == bindparam("period"),
    "organisation": Organisation.code == bindparam("organisation"),
    "indicator": Node.code == bindparam("indicator"),
    "state": Submission.state == bindparam("state"),
    "assignment": Submission.assignment_id == bindparam("assignment"),
    "submitted_since": Submission.submitted_at >= bindparam("submitted_since"),
    "own": or_(
        _in_bodies,
        and_(
            Submission.state != "draft",
            ReviewRule.reviewer_id == any_(bindparam("reviews_for", type_=ARRAY(Uuid))),
        ),
    ),
    "no_foreign_drafts": or_(Submission.state != "draft", _in_bodies),
    "accepted": Submission.state == "accepted",
    "own_accepted": and_(Submission.state == "accepted", _in_bodies),
}
_LIST = NewestFirst(_SUBMISSION, at=Submission.created_at, key=Submission.id, filters=_FILTERS)


def visible(caller: Caller, row: Any) -> bool:
    if row["state"] == "draft":
        return caller.may("submissions:write", row["organisation_id"])
    # Whoever may write or review a body's figures sees what becomes of them.
    if any(
        caller.may(f"submissions:{what}", row["organisation_id"])
        for what in ("read", "write", "review")
    ):
        return True
    if reviews_for(caller, row["reviewing_body"]):
        return True
    return row["state"] == "accepted" and caller.may("accepted:read", row["organisation_id"])


def _sight(caller: Caller) -> tuple[str, list[UUID]]:
    """Name the filter that limits a list to what the caller may see."""
    if caller.may("submissions:read"):
        own = caller.own_only("submissions:read")
        if own is not None:
            return "own", own
        writes = caller.reaches.get("submissions:write", frozenset())
        return "no_foreign_drafts", sorted(writes or ())
    if caller.may("accepted:read"):
        own = caller.own_only("accepted:read")
        return ("accepted", []) if own is None else ("own_accepted", own)
    raise ForbiddenError(
        "This needs the permission submissions:read.", vi="Thao tác này cần quyền submissions:read."
    )


_HIDDEN = ("organisation_id", "writable", "decidable", "prior", "reviewing_body", "written_by")


def shown(row: Any, caller: Caller) -> dict[str, Any]:
    made = dict(row)
    for name in ("created_by", "submitted_by", "first_accepted_by", "decided_by"):
        made[name] = made.pop(f"{name}_name")
    for name in _HIDDEN:
        del made[name]
    made |= changes_since(row)
    for name in ("evidence", "acknowledged", "findings", "explanations"):
        made[name] = orjson.Fragment(row[name] or "[]")
    made["allowed_actions"] = allowed_actions(caller, row)
    return made


async def submissions_page(read: Reader, caller: Caller, query: SubmissionQuery) -> dict[str, Any]:
    values: dict[str, Any] = query.filters()
    sight, bodies = _sight(caller)
    if sight == "own" and query.assignment and await is_concerned(read, caller, query.assignment):
        sight = "no_foreign_drafts"
    values |= {sight: True, "bodies": bodies}
    values["reviews_for"] = sorted(
        {body for role, body, _ in caller.memberships if role in REVIEWERS}
    )
    if query.assignment:
        values["assignment"] = query.assignment
    if query.submitted_since:
        values["submitted_since"] = datetime.fromisoformat(
            f"{query.submitted_since}T00:00:00+07:00"
        )
    return await _LIST.page(read, query, values, lambda row: shown(row, caller))


async def visible_submission(read: Reader, caller: Caller, submission_id: UUID) -> Any:
    row = await read.first(ONE_SUBMISSION, id=submission_id)
    if row is None:
        raise SubmissionNotFoundError
    if not visible(caller, row):
        # Bodies that have a part in the indicator see what was submitted, not the drafts.
        helps = row["state"] != "draft" and caller.may("submissions:read")
        if not (helps and await is_concerned(read, caller, row["assignment"])):
            raise SubmissionNotFoundError
    return row


async def submission_shown(read: Reader, caller: Caller, submission_id: UUID) -> dict[str, Any]:
    return shown(await visible_submission(read, caller, submission_id), caller)


async def some_submissions(read: Reader, caller: Caller, ids: list[UUID]) -> dict[UUID, Any]:
    """Find those that the caller may see, by id."""
    rows = await read.all(SOME_SUBMISSIONS, ids=ids)
    return {row["id"]: row for row in rows if visible(caller, row)}
