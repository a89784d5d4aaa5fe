"""Sign in, who am I, people and keys."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.api.deps.answers import answer, require_match
from services.api.deps.caller import describe
from services.api.deps.clock import today_in_hanoi
from services.api.deps.edge import Open, Reading, ReadRequest, WriteRequest, Writing
from services.api.deps.fields import Nothing
from services.api.deps.paging import Page, PageQuery
from services.api.identity import commands, keys, memberships, queries, schemas
from services.api.identity.edges import Confirming, PasswordRequest, SigningIn
from services.api.identity.hand import UserNotFoundError, locked_user, refuse_last_administrator

signing = APIRouter(prefix="/v1/auth", tags=["sign-in"], route_class=Open)
knocking = APIRouter(prefix="/v1/auth", tags=["sign-in"], route_class=SigningIn)
confirming = APIRouter(prefix="/v1", tags=["sign-in"], route_class=Confirming)
own_reading = APIRouter(prefix="/v1", tags=["sign-in"], route_class=Reading)
own_writing = APIRouter(prefix="/v1", tags=["sign-in"], route_class=Writing)
reading = APIRouter(prefix="/v1", tags=["people"], route_class=Reading)
writing = APIRouter(prefix="/v1", tags=["people"], route_class=Writing)
key_reading = APIRouter(prefix="/v1", tags=["keys"], route_class=Reading)
key_writing = APIRouter(prefix="/v1", tags=["keys"], route_class=Writing)

NO_STORE = {"cache-control": "no-store"}


def _lifetimes(request: WriteRequest) -> dict[str, timedelta]:
    settings = request.settings
    return {
        "access": timedelta(minutes=settings.access_minutes),
        "refresh": timedelta(days=settings.refresh_days),
    }


@knocking.post("/token", operation_id="signIn", response_model=schemas.Tokens)
async def sign_in(request: PasswordRequest, body: schemas.Credentials) -> Response:
    """Exchange login and password for tokens. Five misses lock the account for a while: 429 says how long."""
    tokens = await commands.sign_in(
        request.db,
        login=body.login,
        checked=request.checked,
        now=datetime.now(UTC),
        **_lifetimes(request),
    )
    return answer(request, tokens, headers=NO_STORE)


@signing.post("/refresh", operation_id="refreshSignIn", response_model=schemas.Tokens)
async def refresh(request: WriteRequest, body: schemas.Refresh) -> Response:
    """Exchange a refresh token for new tokens; each works once."""
    tokens = await commands.refresh_sign_in(
        request.db,
        refresh_token=body.refresh_token,
        now=datetime.now(UTC),
        **_lifetimes(request),
    )
    return answer(request, tokens, headers=NO_STORE)


@own_writing.post("/auth/revoke", operation_id="signOut", status_code=204)
async def sign_out(request: WriteRequest) -> Response:
    """End this sign-in: its tokens stop working at once."""
    await commands.sign_out(request.db, request.caller, now=datetime.now(UTC))
    return Response(status_code=204)


@own_reading.get("/me", operation_id="me", response_model=schemas.Me)
async def me(request: ReadRequest) -> Response:
    return answer(request, describe(request.caller))


@confirming.post("/me/password", operation_id="changePassword", status_code=204)
async def change_password(request: PasswordRequest, _body: schemas.PasswordChange) -> Response:
    """Change one's own password; other sign-ins end. Misses count and lock as they do at signing in."""
    await commands.change_own_password(
        request.db,
        request.caller,
        checked=request.checked,
        new_hash=request.new_hash,
        now=datetime.now(UTC),
    )
    return Response(status_code=204)


@reading.get("/users", operation_id="listUsers", response_model=Page[schemas.User])
async def list_users(
    request: ReadRequest, query: Annotated[schemas.UserQuery, Query()]
) -> Response:
    request.caller.require("people:write")
    return answer(request, await queries.users_page(request.read, request.caller, query))


@reading.get("/users/{user_id}", operation_id="getUser", response_model=schemas.User)
async def get_user(request: ReadRequest, user_id: UUID) -> Response:
    request.caller.require("people:write")
    return answer(request, await _shown(request, user_id))


async def _shown(request: ReadRequest, user_id: UUID) -> dict[str, Any]:
    read = await request.fresh() if isinstance(request, WriteRequest) else request.read
    shown = await queries.user_shown(read, request.caller, user_id)
    if shown is None:
        raise UserNotFoundError
    return shown


