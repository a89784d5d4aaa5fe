"""Questions that take long: asked once, worked through elsewhere, kept with the run."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.api.analyses import commands, queries, schemas
from services.api.deps.answers import answer
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.paging import Page

reading = APIRouter(prefix="/v1", tags=["index"], route_class=Reading)
writing = APIRouter(prefix="/v1", tags=["index"], route_class=Writing)


@writing.post(
    "/index/uncertainty",
    operation_id="askUncertainty",
    status_code=202,
    response_model=schemas.AnalysisDetail,
    responses={429: {}},
)
async def ask_uncertainty(request: WriteRequest, body: schemas.UncertaintyQuestion) -> Response:
    """Ask how sure the ranks are, thoroughly: a job, 202, with its answer where ``Location`` says.

    The same question about the same run is the same job: asked again when it is done, it is 200.
    """
    request.caller.require("index:read")
    run = await request.state.runs.chosen(request.read, body)
    analysis_id = await commands.ask(
        request.db, request.caller, run_id=run.id, plan=body.plan(), steps=body.draws
    )
    shown = await queries.analysis_shown(await request.fresh(), analysis_id)
    return answer(
        request,
        shown,
        status=200 if shown["state"] == "done" else 202,
        headers={"location": f"/v1/analyses/{analysis_id}"},
    )


@reading.get("/analyses", operation_id="listAnalyses", response_model=Page[schemas.AnalysisShown])
async def list_analyses(
    request: ReadRequest, query: Annotated[schemas.AnalysisQuery, Query()]
) -> Response:
    """Newest first, without their results."""
    request.caller.require("index:read")
    return answer(request, await queries.analyses_page(request.read, query))


@reading.get(
    "/analyses/{analysis_id}", operation_id="getAnalysis", response_model=schemas.AnalysisDetail
)
async def get_analysis(request: ReadRequest, analysis_id: UUID) -> Response:
    """Show how far a job is and, when it is done, its result."""
    request.caller.require("index:read")
    return answer(request, await queries.analysis_shown(request.read, analysis_id))


routers = (reading, writing)
