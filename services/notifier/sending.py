"""Send what is due. No transaction is open while mail is on the wire.

Mail and database cannot commit together, so one of two faults must be possible. Ours is this: a notifier
that dies between the server's OK and the mark leaves a claim that expires, and the mail is sent again
with the same Message-ID, by which the reader's mail system knows it for the same. None is lost. At most
one mail of a notifier is in that gap: while one is marked the next is written, but not handed over.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import structlog
from asyncpg import PostgresError
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier import claims, marks
from services.notifier.claims import Claim
from services.notifier.letter import Letter
from services.notifier.letters import letters
from services.notifier.mail import UnusableAddressError, write
from services.notifier.mailer import (
    Connection,
    DeferredError,
    DisconnectedError,
    Mailer,
    RefusedError,
    UnreachableError,
)
from services.notifier.rules import read_rules
from services.notifier.safety import hold_if_unsafe
from shared.bounces import fail_mail
from shared.db import CONNECTION_LOST, Database
from shared.links import Links, mail_address
from shared.names import domain_of

log = structlog.get_logger()

Clock = Callable[[], datetime]
T = TypeVar("T")
MARK_PAUSES = (0.2, 1.0, 3.0)  # seconds between attempts to write down that a mail went out


class Sent(NamedTuple):
    """How a round of sending went, in mails."""

    sent: int = 0
    failed: int = 0
    settled: int = 0  # lines that were skipped or put off, and mails that were left empty
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
    links: Links | None = None  # none: mails lead to the API, and nothing is done from them
    fresh: float = 1.0  # seconds for which what was read may be sent without looking again

    @property
    def domain(self) -> str:
        return domain_of(self.mail_from)


async def send_due(office: Office) -> Sent:
    """Send until nothing is due or the mail server is away; then what is due stays planned as it was."""
    total = Sent()
    while total.reachable:
        always = await _only_what_cannot_wait(office)
        if not await _is_anything_due(office, always=always):
            break
        try:
            async with office.mailer.connect() as connection:
                batch = await _send_batch(office, connection, always=always)
        except UnreachableError as error:
            log.warning("smtp_unreachable", error=str(error), next="the next sweep tries again")
            return total._replace(reachable=False)
        if not any(batch[:3]):  # others have it all
            break
        total = Sent(
            total.sent + batch.sent,
            total.failed + batch.failed,
            total.settled + batch.settled,
            batch.reachable,
        )
    return total


async def _only_what_cannot_wait(office: Office) -> bool:
    """Look at the hours, the pause and the safety stop; a run that must not go out is held here."""
    now = office.clock()
    async with office.database.transaction() as session:
        rules = await read_rules(session, now=now)
        if rules.settings.paused or not rules.hours.are_now(now):
            return True
        await hold_if_unsafe(session, rules, now=now, domain=office.domain)
        return False


async def _is_anything_due(office: Office, *, always: bool) -> bool:
    async with office.database.transaction() as session:
        return await claims.anything_due(
            session, now=office.clock(), claim=office.claim, always=always
        )


@dataclass
class _Batch:
    """The mails of one round, and what was read of them."""

    waiting: deque[Claim]
    letters: dict[UUID, Letter]
    read_at: float
    settled: int


async def _send_batch(office: Office, connection: Connection, *, always: bool) -> Sent:
    """Send a batch over one connection.

    It stops at half of the claim's life, so that nothing is under way when another may take it over.
    """
    now = office.clock()
    async with office.database.transaction() as session:
        rules = await read_rules(session, now=now)
        taken, settled = await claims.claim_due(
            session, rules, now=now, claim=office.claim, domain=office.domain, always=always
        )
        read = await _letters(office, session, [one.mail_id for one in taken], now=now)
    batch = _Batch(deque(taken), read, time.monotonic(), settled)
    outcomes: Counter[str] = Counter()
    reachable = True
    marking: asyncio.Task[None] | None = None
    try:
        while batch.waiting and office.clock() - batch.waiting[0].claimed_at <= office.claim / 2:
            if time.monotonic() - batch.read_at > office.fresh:
                await _look_again(office, batch)
                if not batch.waiting:
                    break
            claim = batch.waiting.popleft()
            outcome, marking = await _to_the_end(
                _deliver(office, connection, claim, batch.letters[claim.mail_id], marking)
            )
            outcomes[outcome] += 1
    except DeferredError:  # the connection is gone
        outcomes["failed"] += 1
        reachable = False
    finally:
        if marking is not None:
            await _to_the_end(_wait_for(marking))
        await _to_the_end(_release(office, batch.waiting))
    return Sent(outcomes["sent"], outcomes["failed"], batch.settled, reachable)


async def _letters(
    office: Office, session: AsyncSession, mails: Sequence[UUID], *, now: datetime
) -> dict[UUID, Letter]:
    """Read what the mails say; those about duties get a link to act by."""
    read = await letters(session, mails, now=now)
    links = office.links
    if links is None:
        return read
    return {
        mail: replace(letter, link=mail_address(links, office.public_url, mail, now=now))
        if letter.lines
        else letter
        for mail, letter in read.items()
    }


async def _look_again(office: Office, batch: _Batch) -> None:
    """Read the facts again for what is left: a batch takes seconds, and people act meanwhile."""
    now = office.clock()
    left = [claim.mail_id for claim in batch.waiting]
    async with office.database.transaction() as session:
        rules = await read_rules(session, now=now)
        wanted = set(await claims.drop_unwanted(session, rules, left, now=now))
        batch.letters = await _letters(office, session, sorted(wanted), now=now)
    batch.settled += len(batch.waiting) - len(wanted)
    batch.waiting = deque(claim for claim in batch.waiting if claim.mail_id in wanted)
    batch.read_at = time.monotonic()


async def _wait_for(task: asyncio.Task[None]) -> None:
    await task


async def _release(office: Office, left: Collection[Claim]) -> None:
    """Give back at once what was not tried, also when the process is told to stop."""
    if not left:
        return
    async with office.database.transaction() as session:
        await marks.release(session, list(left))


async def _to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Finish this mail even when the process is told to stop: it would be sent again after the start."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


async def _deliver(
    office: Office,
    connection: Connection,
    claim: Claim,
    letter: Letter,
    marking: asyncio.Task[None] | None,
) -> tuple[str, asyncio.Task[None] | None]:
    try:
        try:
            message = write(
                letter, mail_from=office.mail_from, public_url=office.public_url, now=office.clock()
            )
        finally:  # also before a mail that cannot be written is given up
            if marking is not None:
                await marking
        await connection.send(message.data, sender=message.sender, to=message.recipient)
    except (RefusedError, UnusableAddressError) as error:
        await _fail(office, claim, letter, error=error)
    except DisconnectedError as error:
        await _put_back(office, claim, letter, error=error, attempts=None)
        raise
    except DeferredError as error:
        await _put_back(office, claim, letter, error=error)
        if connection.broken:
            raise
    except Exception as error:
        # One mail that cannot be written must not hold up all the others.
        log.exception("mail_unwritable", **_about(letter))
        await _put_back(office, claim, letter, error=error)
    else:
        mark = _mark_sent(office, claim, letter, message.subject, connection.relay)
        return "sent", asyncio.create_task(mark)
    return "failed", None


async def _mark_sent(
    office: Office, claim: Claim, letter: Letter, subject: str, relay: str
) -> None:
    """Write it down; a database that restarts at this moment gets a few seconds to come back."""
    for pause in (*MARK_PAUSES, None):
        try:
            async with office.database.autocommit() as write_down:
                await marks.mark_sent(
                    write_down, claim, subject=subject, relay=relay, now=office.clock()
                )
        except (PostgresError, TimeoutError, *CONNECTION_LOST) as error:
            if pause is None:
                raise
            log.warning("mark_retried", mail=str(claim.mail_id), error=repr(error))
            await asyncio.sleep(pause)
        else:
            log.info("mail_sent", **_about(letter), message_id=letter.message_id)
            return


async def _fail(office: Office, claim: Claim, letter: Letter, *, error: Exception) -> None:
    """Give up; an address that takes no mail any more is written to no more."""
    reason = str(error) or (type(error).__doc__ or "")
    async with office.database.transaction() as session:
        await fail_mail(
            session,
            claim.mail_id,
            reason=reason,
            dead=isinstance(error, UnusableAddressError)
            or getattr(error, "address_is_dead", False),
            now=office.clock(),
            claimed_at=claim.claimed_at,
        )
    log.error("mail_failed", **_about(letter), reason=reason)


async def _put_back(
    office: Office,
    claim: Claim,
    letter: Letter,
    *,
    error: Exception,
    attempts: int | None = marks.MAX_ATTEMPTS,
) -> None:
    reason = str(error) or repr(error)
    async with office.database.transaction() as session:
        await marks.put_back(
            session,
            claim,
            reason=reason,
            limit=attempts,
            now=office.clock(),
            maybe_sent=isinstance(error, DisconnectedError),
        )
    log.warning("mail_put_back", **_about(letter), reason=reason)


def _about(letter: Letter) -> dict[str, Any]:
    """Name it in the log: a person's address is nobody's business there, its domain helps to find faults."""
    return {
        "mail": str(letter.mail_id),
        "kind": letter.kind,
        "lines": len(letter.lines) + letter.more,
        "duties": [str(line.subject_id) for line in letter.lines[:20]],
        "domain": letter.recipient.rpartition("@")[2],
        "trace_id": letter.trace_id,
    }
