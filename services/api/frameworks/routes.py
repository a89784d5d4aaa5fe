"""Frameworks by year, their nodes and the indicators."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from services.api.deps.answers import answer, etag_of, require_match
from services.api.deps.answers import body as encoded
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.fields import Nothing
from services.api.deps.paging import Code, Page
from services.api.frameworks import commands, drafts, history, queries, schemas
from services.api.frameworks.tree import method_of, treatment_of

reading = APIRouter(prefix="/v1", tags=["plan"], route_class=Reading)
writing = APIRouter(prefix="/v1", tags=["plan"], route_class=Writing)

FrameworkYear = Annotated[int, Path(ge=2000, le=2200)]
Revision = Annotated[int, Path(ge=1, le=2**31 - 1)]


def _stated(body: schemas.Stated | schemas.FrameworkPatch | schemas.NewFramework) -> dict[str, Any]:
    """Take what was sent; null means something only where a member may be empty."""
    values = {
        name: value
        for name, value in body.model_dump(exclude_unset=True, exclude={"reason"}).items()
        if value is not None or name in schemas.NULLABLE
    }
    if isinstance(body, schemas.Stated) and body.treatment is not None:
        values["treatment"] = treatment_of(body.treatment)
    if isinstance(body, schemas.FrameworkPatch) and body.method is not None:
        values["method"] = method_of(body.method)
    return values


Tree = schemas.FrameworkTree


async def _tree(request: WriteRequest, year: int) -> Response:
    shown = await queries.framework_tree(await request.fresh(), request.caller, year)
    return answer(request, shown)


async def _match_tree(request: WriteRequest, year: int, *, optional: bool = False) -> None:
    await commands.locked_framework(request.db, year)
    shown = await queries.framework_tree(request.read, request.caller, year)
    require_match(request, shown, optional=optional)


@reading.get(
    "/frameworks", operation_id="listFrameworks", response_model=Page[schemas.FrameworkShown]
)
async def list_frameworks(
    request: ReadRequest, query: Annotated[schemas.FrameworkQuery, Query()]
) -> Response:
    request.caller.require("plan:read")
    return answer(request, await queries.frameworks_page(request.read, request.caller, query))


@reading.get("/frameworks/{year}", operation_id="getFramework", response_model=Tree)
async def get_framework(request: ReadRequest, year: FrameworkYear) -> Response:
    """Show the whole tree in natural order, and how far ``supply`` is from the plan's 13 and 39."""
    request.caller.require("plan:read")
    return answer(request, await queries.framework_tree(request.read, request.caller, year))


@reading.get(
    "/frameworks/{year}/nodes/{code}", operation_id="getNode", response_model=schemas.NodeShown
)
async def get_node(request: ReadRequest, year: FrameworkYear, code: Code) -> Response:
    request.caller.require("plan:read")
    return answer(
        request, await queries.one_node(request.read, request.caller, year=year, code=code)
    )


@writing.patch(
    "/frameworks/{year}/nodes/{code}", operation_id="changeNode", response_model=schemas.NodeShown
)
async def change_node(
    request: WriteRequest, year: FrameworkYear, code: Code, body: schemas.NodePatch
) -> Response:
    """Change the members that are sent. Of a published framework each change but of the note is a new version."""
    request.caller.require("plan:write")
    await commands.locked_framework(request.db, year)
    shown = await queries.one_node(request.read, request.caller, year=year, code=code)
    require_match(request, shown)
    await commands.change_node(
        request.db,
        request.caller,
        year=year,
        code=code,
        values=_stated(body),
        reason=body.reason,
        now=datetime.now(UTC),
    )
    read = await request.fresh()
    return answer(request, await queries.one_node(read, request.caller, year=year, code=code))


@writing.post(
    "/frameworks",
    operation_id="createFramework",
    status_code=201,
    response_model=schemas.DraftedTree,
)
async def create_framework(request: WriteRequest, body: schemas.NewFramework) -> Response:
    """Draft a year as the copy of another, with all that is assumed in it, and who answers for what."""
    request.caller.require("plan:write")
    names = {name: value for name, value in _stated(body).items() if name in schemas.NAMES}
    copied = await drafts.copy_framework(
        request.db,
        request.caller,
        year=body.year,
        copy_of=body.copy_of,
        values=names,
        responsibilities=body.responsibilities,
        rules=body.rules,
        now=datetime.now(UTC),
    )
    shown = await queries.framework_tree(await request.fresh(), request.caller, body.year)
    # The ETag is the tree's, as whoever changes it must send it.
    headers = {"location": f"/v1/frameworks/{body.year}", "etag": etag_of(encoded(shown))}
    return answer(request, {**shown, "copied": copied}, status=201, headers=headers)


@writing.patch("/frameworks/{year}", operation_id="changeFramework", response_model=Tree)
async def change_framework(
    request: WriteRequest, year: FrameworkYear, body: schemas.FrameworkPatch
) -> Response:
    """Change names, notes or the method. Another method of a published framework is a new version."""
    request.caller.require("plan:write")
    await _match_tree(request, year)
    await commands.change_framework(
        request.db,
        request.caller,
        year=year,
        values=_stated(body),
        reason=body.reason,
        now=datetime.now(UTC),
    )
    return await _tree(request, year)


