"""Sign in and out, and manage people and keys."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import apply, made, record
from services.api.deps.caller import ACCESS_PREFIX, NOBODY, Caller, token_hash
from services.api.identity.checking import Checked, count_miss, stands
from services.api.identity.hand import locked_user
from services.api.identity.locking import refuse_locked
from services.api.identity.memberships import OwnAccessError, add_membership
from shared.errors import (
    ConflictError,
    InvalidError,
    UnauthenticatedError,
)
from shared.models import SignIn, User

REFRESH_PREFIX = "piir_"


class WrongCredentialsError(UnauthenticatedError):
    """Wrong login or password.

    Sai tên đăng nhập hoặc mật khẩu.
    """

    keeps_changes = True


class WrongPasswordError(InvalidError):
    """The current password is wrong.

    Mật khẩu hiện tại không đúng.
    """

    keeps_changes = True


class SpentTokenError(UnauthenticatedError):
    """This refresh token is not valid any more; sign in again.

    Mã làm mới không còn hiệu lực; hãy đăng nhập lại.
    """

    keeps_changes = True


class LoginTakenError(ConflictError):
    """This login is taken.

    Tên đăng nhập đã có người dùng.
    """


async def sign_in(
    session: AsyncSession,
    *,
    login: str,
    checked: Checked,
    now: datetime,
    access: timedelta,
    refresh: timedelta,
) -> dict[str, Any]:
    """Start a sign-in; five misses lock the account, each time for twice as long.

    The password was compared before. Whether the account is locked is looked at again now that it is in
    hand: of many guesses at once only the first few get an answer.
    """
    user = await session.scalar(
        select(User).where(User.login == login.lower()).with_for_update(key_share=True)
    )
    if user is None or not user.active:
        raise WrongCredentialsError
    refuse_locked(user.locked_until, now=now)
    if not stands(user, checked):
        count_miss(session, NOBODY, user, "sign_in_failed", now=now)
        raise WrongCredentialsError
    user.failed_attempts, user.locked_until = 0, None
    record(session, _as_caller(user), "signed_in", ("user", user.id))
    started = SignIn(id=uuid4(), user_id=user.id)
    tokens = _renew(started, now=now, access=access, refresh=refresh)
    session.add(started)
    return tokens


def _as_caller(user: User) -> Caller:
    return Caller(user.id, "user", user.name, user.login, (), {})


def _renew(
    started: SignIn, *, now: datetime, access: timedelta, refresh: timedelta
) -> dict[str, Any]:
    access_token = ACCESS_PREFIX + secrets.token_urlsafe(32)
    refresh_token = REFRESH_PREFIX + secrets.token_urlsafe(32)
    started.access_hash, started.access_expires_at = token_hash(access_token), now + access
    started.spent_refresh_hash = started.refresh_hash
    started.refresh_hash, started.refresh_expires_at = token_hash(refresh_token), now + refresh
    return {
        "access_token": access_token,
        "token_type": "bearer",
        "expires_in": int(access.total_seconds()),
        "refresh_token": refresh_token,
    }


async def refresh_sign_in(
    session: AsyncSession,
    *,
    refresh_token: str,
    now: datetime,
    access: timedelta,
    refresh: timedelta,
) -> dict[str, Any]:
    """Exchange a refresh token for new ones; a spent one that comes back ends the sign-in."""
    presented = token_hash(refresh_token)
    found = await session.scalar(
        select(SignIn)
        .join(User, User.id == SignIn.user_id)
        .where(
            SignIn.refresh_hash == presented,
            SignIn.refresh_expires_at > now,
            SignIn.ended_at.is_(None),
            User.active,
        )
        .with_for_update(of=SignIn)
    )
    if found is None:
        await session.execute(
            update(SignIn)
            .where(SignIn.spent_refresh_hash == presented, SignIn.ended_at.is_(None))
            .values(ended_at=now)
        )
        raise SpentTokenError
    return _renew(found, now=now, access=access, refresh=refresh)


async def sign_out(session: AsyncSession, caller: Caller, *, now: datetime) -> None:
    if caller.sign_in_id is not None:
        await session.execute(
            update(SignIn).where(SignIn.id == caller.sign_in_id).values(ended_at=now)
        )
    record(session, caller, "signed_out", ("user", caller.id))


async def _end_sign_ins(
    session: AsyncSession, user_id: UUID, *, now: datetime, but: UUID | None = None
) -> None:
    standing = update(SignIn).where(SignIn.user_id == user_id, SignIn.ended_at.is_(None))
    if but is not None:
        standing = standing.where(SignIn.id != but)
    await session.execute(standing.values(ended_at=now))


async def change_own_password(
    session: AsyncSession, caller: Caller, *, checked: Checked, new_hash: str, now: datetime
) -> None:
    """Change it; a wrong one counts as it does at signing in."""
    user = await session.get(User, caller.id, with_for_update={"key_share": True})
    if user is None:
        raise WrongPasswordError(pointer="/current_password")
    refuse_locked(user.locked_until, now=now)
    if not stands(user, checked):
        count_miss(session, caller, user, "password_change_failed", now=now)
        raise WrongPasswordError(pointer="/current_password")
    user.password_hash, user.failed_attempts, user.locked_until = new_hash, 0, None
    await _end_sign_ins(session, user.id, now=now, but=caller.sign_in_id)
    record(session, caller, "password_changed", ("user", user.id))


async def create_user(
    session: AsyncSession,
    caller: Caller,
    *,
    login: str,
    name: str,
    email: str,
    password_hash: str,
    memberships: Sequence[dict[str, Any]],
) -> UUID:
    if await session.scalar(select(User.id).where(User.login == login)):
        raise LoginTakenError(pointer="/login")
    user = User(id=uuid4(), login=login, name=name, email=email, password_hash=password_hash)
    session.add(user)
    await session.flush()
    changes = made({"login": login, "name": name, "email": email, "active": True})
    record(session, caller, "created", ("user", user.id), changes=changes)
    for number, membership in enumerate(memberships):
        await add_membership(
            session, caller, user.id, **membership, pointer=f"/memberships/{number}"
        )
    return user.id


async def change_user(
    session: AsyncSession,
    caller: Caller,
    user_id: UUID,
    *,
    values: dict[str, Any],
    password_hash: str | None,
    now: datetime,
) -> None:
    """Change the account; who closes one has the administrators in hand before it."""
    user = await locked_user(session, user_id)
    if user_id == caller.id and values.get("active") is False:
        raise OwnAccessError(pointer="/active")
    changes = apply(user, values)
    if password_hash is not None:
        user.password_hash, user.failed_attempts, user.locked_until = password_hash, 0, None
        changes["password"] = ["***", "***"]
    if password_hash is not None or values.get("active") is False:
        await _end_sign_ins(session, user_id, now=now)
    if changes:
        user.updated_at = now
        record(session, caller, "changed", ("user", user.id), changes=changes)
