"""The demonstration plays, and one trace id leads from a request to the run and the mail it caused."""

import asyncio
import io
import secrets
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import select

from deploy import mails
from deploy.demo import Demo
from deploy.demo_screen import MADE_UP
from shared.models import NotifierRun
from tests.e2e.checks import assert_nothing_is_lost
from tests.e2e.office import Office

pytestmark = pytest.mark.timeout(120)


def traced() -> tuple[str, dict[str, str]]:
    trace = secrets.token_hex(16)
    return trace, {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}


async def test_the_trace_id_of_an_acceptance_is_that_of_its_run(office: Office) -> None:
    (submission,) = await office.submit(1)
    await assert_nothing_is_lost(office)
    trace, headers = traced()
    answer = await office.accept(submission, headers=headers)
    await assert_nothing_is_lost(office)
    assert answer.headers["x-trace-id"] == trace
    assert (await office.newest_run())["trace_id"] == trace


async def just_swept(office: Office) -> None:
    """Wait for the end of a sweep of the notifier, which plans too and traces itself: the next is two seconds away."""
    began = datetime.now(UTC)
    swept = select(NotifierRun.ended_at).where(NotifierRun.work == "planning")
    async with asyncio.timeout(20):
        while True:
            async with office.system.database.transaction() as session:
                ended = await session.scalar(swept)
            if ended and ended > began:
                return
            await asyncio.sleep(0.05)


async def test_the_trace_id_of_a_moved_deadline_is_that_of_its_mail(office: Office) -> None:
    await just_swept(office)
    trace, headers = traced()
    duty = await office.move_deadline(headers=headers)
    await assert_nothing_is_lost(office)
    folder = office.system.mails
    query = {"assignment": duty, "state": "sent"}
    told = await office.ask("coordinator", "GET", "/v1/reminders", params=query)
    (row,) = told.json()["items"]
    kept = [mails.read_mail(folder, name) for name in mails.names(folder)]
    (mail,) = [one for one in kept if one.message_id == row["mail"]["message_id"]]
    assert mail.headers["X-PII-Trace-Id"] == trace


async def test_a_long_question_is_answered_by_the_worker_and_kept(office: Office) -> None:
    await assert_nothing_is_lost(office)
    asks = {"draws": 2500, "seed": 3, "sobol": True, "sobol_samples": 64}
    asked = await office.ask("coordinator", "POST", "/v1/index/uncertainty", json=asks)
    assert asked.status_code == 202, asked.text
    job = f"/v1/analyses/{asked.json()['id']}"
    found: dict[str, Any] = {"state": "queued"}
    async with asyncio.timeout(60):
        while found["state"] not in {"done", "failed"}:
            await asyncio.sleep(0.2)
            found = (await office.ask("coordinator", "GET", job)).json()
    assert (found["state"], found["error"]) == ("done", None)
    assert found["result"]["own"]["unit"] == "ha-noi"
    assert found["result"]["sobol"]["factors"]
    assert found["progress"]["done"] == found["progress"]["total"] > 2500
    again = await office.ask("coordinator", "POST", "/v1/index/uncertainty", json=asks)
    assert (again.status_code, again.json()["id"]) == (200, found["id"])


async def test_the_demonstration_plays_twice_in_a_row(office: Office) -> None:
    for _ in range(2):
        console = Console(file=io.StringIO(), width=80)
        await Demo(office.client, office.system.state, console).play()
        told = console.file.getvalue()  # type: ignore[attr-defined]
        assert told.index("returns it") < told.index("accepts") < told.index("trước đó")
        assert told.count(MADE_UP) >= 3
        assert "Đôn đốc: quá hạn 2 ngày" in " ".join(told.split())
        assert "closes minh-hoa-" in told
        assert "closes 2 account(s) of the demonstration" in told
        assert "ends 1 made-up contact(s)" in told
