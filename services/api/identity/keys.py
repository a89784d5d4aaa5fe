"""Keys for systems: made once, shown once, revoked at once."""

import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, made, record
from services.api.deps.caller import KEY_PREFIX, Caller, token_hash
from services.api.identity.memberships import NoSuchOrganisationError
from shared.errors import InvalidError, NotFoundError
from shared.models import ApiKey, Organisation

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


class KeyNotFoundError(NotFoundError):
    """There is no such API key.

    Không có khóa API này.
    """


async def create_api_key(
    session: AsyncSession,
    caller: Caller,
    *,
    name: str,
    scopes: Sequence[str],
    organisation: str | None,
    expires_on: date,
    now: datetime,
) -> tuple[UUID, str]:
    """Make a key; its secret is known to the caller alone from here on."""
    body: UUID | None = None
    if organisation is not None:
        body = await session.scalar(
            select(Organisation.id).where(Organisation.code == organisation)
        )
        if body is None:
            raise NoSuchOrganisationError(pointer="/organisation")
    expires_at = datetime.combine(expires_on, time(23, 59, 59), HANOI).astimezone(UTC)
    if expires_at <= now:
        raise InvalidError(
            "It would have expired already.", vi="Ngày hết hạn đã qua.", pointer="/expires_on"
        )
    prefix = KEY_PREFIX + secrets.token_hex(4)
    secret = f"{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        id=uuid4(),
        name=name,
        prefix=prefix,
        key_hash=token_hash(secret),
        scopes=sorted(set(scopes)),
        organisation_id=body,
        created_by=caller.id,
        expires_at=expires_at,
    )
    session.add(key)
    shown = {"name": name, "prefix": prefix, "scopes": key.scopes, "expires_at": expires_at}
    changes = made(shown | {"organisation": organisation})
    record(session, caller, "created", ("api_key", key.id), changes=changes)
    return key.id, secret


async def revoke_api_key(
    session: AsyncSession, caller: Caller, key_id: UUID, *, now: datetime
) -> None:
    key = await session.get(ApiKey, key_id, with_for_update=True)
    if key is None:
        raise KeyNotFoundError
    if key.revoked_at is None:
        changes = apply(key, {"revoked_at": now})
        record(session, caller, "revoked", ("api_key", key.id), changes=changes)
