"""Seeding from the command line loads the plan and a first fill of the calendar, once."""

import asyncio
import os
import sys

from deploy.embedded import Servers
from services.api.deps.clock import today_in_hanoi
from tests.conftest import copied_database


async def seeded(url: str) -> list[str]:
    env = {**os.environ, "DATABASE_URL": url, "REDIS_URL": "redis://127.0.0.1:1"}
    env["SMTP_URL"] = "smtp://127.0.0.1:1"
    env["EVIDENCE_URL"] = "file:/nowhere"
    words = [sys.executable, "-m", "deploy.cli", "seed"]
    pipe = asyncio.subprocess.PIPE
    run = await asyncio.create_subprocess_exec(*words, env=env, stdout=pipe, stderr=pipe)
    out, err = await run.communicate()
    assert run.returncode == 0, err.decode()
    return out.decode().splitlines()


async def test_the_calendar_is_filled_with_the_plan_and_the_second_time_nothing_is(
    servers: Servers, template: str
) -> None:
    year = today_in_hanoi().year
    async with copied_database(servers, template) as url:
        filled = (
            f"calendar {year}, {year + 1}: first fill from a library, to be confirmed by a decision"
        )
        assert await seeded(url) == ["framework 2024: nothing new", filled]
        assert await seeded(url) == ["framework 2024: nothing new"]
