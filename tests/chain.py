"""A log of a few entries, chained for real, and those who tamper with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.embedded import Servers
from services.api.audit.sealing import seal
from services.api.audit.signing import Signer, load_signer, make_key
from services.api.audit.verification import Finding, last_link, walked
from shared.db import PooledDatabase
from shared.models import AuditEntry, AuditWaiting
from tests.conftest import UndoneDatabase, copied_database, settings_for

DAY = date(2026, 11, 23)
SOMEBODY = UUID(int=7)


def entry(**values: Any) -> AuditEntry:
    """Make an entry of a contact's changed address, by a person."""
    return AuditEntry(
        **{
            "actor_kind": "user",
            "actor_id": SOMEBODY,
            "actor_name": "Nguyễn Văn Đổi",
            "action": "changed",
            "object_type": "contact",
            "object_id": "so-gddt",
            "changes": {"email": ["a@example.org", "b@example.org"], "weight": [0.1, 7.0]},
            "reason": "Đổi người phụ trách",
            "trace_id": "0" * 32,
            **values,
        }
    )


@asynccontextmanager
async def committed_log(servers: Servers, template: str) -> AsyncIterator[PooledDatabase]:
    """Give a database in which commits are real."""
    async with copied_database(servers, template) as url:
        database = PooledDatabase(settings_for(servers, url).database_url, pool=5)
        yield database
        await database.close()


async def written(database: PooledDatabase, count: int, **values: Any) -> list[int]:
    """Commit some entries; return their ids."""
    entries = [entry(**values) for _ in range(count)]
    async with database.transaction() as session:
        session.add_all(entries)
    return [each.id for each in entries]


async def sealed(database: PooledDatabase, *, day: date = DAY) -> int:
    """Link all that waits."""
    count = 0
    while True:
        async with database.transaction() as session:
            done = await seal(session, today=day, limit=1_000)
        if not done:
            return count
        count += done


async def linked_within(connection: AsyncConnection) -> None:
    """Link all that waits inside a transaction that is undone; the application's own loop may be at it."""
    async with UndoneDatabase(connection).transaction() as session:
        while await session.scalar(select(func.count()).select_from(AuditWaiting)):
            await seal(session, today=DAY)


async def found_in(database: PooledDatabase) -> list[Finding]:
    async with database.reading() as read:
        _, found = await walked(read, first=1, last=await last_link(read))
        return found


async def tampered(database: PooledDatabase, *statements: str) -> None:
    """Do what somebody does who owns the database: no trigger stops him."""
    async with database.transaction() as session:
        await session.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            await session.execute(text(statement))


def signer(folder: Path) -> Signer:
    file = folder / "audit-key.pem"
    make_key(file)
    made = load_signer(file)
    assert made is not None
    return made
