"""Send what is due. No transaction is open while mail is on the wire.

Mail and database cannot commit together, so one of two faults must be possible. Ours is this: a notifier
that dies between the server's OK and the mark leaves a claim that expires, and the mail is sent again
with the same Message-ID, by which the reader's mail system knows it for the same. None is lost.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from services.notifier import commands, queries
from services.notifier.commands import Claim
from services.notifier.mail import Letter, UnusableAddressError, WhomToCall, write
from services.notifier.mailer import (
    Connection,
    DeferredError,
    DisconnectedError,
    Mailer,
    RefusedError,
    UnreachableError,
)
from shared.db import CONNECTION_LOST, Database

log = structlog.get_logger()

Clock = Callable[[], datetime]
T = TypeVar("T")
MARK_PAUSES = (0.2, 1.0, 3.0)  # seconds between attempts to write down that a mail went out


class Sent(NamedTuple):
    """How a round of sending went."""

    sent: int = 0
    skipped: int = 0
    failed: int = 0
    reachable: bool = True


@dataclass(frozen=True)
class Office:
    """What sending needs from the process around it."""

    database: Database
    mailer: Mailer
    clock: Clock  # a round outlasts one moment, and a claim's age must be true
    mail_from: str
    public_url: str
    claim: timedelta


async def send_due(office: Office) -> Sent:
    """Send until nothing is due or the mail server is away; then what is due stays planned as it was."""
    total = Sent()
    while total.reachable and await _is_anything_due(office):
        try:
            async with office.mailer.connect() as connection:
                batch = await _send_batch(office, connection)
        except UnreachableError as error:
            log.warning("smtp_unreachable", error=str(error), next="the next sweep tries again")
            return total._replace(reachable=False)
        if not any(batch[:3]):  # others have it all
            break
        total = Sent(
            total.sent + batch.sent,
            total.skipped + batch.skipped,
            total.failed + batch.failed,
            batch.reachable,
        )
    return total


async def _is_anything_due(office: Office) -> bool:
    async with office.database.transaction() as session:
        return await queries.anything_due(session, now=office.clock(), claim=office.claim)


async def _send_batch(office: Office, connection: Connection) -> Sent:
    """Send a batch over one connection.

    It stops at half of the claim's life, so that nothing is under way when another may take it over.
    """
    async with office.database.transaction() as session:
        claims, skipped = await commands.claim_due(session, now=office.clock(), claim=office.claim)
        call = await queries.whom_to_call(session)
    outcomes = Counter(skipped=skipped)
    reachable = True
    waiting = deque(claims)
    try:
        while waiting and office.clock() - waiting[0].claimed_at <= office.claim / 2:
            work = _deliver(office, connection, waiting.popleft(), call)
            outcomes[await _to_the_end(work)] += 1
    except DisconnectedError:
        outcomes["failed"] += 1
        reachable = False
    finally:
        await _to_the_end(_release(office, waiting))
    return Sent(outcomes["sent"], outcomes["skipped"], outcomes["failed"], reachable)


async def _release(office: Office, claims: Collection[Claim]) -> None:
    """Give back at once what was not tried, also when the process is told to stop."""
    if not claims:
        return
    async with office.database.transaction() as session:
        await commands.release(session, claims)


async def _to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Finish this mail even when the process is told to stop: it would be sent again after the start."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


async def _deliver(
    office: Office, connection: Connection, claim: Claim, call: WhomToCall | None
) -> str:
    async with office.database.transaction() as session:
        if await commands.skip_if_unwanted(session, claim, now=office.clock()):
            return "skipped"
        letter = await queries.letter(session, claim.reminder_id)
    try:
        message = write(
            letter,
            call=call,
            mail_from=office.mail_from,
            public_url=office.public_url,
            now=office.clock(),
        )
        await connection.send(message, to=letter.recipient)
    except (RefusedError, UnusableAddressError) as error:
        reason = str(error) or (type(error).__doc__ or "")
        await _fail(office, claim, letter, reason=reason)
    except DisconnectedError as error:
        await _put_back(office, claim, letter, reason=str(error), attempts=None)
        raise
    except DeferredError as error:
        await _put_back(office, claim, letter, reason=str(error))
    except Exception as error:
        # One mail that cannot be written must not hold up all the others.
        log.exception("reminder_unwritable", **_about(claim, letter))
        await _put_back(office, claim, letter, reason=repr(error))
    else:
        await _mark_sent(office, claim)
        log.info("reminder_sent", **_about(claim, letter), message_id=letter.message_id)
        return "sent"
    return "failed"


async def _mark_sent(office: Office, claim: Claim) -> None:
    """Write it down; a database that restarts at this moment gets a few seconds to come back."""
    for pause in MARK_PAUSES:
        try:
            async with office.database.transaction() as session:
                await commands.mark_sent(session, claim, now=office.clock())
        except (SQLAlchemyError, TimeoutError, *CONNECTION_LOST) as error:
            log.warning("mark_retried", reminder=str(claim.reminder_id), error=repr(error))
            await asyncio.sleep(pause)
        else:
            return
    async with office.database.transaction() as session:
        await commands.mark_sent(session, claim, now=office.clock())


async def _fail(office: Office, claim: Claim, letter: Letter, *, reason: str) -> None:
    async with office.database.transaction() as session:
        await commands.mark_failed(session, claim, reason=reason)
    log.error("reminder_failed", **_about(claim, letter), reason=reason)


async def _put_back(
    office: Office,
    claim: Claim,
    letter: Letter,
    *,
    reason: str,
    attempts: int | None = commands.MAX_ATTEMPTS,
) -> None:
    async with office.database.transaction() as session:
        await commands.put_back(session, claim, reason=reason, limit=attempts, now=office.clock())
    log.warning("reminder_put_back", **_about(claim, letter), reason=reason)


def _about(claim: Claim, letter: Letter) -> dict[str, Any]:
    """Name it in the log: a person's address is nobody's business there, its domain helps to find faults."""
    return {
        "reminder": str(claim.reminder_id),
        "assignment": str(claim.assignment_id),
        "step_days": letter.step_days,
        "domain": letter.recipient.rpartition("@")[2],
        "trace_id": letter.trace_id,
    }
