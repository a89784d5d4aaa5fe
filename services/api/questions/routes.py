"""Questions to the engine about a run: what would move it, and how. Nothing is saved as data."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from services.api.analyses.schemas import UncertaintyQuery
from services.api.deps.answers import answer
from services.api.deps.edge import Asking, Reading, ReadRequest
from services.api.index.recall import RecalledRun, locality_names, node_names
from services.api.index.schemas import RunChoice
from services.api.questions import asking as ask
from services.api.questions import queries, schemas
from services.api.questions.trial import trial
from shared.composite import Target

reading = APIRouter(prefix="/v1", tags=["questions"], route_class=Reading)
asking = APIRouter(prefix="/v1", tags=["questions"], route_class=Asking)

FrameworkYear = Annotated[int, Path(ge=2000, le=2200)]
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {}, 429: {}}


async def named(request: ReadRequest, run: RecalledRun) -> dict[str, Any]:
    return {
        **run.named(),
        "names": await node_names(request.read, run),
        "localities": await locality_names(request.read),
    }


@asking.post(
    "/index/what-if",
    operation_id="askWhatIf",
    response_model=schemas.WhatIfAnswer,
    responses=NOT_FOUND,
)
async def ask_what_if(request: ReadRequest, body: schemas.WhatIfQuestion) -> Response:
    """Change any figures of any localities and compute the whole index again: scores, ranks, gaps, all nodes."""
    request.caller.require("index:read")
    run = await request.state.runs.chosen(request.read, body)
    changes = ask.changes_of(run, body)
    found = await request.state.runs.compute(ask.ask_what_if, run, changes, body.units)
    return answer(request, {**await named(request, run), **found})


@reading.get(
    "/index/leverage",
    operation_id="getLeverage",
    response_model=schemas.LeverageAnswer,
    responses=NOT_FOUND,
)
async def get_leverage(request: ReadRequest, query: Annotated[RunChoice, Query()]) -> Response:
    """For every indicator: what a few realistic steps bring in own score, lead and rank, exactly re-computed."""
    request.caller.require("index:read")
    run = await request.state.runs.chosen(request.read, query)
    last = await queries.run_of_last_year(request.read, request.state.runs, run)
    found = await request.state.runs.compute(ask.ask_leverage, run, ask.best_figures(last))
    shown = {
        name: getattr(found, name) for name in ("unit", "place", "rival", "gap", "steps", "reason")
    }
    return answer(request, {**await named(request, run), **shown})


@reading.get(
    "/index/defence",
    operation_id="getDefence",
    response_model=schemas.DefenceAnswer,
    responses=NOT_FOUND,
)
async def get_defence(
    request: ReadRequest, query: Annotated[schemas.DefenceQuery, Query()]
) -> Response:
    """Where another locality's catching up would cost most, and the smallest single change that takes the rank."""
    request.caller.require("index:read")
    run = await request.state.runs.chosen(request.read, query)
    found, threats = await request.state.runs.compute(ask.ask_defence, run, query.to, query.limit)
    shown = {
        "unit": found.unit,
        "place": found.place,
        "attacks": found.attacks,
        "threats": threats.threats,
        "considered": found.considered,
        "reason": found.reason,
    }
    return answer(request, {**await named(request, run), **shown})


@reading.get(
    "/index/goal-seek",
    operation_id="seekGoal",
    response_model=schemas.GoalAnswer,
    responses=NOT_FOUND,
)
async def seek_goal(request: ReadRequest, query: Annotated[schemas.GoalQuery, Query()]) -> Response:
    """Seek the least figure of one leaf, or the shortest list of leaves, that reaches a score or a rank."""
    request.caller.require("index:read")
    run = await request.state.runs.chosen(request.read, query)
    target = Target(query.target_score, query.target_rank)
    least = shortest = None
    if query.code is not None:
        ask.check_leaf(run, query.code, "/code")
        least = await request.state.runs.compute(ask.ask_least, run, query.code, target)
    else:
        order = query.order.split(",") if query.order else None
        for code in order or []:
            ask.check_leaf(run, code, "/order")
        shortest = await request.state.runs.compute(ask.ask_list, run, target, order, query.to)
    return answer(request, {**await named(request, run), "least": least, "shortest": shortest})


@reading.get(
    "/index/uncertainty",
    operation_id="getUncertainty",
    response_model=schemas.UncertaintyAnswer,
    responses=NOT_FOUND,
)
async def get_uncertainty(
    request: ReadRequest, query: Annotated[UncertaintyQuery, Query()]
) -> Response:
    """Show how sure the ranks are, with few draws and at once; ``POST`` asks the same thoroughly, as a job."""
    request.caller.require("index:read")
    run = await request.state.runs.chosen(request.read, query)
    found = await request.state.runs.compute(ask.ask_uncertainty, run, query.plan())
    return answer(request, {**await named(request, run), "uncertainty": found})


@reading.get(
    "/index/runs/{run_id}/difference",
    operation_id="getRunDifference",
    response_model=schemas.DifferenceAnswer,
)
async def get_difference(
    request: ReadRequest, run_id: UUID, query: Annotated[schemas.DifferenceQuery, Query()]
) -> Response:
    """Say why a run differs from an earlier one: by own figures, by others' figures, by the method."""
    request.caller.require("index:read")
    runs = request.state.runs
    run = await runs.chosen(request.read, RunChoice(run=run_id))
    since = await queries.run_before(request.read, runs, run, query.since)
    found = await runs.compute(ask.ask_difference, since, run)
    shown = {**await named(request, run), "since": since.named()["run"], **found}
    return answer(request, shown)


@reading.get("/index/trend", operation_id="getTrend", response_model=schemas.TrendAnswer)
async def get_trend(request: ReadRequest) -> Response:
    """Show the years beside one another, and where the method broke: across a break only ranks are compared."""
    request.caller.require("index:read")
    return answer(request, await queries.years(request.read))


@asking.post(
    "/frameworks/{year}/trial",
    operation_id="tryFramework",
    response_model=schemas.Trial,
    responses={429: {}},
)
async def try_framework(
    request: ReadRequest, year: FrameworkYear, body: schemas.TrialQuestion
) -> Response:
    """Run a framework, a draft too, on an old period's figures: who gains, who loses, what has no source."""
    request.caller.require("index:read")
    run = await request.state.runs.chosen(request.read, body)
    framework, nodes = await queries.framework_said(request.read, year)
    found = await request.state.runs.compute(
        trial,
        run,
        nodes,
        framework["method"]["engine"],
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
