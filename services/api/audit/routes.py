"""The audit log: what was changed, where its chain stands, and whether it holds."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from services.api.audit import heads, queries, schemas
from services.api.audit.signing import AuditKeyError, Signer, load_signer
from services.api.audit.table import table
from services.api.deps.answers import JSON, answer, answer_bytes
from services.api.deps.clock import today_in_hanoi
from services.api.deps.edge import Reading, ReadRequest
from services.api.deps.fields import Day
from services.api.deps.media import chosen
from services.api.deps.paging import Page, PageQuery
from shared.errors import NotFoundError

reading = APIRouter(prefix="/v1/audit", tags=["audit"], route_class=Reading)

CSV = "text/csv"
MEDIA = {"json": JSON, "csv": CSV}
CSV_ROWS = 5_000
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {CSV: {"schema": {"type": "string"}}}},
    406: {},
}


class NoHeadError(NotFoundError):
    """The audit chain has no link of this day.

    Chuỗi nhật ký không có mắt xích nào của ngày này.
    """


@reading.get(
    "", operation_id="listAudit", response_model=Page[schemas.AuditShown], responses=RESPONSES
)
async def list_audit(
    request: ReadRequest, query: Annotated[schemas.AuditQuery, Query()]
) -> Response:
    """Latest first: who changed what, from what to what, why, and under which trace id.

    As CSV up to 5,000 entries come at once; the ``Link`` header leads to those before them.
    """
    request.caller.require("audit:read")
    media = MEDIA[query.format] if query.format else chosen(request, tuple(MEDIA.values()))
    headers = {} if query.format else {"vary": "accept"}
    if media == JSON:
        return answer(request, await queries.audit_page(request.read, query), headers=headers)
    whole = query.model_copy(update={"limit": CSV_ROWS})
    rows = await queries.audit_rows(request.read, query, limit=CSV_ROWS)
    content = await asyncio.to_thread(table, rows[:CSV_ROWS])
    cursor = queries.as_page(whole, rows)["next_cursor"]
    if cursor:
        following = request.url.include_query_params(cursor=cursor)
        headers["link"] = f'<{following.path}?{following.query}>; rel="next"'
    headers["content-disposition"] = 'attachment; filename="audit.csv"'
    return answer_bytes(request, content, CSV, headers=headers)


@reading.get("/heads", operation_id="listAuditHeads", response_model=Page[schemas.Head])
async def list_heads(request: ReadRequest, query: Annotated[PageQuery, Query()]) -> Response:
    """List the signed heads of the days that are over, latest first."""
    request.caller.require("audit:read")
    return answer(request, await queries.heads_page(request.read, query))


@reading.get("/heads/{day}", operation_id="getAuditHead", response_model=schemas.Head)
async def get_head(request: ReadRequest, day: Day) -> Response:
    """Show a day's head, to mail, print or publish: kept elsewhere it proves what the log was. Today's is provisional."""
    request.caller.require("audit:read")
    head = await heads.head_of(request.read, day, await _signer(request), today=today_in_hanoi())
    if head is None:
        raise NoHeadError
    return answer(request, head)


@reading.get("/verification", operation_id="verifyAudit", response_model=schemas.Verification)
async def verify(
    request: ReadRequest, query: Annotated[schemas.VerificationQuery, Query()]
) -> Response:
    """Check up to 10,000 links against their entries; what was tampered with is named."""
    request.caller.require("audit:read")
    return answer(request, await queries.verification(request.read, query))


async def _signer(request: ReadRequest) -> Signer | None:
    try:
        return await asyncio.to_thread(load_signer, request.settings.audit_key_file)
    except (AuditKeyError, OSError):
        return None  # the sealing loop tells the operator


routers = (reading,)
