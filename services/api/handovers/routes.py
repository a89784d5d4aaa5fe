"""Hand-overs: what one body leaves to another, as one dated act."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response

from services.api.deps.answers import JSON, answer, answer_bytes, body, etag_of, require_match
from services.api.deps.clock import today_in_hanoi
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.fields import Nothing
from services.api.deps.media import chosen
from services.api.deps.paging import Page
from services.api.errors import told
from services.api.handovers import commands, imports, preview, queries, schemas
from services.api.handovers.printing import receipt_page

HTML = "text/html"
# Nothing is loaded and nothing runs, whatever a name may hold.
SAFE = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}

reading = APIRouter(prefix="/v1/handovers", tags=["plan"], route_class=Reading)
writing = APIRouter(prefix="/v1/handovers", tags=["plan"], route_class=Writing)


@reading.get("", operation_id="listHandovers", response_model=Page[schemas.HandoverShown])
async def list_handovers(
    request: ReadRequest, query: Annotated[schemas.HandoverQuery, Query()]
) -> Response:
    """Newest first; a body sees those by which it gives or gets something."""
    return answer(request, await queries.handovers_page(request.read, request.caller, query))


@writing.post(
    "", operation_id="planHandover", status_code=201, response_model=schemas.PlannedHandover
)
async def plan_handover(request: WriteRequest, new: schemas.NewHandover) -> Response:
    """Plan it: nothing is moved yet. The answer says what would be."""
    commands.require_coordinator(request.caller)
    now = datetime.now(UTC)
    made = await commands.plan_handover(request.db, request.caller, new=new, now=now)
    read = await request.fresh()
    shown = await queries.handover_shown(read, request.caller, made)
    looked = await preview.preview_shown(read, request.caller, made, today=today_in_hanoi(now))
    # The ETag is the hand-over's own, as PATCH asks for it; the preview changes with every duty.
    headers = {"location": f"/v1/handovers/{made}", "etag": etag_of(body(shown))}
    return answer(request, {**shown, "preview": looked}, status=201, headers=headers)


@writing.post("/import", operation_id="importHandovers", response_model=schemas.ImportReport)
async def import_handovers(
    request: WriteRequest,
    query: Annotated[schemas.ImportQuery, Query()],
    form: Annotated[schemas.ImportForm, Form(media_type="multipart/form-data")],
) -> Response:
    """Plan a list of changes, one hand-over for each receiver and day: all or none. 422 names every row that is wrong.

    A dry run makes the same checks, shows the same previews, stores nothing, and answers 200.
    """
    commands.require_coordinator(request.caller)
    checked = await imports.import_handovers(
        request.db,
        request.caller,
        content=await form.file.read(),
        basis=form.basis,
        dry_run=query.dry_run,
        now=datetime.now(UTC),
    )
    report: dict[str, Any] = {
        "dry_run": query.dry_run,
        "valid": not checked.faults,
        "rows": checked.rows,
        "errors": told(request, checked.faults),
        "handovers": checked.handovers,
    }
    return answer(request, report)


@reading.get("/{handover_id}", operation_id="getHandover", response_model=schemas.HandoverShown)
async def get_handover(request: ReadRequest, handover_id: UUID) -> Response:
    return answer(request, await queries.handover_shown(request.read, request.caller, handover_id))


@reading.get(
    "/{handover_id}/preview", operation_id="previewHandover", response_model=schemas.PreviewShown
)
async def preview_handover(request: ReadRequest, handover_id: UUID) -> Response:
    """Work out what it would move at this moment, what stays, and what stands against it."""
    today = today_in_hanoi(datetime.now(UTC))
    shown = await preview.preview_shown(request.read, request.caller, handover_id, today=today)
    return answer(request, shown)


@reading.get(
    "/{handover_id}/receipt",
    operation_id="getHandoverReceipt",
    response_model=schemas.Receipt,
    responses={
        200: {"content": {HTML: {"schema": {"type": "string"}}}},
        406: {},
        "409": {"$ref": "#/components/responses/Problem409"},
    },
)
async def get_receipt(request: ReadRequest, handover_id: UUID) -> Response:
    """Everything that was moved, with its id: the same for both sides, each sees what it gave or got.

    As HTML it is a page to print on A4 and sign, in Vietnamese first.
    """
    media = chosen(request, (JSON, HTML))
    receipt = await queries.receipt_shown(request.read, request.caller, handover_id)
    if media == JSON:
        return answer(request, receipt, headers={"vary": "accept"})
    made_up = await request.read.value(queries.MADE_UP, id=handover_id)
    content = receipt_page(receipt, made_up=made_up)
    return answer_bytes(request, content, HTML, headers=SAFE | {"vary": "accept"})


@writing.patch(
    "/{handover_id}", operation_id="changeHandover", response_model=schemas.HandoverShown
)
async def change_handover(
    request: WriteRequest, handover_id: UUID, patch: schemas.HandoverPatch
) -> Response:
    """Change the day, the basis, the exceptions while it is planned."""
    commands.require_coordinator(request.caller)
    await commands.locked_handover(request.db, handover_id)
    await _seen(request, handover_id, optional=False)
    await commands.change_handover(
        request.db, request.caller, handover_id, patch=patch, now=datetime.now(UTC)
    )
    return await _answer(request, handover_id)


async def _seen(request: WriteRequest, handover_id: UUID, *, optional: bool = True) -> None:
    shown = await queries.handover_shown(request.read, request.caller, handover_id)
    require_match(request, shown, optional=optional)


async def _answer(request: WriteRequest, handover_id: UUID) -> Response:
    read = await request.fresh()
    return answer(request, await queries.handover_shown(read, request.caller, handover_id))


@writing.post(
    "/{handover_id}/cancel", operation_id="cancelHandover", response_model=schemas.HandoverShown
)
async def cancel_handover(
    request: WriteRequest, handover_id: UUID, given: schemas.Cancellation
) -> Response:
    """Give up a planned one."""
    commands.require_coordinator(request.caller)
    await _seen(request, handover_id)
    await commands.cancel_handover(
        request.db, request.caller, handover_id, reason=given.reason, now=datetime.now(UTC)
    )
    return await _answer(request, handover_id)


@writing.post(
    "/{handover_id}/carry-out",
    operation_id="carryOutHandover",
    response_model=schemas.HandoverShown,
)
async def carry_out(
    request: WriteRequest, handover_id: UUID, _body: Nothing | None = None
) -> Response:
    """Move all of it, or nothing: responsibilities, open duties with their drafts, contacts, accounts.

    From its day on; up to 30 days before where only responsibilities are to be dated.
    """
    commands.require_coordinator(request.caller)
    await _seen(request, handover_id)
    await commands.carry_out(request.db, request.caller, handover_id, now=datetime.now(UTC))
    return await _answer(request, handover_id)


@writing.post(
    "/{handover_id}/reverse",
    operation_id="reverseHandover",
    status_code=201,
    response_model=schemas.HandoverShown,
)
async def reverse_handover(
    request: WriteRequest, handover_id: UUID, given: schemas.Reversal
) -> Response:
    """Hand back, by an act of its own, what is still where it was put. What changed since stays, and its receipt says so."""
    commands.require_coordinator(request.caller)
    await _seen(request, handover_id)
    back = await commands.reverse_handover(
        request.db,
        request.caller,
        handover_id,
        reason=given.reason,
        effective_on=given.effective_on,
        now=datetime.now(UTC),
    )
    read = await request.fresh()
    shown = await queries.handover_shown(read, request.caller, back)
    return answer(request, shown, status=201, headers={"location": f"/v1/handovers/{back}"})


routers = (reading, writing)
