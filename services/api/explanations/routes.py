"""Yêu cầu giải trình: what a body is asked to explain, and its answer."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.api.deps.answers import answer, require_match
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.paging import Page
from services.api.explanations import commands, queries, schemas

reading = APIRouter(prefix="/v1/explanations", tags=["duties"], route_class=Reading)
writing = APIRouter(prefix="/v1/explanations", tags=["duties"], route_class=Writing)

Shown = schemas.ExplanationShown


@reading.get("", operation_id="listExplanations", response_model=Page[Shown])
async def list_explanations(
    request: ReadRequest, query: Annotated[schemas.ExplanationQuery, Query()]
) -> Response:
    """Newest first. ``overdue``: the last day is past and there is no answer."""
    return answer(request, await queries.explanations_page(request.read, request.caller, query))


@reading.get("/{explanation_id}", operation_id="getExplanation", response_model=Shown)
async def get_explanation(request: ReadRequest, explanation_id: UUID) -> Response:
    request.caller.require("explanations:read")
    return answer(
        request, await queries.explanation_shown(request.read, request.caller, explanation_id)
    )


@writing.post("", operation_id="askExplanation", status_code=201, response_model=Shown)
async def ask_explanation(request: WriteRequest, body: schemas.NewExplanation) -> Response:
    """Ask a body to explain, about one of its duties or about an indicator, until a day."""
    request.caller.require("explanations:write")
    made = await commands.ask_explanation(
        request.db, request.caller, new=body, now=datetime.now(UTC)
    )
    shown = await queries.explanation_shown(await request.fresh(), request.caller, made)
    return answer(request, shown, status=201, headers={"location": f"/v1/explanations/{made}"})


async def _seen(request: WriteRequest, explanation_id: UUID) -> None:
    request.caller.require("explanations:read")
    shown = await queries.explanation_shown(request.read, request.caller, explanation_id)
    require_match(request, shown, optional=True)


async def _answer(request: WriteRequest, explanation_id: UUID) -> Response:
    shown = await queries.explanation_shown(await request.fresh(), request.caller, explanation_id)
    return answer(request, shown)


@writing.post("/{explanation_id}/answer", operation_id="answerExplanation", response_model=Shown)
async def answer_explanation(
    request: WriteRequest, explanation_id: UUID, body: schemas.Answer
) -> Response:
    """Answer for the body that was asked; the answer stands."""
    await _seen(request, explanation_id)
    await commands.answer_explanation(
        request.db, request.caller, explanation_id, answer=body.answer, now=datetime.now(UTC)
    )
    return await _answer(request, explanation_id)


@writing.post("/{explanation_id}/close", operation_id="closeExplanation", response_model=Shown)
async def close_explanation(
    request: WriteRequest, explanation_id: UUID, body: schemas.Closing
) -> Response:
    """Close it with a remark, answered or not."""
    await _seen(request, explanation_id)
    await commands.close_explanation(
        request.db, request.caller, explanation_id, remark=body.remark, now=datetime.now(UTC)
    )
    return await _answer(request, explanation_id)


routers = (reading, writing)
