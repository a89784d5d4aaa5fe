"""The thread of a submission, and who takes part in it: its body, who else answers for the indicator, who reviews."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, case, func, or_, select, text, true, tuple_
from sqlalchemy.orm import aliased

from services.api.comments.schemas import CommentQuery
from services.api.deps.caller import Caller
from services.api.deps.paging import page, start_of
from services.api.submissions.queries import SubmissionNotFoundError, visible
from services.api.submissions.states import reviews_for
from shared.db import Reader
from shared.errors import ForbiddenError
from shared.models import Assignment, Comment, Node, Organisation, Responsibility, ReviewRule
from shared.models import Submission as SubmissionRow

_today = func.date(func.timezone("Asia/Ho_Chi_Minh", func.now()))
_Held = aliased(Node)
_is_component = Node.kind == text("'component'")
_indicator = case((_is_component, Node.parent_id), else_=Node.id)
# All who answer for the indicator today, for its components too.
_bodies = (
    select(func.array_agg(Responsibility.organisation_id.distinct()))
    .join(_Held, _Held.id == Responsibility.node_id)
    .where(
        or_(
            _Held.id == _indicator,
            and_(_Held.parent_id == _indicator, _Held.kind == text("'component'")),
        ),
        Responsibility.valid_from <= _today,
        func.coalesce(Responsibility.valid_to, text("'infinity'::date")) >= _today,
    )
    .correlate(Node)
    .scalar_subquery()
)
PLACE = (
    select(
        SubmissionRow.state,
        Assignment.organisation_id,
        ReviewRule.reviewer_id.label("reviewing_body"),
        _bodies.label("bodies"),
    )
    .join(Assignment, Assignment.id == SubmissionRow.assignment_id)
    .join(Node, Node.id == Assignment.node_id)
    .outerjoin(ReviewRule, ReviewRule.organisation_id == Assignment.organisation_id)
    .where(SubmissionRow.id == bindparam("id"))
)
_COMMENT = select(
    Comment.id,
    Comment.submission_id.label("submission"),
    Comment.text,
    Comment.created_by_name.label("author"),
    Organisation.code.label("organisation"),
    Comment.created_at,
).outerjoin(Organisation, Organisation.id == Comment.organisation_id)
ONE_COMMENT = _COMMENT.where(Comment.id == bindparam("id"))
_THREAD = (
    _COMMENT.where(Comment.submission_id == bindparam("submission"))
    .order_by(Comment.created_at, Comment.id)
    .limit(bindparam("limit"))
)
THREAD = {
    False: _THREAD.where(true()),
    True: _THREAD.where(
        tuple_(Comment.created_at, Comment.id) > tuple_(bindparam("at"), bindparam("after"))
    ),
}


class Part(NamedTuple):
    """What the caller may do in a thread, and for whom he speaks."""

    writes: bool
    body: UUID | None


async def part_in(read: Reader, caller: Caller, submission_id: UUID) -> Part:
    """Find the caller's part; who has none is not told that there is a submission."""
    row = await read.first(PLACE, id=submission_id)
    if row is None:
        raise SubmissionNotFoundError
    own = row["organisation_id"]
    bodies = [own, *(row["bodies"] or ())] if row["state"] != "draft" else [own]
    body = next((one for one in bodies if caller.may("submissions:write", one)), None)
    if body is not None:
        return Part(writes=True, body=body)
    if not visible(caller, row):
        raise SubmissionNotFoundError
    reviews = caller.may("submissions:review", own)
    if reviews or reviews_for(caller, row["reviewing_body"]):
        speaks_for = row["reviewing_body"] if not reviews else None
        return Part(writes=True, body=speaks_for)
    if not caller.may("submissions:read", own):
        raise ForbiddenError(
            "The thread is for those who answer for the indicator and who review.",
            vi="Trao đổi này dành cho các cơ quan phụ trách chỉ số và cơ quan duyệt.",
        )
    return Part(writes=False, body=None)


async def comments_page(
    read: Reader, caller: Caller, submission_id: UUID, query: CommentQuery
) -> dict[str, Any]:
    await part_in(read, caller, submission_id)
    after = start_of(query, datetime.fromisoformat, UUID)
    at, last = after or (None, None)
    rows = await read.all(
        THREAD[after is not None],
        submission=submission_id,
        limit=query.limit + 1,
        at=at,
        after=last,
    )
    return page(query, rows, dict, lambda row: [row["created_at"].isoformat(), row["id"]])


async def comment_shown(read: Reader, comment_id: UUID) -> dict[str, Any]:
    row = await read.first(ONE_COMMENT, id=comment_id)
    assert row is not None
    return dict(row)
