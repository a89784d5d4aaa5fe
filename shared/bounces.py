"""What comes back: the mail and its ledger rows say so, and nobody writes to a dead address again.

The notifier takes bounces from a mail box, the API from other systems; both, and the sender that is
refused at the door, come here. Nothing here answers a mail.
"""

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import and_, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.dsn import Report
from shared.models import Mail, Reminder
from shared.status import is_dead
from shared.suppression import suppress, tell_of_failure

log = structlog.get_logger()

# The first final word stands: what was delivered does not fail, what failed is not delivered.
OPEN = ("claimed", "waiting", "sent")
MAX_REASON = 600  # characters

Outcome = Literal["failed", "delivered", "noted", "unchanged", "other_recipient", "unknown_mail"]


class TakenIn(NamedTuple):
    """What a report changed; ``mail_id`` is null where it is about no mail of ours."""

    outcome: Outcome
    mail_id: UUID | None = None


async def take_in(session: AsyncSession, report: Report, *, now: datetime) -> TakenIn:
    """Carry out what a bounce says. The same one again changes nothing.

    Anybody can write a bounce, so it touches only a mail that we sent, and of that only the recipient that
    it went to.
    """
    mail = await _mail_of(session, report)
    if mail is None:
        taken = TakenIn("unknown_mail")
    elif not _went_to(mail.recipient, report):
        taken = TakenIn("other_recipient", mail.id)
    else:
        taken = TakenIn(await _carry_out(session, mail, report, now=now), mail.id)
    log.info(
        "bounce_taken_in",
        outcome=taken.outcome,
        mail=taken.mail_id and str(taken.mail_id),
        action=report.action,
        status=report.status,
        domain=report.recipient.rpartition("@")[2],
    )
    return taken


async def _mail_of(session: AsyncSession, report: Report) -> Mail | None:
    if not report.message_ids:
        return None
    found = await session.scalars(
        select(Mail)
        .where(Mail.message_id.in_(report.message_ids))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    by_id = {mail.message_id: mail for mail in found}
    return next((by_id[key] for key in report.message_ids if key in by_id), None)


def _went_to(recipient: str, report: Report) -> bool:
    return recipient.lower() in {report.recipient.lower(), report.original.lower()}


async def _carry_out(
    session: AsyncSession, mail: Mail, report: Report, *, now: datetime
) -> Outcome:
    if report.action == "failed":
        failed = await fail_mail(
            session,
            mail.id,
            reason=reason_of(report),
            dead=is_dead(report.status, report.diagnostic),
            now=now,
            bounced=True,
        )
        return "failed" if failed else "unchanged"
    if report.action == "delivered":
        return "delivered" if await _deliver(session, mail.id, now=now) else "unchanged"
    if report.action == "delayed" and mail.state == "sent" and mail.reason != reason_of(report):
        mail.reason = reason_of(report)
        return "noted"
    return "unchanged"


def reason_of(report: Report) -> str:
    """Say it in the server's words, with its code."""
    words = report.diagnostic
    if report.status not in words:
        words = f"{report.status} {words}".strip()
    return words[:MAX_REASON]


async def fail_mail(
    session: AsyncSession,
    mail_id: UUID,
    *,
    reason: str,
    dead: bool,
    now: datetime,
    claimed_at: datetime | None = None,
    bounced: bool = False,
) -> bool:
    """Mark a mail and its rows as failed for good, with an alarm; with ``dead`` its address gets no more mail.

    A trial has no alarm of its own: whoever asked for it looks at it.

    ``claimed_at`` is the claim under which it was sent: when another has it by now, nothing happens.
    ``bounced`` is true where the refusal came after the mail was taken. Tells whether anything changed.
    """
    wanted = and_(Mail.id == mail_id, Mail.state.in_(OPEN))
    if claimed_at is not None:
        wanted &= Mail.claimed_at == claimed_at
    failed = await session.execute(
        update(Mail)
        .where(wanted)
        .values(
            state="failed",
            reason=reason[:MAX_REASON],
            claimed_at=None,
            bounced_at=now if bounced else Mail.bounced_at,
        )
        .returning(Mail.recipient, Mail.kind)
    )
    mail = failed.one_or_none()
    if mail is None:
        return False
    recipient = mail.recipient
    bodies = await _settle(session, mail_id, state="failed", reason=reason[:MAX_REASON])
    log.warning(
        "mail_failed", mail=str(mail_id), reason=reason, dead=dead, domain=_domain(recipient)
    )
    if dead:
        await suppress(session, recipient, reason=reason, mail_id=mail_id, now=now)
    if dead or mail.kind != "test":
        await tell_of_failure(session, recipient, bodies, dead=dead, reason=reason, now=now)
    return True


async def _deliver(session: AsyncSession, mail_id: UUID, *, now: datetime) -> bool:
    changed = await session.scalar(
        update(Mail)
        .where(Mail.id == mail_id, Mail.state.in_(OPEN))
        .values(
            state="delivered",
            delivered_at=now,
            # One whose outcome was not known went out after all.
            sent_at=func.coalesce(Mail.sent_at, now),
            claimed_at=None,
            reason=None,
        )
        .returning(Mail.id)
    )
    if changed is None:
        return False
    await _settle(session, mail_id, state="delivered", reason=None, sent_at=now)
    return True


async def _settle(
    session: AsyncSession,
    mail_id: UUID,
    *,
    state: str,
    reason: str | None,
    sent_at: datetime | None = None,
) -> list[UUID]:
    """Write it down in the ledger; list the bodies whose matters the mail was about."""
    return sorted(
        await session.scalars(
            update(Reminder)
            .where(Reminder.mail_id == mail_id, Reminder.state.in_(("claimed", "sent")))
            .values(
                state=state,
                reason=reason,
                sent_at=case((Reminder.sent_at.is_(None), sent_at), else_=Reminder.sent_at),
            )
            .returning(Reminder.organisation_id)
        )
    )


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
