"""The fast path for reading: a statement is prepared once, whatever its length."""

from datetime import date

from sqlalchemy import text

from deploy.embedded import Servers
from services.api.board.follow import FOUND
from shared.db import PooledDatabase, compiled
from tests.conftest import copied_database, settings_for

LONG = 15 * 1024  # characters, from which on the driver would prepare a statement anew each time
_PREPARED = text("SELECT count(*) FROM pg_prepared_statements WHERE length(statement) = :length")


async def test_the_longest_statement_is_prepared_once(servers: Servers, template: str) -> None:
    length = len(compiled(FOUND)[0])
    assert length > LONG
    given = {"code": "ky-2024", "everybody": True, "bodies": [], "today": date.max, "limit": 1}
    async with copied_database(servers, template) as url:
        database = PooledDatabase(settings_for(servers, url).database_url, pool=1)
        for _ in range(2):
            async with database.reading() as read:
                assert await read.all(FOUND, **given) == []
                assert await read.value(_PREPARED, length=length) == 1
        await database.close()
