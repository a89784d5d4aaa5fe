"""Send what is due. No transaction is open while mail is on the wire.

Mail and database cannot commit together, so one of two faults must be possible. Ours is this: a notifier
that dies between the server's OK and the mark leaves a claim that expires, and the mail is sent again
with the same Message-ID, by which the reader's mail system knows it for the same. None is lost.
"""

import asyncio
import time
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.mail.letter import Letter
from services.notifier.mail.letters import letters
from services.notifier.plan.rules import Rules, read_rules
from services.notifier.sending import claims, marks
from services.notifier.sending.claims import Claim
from services.notifier.sending.delivery import Delivery, to_the_end
from services.notifier.sending.office import Office
from services.notifier.sending.safety import hold_if_unsafe
from services.notifier.smtp.mailer import Connection, MailError, UnreachableError
from shared.links import OFFICE, mail_address

log = structlog.get_logger()

AHEAD = 100  # mails that are left of a batch when the next one is taken


class Sent(NamedTuple):
    """How sending went, in mails."""

    sent: int = 0
    failed: int = 0
    settled: int = 0  # lines that were skipped or put off, and mails that were left empty
    reachable: bool = True

    def and_(self, other: "Sent") -> "Sent":
        return Sent(
            self.sent + other.sent,
            self.failed + other.failed,
            self.settled + other.settled,
            other.reachable,
        )


@dataclass
class _Batch:
    """Mails of ours, and what was read of them."""

    waiting: deque[Claim] = field(default_factory=deque)
    letters: dict[UUID, Letter] = field(default_factory=dict)
    read_at: float = 0
    settled: int = 0


async def send_due(office: Office) -> Sent:
    """Send until nothing is due or the mail server is away; then what is due stays planned as it was."""
    always = await _only_what_cannot_wait(office)
    if not await _is_anything_due(office, always=always):
        return Sent()
    try:
        async with office.mailer.connect() as connection:
            return await _send_all(office, connection, await _claim(office, always=always))
    except UnreachableError as error:
        log.warning("smtp_unreachable", error=str(error), next="the next sweep tries again")
        return Sent(reachable=False)


async def _send_all(office: Office, connection: Connection, batch: _Batch) -> Sent:
    """Send one batch after the other; others may have what is left when there is nothing in one."""
    total = Sent()
    following = _Following(office)
    try:
        while batch.waiting or batch.settled:
            total = total.and_(await _send_batch(office, connection, batch, following))
            if not total.reachable:
                break
            was_slow = bool(batch.waiting)
            following.adapt(was_slow=was_slow)
            batch = await following.batch()
            if was_slow and not batch.waiting:  # taken before the others were given back
                batch = await following.batch()
    finally:
        await to_the_end(following.give_back())
    return total


