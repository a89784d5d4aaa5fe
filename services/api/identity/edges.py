"""Routes that ask for a password: it is compared after the body was read and before the transaction."""

import json
from datetime import UTC, datetime
from typing import TypeVar, cast

from pydantic import BaseModel

from services.api.deps.caller import authenticate
from services.api.deps.edge import Open, WriteRequest, Writing
from services.api.identity.checking import BY_ID, BY_LOGIN, Checked, check_password
from services.api.identity.schemas import Credentials, PasswordChange

Sent = TypeVar("Sent", bound=BaseModel)
NOTHING = Checked(None, right=False)


class PasswordRequest(WriteRequest):
    """A request with a password that was compared."""

    checked: Checked
    new_hash: str


async def _sent(request: WriteRequest, shape: type[Sent]) -> Sent | None:
    """Read the body; what is wrong with it the route tells, which reads it again."""
    try:
        return shape.model_validate(json.loads(await request.body()))
    except (ValueError, RecursionError):
        return None


class SigningIn(Open):
    """Compares the password of whoever wants to sign in."""

    async def prepare(self, request: WriteRequest) -> None:
        asked = cast("PasswordRequest", request)
        asked.checked, sent = NOTHING, await _sent(request, Credentials)
        if sent is not None:
            asked.checked = await check_password(
                request.state.database,
                request.state.passwords,
                BY_LOGIN,
                sent.login.lower(),
                password=sent.password.get_secret_value(),
                now=datetime.now(UTC),
            )


class Confirming(Writing):
    """Compares the caller's own password, and hashes the new one where that was right."""

    async def prepare(self, request: WriteRequest) -> None:
        async with request.state.database.reading() as read:
            caller = await authenticate(read, request.headers.get("authorization"))
        asked, passwords = cast("PasswordRequest", request), request.state.passwords
        asked.checked, asked.new_hash = NOTHING, ""
        sent = await _sent(request, PasswordChange)
        if sent is None:
            return
        asked.checked = await check_password(
            request.state.database,
            passwords,
            BY_ID,
            caller.id,
            password=sent.current_password.get_secret_value(),
            now=datetime.now(UTC),
        )
        if asked.checked.right:
            asked.new_hash = await passwords.hash(sent.new_password.get_secret_value())
