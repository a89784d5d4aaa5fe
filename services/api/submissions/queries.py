"""Figures and reports, as far as the caller may see them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    ColumnElement,
    Uuid,
    and_,
    any_,
    bindparam,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.api.assignments.queries import is_concerned
from services.api.deps.caller import Caller
from services.api.deps.known import of_code
from services.api.deps.newest import NewestFirst
from services.api.submissions.differences import changes_since
from services.api.submissions.rows import SUBMISSION
from services.api.submissions.schemas import SubmissionQuery
from services.api.submissions.states import REVIEWERS, allowed_actions, reviews_for
from shared.db import Reader
from shared.errors import ForbiddenError, NotFoundError
from shared.models import (
    Assignment,
    ReviewRule,
    Submission,
)


class SubmissionNotFoundError(NotFoundError):
    """There is no such submission, or it is not yours to see.

    Không có báo cáo số liệu này, hoặc báo cáo không thuộc phạm vi của bạn.
    """


SOME_SUBMISSIONS = SUBMISSION.where(Submission.id == any_(bindparam("ids", type_=ARRAY(Uuid))))
ONE_SUBMISSION = SUBMISSION.where(Submission.id == bindparam("id"))
_bodies = bindparam("bodies", type_=ARRAY(Uuid))
_in_bodies = Assignment.organisation_id == any_(_bodies)
_REVIEWED = select(ReviewRule.organisation_id).where(
    ReviewRule.reviewer_id == any_(bindparam("reviewers", type_=ARRAY(Uuid)))
)
_FILTERS: dict[str, ColumnElement[bool]] = {
    "period": of_code(Assignment.period_id, "period"),
    "organisation": of_code(Assignment.organisation_id, "organisation"),
    "indicator": of_code(Assignment.node_id, "indicator"),
    "state": Submission.state == bindparam("state"),
    "assignment": Submission.assignment_id == bindparam("assignment"),
    "submitted_since": Submission.submitted_at >= bindparam("submitted_since"),
    # Of bodies that the caller's review, all but drafts.
    "own": and_(
        Assignment.organisation_id == any_(bindparam("seen", type_=ARRAY(Uuid))),
        or_(Submission.state != "draft", _in_bodies),
    ),
    "no_foreign_drafts": or_(Submission.state != "draft", _in_bodies),
    "accepted": Submission.state == "accepted",
    "own_accepted": and_(Submission.state == "accepted", _in_bodies),
}
_LIST = NewestFirst(
    SUBMISSION,
    at=Submission.created_at,
    key=Submission.id,
    filters=_FILTERS,
    found=select(Submission.id).join(Assignment, Assignment.id == Submission.assignment_id),
    few=(
        "period",
        "organisation",
        "indicator",
        "assignment",
        "submitted_since",
        "own",
        "own_accepted",
    ),
)


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
    if sight == "own":
        values["seen"] = sorted({*bodies, *await _reviewed_by(read, caller)})
    if query.assignment:
        values["assignment"] = query.assignment
    if query.submitted_since:
        values["submitted_since"] = datetime.fromisoformat(
            f"{query.submitted_since}T00:00:00+07:00"
        )
    return await _LIST.page(read, query, values, lambda row: shown(row, caller))


async def _reviewed_by(read: Reader, caller: Caller) -> list[UUID]:
    """List the bodies whose figures wait for one of the caller's."""
    reviewers = {body for role, body, _ in caller.memberships if role in REVIEWERS}
    if not reviewers:
        return []
    return [row[0] for row in await read.all(_REVIEWED, reviewers=sorted(reviewers))]


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
