"""Questions to the engine about a run: what would move it, and how. Nothing is saved as data."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.api.deps.answers import answer
from services.api.deps.edge import Asking, Reading, ReadRequest
from services.api.frameworks.tree import composite_tree
from services.api.index.recall import locality_names
from services.api.questions import queries, schemas
from services.api.questions.trial import trial
from shared.composite import Method

reading = APIRouter(prefix="/v1/index", tags=["index"], route_class=Reading)
asking = APIRouter(prefix="/v1", tags=["index"], route_class=Asking)

FrameworkYear = Annotated[int, Path(ge=2000, le=2200)]


@asking.post("/frameworks/{year}/trial", operation_id="tryFramework", response_model=schemas.Trial)
async def try_framework(
    request: ReadRequest, year: FrameworkYear, body: schemas.TrialQuestion
) -> Response:
    """Run a framework, a draft too, on an old period's figures: who gains, who loses, what has no source."""
    request.caller.require("index:read")
    run = await request.state.runs.chosen(request.read, body)
    framework, nodes = await queries.framework_said(request.read, year)
    found = await asyncio.to_thread(
        trial,
        run,
        composite_tree(nodes),
        Method.from_dict(framework["method"]["engine"]),
        body.sources,
        await locality_names(request.read),
    )
    shown = {
        **run.named(),
        "trial_framework": year,
        "state": framework["state"],
        "comparable": False,
        **found,
    }
    return answer(request, shown)


routers = (reading, asking)
