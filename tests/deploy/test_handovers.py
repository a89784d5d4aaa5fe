"""The list of changes that ships is planned from the command line."""

from pathlib import Path

from sqlalchemy import func, select

from deploy.embedded import Servers
from deploy.handovers import plan_list
from shared.db import PooledDatabase
from shared.models import Handover
from tests.conftest import copied_database, settings_for

LIST = Path("deploy/plans/hanoi-2024/successions_2025.csv").read_bytes()


async def stored(url: str) -> int:
    database = PooledDatabase(url, pool=1)
    async with database.transaction() as session:
        number = await session.scalar(select(func.count()).select_from(Handover))
    await database.close()
    return number or 0


async def test_a_list_is_planned_whole_or_not_at_all(servers: Servers, template: str) -> None:
    async with copied_database(servers, template) as copy:
        url = settings_for(servers, copy).database_url
        looked = await plan_list(url, LIST, basis="", dry_run=True)
        assert (len(looked.handovers), looked.faults, await stored(url)) == (7, [], 0)
        wrong = LIST.replace(b"so-gtvt", b"so-gi")
        refused = await plan_list(url, wrong, basis="", dry_run=False)
        assert [fault.pointer for fault in refused.faults] == ["/7/from"]
        assert await stored(url) == 0
        made = await plan_list(url, LIST, basis="Nghị quyết (thử nghiệm)", dry_run=False)
        assert (len(made.handovers), await stored(url)) == (7, 7)
