"""Alembic's entry. A migration that waits for a lock fails fast, and two never run at once."""

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import Connection, text

from shared import models  # noqa: F401 registers the tables
from shared.db import Base, create_engine


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_server_default=True,
        include_object=known,
    )
    with context.begin_transaction():
        connection.execute(text("SET LOCAL lock_timeout = '4s'"))
        connection.execute(text("SET LOCAL statement_timeout = '30s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('alembic'))"))
        context.run_migrations()


def known(thing: Any, _name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:  # noqa: FBT001 Alembic calls it by position
    # An index over an expression cannot be compared; the migration's own test covers it.
    return not (kind == "index" and any(not hasattr(e, "key") for e in thing.expressions))


async def main() -> None:
    url = context.config.get_main_option("sqlalchemy.url")
    assert url
    engine = create_engine(url, name="migrations", pool=1)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(main())
