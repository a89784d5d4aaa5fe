"""Check a password before the transaction: Argon2 takes its time, and a transaction must not wait for it."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Executable, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from services.api.identity.locking import locked_until, refuse_locked
from services.api.identity.passwords import Passwords
from shared.db import Database
from shared.models import User

_USER = select(User.password_hash, User.active, User.locked_until)
BY_LOGIN = _USER.where(User.login == bindparam("who"))
BY_ID = _USER.where(User.id == bindparam("who"))


class Checked(NamedTuple):
    """What was found: against which hash, and whether it was right."""

    password_hash: str | None
    right: bool


async def check_password(
    database: Database,
    passwords: Passwords,
    statement: Executable,
    who: str | UUID,
    *,
    password: str,
    now: datetime,
) -> Checked:
    """Compare it; takes as long for an unknown account. Nothing is compared while the account is locked."""
    async with database.reading() as read:
        row: Any = await read.first(statement, who=who)
    known = None
    if row is not None:
        refuse_locked(row["locked_until"], now=now)
        known = row["password_hash"] if row["active"] else None
    return Checked(known, await passwords.verify(password, known))


def stands(user: User, checked: Checked) -> bool:
    """Tell whether it is right still: the password may have been changed while it was compared."""
    return checked.right and user.password_hash == checked.password_hash


def count_miss(
    session: AsyncSession, caller: Caller, user: User, action: str, *, now: datetime
) -> None:
    """Count a wrong password; ``user`` is locked, so that of many at once each is counted."""
    user.failed_attempts += 1
    user.locked_until = locked_until(user.failed_attempts, now=now)
    record(
        session,
        caller,
        action,
        ("user", user.id),
        changes={"attempts": [user.failed_attempts - 1, user.failed_attempts]},
    )
