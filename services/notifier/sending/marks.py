"""Write down how a mail of ours ended, unless the claim has expired and another notifier has it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, CursorResult, and_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.plan.schedule import pause_after
from services.notifier.sending.claims import Claim
from shared.bounces import fail_mail
from shared.db import Reader, among
from shared.models import Mail

log = structlog.get_logger()

MAX_ATTEMPTS = 10
# Of a mail whose content went out each time and was never answered: some days, and its reader may have all of
# them, by one Message-ID.
MAX_UNSURE = 30


def _is_ours(claim: Claim) -> ColumnElement[bool]:
    return and_(
        Mail.id == claim.mail_id, Mail.state == "claimed", Mail.claimed_at == claim.claimed_at
    )


# One statement for the mail and its lines, which are found by a value: by a join they would be searched for.
_MARK_SENT = text(
    "WITH mail AS (UPDATE mails SET state = 'sent', sent_at = :now, claimed_at = NULL, reason = NULL, "
    "attempts = attempts + 1, subject = :subject, relay = :relay "
    "WHERE id = :mail AND state = 'claimed' AND claimed_at = :claimed_at RETURNING id), "
    "lines AS (UPDATE reminders SET state = 'sent', sent_at = :now, reason = NULL FROM mail "
    "WHERE mail_id = :mail AND reminders.state = 'claimed') SELECT count(*) FROM mail"
)


async def mark_sent(
    write: Reader, claim: Claim, *, subject: str, relay: str, now: datetime
) -> bool:
    """Write it down, unless the claim has expired and another notifier has the mail."""
    done = await write.value(
        _MARK_SENT,
        mail=claim.mail_id,
        claimed_at=claim.claimed_at,
        subject=subject,
        relay=relay,
        now=now,
    )
    if not done:
        log.warning("mail_claim_lost", mail=str(claim.mail_id), state="sent")
    return bool(done)


async def _settle(session: AsyncSession, claim: Claim, **values: Any) -> bool:
    done: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
        update(Mail).where(_is_ours(claim)).values(claimed_at=None, **values)
    )
    if done.rowcount == 0:
        log.warning("mail_claim_lost", mail=str(claim.mail_id), state=values["state"])
    return done.rowcount == 1


async def put_back(
    session: AsyncSession,
    claim: Claim,
    *,
    reason: str,
    limit: int | None,
    now: datetime,
    maybe_sent: bool = False,
) -> bool:
    """Try again later, each time after a longer pause; give up after so many attempts.

    Without a limit it waits as long as the mail server is away: a newer step or a finished duty ends it.
    """
    before = await session.scalar(select(Mail.attempts).where(_is_ours(claim)).with_for_update())
    attempts = (before or 0) + 1
    if limit is not None and attempts >= limit:
        return await fail_mail(
            session,
            claim.mail_id,
            reason=reason,
            dead=False,
            now=now,
            claimed_at=claim.claimed_at,
        )
    return await _settle(
        session,
        claim,
        state="waiting",
        attempts=attempts,
        reason=reason,
        next_at=now + pause_after(attempts, claim.mail_id),
        **({"maybe_sent": True} if maybe_sent else {}),
    )


async def release(session: AsyncSession, claims: Sequence[Claim]) -> None:
    """Give back what was claimed and not tried; all of a batch were claimed at one moment."""
    if not claims:
        return
    await session.execute(
        update(Mail)
        .where(
            among(Mail.id, [claim.mail_id for claim in claims]),
            among(Mail.claimed_at, {claim.claimed_at for claim in claims}),
            Mail.state == "claimed",
        )
        .values(claimed_at=None, state="waiting")
    )