class _Following:
    """The next batch, taken while the last mails of this one go out."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._taking: asyncio.Task[_Batch] | None = None
        self._most = claims.BATCH

    def adapt(self, *, was_slow: bool) -> None:
        """Take fewer where a claim does not last for all of them: most would be given back again and again."""
        self._most = max(self._most // 2, 1) if was_slow else min(self._most * 2, claims.BATCH)

    def take(self) -> None:
        if self._taking is None:
            self._taking = asyncio.create_task(_take(self._office, self._most))

    async def batch(self) -> _Batch:
        self.take()
        assert self._taking is not None
        batch = await asyncio.shield(self._taking)
        self._taking = None
        return batch

    async def give_back(self) -> None:
        if self._taking is not None:
            await _release(self._office, (await self._taking).waiting)


async def _take(office: Office, most: int) -> _Batch:
    always = await _only_what_cannot_wait(office)
    if not await _is_anything_due(office, always=always):
        return _Batch()
    return await _claim(office, always=always, most=most)


async def _only_what_cannot_wait(office: Office) -> bool:
    """Look at the hours, the pause and the safety stop; a run that must not go out is held here."""
    now = office.clock()
    async with office.database.transaction() as session:
        rules = await read_rules(session, now=now)
        if _is_quiet(rules, now):
            return True
        await hold_if_unsafe(session, rules, now=now, domain=office.domain)
        return False


def _is_quiet(rules: Rules, now: datetime) -> bool:
    return rules.settings.paused or not rules.hours.are_now(now)


async def _is_anything_due(office: Office, *, always: bool) -> bool:
    async with office.database.transaction() as session:
        return await claims.anything_due(
            session, now=office.clock(), claim=office.claim, always=always
        )


async def _claim(office: Office, *, always: bool, most: int = claims.BATCH) -> _Batch:
    now = office.clock()
    async with office.database.transaction() as session:
        rules = await read_rules(session, now=now)
        taken, settled = await claims.claim_due(
            session,
            rules,
            now=now,
            claim=office.claim,
            domain=office.domain,
            always=always,
            most=most,
        )
        read = await _letters(office, session, [one.mail_id for one in taken], now=now)
    return _Batch(deque(taken), read, time.monotonic(), settled)


async def _send_batch(
    office: Office, connection: Connection, batch: _Batch, next_batch: _Following
) -> Sent:
    """Send a batch; it stops at half of the claim's life, so that nothing is under way when another may take it."""
    delivery = Delivery(office, connection)
    sent = failed = 0
    reachable = True
    try:
        while batch.waiting and office.clock() - batch.waiting[0].claimed_at <= office.claim / 2:
            if len(batch.waiting) <= AHEAD:
                next_batch.take()
            if time.monotonic() - batch.read_at > office.fresh:
                await _look_again(office, batch)
                if not batch.waiting:
                    break
            claim = batch.waiting.popleft()
            after = batch.letters[batch.waiting[0].mail_id] if batch.waiting else None
            if await delivery.deliver(claim, batch.letters[claim.mail_id], after):
                sent += 1
            else:
                failed += 1
    except MailError:  # the connection is gone
        failed += 1
        reachable = False
    finally:
        try:
            await to_the_end(delivery.settle())
        finally:
            await to_the_end(_release(office, batch.waiting))
    return Sent(sent, failed, batch.settled, reachable)


async def _letters(
    office: Office, session: AsyncSession, mails: Sequence[UUID], *, now: datetime
) -> dict[UUID, Letter]:
    """Read what the mails say; each that leads somewhere gets its link."""
    read = await letters(session, mails, now=now)
    links = office.links
    if links is None:
        return read
    return {
        mail: replace(letter, link=mail_address(links, office.public_url, mail, now=now))
        if letter.lines or letter.kind in OFFICE
        else letter
        for mail, letter in read.items()
    }


async def _look_again(office: Office, batch: _Batch) -> None:
    """Read the facts again for what is left: a batch takes seconds, and people act meanwhile."""
    now = office.clock()
    async with office.database.transaction() as session:
        rules = await read_rules(session, now=now)
        if _is_quiet(rules, now):
            await _keep_what_cannot_wait(session, batch)
        left = [claim.mail_id for claim in batch.waiting]
        wanted = set(await claims.drop_unwanted(session, rules, left, now=now))
        batch.letters = await _letters(office, session, sorted(wanted), now=now)
    batch.settled += len(batch.waiting) - len(wanted)
    batch.waiting = deque(claim for claim in batch.waiting if claim.mail_id in wanted)
    batch.read_at = time.monotonic()


async def _keep_what_cannot_wait(session: AsyncSession, batch: _Batch) -> None:
    """Give the others back: somebody paused, or the hours of mail are over."""
    cannot_wait = {mail for mail, letter in batch.letters.items() if letter.kind in claims.ALWAYS}
    await marks.release(session, [c for c in batch.waiting if c.mail_id not in cannot_wait])
    batch.waiting = deque(claim for claim in batch.waiting if claim.mail_id in cannot_wait)


async def _release(office: Office, left: Collection[Claim]) -> None:
    """Give back at once what was not tried, also when the process is told to stop."""
    if not left:
        return
    async with office.database.transaction() as session:
        await marks.release(session, list(left))
