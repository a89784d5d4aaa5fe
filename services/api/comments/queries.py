"""The thread of a submission, and who takes part in it: its body, who else answers for the indicator, who reviews."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, select, true, tuple_

from services.api.assignments.queries import concerned_bodies
from services.api.comments.schemas import CommentQuery
from services.api.deps.caller import Caller
from services.api.deps.paging import page, start_of
from services.api.submissions.queries import SubmissionNotFoundError, visible
from services.api.submissions.states import reviews_for
from shared.db import Reader
from shared.errors import ForbiddenError
from shared.models import Assignment, Comment, Organisation, ReviewRule
from shared.models import Submission as SubmissionRow

PLACE = (
    select(
        SubmissionRow.state,
        SubmissionRow.assignment_id,
        Assignment.organisation_id,
        ReviewRule.reviewer_id.label("reviewing_body"),
    )
    .join(Assignment, Assignment.id == SubmissionRow.assignment_id)
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
    if caller.may("submissions:write", own):
        return Part(writes=True, body=own)
    if row["state"] != "draft":
        # Bodies that co-operate or are asked to help: they speak, and decide nothing.
        for body in await concerned_bodies(read, caller, row["assignment_id"]):
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
