"""Reporting periods."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.api.deps.answers import answer, etag_of, require_match
from services.api.deps.answers import body as encoded
from services.api.deps.clock import today_in_hanoi
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.fields import Nothing
from services.api.deps.paging import Code, Page
from services.api.periods import closing, commands, deadlines, opening, queries, schemas
from services.api.periods.filling import Filled
from services.api.periods.spans import covered

reading = APIRouter(prefix="/v1/periods", tags=["periods"], route_class=Reading)
proposing = APIRouter(prefix="/v1/period-proposals", tags=["periods"], route_class=Reading)
writing = APIRouter(prefix="/v1/periods", tags=["periods"], route_class=Writing)


@reading.get("", operation_id="listPeriods", response_model=Page[schemas.PeriodShown])
async def list_periods(
    request: ReadRequest, query: Annotated[schemas.PeriodQuery, Query()]
) -> Response:
    """Newest first."""
    request.caller.require("plan:read")
    return answer(request, await queries.periods_page(request.read, request.caller, query))


@reading.get("/{code}", operation_id="getPeriod", response_model=schemas.PeriodShown)
async def get_period(request: ReadRequest, code: Code) -> Response:
    request.caller.require("plan:read")
    return answer(request, await queries.period_shown(request.read, request.caller, code))


@writing.post("", operation_id="createPeriod", status_code=201, response_model=schemas.PeriodMade)
async def create_period(request: WriteRequest, body: schemas.NewPeriod) -> Response:
    request.caller.require("periods:write")
    filled = await commands.create_period(request.db, request.caller, new=body)
    made = await _made(request, body.code, filled, location=f"/v1/periods/{body.code}")
    made.status_code = 201
    return made


async def _made(
    request: WriteRequest, code: str, filled: Sequence[Filled], **headers: str
) -> Response:
    """Say beside the period what was filled in; its ETag is that of the period."""
    shown = await queries.period_shown(await request.fresh(), request.caller, code)
    more = {"filled_in": [one._asdict() for one in filled]}
    headers["etag"] = etag_of(encoded(shown))
    return answer(request, shown | more, headers=headers)


@writing.patch("/{code}", operation_id="changePeriod", response_model=schemas.PeriodMade)
async def change_period(request: WriteRequest, code: Code, body: schemas.PeriodPatch) -> Response:
    request.caller.require("periods:write")
    await commands.locked_period(request.db, code)
    require_match(request, await queries.period_shown(request.read, request.caller, code))
    values = {
        name: value
        for name, value in body.model_dump(exclude_unset=True, exclude={"scope"}).items()
        if value is not None or name in schemas.NULLABLE
    }
    filled = await commands.change_period(
        request.db,
        request.caller,
        code=code,
        values=values,
        scope=body.scope,
        now=datetime.now(UTC),
    )
    return await _made(request, code, filled)


@writing.post("/{code}/open", operation_id="openPeriod", response_model=schemas.PeriodShown)
async def open_period(request: WriteRequest, code: Code, _body: Nothing | None = None) -> Response:
    """Open it, or pick up responsibilities that were added since; repeating it does no harm."""
    request.caller.require("periods:write")
    await commands.open_period(request.db, request.caller, code=code, now=datetime.now(UTC))
    return answer(request, await queries.period_shown(await request.fresh(), request.caller, code))


@writing.post("/{code}/close", operation_id="closePeriod", response_model=schemas.PeriodShown)
async def close_period(
    request: WriteRequest, code: Code, body: schemas.Closing | None = None
) -> Response:
    """Lock it: figures are neither taken nor decided on any more, and nobody is reminded.

    What is unfinished is counted, and refuses (409) until it is said that it is left so. An extension that
    still runs keeps its one duty open.
    """
    request.caller.require("periods:write")
    await closing.close_period(
        request.db,
        request.caller,
        code=code,
        leave_unfinished=bool(body and body.leave_unfinished),
        now=datetime.now(UTC),
    )
    return answer(request, await queries.period_shown(await request.fresh(), request.caller, code))


@writing.post("/{code}/reopen", operation_id="reopenPeriod", response_model=schemas.PeriodShown)
async def reopen_period(request: WriteRequest, code: Code, body: schemas.Reopening) -> Response:
    """Open a closed period again, with a reason: figures are taken and people reminded as before."""
    request.caller.require("periods:write")
    await closing.reopen_period(
        request.db, request.caller, code=code, reason=body.reason, now=datetime.now(UTC)
    )
    return answer(request, await queries.period_shown(await request.fresh(), request.caller, code))


@reading.get("/{code}/opening", operation_id="previewOpening", response_model=schemas.Opening)
async def preview_opening(request: ReadRequest, code: Code) -> Response:
    """Show what opening, or opening again, would make: for whom, until when, and who cannot be reached."""
    request.caller.require("periods:write")
    return answer(request, await opening.opening_shown(request.read, code, now=datetime.now(UTC)))


@reading.get(
    "/{code}/deadlines", operation_id="listPeriodDeadlines", response_model=schemas.DeadlinesShown
)
async def list_deadlines(request: ReadRequest, code: Code) -> Response:
    """Show the deadlines of bodies and nodes that differ from the period's own."""
    request.caller.require("plan:read")
    return answer(request, await queries.deadlines_shown(request.read, request.caller, code))


@writing.put(
    "/{code}/deadlines", operation_id="setPeriodDeadlines", response_model=schemas.DeadlinesShown
)
async def set_deadlines(request: WriteRequest, code: Code, body: schemas.Deadlines) -> Response:
    """Replace them, whole or not at all. Duties that exist keep theirs until they are applied."""
    request.caller.require("periods:write")
    period = await commands.unclosed_period(request.db, code)
    require_match(request, await queries.deadlines_shown(request.read, request.caller, code))
    await deadlines.set_deadlines(request.db, request.caller, period, new=body)
    return answer(
        request, await queries.deadlines_shown(await request.fresh(), request.caller, code)
    )


@writing.post(
    "/{code}/deadlines/apply",
    operation_id="applyPeriodDeadlines",
    response_model=schemas.Applied,
)
async def apply_deadlines(
    request: WriteRequest, code: Code, body: schemas.Application | None = None
) -> Response:
    """Move the unfinished duties of the period to its deadlines, and list what was moved; reminders follow.

    A dry run lists the same and moves nothing. What was extended keeps what was granted.
    """
    request.caller.require("periods:write")
    dry_run = body is not None and body.dry_run
    period = await commands.unclosed_period(request.db, code)
    moves = await deadlines.apply_deadlines(
        request.db, request.caller, period, dry_run=dry_run, now=datetime.now(UTC)
    )
    return answer(request, {"dry_run": dry_run, "moved": [move._asdict() for move in moves]})


@proposing.get("", operation_id="proposePeriod", response_model=schemas.Proposal)
async def propose_period(
    request: ReadRequest, query: Annotated[schemas.ProposalQuery, Query()]
) -> Response:
    """Propose the days that a report covers, and the city's deadline by working days before the ministry's.

    Spans are those of decree 09/2019/NĐ-CP, article 12. ``calendar_confirmed`` is false where the days off
    of a year in between are not yet decided.
    """
    request.caller.require("plan:read")
    covers = None
    if query.span:
        first, last = covered(query.span, query.on or today_in_hanoi(datetime.now(UTC)))
        covers = {"span": query.span, "covers_from": first, "covers_to": last}
    deadline = await opening.deadline_proposed(
        request.read, query.ministry_due_on, query.working_days_before
    )
    return answer(request, {"covers": covers, "deadline": deadline})


routers = (reading, proposing, writing)
