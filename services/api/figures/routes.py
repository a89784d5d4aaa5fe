"""A period's figures as a file: out as a template, in as an import."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Response
from starlette.concurrency import run_in_threadpool

from services.api.deps.answers import JSON, answer, answer_bytes
from services.api.deps.edge import Reading, ReadRequest, WriteRequest
from services.api.deps.media import chosen
from services.api.deps.paging import Code, Page
from services.api.deps.tables import CSV, XLSX, as_csv
from services.api.errors import told
from services.api.figures import commands, marking, queries, schemas
from services.api.figures.columns import NAMES, cells_of, column_of
from services.api.figures.forms import FILE_LIMIT, JSON_TOO, FileOrRows
from services.api.figures.reading import FiguresRead, read_figures
from services.api.figures.template import SHEET, template
from services.api.sheets.files import read_upload

reading = APIRouter(prefix="/v1", tags=["figures"], route_class=Reading)
writing = APIRouter(prefix="/v1", tags=["figures"], route_class=FileOrRows)

MEDIA = {"json": JSON, "csv": CSV, "xlsx": XLSX}
MOST_UNPACKED = 16 * 1024 * 1024  # bytes; given back, a workbook is held in memory as a whole
FILES = {
    CSV: {"schema": {"type": "string"}},
    XLSX: {"schema": {"type": "string", "format": "binary"}},
}
RESPONSES: dict[int | str, dict[str, Any]] = {200: {"content": FILES}, 404: {}, 406: {}}


@reading.get(
    "/periods/{code}/figures",
    operation_id="listFigures",
    response_model=Page[schemas.FigureShown],
    responses=RESPONSES,
)
async def list_figures(
    request: ReadRequest, code: Code, query: Annotated[schemas.FigureQuery, Query()]
) -> Response:
    """List a period's duties that ask for a figure, with the newest revision of each.

    XLSX is the template to fill in: bounds, guidance and the earlier figure beside each cell, the rest locked.
    """
    period = await queries.period_of(request.read, code)
    media = MEDIA[query.format] if query.format else chosen(request, tuple(MEDIA.values()))
    headers = {} if query.format else {"vary": "accept"}
    if media == JSON:
        found = await queries.figures_page(request.read, request.caller, code, query)
        return answer(request, found, headers=headers)
    rows = await queries.all_figures(request.read, request.caller, code, query)
    name = "-".join(part for part in ("figures", code, query.organisation) if part)
    ending = "csv" if media == CSV else "xlsx"
    headers["content-disposition"] = f'attachment; filename="{name}.{ending}"'
    if media == CSV:
        content = as_csv(NAMES, [cells_of(row, words=False) for row in rows])
    else:
        content = await run_in_threadpool(template, dict(period), rows)
    return answer_bytes(request, content, media, headers=headers)


@writing.post(
    "/periods/{code}/figures/import",
    operation_id="importFigures",
    response_model=schemas.FigureImport,
    responses=RESPONSES,
    max_body_size=FILE_LIMIT,
    openapi_extra=JSON_TOO,
)
async def import_figures(
    request: WriteRequest,
    code: Code,
    query: Annotated[schemas.ImportQuery, Query()],
    form: Annotated[schemas.FigureFile, Form(media_type="multipart/form-data")],
) -> Response:
    """Take in a filled sheet, whole or not at all: 422 names every cell that is wrong.

    Rows become drafts, change the draft that is open, or are the next revision. A dry run does the same and undoes it,
    and answers 200 with what is wrong. With the file's own media type in ``Accept`` the file comes back with a column
    of errors, after 422 too.
    """
    request.caller.require("submissions:write")
    table = await read_upload(form.file, sheet=SHEET, most_unpacked=MOST_UNPACKED)
    wanted = chosen(request, tuple(dict.fromkeys((JSON, MEDIA[table.kind]))))
    period = await queries.period_of(request.read, code)
    sent = await run_in_threadpool(read_figures, table)
    done = await commands.import_figures(
        request.db,
        request.caller,
        period=code,
        rows=sent.rows,
        submit=query.submit,
        dry_run=query.dry_run,
        now=datetime.now(UTC),
    )
    faults = done.faults(sent.faults)
    if wanted != JSON and sent.sheet is not None and sent.rows:
        status = 422 if faults and not query.dry_run else 200
        return await _given_back(form, wanted, sent, done, status)
    if not query.dry_run:
        faults.refuse()
    report = {
        "period": code,
        "made_up": period["made_up"],
        "dry_run": query.dry_run,
        "submit": query.submit,
        "valid": not faults,
        "format": table.kind,
        "counts": _counts(done.rows),
        "faults": faults.total,
        "errors": told(request, faults),
        "rows": [_row(row, dry_run=query.dry_run) for row in done.rows],
    }
    return answer(request, report, headers={"vary": "accept"})


async def _given_back(
    form: schemas.FigureFile, media: str, sent: FiguresRead, done: commands.Import, status: int
) -> Response:
    assert sent.sheet is not None
    words = marking.words_of(done.rows)
    if media == CSV:
        content = marking.marked_csv(sent.sheet, words)
    else:
        content = await run_in_threadpool(
            marking.marked_xlsx, form.file.file, SHEET, sent.sheet, words
        )
    headers = {
        "vary": "accept",
        "cache-control": "private, no-cache",
        "content-disposition": f'attachment; filename="figures.{"csv" if media == CSV else "xlsx"}"',
    }
    return Response(content, status, headers, media)


def _counts(rows: list[commands.RowDone]) -> dict[str, int]:
    outcomes = ("created", "updated", "unchanged", "skipped", "refused")
    counts = {name: sum(row.outcome == name for row in rows) for name in outcomes}
    submitted = sum(row.submitted for row in rows)
    return {"rows": len(rows), **counts, "submitted": submitted}


def _row(row: commands.RowDone, *, dry_run: bool) -> dict[str, Any]:
    after = row.after or {}
    explained = after.get("explanations", {})
    return {
        "row": row.sent.number,
        "assignment": row.sent.assignment,
        "indicator": after.get("indicator") or row.sent.keys.get("indicator"),
        "outcome": row.outcome,
        "submitted": row.submitted,
        "submission": None if dry_run and row.outcome == "created" else after.get("submission"),
        "faults": [
            {
                "column": column_of(wrong.member),
                "vi": wrong.said.vietnamese,
                "en": wrong.said.english,
            }
            for wrong in row.wrong
        ],
        "warnings": [
            {
                "code": finding["code"],
                "explained": finding["code"] in explained,
                "vi": finding["vi"],
                "en": finding["en"],
            }
            for finding in after.get("findings", [])
        ],
    }


routers = (reading, writing)
