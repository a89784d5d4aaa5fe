"""The list of changes that ships is planned from the command line."""

from pathlib import Path

from sqlalchemy import func, select

from deploy.embedded import Servers
from deploy.handovers import plan_list
from shared.db import PooledDatabase
from shared.models import Handover
from tests.conftest import copied_database, settings_for

LIST = Path("deploy/plans/hanoi-2024/successions_2025.csv").read_bytes()


async def stored(database: PooledDatabase) -> int:
    async with database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(Handover)) or 0


async def test_a_list_is_planned_whole_or_not_at_all(servers: Servers, template: str) -> None:
    async with copied_database(servers, template) as copy:
        database = PooledDatabase(settings_for(servers, copy).database_url, pool=1)
        looked = await plan_list(database, LIST, basis="", dry_run=True)
        assert (len(looked.handovers), looked.faults, await stored(database)) == (7, [], 0)
        wrong = LIST.replace(b"so-gtvt", b"so-gi")
        refused = await plan_list(database, wrong, basis="", dry_run=False)
        assert [fault.pointer for fault in refused.faults] == ["/7/from"]
        assert await stored(database) == 0
        made = await plan_list(database, LIST, basis="Nghị quyết (thử nghiệm)", dry_run=False)
        assert (len(made.handovers), await stored(database)) == (7, 7)
        await database.close()
