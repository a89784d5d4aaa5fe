"""What must be true after every fault, looked at from outside: the API's answers and the kept mails."""

import logging
from collections import Counter

from sqlalchemy import exists, func, or_, select

from deploy import mails
from services.scoring import queries
from services.scoring.commands import calculate
from services.scoring.summary import run_nodes
from shared.models import Mail, Period, Reminder, Run
from tests.e2e.office import PERIOD, Office
from tests.e2e.system import until

log = logging.getLogger(__name__)


def tell(figures: str) -> None:
    """Show what was measured, with ``pytest --log-cli-level=INFO``."""
    log.info("%s", figures)


async def assert_nothing_is_lost(office: Office) -> float:
    """Wait until the system has caught up by itself, and check all it did; return the seconds."""
    seconds = await until(lambda: _is_caught_up(office), what="index fresh and reminders sent")
    await assert_index_equals_recalculation(office)
    await assert_each_reminder_once(office)
    return seconds


async def _is_caught_up(office: Office) -> bool:
    return not (await office.index())["stale"] and await _all_are_told(office)


async def _all_are_told(office: Office) -> bool:
    """Tell whether every duty whose deadline was moved is reminded of, and no mail is still to go out."""
    due = Reminder.state.in_(("planned", "held", "claimed")) & (Reminder.send_at <= func.now())
    open_mail = Mail.state.in_(("claimed", "waiting"))
    async with office.system.database.transaction() as session:
        if await session.scalar(select(or_(exists().where(due), exists().where(open_mail)))):
            return False
        found = await session.scalars(
            select(Reminder.assignment_id).where(Reminder.kind == "step", Reminder.state == "sent")
        )
        return set(office.moved) <= {str(assignment) for assignment in found}


async def assert_index_equals_recalculation(office: Office) -> None:
    """Compare the newest run with all that was accepted and with a calculation from scratch."""
    shown = await office.index()
    assert not shown["stale"]
    path = f"/v1/index/runs/{shown['run']['id']}/nodes"
    nodes = (await office.ask("coordinator", "GET", path, params={"limit": 200})).json()
    async with office.system.database.transaction() as session:
        period_id = await session.scalar(select(Period.id).where(Period.code == PERIOD))
        assert period_id
        state = await queries.state_of(session, period_id)
        assert state
        fresh = await calculate(session, state)
        run = await session.get_one(Run, shown["run"]["id"])
    assert [str(one) for one in run.submission_ids] == sorted(office.accepted)
    assert fresh.inputs.hash() == shown["run"]["hash"]
    expected = run_nodes(run.id, fresh.result, fresh.rows, fresh.inputs)
    for made in expected:
        del made["run_id"], made["sort_key"]
    by_code = {node["code"]: node for node in nodes["items"]}
    assert by_code == {made["code"]: made for made in expected}
    (root,) = [node for node in nodes["items"] if node["kind"] == "index"]
    assert shown["score"] == root["score"]
    assert shown["score"] is not None


async def assert_each_reminder_once(office: Office) -> None:
    """Each duty whose reminder was due stands in one mail, and the ledger says sent of just the mails that came."""
    async with office.system.database.transaction() as session:
        told = await session.scalars(
            select(Reminder.assignment_id).where(Reminder.kind == "step", Reminder.state == "sent")
        )
        assert Counter(map(str, told)) == Counter(office.moved)
    # What is decided is told a moment later, and box and ledger are not read at one instant.
    await until(lambda: _box_agrees(office), what="the mail box agrees with the ledger")


async def _box_agrees(office: Office) -> bool:
    folder = office.system.mails
    kept = [mails.read_mail(folder, name).message_id for name in mails.names(folder)]
    async with office.system.database.transaction() as session:
        sent = await session.scalars(select(Mail.message_id).where(Mail.state == "sent"))
        return sorted(sent) == sorted(kept)


def repeated_mails(office: Office) -> int:
    """Count mails that came a second time and were recognised by their Message-ID."""
    log = office.system.mails / "duplicates.log"
    return len(log.read_text().splitlines()) if log.exists() else 0
