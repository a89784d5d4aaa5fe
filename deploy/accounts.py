"""The first accounts of a new system: who may sign in before anybody could be invited."""

import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.caller import NOBODY
from services.api.identity import commands
from services.api.identity.passwords import Passwords
from shared.models import Organisation, User


class FirstAccount(NamedTuple):
    login: str
    name: str
    role: str


FIRST = (
    FirstAccount("admin", "Quản trị hệ thống", "admin"),
    FirstAccount("coordinator", "Đầu mối tổng hợp PII", "coordinator"),
)


async def ensure_first_accounts(
    session: AsyncSession, passwords: Passwords, file: Path
) -> list[str]:
    """Create the first accounts that are missing, in the coordinating body; keep their passwords in ``file``.

    The file can be read by its owner alone. An account that exists is not touched.
    """
    body = await session.scalar(select(Organisation.code).where(Organisation.is_coordinator))
    if body is None:
        raise SystemExit("No coordinating body: run `pii seed` first.")
    known = _read(file)
    made = []
    for account in FIRST:
        if await session.scalar(select(User.id).where(User.login == account.login)):
            continue
        password = secrets.token_urlsafe(15)
        await commands.create_user(
            session,
            NOBODY,
            login=account.login,
            name=account.name,
            email=f"{account.login}@localhost",
            password_hash=await passwords.hash(password),
            memberships=[{"organisation": body, "role": account.role}],
        )
        known[account.login] = {"login": account.login, "password": password}
        made.append(account.login)
    if made:
        _write_private(file, json.dumps(known, indent=2, ensure_ascii=False) + "\n")
    return made


async def reset_account(session: AsyncSession, passwords: Passwords, login: str) -> str:
    """Open the account again with a new password, which is returned; its sign-ins end."""
    user_id = await session.scalar(select(User.id).where(User.login == login))
    if user_id is None:
        raise SystemExit(f"There is no account {login}.")
    password = secrets.token_urlsafe(15)
    await commands.change_user(
        session,
        NOBODY,
        user_id,
        values={"active": True},
        password_hash=await passwords.hash(password),
        now=datetime.now(UTC),
    )
    return password


def _read(file: Path) -> dict[str, dict[str, str]]:
    if not file.exists():
        return {}
    known: dict[str, dict[str, str]] = json.loads(file.read_text("utf-8"))
    return known


def _write_private(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as target:
        target.write(text)
    temporary.replace(file)