@writing.delete("/frameworks/{year}", operation_id="deleteFramework", status_code=204)
async def delete_framework(request: WriteRequest, year: FrameworkYear) -> Response:
    """Delete a draft that no period and no hand-over refers to, with its responsibilities and rules."""
    request.caller.require("plan:write")
    await _match_tree(request, year, optional=True)
    await drafts.delete_draft(request.db, request.caller, year=year)
    return Response(status_code=204)


@writing.post("/frameworks/{year}/publish", operation_id="publishFramework", response_model=Tree)
async def publish_framework(
    request: WriteRequest, year: FrameworkYear, _body: Nothing | None = None
) -> Response:
    """Put a draft into force: its tree is fixed, and what is scored or defined changes only as a new version."""
    request.caller.require("plan:write")
    await _match_tree(request, year)
    await commands.publish_framework(request.db, request.caller, year=year, now=datetime.now(UTC))
    return await _tree(request, year)


@writing.post("/frameworks/{year}/retire", operation_id="retireFramework", response_model=Tree)
async def retire_framework(
    request: WriteRequest, year: FrameworkYear, body: schemas.Retirement
) -> Response:
    """Take it out of force: nothing of it can be changed, and no new period is opened on it."""
    request.caller.require("plan:write")
    await _match_tree(request, year, optional=True)
    await commands.retire_framework(
        request.db, request.caller, year=year, reason=body.reason, now=datetime.now(UTC)
    )
    return await _tree(request, year)


@writing.post(
    "/frameworks/{year}/nodes",
    operation_id="addNode",
    status_code=201,
    response_model=schemas.NodeShown,
)
async def add_node(request: WriteRequest, year: FrameworkYear, body: schemas.NewNode) -> Response:
    """Add a node to a draft."""
    request.caller.require("plan:write")
    await drafts.add_node(
        request.db, request.caller, year=year, values=_stated(body), now=datetime.now(UTC)
    )
    read = await request.fresh()
    shown = await queries.one_node(read, request.caller, year=year, code=body.code)
    location = {"location": f"/v1/frameworks/{year}/nodes/{body.code}"}
    return answer(request, shown, status=201, headers=location)


@writing.delete("/frameworks/{year}/nodes/{code}", operation_id="dropNode", status_code=204)
async def drop_node(request: WriteRequest, year: FrameworkYear, code: Code) -> Response:
    """Drop a node of a draft below which nothing stands, with who was to answer for it."""
    request.caller.require("plan:write")
    await commands.locked_framework(request.db, year)
    shown = await queries.one_node(request.read, request.caller, year=year, code=code)
    require_match(request, shown, optional=True)
    await drafts.drop_node(request.db, request.caller, year=year, code=code, now=datetime.now(UTC))
    return Response(status_code=204)


@reading.get(
    "/frameworks/{year}/versions",
    operation_id="listFrameworkVersions",
    response_model=Page[schemas.VersionShown],
)
async def list_versions(
    request: ReadRequest, year: FrameworkYear, query: Annotated[schemas.VersionQuery, Query()]
) -> Response:
    """Newest first. A draft has none."""
    request.caller.require("plan:read")
    return answer(request, await history.versions_page(request.read, query, year=year))


@reading.get(
    "/frameworks/{year}/versions/{revision}",
    operation_id="getFrameworkVersion",
    response_model=schemas.VersionWhole,
)
async def get_version(request: ReadRequest, year: FrameworkYear, revision: Revision) -> Response:
    """Show the nodes and the method as they stood at this revision."""
    request.caller.require("plan:read")
    return answer(request, await history.version_shown(request.read, year=year, revision=revision))


@reading.get(
    "/frameworks/{year}/difference",
    operation_id="getFrameworkDifference",
    response_model=schemas.Difference,
)
async def get_difference(
    request: ReadRequest, year: FrameworkYear, query: Annotated[schemas.DifferenceQuery, Query()]
) -> Response:
    """Compare this framework as it stands with another year's, or with an earlier version of it."""
    request.caller.require("plan:read")
    return answer(request, await history.difference_shown(request.read, query, year=year))


@reading.get(
    "/indicators", operation_id="listIndicators", response_model=Page[schemas.IndicatorShown]
)
async def list_indicators(
    request: ReadRequest, query: Annotated[schemas.IndicatorQuery, Query()]
) -> Response:
    request.caller.require("plan:read")
    return answer(request, await queries.indicators_page(request.read, request.caller, query))


@reading.get(
    "/indicators/{code}", operation_id="getIndicator", response_model=schemas.IndicatorShown
)
async def get_indicator(
    request: ReadRequest, code: Code, query: Annotated[schemas.OneFramework, Query()]
) -> Response:
    request.caller.require("plan:read")
    shown = await queries.indicator_shown(
        request.read, request.caller, code=code, year=query.framework
    )
    return answer(request, shown)


routers = (reading, writing)
