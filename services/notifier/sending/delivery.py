"""One mail to its end: written, handed over, and its outcome written down.

At most one mail of a notifier is between the server's OK and its mark: the next one is written and
announced meanwhile, but its content goes out only when the mark is there.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import structlog
from asyncpg import PostgresError

from services.notifier.mail.letter import Letter
from services.notifier.mail.writing import UnusableAddressError, Written, write
from services.notifier.sending import marks
from services.notifier.sending.claims import Claim
from services.notifier.sending.office import Office
from services.notifier.smtp.mailer import (
    Connection,
    DeferredError,
    DisconnectedError,
    MailError,
    RefusedError,
    UnreachableError,
)
from shared.bounces import fail_mail
from shared.db import CONNECTION_LOST

log = structlog.get_logger()

T = TypeVar("T")
MARK_PAUSES = (0.2, 1.0, 3.0)  # seconds between attempts to write down that a mail went out


class UnmarkedError(Exception):
    """A mail went out and it could not be written down; its claim expires, and it is sent once more."""


class Delivery:
    """Hands over mails one after the other, over one connection."""

    def __init__(self, office: Office, connection: Connection) -> None:
        self._office = office
        self._connection = connection
        self._marking: asyncio.Task[None] | None = None
        self._ahead: tuple[Letter, Written] | None = None

    async def deliver(self, claim: Claim, letter: Letter, following: Letter | None = None) -> bool:
        """Tell whether the server took it; what it did instead is written down.

        The following mail is written while server and database are at work on this one.

        Raises what ends a round, ``MailError`` or ``UnmarkedError``. A process that is told to stop finishes
        this mail first: it would be sent again after the start.
        """
        return await to_the_end(self._deliver(claim, letter, following))

    async def settle(self) -> None:
        """Return when the last mail's outcome is written down."""
        if self._marking is not None:
            await asyncio.shield(self._marking)
            self._marking = None

    async def _deliver(self, claim: Claim, letter: Letter, following: Letter | None) -> bool:
        try:
            message = self._written(letter)
            if following is not None:
                asyncio.get_running_loop().call_soon(self._write_ahead, following)
            await self._connection.send(
                message.data, sender=message.sender, to=message.recipient, before=self.settle
            )
        except UnmarkedError:
            raise
        except (RefusedError, UnusableAddressError) as error:
            await self._fail(claim, letter, error)
        except UnreachableError as error:
            await self._put_back(claim, letter, error, patience=marks.ENDLESS)
            raise
        except DisconnectedError as error:
            await self._put_back(claim, letter, error, patience=marks.UNSURE)
            raise
        except DeferredError as error:
            await self._put_back(claim, letter, error)
            if self._connection.broken:
                raise
        except Exception as error:
            # One mail that cannot be written must not hold up all the others.
            log.exception("mail_unwritable", **_about(letter))
            await self._put_back(claim, letter, error)
        else:
            mark = self._mark(claim, letter, message.subject, self._connection.relay)
            self._marking = asyncio.create_task(mark)
            return True
        return False

    def _written(self, letter: Letter) -> Written:
        if self._ahead is not None and self._ahead[0] is letter:  # and not one read again since
            return self._ahead[1]
        office = self._office
        return write(letter, mail_from=office.mail_from, now=office.clock())

    def _write_ahead(self, letter: Letter) -> None:
        # One that cannot be written is tried again when its turn comes, and then its error is told.
        with suppress(Exception):
            self._ahead = letter, self._written(letter)

    async def _mark(self, claim: Claim, letter: Letter, subject: str, relay: str) -> None:
        """Write it down; a database that restarts at this moment gets a few seconds to come back."""
        office = self._office
        for pause in (*MARK_PAUSES, None):
            try:
                async with office.database.autocommit() as write_down:
                    await marks.mark_sent(
                        write_down, claim, subject=subject, relay=relay, now=office.clock()
                    )
            except (PostgresError, TimeoutError, *CONNECTION_LOST) as error:
                if pause is None:
                    raise UnmarkedError(str(claim.mail_id)) from error
                log.warning("mark_retried", mail=str(claim.mail_id), error=repr(error))
                await asyncio.sleep(pause)
            else:
                log.info("mail_sent", **_about(letter), message_id=letter.message_id)
                return

    async def _fail(self, claim: Claim, letter: Letter, error: Exception) -> None:
        """Give up; an address that takes no mail any more is written to no more."""
        reason = str(error) or (type(error).__doc__ or "")
        async with self._office.database.transaction() as session:
            await fail_mail(
                session,
                claim.mail_id,
                reason=reason,
                dead=isinstance(error, UnusableAddressError)
                or getattr(error, "address_is_dead", False),
                now=self._office.clock(),
                claimed_at=claim.claimed_at,
            )
        log.error("mail_failed", **_about(letter), reason=reason)

    async def _put_back(
        self,
        claim: Claim,
        letter: Letter,
        error: Exception,
        *,
        patience: marks.Patience | None = marks.DEFERRED,
    ) -> None:
        # What the server said is for people; of anything else the name of the error is most of what it says.
        reason = (isinstance(error, MailError) and str(error)) or repr(error)
        async with self._office.database.transaction() as session:
            await marks.put_back(
                session,
                claim,
                reason=reason,
                patience=patience,
                now=self._office.clock(),
                maybe_sent=isinstance(error, DisconnectedError),
            )
        log.warning("mail_put_back", **_about(letter), reason=reason)


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Finish what was begun even when the process is told to stop."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


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
