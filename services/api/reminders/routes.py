"""Who was told what and when, the proof of it for one duty, and what goes out on a day."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.api.deps.answers import JSON, answer, answer_bytes
from services.api.deps.clock import today_in_hanoi
from services.api.deps.edge import Reading, ReadRequest
from services.api.deps.media import chosen
from services.api.deps.paging import Page
from services.api.deps.tables import CSV, XLSX, as_csv, as_xlsx
from services.api.reminders import preview, proof, queries, schemas, sheet
from services.api.reminders.table import COLUMNS, lines

reading = APIRouter(prefix="/v1", tags=["reminders"], route_class=Reading)

HTML = "text/html"
MEDIA = {"json": JSON, "csv": CSV, "xlsx": XLSX}
TABLE_ROWS = 5_000
TABLES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            CSV: {"schema": {"type": "string"}},
            XLSX: {"schema": {"type": "string", "format": "binary"}},
        }
    },
    406: {},
}
PAGES: dict[int | str, dict[str, Any]] = {
    200: {"content": {HTML: {"schema": {"type": "string"}}}},
    406: {},
}


@reading.get(
    "/reminders",
    operation_id="listReminders",
    response_model=Page[schemas.ReminderShown],
    responses=TABLES,
)
async def list_reminders(
    request: ReadRequest, query: Annotated[schemas.ReminderQuery, Query()]
) -> Response:
    """Show the ledger, latest first: what is planned, was sent and arrived, failed, or was left out and why.

    As CSV or XLSX up to 5,000 rows come at once; the ``Link`` header leads to those before them.
    """
    media = MEDIA[query.format] if query.format else chosen(request, tuple(MEDIA.values()))
    headers = {} if query.format else {"vary": "accept"}
    if media == JSON:
        found = await queries.reminders_page(request.read, request.caller, query)
        return answer(request, found, headers=headers)
    whole = query.model_copy(update={"limit": TABLE_ROWS})
    rows = await queries.reminders_rows(request.read, request.caller, query, limit=TABLE_ROWS)
    found = queries.as_page(whole, rows)
    content = await asyncio.to_thread(_table, media, found)
    if found["next_cursor"]:
        following = request.url.include_query_params(cursor=found["next_cursor"])
        headers["link"] = f'<{following.path}?{following.query}>; rel="next"'
    ending = "csv" if media == CSV else "xlsx"
    headers["content-disposition"] = f'attachment; filename="reminders.{ending}"'
    return answer_bytes(request, content, media, headers=headers)


def _table(media: str, found: Mapping[str, Any]) -> bytes:
    rows = lines(found["items"])
    return as_csv(COLUMNS, rows) if media == CSV else as_xlsx({"reminders": (COLUMNS, rows)})


@reading.get("/reminders/preview", operation_id="previewReminders", response_model=schemas.Preview)
async def preview_reminders(
    request: ReadRequest, query: Annotated[schemas.PreviewQuery, Query()]
) -> Response:
    """Say who gets what on a day, by recipient and mail, and about which open duties nobody is written to and why.

    It is what the ledger holds now: until that day duties are done, deadlines move and contacts change.
    """
    found = await preview.preview(request.read, request.caller, query, now=datetime.now(UTC))
    return answer(request, found)


@reading.get(
    "/assignments/{assignment_id}/reminders",
    operation_id="getDutyReminders",
    response_model=schemas.ProofSheet,
    responses=PAGES,
)
async def get_duty_reminders(request: ReadRequest, assignment_id: UUID) -> Response:
    """Prove who was told of a duty: what, when, whether it arrived and was acknowledged, and why not.

    As ``text/html`` it is a page to print.
    """
    found = await proof.proof_of_duty(request.read, request.caller, assignment_id)
    return await _proof(request, found)


@reading.get(
    "/explanations/{explanation_id}/reminders",
    operation_id="getExplanationReminders",
    response_model=schemas.ProofSheet,
    responses=PAGES,
)
async def get_explanation_reminders(request: ReadRequest, explanation_id: UUID) -> Response:
    """Prove who was told of a request for an explanation; as ``text/html`` it is a page to print."""
    found = await proof.proof_of_explanation(request.read, request.caller, explanation_id)
    return await _proof(request, found)


async def _proof(request: ReadRequest, found: Mapping[str, Any]) -> Response:
    headers = {"vary": "accept"}
    if chosen(request, (JSON, HTML)) == JSON:
        return answer(request, found, headers=headers)
    content = await asyncio.to_thread(sheet.page, found, today=today_in_hanoi())
    headers["content-security-policy"] = sheet.SAFE
    return answer_bytes(request, content, f"{HTML}; charset=utf-8", headers=headers)


@reading.get(
    "/assignments/{assignment_id}/reminder-policy",
    operation_id="getDutyPolicy",
    response_model=schemas.Governing,
)
async def get_duty_policy(request: ReadRequest, assignment_id: UUID) -> Response:
    """Say which policy governs a duty: the most specific one that fits it."""
    return answer(request, await proof.governing_duty(request.read, request.caller, assignment_id))


@reading.get(
    "/explanations/{explanation_id}/reminder-policy",
    operation_id="getExplanationPolicy",
    response_model=schemas.Governing,
)
async def get_explanation_policy(request: ReadRequest, explanation_id: UUID) -> Response:
    """Say which policy governs a request for an explanation."""
    return answer(
        request, await proof.governing_explanation(request.read, request.caller, explanation_id)
    )


routers = (reading,)
