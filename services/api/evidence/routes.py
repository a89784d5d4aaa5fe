"""Documents that prove a figure."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Form, Response
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import StreamingResponse

from services.api.deps.answers import answer, matches, require_match
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.errors import DamagedFileError, TooLargeError, UnsupportedFileTypeError
from services.api.evidence import commands, files, queries, scanner, schemas
from services.api.evidence.forms import JSON_TOO, LinkOrFile
from services.api.evidence.ranges import asked_range
from services.api.evidence.store import DamagedError
from services.api.submissions.queries import submission_shown
from shared.errors import ConflictError, InvalidError
from shared.text import nfc

log = structlog.get_logger()

reading = APIRouter(prefix="/v1", tags=["evidence"], route_class=Reading)
writing = APIRouter(prefix="/v1", tags=["evidence"], route_class=Writing)
attaching = APIRouter(prefix="/v1", tags=["evidence"], route_class=LinkOrFile)

FORM_LIMIT = 64 * 1024 * 1024  # bytes; the exact limit of a file is a setting


class NotScannedError(ConflictError):
    """This document waits for its virus scan, or a virus was found in it: it is not given out.

    Tài liệu đang chờ quét vi-rút hoặc bị nhiễm nên không tải về được.
    """


class NoFileError(ConflictError):
    """This is a link: there is no file to download.

    Đây là liên kết, không có tệp để tải về.
    """


@attaching.post(
    "/submissions/{submission_id}/evidence",
    operation_id="attachEvidence",
    status_code=201,
    response_model=schemas.EvidenceShown,
    max_body_size=FORM_LIMIT,
    openapi_extra=JSON_TOO,
)
async def attach(
    request: WriteRequest,
    submission_id: UUID,
    form: Annotated[schemas.NewEvidence, Form(media_type="multipart/form-data")],
) -> Response:
    """Attach a file, a document that was sent already, or a link to a draft.

    A file's type is told from its bytes, whatever the client says. A link is kept and never opened.
    """
    await submission_shown(request.read, request.caller, submission_id)
    proof = commands.Proof(form.stated, form.place)
    evidence_id = form.evidence
    upload = _one_of(form)
    if evidence_id is not None:
        await commands.use_document(
            request.db, request.caller, submission_id, evidence_id=evidence_id, proof=proof
        )
    else:
        document = await _file(request, form, upload) if upload else _link(form)
        evidence = await commands.add_document(
            request.db, request.caller, submission_id, document=document, proof=proof
        )
        evidence_id = evidence.id
        if upload and evidence.storage_key:
            # Bytes first, then the commit: a row never points at nothing.
            await request.state.store.put(evidence.storage_key, upload)
    shown = await queries.evidence_shown(await request.fresh(), request.caller, evidence_id)
    response = answer(
        request, shown, status=201, headers={"location": f"/v1/evidence/{evidence_id}"}
    )
    if shown["scan"] == "waiting":
        response.background = BackgroundTask(_scan, request)
    return response


async def _scan(request: WriteRequest) -> None:
    """Scan when the answer has left; what fails is tried again by the sweep."""
    state = request.state
    await scanner.sweep(
        state.database, state.store, state.settings.clamd_url, now=datetime.now(UTC)
    )
    state.changes.ring()


# What a document says of itself.
_OF_DOCUMENT = (
    "document_number",
    "document_date",
    "issuer",
    "pages",
    "covers_from",
    "covers_to",
    "valid_until",
)


def _one_of(form: schemas.NewEvidence) -> UploadFile | None:
    named = [name for name in ("file", "evidence", "url") if getattr(form, name) is not None]
    if len(named) != 1:
        raise InvalidError(
            "Send one of file, evidence and url.",
            vi="Hãy gửi đúng một trong file, evidence và url.",
            pointer=f"/{named[-1]}" if named else "/file",
        )
    told = ("level", *_OF_DOCUMENT)
    if extra := next((name for name in told if form.evidence and getattr(form, name)), None):
        raise InvalidError(
            "What a document says of itself is said once, when it is sent.",
            vi="Thông tin của tài liệu chỉ khai một lần khi gửi tài liệu.",
            pointer=f"/{extra}",
        )
    if form.covers_from and form.covers_to and form.covers_from > form.covers_to:
        raise InvalidError(
            "It ends before it begins.", vi="Ngày cuối trước ngày đầu.", pointer="/covers_to"
        )
    if form.url is not None and form.level is not None:
        raise InvalidError(
            "A link has the level link.", vi="Liên kết có mức là link.", pointer="/level"
        )
    return form.file


async def _file(
    request: WriteRequest, form: schemas.NewEvidence, upload: UploadFile
) -> commands.Document:
    filename = nfc((upload.filename or "").replace("\\", "/").rpartition("/")[2]).strip()
    if not 1 <= len(filename) <= 200 or not filename.isprintable():  # noqa: PLR2004
        raise InvalidError(
            "The file needs a name of at most 200 characters.",
            vi="Tệp cần có tên, nhiều nhất 200 ký tự.",
            pointer="/file",
        )
    found = await files.fingerprint(upload, most=request.settings.upload_limit)
    if found.size > request.settings.upload_limit:
        raise TooLargeError
    if found.size == 0:
        raise InvalidError("The file is empty.", vi="Tệp rỗng.", pointer="/file")
    media_type = await run_in_threadpool(files.detect, upload.file)
    if media_type is None or not files.extension_fits(filename, media_type):
        raise UnsupportedFileTypeError(pointer="/file")
    return commands.Document(
        level=form.level or "copy",
        filename=filename,
        media_type=media_type,
        size=found.size,
        sha256=found.sha256,
        blocks=found.blocks,
        scan="waiting" if request.settings.clamd_url else "not_scanned",
        **form.model_dump(include=set(_OF_DOCUMENT)),
    )


def _link(form: schemas.NewEvidence) -> commands.Document:
    assert form.url is not None
    address = form.url.encode()
    return commands.Document(
        level="link",
        filename="",
        media_type=files.LINK,
        size=len(address),
        sha256=sha256(address).hexdigest(),
        url=form.url,
        **form.model_dump(include=set(_OF_DOCUMENT)),
    )


@reading.get(
    "/evidence/{evidence_id}", operation_id="getEvidence", response_model=schemas.EvidenceShown
)
async def get_evidence(request: ReadRequest, evidence_id: UUID) -> Response:
    return answer(request, await queries.evidence_shown(request.read, request.caller, evidence_id))


_BYTES = {
    media_type: {"schema": {"type": "string", "format": "binary"}}
    for media_type in files.EXTENSIONS
}


@reading.get(
    "/evidence/{evidence_id}/content",
    operation_id="getEvidenceContent",
    response_class=Response,
    responses={
        200: {"content": _BYTES},
        206: {"description": "The part that Range asks for", "content": _BYTES},
        409: {},
        416: {},
    },
)
async def get_content(request: ReadRequest, evidence_id: UUID) -> Response:
    """Download the bytes, or one range of them; the ETag is their SHA-256, and each MiB is checked first."""
    row, _ = await queries.visible_evidence(request.read, request.caller, evidence_id)
    if row["storage_key"] is None:
        raise NoFileError
    if row["scan"] in {"waiting", "infected"}:
        raise NotScannedError
    etag = f'"{row["sha256"]}"'
    headers = {
        "etag": etag,
        "cache-control": "private, no-cache",
        "content-disposition": files.disposition(row["filename"]),
        "content-security-policy": "sandbox; default-src 'none'",
        "accept-ranges": "bytes" if row["blocks"] else "none",
    }
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    size, status, part = row["size"], 200, None
    if row["blocks"]:
        asked, unless = request.headers.get("range"), request.headers.get("if-range")
        part = asked_range(asked, unless, etag=etag, size=size)
    if part is not None:
        status = 206
        headers["content-range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    start, stop = (part.start, part.stop) if part else (0, size)
    headers["content-length"] = str(stop - start)
    pieces = await _begun(request.state.store.read(queries.kept(row), start, stop), evidence_id)
    return StreamingResponse(pieces, status, headers, row["media_type"])


async def _begun(pieces: AsyncIterator[bytes], evidence_id: UUID) -> AsyncIterator[bytes]:
    """Check the first piece while a refusal can still be said; a later one cuts the answer off."""
    try:
        first = await anext(pieces)
    except DamagedError as error:
        log.exception("evidence_damaged", evidence=str(evidence_id))
        raise DamagedFileError from error

    async def rest() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return rest()


@writing.post(
    "/submissions/{submission_id}/evidence/{evidence_id}/statement",
    operation_id="stateFigure",
    response_model=schemas.EvidenceShown,
)
async def state_figure(
    request: WriteRequest, submission_id: UUID, evidence_id: UUID, body: schemas.Statement
) -> Response:
    """Say which figure a document of a draft states and where, or correct what was said."""
    await submission_shown(request.read, request.caller, submission_id)
    proof = commands.Proof(body.stated, body.place)
    await commands.state_figure(request.db, request.caller, submission_id, evidence_id, proof=proof)
    shown = await queries.evidence_shown(await request.fresh(), request.caller, evidence_id)
    return answer(request, shown)


@writing.delete("/evidence/{evidence_id}", operation_id="removeEvidence", status_code=204)
async def remove(request: WriteRequest, evidence_id: UUID) -> Response:
    """Take it off every draft it proves; what proves anything else stays."""
    shown = await queries.evidence_shown(request.read, request.caller, evidence_id)
    require_match(request, shown, optional=True)
    await commands.remove_evidence(request.db, request.caller, evidence_id)
    return Response(status_code=204)


@writing.delete(
    "/submissions/{submission_id}/evidence/{evidence_id}",
    operation_id="detachEvidence",
    status_code=204,
)
async def detach(request: WriteRequest, submission_id: UUID, evidence_id: UUID) -> Response:
    """Take it off one draft; with its last use the document is gone too."""
    await submission_shown(request.read, request.caller, submission_id)
    await commands.stop_using(request.db, request.caller, submission_id, evidence_id)
    return Response(status_code=204)


routers = (reading, writing, attaching)