@writing.post("/users", operation_id="createUser", status_code=201, response_model=schemas.User)
async def create_user(request: WriteRequest, body: schemas.NewUser) -> Response:
    request.caller.require("people:write")
    user_id = await commands.create_user(
        request.db,
        request.caller,
        login=body.login,
        name=body.name,
        email=body.email,
        password_hash=await request.state.passwords.hash(body.password.get_secret_value()),
        memberships=[membership.model_dump() for membership in body.memberships],
    )
    return answer(
        request,
        await _shown(request, user_id),
        status=201,
        headers={"location": f"/v1/users/{user_id}"},
    )


@writing.patch("/users/{user_id}", operation_id="changeUser", response_model=schemas.User)
async def change_user(request: WriteRequest, user_id: UUID, body: schemas.UserPatch) -> Response:
    request.caller.require("people:write")
    if body.active is False:
        await refuse_last_administrator(request.db, user_id, today_in_hanoi())
    await locked_user(request.db, user_id)
    require_match(request, await _shown(request, user_id))
    values = body.model_dump(exclude={"password"}, exclude_none=True)
    password_hash = None
    if body.password is not None:
        password_hash = await request.state.passwords.hash(body.password.get_secret_value())
    await commands.change_user(
        request.db,
        request.caller,
        user_id,
        values=values,
        password_hash=password_hash,
        now=datetime.now(UTC),
    )
    return answer(request, await _shown(request, user_id))


@writing.post(
    "/users/{user_id}/memberships",
    operation_id="addMembership",
    status_code=201,
    response_model=schemas.User,
)
async def add_membership(
    request: WriteRequest, user_id: UUID, body: schemas.NewMembership
) -> Response:
    request.caller.require("people:write")
    await memberships.add_membership(request.db, request.caller, user_id, **body.model_dump())
    return answer(request, await _shown(request, user_id), status=201)


@writing.post(
    "/users/{user_id}/memberships/{membership_id}/end",
    operation_id="endMembership",
    response_model=schemas.User,
)
async def end_membership(
    request: WriteRequest, user_id: UUID, membership_id: UUID, _body: Nothing | None = None
) -> Response:
    request.caller.require("people:write")
    await memberships.end_membership(
        request.db, request.caller, user_id, membership_id, today=today_in_hanoi()
    )
    return answer(request, await _shown(request, user_id))


@key_reading.get("/api-keys", operation_id="listApiKeys", response_model=Page[schemas.ApiKey])
async def list_keys(request: ReadRequest, query: Annotated[PageQuery, Query()]) -> Response:
    request.caller.require("keys:write")
    return answer(request, await queries.keys_page(request.read, query))


@key_reading.get("/api-keys/{key_id}", operation_id="getApiKey", response_model=schemas.ApiKey)
async def get_key(request: ReadRequest, key_id: UUID) -> Response:
    request.caller.require("keys:write")
    return answer(request, await _key_shown(request, key_id))


async def _key_shown(request: ReadRequest, key_id: UUID) -> dict[str, Any]:
    read = await request.fresh() if isinstance(request, WriteRequest) else request.read
    shown = await queries.key_shown(read, key_id)
    if shown is None:
        raise keys.KeyNotFoundError
    return shown


@key_writing.post(
    "/api-keys", operation_id="createApiKey", status_code=201, response_model=schemas.CreatedApiKey
)
async def create_key(request: WriteRequest, body: schemas.NewApiKey) -> Response:
    """Make a key for a system. The key is shown in this answer and never again."""
    request.caller.require("keys:write")
    key_id, secret = await keys.create_api_key(
        request.db, request.caller, **body.model_dump(), now=datetime.now(UTC)
    )
    shown = await _key_shown(request, key_id)
    headers = {"location": f"/v1/api-keys/{key_id}", **NO_STORE}
    request.replay = answer(request, {**shown, "key": None}, status=201, headers=headers)
    return answer(request, {**shown, "key": secret}, status=201, headers=headers)


@key_writing.post(
    "/api-keys/{key_id}/revoke", operation_id="revokeApiKey", response_model=schemas.ApiKey
)
async def revoke_key(request: WriteRequest, key_id: UUID, _body: Nothing | None = None) -> Response:
    request.caller.require("keys:write")
    await keys.revoke_api_key(request.db, request.caller, key_id, now=datetime.now(UTC))
    return answer(request, await _key_shown(request, key_id))


routers = (
    knocking,
    signing,
    own_reading,
    own_writing,
    confirming,
    reading,
    writing,
    key_reading,
    key_writing,
)
