"""Write down how a mail of ours ended, unless the claim has expired and another notifier has it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog
from sqlalchemy import ColumnElement, CursorResult, and_, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.plan import reasons
from services.notifier.plan.schedule import LONGEST_PAUSE, pause_after
from services.notifier.sending.claims import Claim
from shared.bounces import fail_mail
from shared.db import Reader, among
from shared.models import Mail

log = structlog.get_logger()

LONGEST_CHAIN = timedelta(days=30)  # of digests that took over from each other


class Patience(NamedTuple):
    """When a mail is given up: after so many attempts, and not before so long."""

    attempts: int
    span: timedelta
    longest_pause: timedelta


# Of what the server does not take now: greylisting, a full box, a server that is too busy.
DEFERRED = Patience(10, timedelta(days=3), timedelta(hours=4))
# Of a mail whose content went out each time and was never answered: some days, and its reader may have all of
# them, by one Message-ID.
MAX_UNSURE = 30
UNSURE = Patience(MAX_UNSURE, timedelta(0), LONGEST_PAUSE)
# A mail server that is away is waited for: a newer step or a finished duty ends it.
ENDLESS = None


def _is_ours(claim: Claim) -> ColumnElement[bool]:
    return and_(
        Mail.id == claim.mail_id, Mail.state == "claimed", Mail.claimed_at == claim.claimed_at
    )


# One statement for the mail and its lines, which are found by a value: by a join they would be searched for. Their
# state comes by a join: as a value it fits an index of lines in some states, which the server believes to be empty
# where the first of all are being sent, and would read from end to end for each mail.
_MARK_SENT = text(
    "WITH mail AS (UPDATE mails SET state = 'sent', sent_at = :now, claimed_at = NULL, reason = NULL, "
    "attempts = attempts + 1, subject = :subject, relay = :relay "
    "WHERE id = :mail AND state = 'claimed' AND claimed_at = :claimed_at RETURNING 'claimed' AS was), "
    "lines AS (UPDATE reminders SET state = 'sent', sent_at = :now, reason = NULL FROM mail "
    "WHERE mail_id = :mail AND reminders.state = mail.was) SELECT count(*) FROM mail"
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
    patience: Patience | None,
    now: datetime,
    maybe_sent: bool = False,
) -> bool:
    """Try again later, each time after a longer pause; give up when patience ends."""
    mail = await session.scalar(select(Mail).where(_is_ours(claim)).with_for_update())
    attempts, since = (0, now) if mail is None else await _tried(session, mail)
    attempts += 1
    if patience and attempts >= patience.attempts and now - since >= patience.span:
        return await fail_mail(
            session,
            claim.mail_id,
            reason=reason,
            dead=False,
            now=now,
            claimed_at=claim.claimed_at,
        )
    longest = patience.longest_pause if patience else LONGEST_PAUSE
    return await _settle(
        session,
        claim,
        state="waiting",
        attempts=Mail.attempts + 1,
        reason=reason,
        next_at=now + pause_after(attempts, claim.mail_id, longest=longest),
        **({"maybe_sent": True} if maybe_sent else {}),
    )


async def _tried(session: AsyncSession, mail: Mail) -> tuple[int, datetime]:
    """Tell how often and since when it was tried: a digest with those that it took over, day after day."""
    if mail.kind != "digest":
        return mail.attempts, mail.created_at
    mine = and_(Mail.recipient == mail.recipient, Mail.kind == "digest", Mail.id != mail.id)
    ended = select(func.max(Mail.created_at)).where(
        mine, Mail.state.in_(("sent", "delivered", "failed"))
    )
    before = await session.execute(
        select(func.coalesce(func.sum(Mail.attempts), 0), func.min(Mail.created_at)).where(
            mine,
            Mail.state == "empty",
            Mail.reason == reasons.MERGED,
            Mail.attempts > 0,
            Mail.created_at
            > func.coalesce(ended.scalar_subquery(), mail.created_at - LONGEST_CHAIN),
        )
    )
    attempts, since = before.one()
    return attempts + mail.attempts, since or mail.created_at


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
