"""Deadlines in people's calendars: an address that nobody could guess, made, read and ended."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.api.deps.answers import answer, body, etag_of, matches, require_match
from services.api.deps.edge import Looking, Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.paging import Page
from services.api.feeds import commands, queries, schemas, table
from shared.names import domain_of

looking = APIRouter(prefix="/feeds", tags=["feeds"], route_class=Looking)
reading = APIRouter(prefix="/v1/feeds", tags=["feeds"], route_class=Reading)
writing = APIRouter(prefix="/v1/feeds", tags=["feeds"], route_class=Writing)

NO_STORE = {"cache-control": "no-store"}
ICS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A calendar, RFC 5545",
        "content": {table.MEDIA_TYPE: {"schema": {"type": "string"}}},
    },
    304: {"description": "Not changed"},
}


@looking.get("/{token}.ics", operation_id="readFeed", responses=ICS, response_class=Response)
async def read_feed(request: ReadRequest, token: str) -> Response:
    """Give calendars what its owner may see at this moment; 404 once it is ended or he left."""
    name, bodies = await queries.feed_opened(request.read, token)
    duties, explanations = await queries.deadlines(request.read, bodies)
    settings = request.settings
    told = {
        "name": name,
        "domain": domain_of(settings.mail_from),
    }
    # Of what it is made of: a calendar that has not changed is not written only to be compared.
    rows = [dict(row) for row in (*duties, *explanations)]
    headers = {
        "etag": etag_of(body([table.FORM, told, rows])),
        "cache-control": "private, max-age=300",
        "x-robots-tag": "noindex",
    }
    if matches(request.headers.get("if-none-match"), headers["etag"]):
        return Response(status_code=304, headers=headers)
    # A thousand entries take half a second: other requests go on meanwhile.
    content = await asyncio.to_thread(table.calendar, duties, explanations, **told)
    headers["content-disposition"] = 'inline; filename="pii.ics"'
    return Response(content, 200, headers, f"{table.MEDIA_TYPE}; charset=utf-8")


@reading.get("", operation_id="listFeeds", response_model=Page[schemas.Feed])
async def list_feeds(
    request: ReadRequest, query: Annotated[schemas.FeedQuery, Query()]
) -> Response:
    """One's own, newest first; nobody sees another's."""
    request.caller.require("assignments:read")
    return answer(request, await queries.feeds_page(request.read, request.caller, query))


@reading.get("/{feed_id}", operation_id="getFeed", response_model=schemas.Feed)
async def get_feed(request: ReadRequest, feed_id: UUID) -> Response:
    request.caller.require("assignments:read")
    return answer(request, await queries.feed_shown(request.read, request.caller, feed_id))


@writing.post("", operation_id="createFeed", status_code=201, response_model=schemas.CreatedFeed)
async def create_feed(request: WriteRequest, new: schemas.NewFeed) -> Response:
    """Make an address to subscribe to. It is shown in this answer and never again: whoever has it reads the feed."""
    request.caller.require("assignments:read")
    feed_id, token = await commands.create_feed(
        request.db, request.caller, organisation=new.organisation, now=datetime.now(UTC)
    )
    shown = await queries.feed_shown(await request.fresh(), request.caller, feed_id)
    headers = {"location": f"/v1/feeds/{feed_id}", **NO_STORE}
    url = f"{request.settings.public_url.rstrip('/')}/feeds/{token}.ics"
    request.replay = answer(request, {**shown, "url": None}, status=201, headers=headers)
    return answer(request, {**shown, "url": url}, status=201, headers=headers)


@writing.delete("/{feed_id}", operation_id="revokeFeed", status_code=204)
async def revoke_feed(request: WriteRequest, feed_id: UUID) -> Response:
    """End it at once; calendars that still ask are told that it is not there."""
    request.caller.require("assignments:read")
    shown = await queries.feed_shown(request.read, request.caller, feed_id)
    require_match(request, shown, optional=True)
    await commands.revoke_feed(request.db, request.caller, feed_id, now=datetime.now(UTC))
    return Response(status_code=204)


routers = (looking, reading, writing)
