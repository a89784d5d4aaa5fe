"""Documents that prove a figure."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Form, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from services.api.deps.answers import answer, matches, require_match
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.errors import TooLargeError, UnsupportedFileTypeError
from services.api.evidence import commands, files, queries, schemas
from services.api.submissions.queries import submission_shown
from shared.errors import InvalidError
from shared.text import nfc

reading = APIRouter(prefix="/v1", tags=["evidence"], route_class=Reading)
writing = APIRouter(prefix="/v1", tags=["evidence"], route_class=Writing)

FORM_LIMIT = 64 * 1024 * 1024  # bytes; the exact limit of a file is a setting


@writing.post(
    "/submissions/{submission_id}/evidence",
    operation_id="attachEvidence",
    status_code=201,
    response_model=schemas.EvidenceShown,
    max_body_size=FORM_LIMIT,
)
async def attach(
    request: WriteRequest,
    submission_id: UUID,
    form: Annotated[schemas.NewEvidence, Form(media_type="multipart/form-data")],
) -> Response:
    """Attach a file to a draft. Its type is told from its bytes, whatever the client says."""
    await submission_shown(request.read, request.caller, submission_id)
    upload = form.file
    filename = nfc((upload.filename or "").replace("\\", "/").rpartition("/")[2]).strip()
    if not 1 <= len(filename) <= 200 or not filename.isprintable():  # noqa: PLR2004
        raise InvalidError(
            "The file needs a name of at most 200 characters.",
            vi="Tệp cần có tên, nhiều nhất 200 ký tự.",
            pointer="/file",
        )
    size, sha256 = await files.fingerprint(upload)
    if size > request.settings.upload_limit:
        raise TooLargeError
    if size == 0:
        raise InvalidError("The file is empty.", vi="Tệp rỗng.", pointer="/file")
    media_type = await run_in_threadpool(files.detect, upload.file)
    if media_type is None or not files.extension_fits(filename, media_type):
        raise UnsupportedFileTypeError(pointer="/file")
    evidence = await commands.attach_evidence(
        request.db,
        request.caller,
        submission_id,
        filename=filename,
        media_type=media_type,
        size=size,
        sha256=sha256,
        document=(form.document_number, form.document_date, form.issuer),
    )
    # Bytes first, then the commit: a row never points at nothing.
    await request.state.store.put(evidence.storage_key, upload)
    shown = await queries.evidence_shown(await request.fresh(), request.caller, evidence.id)
    return answer(request, shown, status=201, headers={"location": f"/v1/evidence/{evidence.id}"})


@reading.get(
    "/evidence/{evidence_id}", operation_id="getEvidence", response_model=schemas.EvidenceShown
)
async def get_evidence(request: ReadRequest, evidence_id: UUID) -> Response:
    return answer(request, await queries.evidence_shown(request.read, request.caller, evidence_id))


@reading.get(
    "/evidence/{evidence_id}/content",
    operation_id="getEvidenceContent",
    response_class=Response,
    responses={
        200: {
            "content": {
                media_type: {"schema": {"type": "string", "format": "binary"}}
                for media_type in files.EXTENSIONS
            }
        }
    },
)
async def get_content(request: ReadRequest, evidence_id: UUID) -> Response:
    """Download the bytes; the ETag is their SHA-256."""
    row, _ = await queries.visible_evidence(request.read, request.caller, evidence_id)
    etag = f'"{row["sha256"]}"'
    headers = {
        "etag": etag,
        "cache-control": "private, no-cache",
        "content-disposition": f"attachment; filename*=UTF-8''{quote(row['filename'], safe='')}",
        "content-security-policy": "sandbox; default-src 'none'",
    }
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    pieces = await request.state.store.get(row["storage_key"])
    headers["content-length"] = str(row["size"])
    return StreamingResponse(pieces, headers=headers, media_type=row["media_type"])


@writing.delete("/evidence/{evidence_id}", operation_id="removeEvidence", status_code=204)
async def remove(request: WriteRequest, evidence_id: UUID) -> Response:
    """Take it off a draft."""
    shown = await queries.evidence_shown(request.read, request.caller, evidence_id)
    require_match(request, shown, optional=True)
    await commands.remove_evidence(request.db, request.caller, evidence_id)
    return Response(status_code=204)


routers = (reading, writing)
