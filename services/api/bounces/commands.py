"""What other systems tell of our mails goes the way of the bounces that we read ourselves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from shared.bounces import take_in
from shared.dsn import Report


async def take_bounces(
    session: AsyncSession, caller: Caller, found: Sequence[Report], *, now: datetime
) -> list[dict[str, Any]]:
    """Carry out each report."""
    taken = []
    for report in found:
        outcome, mail_id = await take_in(session, report, now=now)
        if mail_id is not None and outcome in {"failed", "delivered", "noted"}:
            # Without the server's words: they name the recipient.
            told = {"action": [None, report.action], "status": [None, report.status]}
            record(session, caller, "bounced", ("mail", mail_id), changes=told)
        taken.append(
            {
                "recipient": report.recipient,
                "action": report.action,
                "status": report.status,
                "outcome": outcome,
                "mail": mail_id,
            }
        )
    return taken
