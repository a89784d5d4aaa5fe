"""The HTTP edge: one request is one transaction, and its answer leaves after the commit.

A router chooses its edge by its route class: ``Reading`` gives the route a connection and a caller,
``Writing`` a transaction as well. FastAPI's dependencies could do the same; they cost a fifth of a
small request, and a commit in one of them may fail after the answer has left.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

from fastapi import Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps import idempotency
from services.api.deps.caller import NOBODY, Caller, authenticate
from services.api.deps.latest import tell_change
from services.api.errors import UnsupportedMediaTypeError, domain_problem, pointer_to
from shared.db import Database, Reader, reader_of, session_reader
from shared.errors import DomainError, InvalidError
from shared.settings import Settings

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ReadRequest(Request):
    """A request that reads: who asks, and a connection."""

    caller: Caller
    read: Reader

    @property
    def settings(self) -> Settings:
        return cast("Settings", self.state.settings)


class WriteRequest(ReadRequest):
    """A request that changes something: a transaction around all of it."""

    db: AsyncSession
    # What a repeated request is answered, where the first answer holds a secret.
    replay: Response | None = None

    async def fresh(self) -> Reader:
        """Read what this transaction has written so far."""
        return await session_reader(self.db)


async def read(
    request: ReadRequest, handler: Callable[[ReadRequest], Awaitable[Response]]
) -> Response:
    """Run the handler with a connection and a caller, within the time that a request has."""
    database: Database = request.state.database
    async with (
        asyncio.timeout(request.state.settings.request_timeout),
        database.reading() as request.read,
    ):
        request.caller = await authenticate(request.read, request.headers.get("authorization"))
        request.scope["pii.caller"] = request.caller.login
        return await handler(request)


class Looking(APIRoute):
    """Routes that read for whoever holds an address that nobody could guess."""

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()

        async def run(request: Request) -> Response:
            asked = ReadRequest(request.scope, request.receive)
            asked.caller = NOBODY
            database: Database = request.state.database
            async with (
                asyncio.timeout(request.state.settings.request_timeout),
                database.reading() as asked.read,
            ):
                return await handler(asked)

        return run


class Reading(APIRoute):
    """Routes that need a caller and read."""

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()

        async def run(request: Request) -> Response:
            return await read(ReadRequest(request.scope, request.receive), handler)

        return run


class Asking(APIRoute):
    """Routes that need a caller and answer a question with a body; nothing is changed or kept."""

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()

        async def run(request: Request) -> Response:
            asked = ReadRequest(request.scope, request.receive)
            # As below: a slow sender must not hold a connection.
            async with asyncio.timeout(request.state.settings.request_timeout):
                _refuse_other_media(asked)
                await asked.body()
            return await read(asked, handler)

        return run


class Writing(APIRoute):
    """Routes that need a caller and change something."""

    needs_caller = True

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()
        takes_form = self._takes_form()
        takes_json = self.body_field is not None and not takes_form

        async def run(request: Request) -> Response:
            asked = WriteRequest(request.scope, request.receive)
            async with asyncio.timeout(request.state.settings.request_timeout):
                try:
                    # The body is read before a connection is taken: a slow sender must not hold one.
                    if takes_json:
                        _refuse_other_media(request)
                        await asked.body()
                    elif takes_form:
                        await self._admit(asked)
                        await self.read_form(asked)
                    await self.prepare(asked)
                    response = await self._in_transaction(asked, handler)
                finally:
                    # An upload's temporary file, also where nothing was made of it.
                    await asked.close()
            request.state.changes.ring()
            return response

        return run

    async def prepare(self, request: WriteRequest) -> None:
        """Do what takes long and needs no transaction; the body is read."""

    async def read_form(self, request: Request) -> None:
        """Read the form; of a member that stands twice one would be lost without a word."""
        try:
            form = await request.form()
        except UnicodeError as error:
            raise InvalidError(
                "The form is not in UTF-8.", vi="Biểu mẫu không ở dạng UTF-8."
            ) from error
        names = [name for name, _ in form.multi_items()]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise InvalidError(
                "This member stands twice.",
                vi="Trường này xuất hiện hai lần.",
                pointer=pointer_to(twice),
            )

    async def _admit(self, request: Request) -> None:
        """Let nobody upload who could not sign in."""
        if not self.needs_caller:
            return
        async with cast("Database", request.state.database).reading() as read:
            await authenticate(read, request.headers.get("authorization"))

    def _takes_form(self) -> bool:
        return type(getattr(self.body_field, "field_info", None)).__name__ in {"Form", "File"}

    async def _in_transaction(self, request: WriteRequest, handler: Handler) -> Response:
        refusal: DomainError | None = None
        response = Response()
        async with cast("Database", request.state.database).transaction() as session:
            request.db = session
            request.read = await reader_of(await session.connection())
            request.caller = NOBODY
            if self.needs_caller:
                request.caller = await authenticate(
                    request.read, request.headers.get("authorization")
                )
                request.scope["pii.caller"] = request.caller.login
            try:
                if self.needs_caller:
                    response = await _once(request, handler)
                else:
                    response = await handler(request)
            except DomainError as error:
                if not error.keeps_changes:
                    await tell_change(request, error, request.read, request.caller)
                    raise
                refusal = error
        return domain_problem(request, refusal) if refusal else response


class Open(Writing):
    """Routes for those who have not signed in yet, or act by a link."""

    needs_caller = False


async def _once(request: WriteRequest, handler: Handler) -> Response:
    key = request.headers.get("idempotency-key")
    if key is None or request.method != "POST":
        return await handler(request)

    async def refused_or_answered() -> Response:
        try:
            async with request.db.begin_nested():
                return await handler(request)
        except DomainError as error:
            if error.keeps_changes:
                raise
            await tell_change(request, error, request.read, request.caller)
            return domain_problem(request, error)

    return await idempotency.first_answer(
        request.db,
        request,
        owner=idempotency.Owner.of(request.caller),
        key=key,
        answer=refused_or_answered,
        kept=lambda answered: request.replay or answered,
    )


def _refuse_other_media(request: Request) -> None:
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media and media != "application/json" and not media.endswith("+json"):
        raise UnsupportedMediaTypeError
