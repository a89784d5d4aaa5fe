"""One system for all scenarios: what one of them breaks for good, the next one shows."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from deploy.plans.reader import PlanData
from tests.e2e.office import Office
from tests.e2e.system import System


def _passable_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="pii-e2e-"))
    folder.chmod(0o711)  # the account that PostgreSQL runs as must pass
    return folder


@pytest.fixture(scope="session")
async def office(plan: PlanData) -> AsyncIterator[Office]:
    folder = _passable_folder()
    system = System(folder)
    try:
        await system.start(plan)
        limits = httpx.Limits(max_connections=40)
        async with httpx.AsyncClient(base_url=system.url, limits=limits, timeout=40) as client:
            office = Office(system, client)
            await office.open(plan)
            yield office
    finally:
        await system.stop()
        shutil.rmtree(folder, ignore_errors=True)
