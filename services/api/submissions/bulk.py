"""One decision on many submissions, with a result for each."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Response

from services.api.deps.answers import answer, body, etag_of, matches
from services.api.deps.edge import WriteRequest, Writing
from services.api.deps.latest import about, tell_change
from services.api.errors import PreconditionFailedError, domain_problem
from services.api.submissions import decisions, queries, schemas
from services.api.submissions.hand import take_many
from shared.errors import ConflictError, DomainError, Fault

writing = APIRouter(prefix="/v1", tags=["figures"], route_class=Writing)


class NotAllDecidedError(ConflictError):
    """Not all of them can be decided so; none was.

    Không phải tất cả đều quyết định được như vậy; chưa có gì thay đổi.
    """


@writing.post(
    "/submissions/decisions",
    operation_id="decideMany",
    response_model=schemas.DecisionsShown,
)
async def decide_many(request: WriteRequest, body: schemas.Decisions) -> Response:
    """Accept, return or reject up to 200 at once: all or none of them, or each for itself."""
    request.caller.require("submissions:review")
    ids = [item.id for item in body.items]
    await take_many(request.db, ids)
    rows = await queries.some_submissions(request.read, request.caller, ids)
    faults = await decisions.decide_each(
        request.db,
        request.caller,
        {submission_id: rows.get(submission_id) for submission_id in ids},
        _stale(request, body, rows),
        action=body.action,
        said={item.id: item for item in body.items},
        reason=body.reason or "",
        now=datetime.now(UTC),
    )
    if faults and body.mode == "all_or_nothing":
        raise NotAllDecidedError(
            faults=[
                Fault(
                    f"/items/{place}{faults[item].pointer}",
                    faults[item].english,
                    faults[item].vietnamese,
                )
                for place, item in enumerate(ids)
                if item in faults
            ]
        )
    after = await queries.some_submissions(await request.fresh(), request.caller, ids)
    for one, error in faults.items():
        if one in after:
            about(error, "submission", one, queries.shown(after[one], request.caller))
        await tell_change(request, error, request.read, request.caller)
    return answer(request, _told(request, body.action, after, faults, ids))


def _stale(
    request: WriteRequest, asked: schemas.Decisions, rows: dict[UUID, Any]
) -> dict[UUID, DomainError]:
    """Refuse what is no longer as the caller read it."""
    return {
        item.id: PreconditionFailedError()
        for item in asked.items
        if item.if_match is not None and item.id in rows
        if not matches(item.if_match, etag_of(body(queries.shown(rows[item.id], request.caller))))
    }


def _told(
    request: WriteRequest,
    action: str,
    rows: dict[UUID, Any],
    faults: dict[UUID, DomainError],
    ids: list[UUID],
) -> dict[str, Any]:
    items = [
        {
            "id": one,
            "done": one not in faults,
            "state": rows[one]["state"] if one in rows else None,
            "problem": (
                orjson.Fragment(bytes(domain_problem(request, faults[one]).body))
                if one in faults
                else None
            ),
        }
        for one in ids
    ]
    return {
        "action": action,
        "done": len(ids) - len(faults),
        "refused": len(faults),
        "items": items,
    }
