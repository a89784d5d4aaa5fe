"""The index, and why it is what it is."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.api.deps.answers import answer
from services.api.deps.edge import Reading, ReadRequest
from services.api.deps.paging import Code, Page
from services.api.index import queries, schemas
from services.api.index.explanation import explanation

reading = APIRouter(prefix="/v1/index", tags=["index"], route_class=Reading)


@reading.get("", operation_id="getIndex", response_model=schemas.Index, responses={404: {}})
async def get_index(
    request: ReadRequest, query: Annotated[schemas.IndexQuery, Query()]
) -> Response:
    """Show the city's newest estimate. n/a is null, never zero; ``stale`` while something newer is not in it."""
    request.caller.require("index:read")
    return answer(
        request, await queries.newest_index(request.read, period=query.period, as_of=query.as_of)
    )


@reading.get("/runs", operation_id="listRuns", response_model=Page[schemas.RunShown])
async def list_runs(request: ReadRequest, query: Annotated[schemas.RunQuery, Query()]) -> Response:
    """Newest first."""
    request.caller.require("index:read")
    return answer(request, await queries.runs_page(request.read, query))


@reading.get("/runs/{run_id}", operation_id="getRun", response_model=schemas.RunDetail)
async def get_run(request: ReadRequest, run_id: UUID) -> Response:
    """Show a run with all that went into it."""
    request.caller.require("index:read")
    return answer(request, await queries.run_shown(request.read, run_id))


@reading.get(
    "/runs/{run_id}/nodes", operation_id="listRunNodes", response_model=Page[schemas.RunNodeShown]
)
async def list_nodes(
    request: ReadRequest, run_id: UUID, query: Annotated[schemas.NodeQuery, Query()]
) -> Response:
    request.caller.require("index:read")
    return answer(request, await queries.run_nodes_page(request.read, run_id, query))


@reading.get(
    "/runs/{run_id}/nodes/{code}",
    operation_id="getRunNode",
    response_model=schemas.RunNodeExplained,
)
async def get_node(request: ReadRequest, run_id: UUID, code: Code) -> Response:
    """Explain a number: raw → treated → normalised → weight in force → contribution to the index."""
    request.caller.require("index:read")
    shown = await queries.run_node(request.read, run_id, code)
    run = await request.state.runs.chosen(request.read, schemas.RunChoice(run=run_id))
    return answer(request, {**shown, **explanation(run, code)})


routers = (reading,)
