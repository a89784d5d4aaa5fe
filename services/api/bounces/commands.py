"""What other systems tell of our mails goes the way of the bounces that we read ourselves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.api.deps.audit import record
from services.api.deps.caller import Caller
from shared.bounces import take_in
from shared.dsn import Report
from shared.errors import ForbiddenError


async def take_bounces(
    session: AsyncSession, caller: Caller, found: Sequence[Report], *, now: datetime
) -> list[dict[str, Any]]:
    """Carry out each report; a mail is nobody's own, so a key of one body is refused."""
    if caller.own_only("bounces:write") is not None:
        raise ForbiddenError(
            "This needs a key that is made for no single body.",
            vi="Thao tác này cần khóa không gắn với riêng một cơ quan.",
        )
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
