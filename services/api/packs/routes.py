"""Packs for the ministry: made, looked at, downloaded."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Response
from starlette.responses import StreamingResponse

from services.api.deps.answers import answer, answer_bytes, matches
from services.api.deps.edge import Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.paging import Code, Page
from services.api.evidence.queries import kept
from services.api.evidence.store import DamagedError, Store
from services.api.packs import commands, queries, schemas
from services.api.packs.archive import Member, TornError, length_of, zipped
from services.api.packs.contents import members_of
from services.api.packs.head import name_of

log = structlog.get_logger()

reading = APIRouter(prefix="/v1", tags=["packs"], route_class=Reading)
writing = APIRouter(prefix="/v1", tags=["packs"], route_class=Writing)

ZIP = "application/zip"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_BINARY = {"schema": {"type": "string", "format": "binary"}}


@writing.post(
    "/periods/{code}/packs",
    operation_id="makePack",
    status_code=201,
    response_model=schemas.PackShown,
)
async def make_pack(request: WriteRequest, code: Code, body: schemas.NewPack) -> Response:
    """Freeze what is accepted now: rows, numbered evidence, gaps, and the files made of them.

    Every document is read first. One that was changed in the store refuses the pack and is named; one
    that is gone is a gap. What is in quarantine or infected stays out, and is a gap too.
    """
    request.caller.require("packs:write")
    made = await commands.make_pack(
        request.db,
        request.caller,
        request.state.store,
        code=code,
        note=body.note,
        now=datetime.now(UTC),
    )
    shown = await queries.pack_shown(await request.fresh(), made)
    return answer(request, shown, status=201, headers={"location": f"/v1/packs/{made}"})


@reading.get(
    "/periods/{code}/packs",
    operation_id="listPacks",
    response_model=Page[schemas.PackOverview],
)
async def list_packs(
    request: ReadRequest, code: Code, query: Annotated[schemas.PackQuery, Query()]
) -> Response:
    """Newest first."""
    request.caller.require("packs:read")
    return answer(request, await queries.packs_page(request.read, code, query))


@reading.get("/packs/{pack_id}", operation_id="getPack", response_model=schemas.PackShown)
async def get_pack(request: ReadRequest, pack_id: UUID) -> Response:
    """Show what was frozen; ``stale`` and ``changes`` say what is accepted otherwise by now."""
    request.caller.require("packs:read")
    return answer(request, await queries.pack_shown(request.read, pack_id))


@reading.get(
    "/packs/{pack_id}/content",
    operation_id="getPackContent",
    response_class=Response,
    responses={200: {"content": {ZIP: _BINARY}}},
)
async def get_content(request: ReadRequest, pack_id: UUID) -> Response:
    """Download the whole as one ZIP: always the same bytes.

    It leaves as it is read. A document that is found changed on the way breaks the answer off before
    the archive's directory, short of its ``content-length``.
    """
    request.caller.require("packs:read")
    pack = await queries.one_pack(request.read, pack_id)
    headers = {
        "etag": f'"{pack["manifest_sha256"]}"',
        "cache-control": "private, no-cache",
        "content-disposition": _attached(pack, "zip"),
    }
    if matches(request.headers.get("if-none-match"), headers["etag"]):
        return Response(status_code=304, headers=headers)
    members = await _members(request, pack)
    length = length_of(members)
    if length is not None:
        headers["content-length"] = str(length)
    pieces = _told(zipped(members, made_at=pack["made_at"]), pack_id)
    return StreamingResponse(pieces, 200, headers, ZIP)


@reading.get(
    "/packs/{pack_id}/letter",
    operation_id="getPackLetter",
    response_class=Response,
    responses={200: {"content": {DOCX: _BINARY}}},
)
async def get_letter(request: ReadRequest, pack_id: UUID) -> Response:
    """Download the table for the official letter, as it is in the pack."""
    request.caller.require("packs:read")
    pack = await queries.one_pack(request.read, pack_id)
    content = await queries.letter_of(request.read, pack_id)
    headers = {"content-disposition": _attached(pack, "docx")}
    return answer_bytes(request, content, DOCX, headers=headers)


def _attached(pack: dict[str, Any], ending: str) -> str:
    name = name_of(pack["period"], pack["number"], made_up=pack["made_up"])
    return f'attachment; filename="{name}.{ending}"'


async def _members(request: ReadRequest, pack: dict[str, Any]) -> list[Member]:
    made = await request.read.all(queries.FILES, id=pack["id"])
    documents = [one for one in pack["evidence"] if one["path"] is not None]
    stored = await queries.stored_files(request.read, documents)
    store: Store = request.state.store
    return [
        *(Member.of(row["path"], row["content"]) for row in made),
        *(
            Member(
                told["path"],
                told["bytes"],
                told["sha256"],
                partial(_bytes_of, store, stored.get(document["id"])),
            )
            for told, document in zip(members_of(documents), documents, strict=True)
        ),
    ]


async def _bytes_of(store: Store, row: Any) -> AsyncIterator[bytes]:
    if row is None:
        raise DamagedError
    async for piece in store.read(kept(row)):
        yield piece


async def _told(pieces: AsyncIterator[bytes], pack_id: UUID) -> AsyncIterator[bytes]:
    """Note why an answer breaks off."""
    try:
        async for piece in pieces:
            yield piece
    except (DamagedError, TornError):
        log.exception("pack_torn", pack=str(pack_id))
        raise


routers = (reading, writing)
