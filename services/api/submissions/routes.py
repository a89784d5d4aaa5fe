"""The main workflow: draft, submit, decide."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.api.deps.answers import answer, require_match
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.fields import Nothing
from services.api.deps.latest import about
from services.api.deps.paging import Page
from services.api.submissions import bulk, commands, decisions, queries, schemas
from services.api.submissions.hand import take_many
from shared.errors import ConflictError

reading = APIRouter(prefix="/v1", tags=["figures"], route_class=Reading)
writing = APIRouter(prefix="/v1", tags=["figures"], route_class=Writing)

Shown = schemas.SubmissionShown


@reading.get("/submissions", operation_id="listSubmissions", response_model=Page[Shown])
async def list_submissions(
    request: ReadRequest, query: Annotated[schemas.SubmissionQuery, Query()]
) -> Response:
    """Newest first. A body's drafts are its own until they are submitted."""
    return answer(request, await queries.submissions_page(request.read, request.caller, query))


@reading.get("/submissions/{submission_id}", operation_id="getSubmission", response_model=Shown)
async def get_submission(request: ReadRequest, submission_id: UUID) -> Response:
    return answer(
        request, await queries.submission_shown(request.read, request.caller, submission_id)
    )


@writing.post(
    "/assignments/{assignment_id}/submissions",
    operation_id="createSubmission",
    status_code=201,
    response_model=Shown,
)
async def create_submission(
    request: WriteRequest, assignment_id: UUID, body: schemas.NewSubmission
) -> Response:
    """Draft the next revision; with ``submit`` it is submitted at once."""
    submission_id = await commands.create_submission(
        request.db,
        request.caller,
        assignment_id=assignment_id,
        sent=body.model_dump(exclude={"submit"}, exclude_unset=True),
        submit_now=body.submit,
        now=datetime.now(UTC),
    )
    shown = await queries.submission_shown(await request.fresh(), request.caller, submission_id)
    return answer(
        request, shown, status=201, headers={"location": f"/v1/submissions/{submission_id}"}
    )


@writing.patch(
    "/submissions/{submission_id}", operation_id="changeSubmission", response_model=Shown
)
async def change_submission(
    request: WriteRequest, submission_id: UUID, body: schemas.SubmissionPatch
) -> Response:
    """Change a draft. Only members that are sent are changed; null takes a figure out."""
    await take_many(request.db, [submission_id])
    require_match(
        request, await queries.submission_shown(request.read, request.caller, submission_id)
    )
    sent = {
        name: value
        for name, value in body.model_dump(exclude_unset=True).items()
        if value is not None or name in schemas.MAY_BE_EMPTY
    }
    async with _told_as_it_is(request, submission_id):
        await commands.change_submission(
            request.db, request.caller, submission_id, sent=sent, now=datetime.now(UTC)
        )
    return await _answer(request, submission_id)


async def _answer(request: WriteRequest, submission_id: UUID) -> Response:
    shown = await queries.submission_shown(await request.fresh(), request.caller, submission_id)
    return answer(request, shown)


async def _seen(request: WriteRequest, submission_id: UUID) -> dict[str, Any]:
    """Answer 404 for what the caller may not see, and 412 when he has an old version."""
    shown = await queries.submission_shown(request.read, request.caller, submission_id)
    require_match(request, shown, optional=True)
    return shown


@asynccontextmanager
async def _told_as_it_is(request: WriteRequest, submission_id: UUID) -> AsyncIterator[None]:
    """Let a refusal for its state carry how the caller is shown it now."""
    try:
        yield
    except ConflictError as error:
        if error.of_state:
            shown = await queries.submission_shown(
                await request.fresh(), request.caller, submission_id
            )
            about(error, "submission", submission_id, shown)
        raise


@writing.post("/submissions/{submission_id}/submit", operation_id="submit", response_model=Shown)
async def submit(
    request: WriteRequest, submission_id: UUID, _body: Nothing | None = None
) -> Response:
    await _seen(request, submission_id)
    async with _told_as_it_is(request, submission_id):
        await commands.submit(request.db, request.caller, submission_id, now=datetime.now(UTC))
    return await _answer(request, submission_id)


@writing.post(
    "/submissions/{submission_id}/withdraw", operation_id="withdraw", response_model=Shown
)
async def withdraw(
    request: WriteRequest, submission_id: UUID, _body: Nothing | None = None
) -> Response:
    """Take back a draft, or what has not been decided yet."""
    await _seen(request, submission_id)
    async with _told_as_it_is(request, submission_id):
        await commands.withdraw_submission(
            request.db, request.caller, submission_id, now=datetime.now(UTC)
        )
    return await _answer(request, submission_id)


@writing.post("/submissions/{submission_id}/accept", operation_id="accept", response_model=Shown)
async def accept(
    request: WriteRequest, submission_id: UUID, body: schemas.Acceptance | None = None
) -> Response:
    """Accept it into the index, or be the first of two who do. Whoever wrote or submitted it may not."""
    row = await queries.visible_submission(request.read, request.caller, submission_id)
    require_match(request, queries.shown(row, request.caller), optional=True)
    async with _told_as_it_is(request, submission_id):
        await decisions.accept_submission(
            request.db,
            request.caller,
            submission_id,
            seen=row,
            said=body or schemas.Acceptance(),
            now=datetime.now(UTC),
        )
    return await _answer(request, submission_id)


async def _decide(request: WriteRequest, submission_id: UUID, action: str, reason: str) -> Response:
    await _seen(request, submission_id)
    async with _told_as_it_is(request, submission_id):
        await decisions.decide_submission(
            request.db,
            request.caller,
            submission_id,
            action=action,
            reason=reason,
            now=datetime.now(UTC),
        )
    return await _answer(request, submission_id)


@writing.post(
    "/submissions/{submission_id}/return", operation_id="returnForCorrection", response_model=Shown
)
async def return_for_correction(
    request: WriteRequest, submission_id: UUID, body: schemas.Decision
) -> Response:
    """Return it for correction: the body sends a new revision."""
    return await _decide(request, submission_id, "return", body.reason)


@writing.post("/submissions/{submission_id}/reject", operation_id="reject", response_model=Shown)
async def reject(request: WriteRequest, submission_id: UUID, body: schemas.Decision) -> Response:
    return await _decide(request, submission_id, "reject", body.reason)


@writing.post("/submissions/{submission_id}/reopen", operation_id="reopen", response_model=Shown)
async def reopen(request: WriteRequest, submission_id: UUID, body: schemas.Decision) -> Response:
    """Take an accepted figure out of the index again."""
    return await _decide(request, submission_id, "reopen", body.reason)


routers = (reading, writing, bulk.writing)
