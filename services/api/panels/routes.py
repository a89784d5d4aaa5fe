"""Other localities' figures, and what the ministry published."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Response

from services.api.deps.answers import answer
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.paging import Code, Page
from services.api.errors import told
from services.api.panels import (
    commands,
    official,
    published,
    queries,
    reconciliation,
    schemas,
)
from services.api.sheets.faults import Faults
from services.api.sheets.files import read_upload
from services.api.sheets.tables import Table

reading = APIRouter(prefix="/v1", tags=["panels"], route_class=Reading)
writing = APIRouter(prefix="/v1", tags=["panels"], route_class=Writing)

PANEL_LIMIT = 8 * 1024 * 1024  # bytes; 200 localities with 500 figures each
# Only paths that name a thing are described with 404 by themselves.
NOT_FOUND = {"responses": {"404": {"$ref": "#/components/responses/Problem404"}}}


@reading.get("/panels/{period}", operation_id="getPanel", response_model=schemas.PanelPage)
async def get_panel(
    request: ReadRequest, period: Code, query: Annotated[schemas.PanelQuery, Query()]
) -> Response:
    """Show the newest panel of the period, a page of localities at a time."""
    request.caller.require("index:read")
    return answer(request, await queries.panel_page(request.read, request.caller, period, query))


@writing.put(
    "/panels/{period}",
    operation_id="loadPanel",
    response_model=schemas.PanelShown,
    max_body_size=PANEL_LIMIT,
)
async def load_panel(request: WriteRequest, period: Code, body: schemas.NewPanel) -> Response:
    """Load all localities' figures, whole or not at all. The city's own figures count where central bodies supply them."""
    request.caller.require("panels:write")
    await commands.load_panel(request.db, request.caller, period_code=period, new=body)
    return answer(request, await queries.panel_shown(await request.fresh(), request.caller, period))


@writing.post(
    "/panels/{period}/import",
    operation_id="importPanel",
    response_model=schemas.PanelImport,
    max_body_size=PANEL_LIMIT,
)
async def import_panel(
    request: WriteRequest,
    period: Code,
    query: Annotated[schemas.Import, Query()],
    form: Annotated[schemas.PanelFile, Form(media_type="multipart/form-data")],
) -> Response:
    """Load a panel from a file, whole or not at all: 422 names every cell that is wrong.

    A dry run makes the same checks, stores nothing, and answers 200 with what is wrong and what would change.
    """
    request.caller.require("panels:write")
    table = await read_upload(form.file, sheet="panel")
    checked = await commands.import_panel(
        request.db,
        request.caller,
        period_code=period,
        table=table,
        source=form.source,
        made_up=form.made_up,
        dry_run=query.dry_run,
    )
    stored = None
    if not query.dry_run:
        stored = await queries.panel_shown(await request.fresh(), request.caller, period)
    report = _report(request, checked.faults, table, dry_run=query.dry_run)
    return answer(request, {**report, **_read(checked), "period": period, "panel": stored})


@reading.get(
    "/official-results",
    operation_id="listOfficialResults",
    response_model=Page[published.OfficialResultShown],
)
async def list_official(
    request: ReadRequest, query: Annotated[published.OfficialQuery, Query()]
) -> Response:
    """Show what the ministry published, newest year first; scores of different years are not comparable."""
    request.caller.require("plan:read")
    return answer(request, await queries.official_page(request.read, query))


@writing.post(
    "/official-results/import",
    operation_id="importOfficialResults",
    response_model=published.ResultImport,
    max_body_size=PANEL_LIMIT,
)
async def import_official(
    request: WriteRequest,
    query: Annotated[published.ImportResults, Query()],
    form: Annotated[published.ResultFile, Form(media_type="multipart/form-data")],
) -> Response:
    """Take in a year's published results from a file, whole or not at all; a row that is stored is corrected.

    Rows are known by locality and node. A dry run makes the same checks and stores nothing.
    """
    request.caller.require("panels:write")
    table = await read_upload(form.file, sheet="official")
    checked = await official.import_results(
        request.db,
        request.caller,
        year=query.year,
        table=table,
        source=form.source,
        dry_run=query.dry_run,
        now=datetime.now(UTC),
    )
    rows = len(checked.results)
    report = {
        **_report(request, checked.faults, table, dry_run=query.dry_run),
        "year": query.year,
        "framework": checked.framework,
        "rows": rows,
        "new": checked.new,
        "changed": checked.changed,
        "unchanged": rows - checked.new - checked.changed,
        "samples": checked.samples,
    }
    return answer(request, report)


@reading.get(
    "/official-results/reconciliation",
    operation_id="getReconciliation",
    response_model=published.Reconciliation,
    openapi_extra=NOT_FOUND,
)
async def get_reconciliation(
    request: ReadRequest, query: Annotated[published.ReconciliationQuery, Query()]
) -> Response:
    """Put a run's estimate beside what the ministry published, node by node, with the cause as far as it can be told."""
    request.caller.require("index:read")
    return answer(request, await reconciliation.reconciliation(request.read, query))


def _read(checked: commands.CheckedPanel) -> dict[str, Any]:
    panel = checked.panel
    return {
        "layout": panel.layout,
        "source": panel.source,
        "made_up": panel.made_up,
        "localities": len(panel.names),
        "values": len(panel.values),
        "missing": checked.missing,
        "own": {"code": checked.own, "in_file": checked.own in panel.names},
        "difference": checked.difference,
    }


def _report(
    request: WriteRequest, faults: Faults, table: Table, *, dry_run: bool
) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "valid": not faults,
        "format": table.kind,
        "faults": faults.total,
        "errors": told(request, faults),
    }


routers = (reading, writing)
