"""What is said about a submission, by all who have a part in it."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.api.comments import commands, queries, schemas
from services.api.deps.answers import answer
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.paging import Page
from shared.errors import ForbiddenError

reading = APIRouter(prefix="/v1", tags=["figures"], route_class=Reading)
writing = APIRouter(prefix="/v1", tags=["figures"], route_class=Writing)


@reading.get(
    "/submissions/{submission_id}/comments",
    operation_id="listComments",
    response_model=Page[schemas.CommentShown],
)
async def list_comments(
    request: ReadRequest, submission_id: UUID, query: Annotated[schemas.CommentQuery, Query()]
) -> Response:
    """Oldest first. Every body that answers for the indicator reads it, once it is no draft any more."""
    return answer(
        request,
        await queries.comments_page(request.read, request.caller, submission_id, query),
    )


@writing.post(
    "/submissions/{submission_id}/comments",
    operation_id="addComment",
    status_code=201,
    response_model=schemas.CommentShown,
)
async def add_comment(
    request: WriteRequest, submission_id: UUID, body: schemas.NewComment
) -> Response:
    """Say something; it is never changed or removed."""
    part = await queries.part_in(request.read, request.caller, submission_id)
    if not part.writes:
        raise ForbiddenError
    comment_id = commands.add_comment(
        request.db,
        request.caller,
        submission_id,
        text=body.text,
        body=part.body,
        now=datetime.now(UTC),
    )
    shown = await queries.comment_shown(await request.fresh(), comment_id)
    return answer(
        request,
        shown,
        status=201,
        headers={"location": f"/v1/submissions/{submission_id}/comments"},
    )


routers = (reading, writing)
