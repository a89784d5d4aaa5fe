"""The notifier: plan and send when told, and by the sweep whatever was missed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.notifier.bounces.taking import bounce_loops
from services.notifier.plan.planning import plan_reminders
from services.notifier.plan.rules import read_rules
from services.notifier.sending.office import Office
from services.notifier.sending.rounds import send_due
from services.notifier.smtp.mailer import TIMEOUT, SmtpMailer
from services.notifier.summary import plan_summaries
from services.notifier.watch import note_run, watch
from services.notifier.webhooks.work import webhook_work
from shared.db import Database
from shared.links import load_links
from shared.settings import Settings
from shared.tasks import Work

REST = 0.3  # seconds; a mail may wait that long, and a burst of submissions is planned and looked at together


class Turns:
    """Coalesces: one runs, one waits for it, and whoever comes meanwhile leaves it to the waiting one.

    The waiting one reads what is true when its turn comes, so it covers them all. After each there is
    a rest, so that a burst of events makes few of them; who had his turn need not wait for it.
    """

    def __init__(self, work: Callable[[], Awaitable[object]], *, rest: float = 0) -> None:
        self._work = work
        self._rest = rest  # seconds
        self._turn = asyncio.Lock()
        self._waiting = False

    async def take(self) -> None:
        if self._waiting:
            return
        self._waiting = True
        try:
            await self._turn.acquire()
        finally:
            self._waiting = False
        try:
            await self._work()
        finally:
            asyncio.get_running_loop().call_later(self._rest, self._turn.release)


class Reminding:
    """Plans at once, and sends in turns: a long queue of mails keeps nobody from planning."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._asked: set[UUID | None] = set()
        self._planning = Turns(self._plan_asked, rest=REST)
        self._sending = Turns(self._send, rest=REST)

    async def on_event(self, period_id: UUID | None) -> None:
        self._asked.add(period_id)
        await self._planning.take()
        await self._sending.take()

    async def sweep(self) -> None:
        """Plan and send; then look at what did not happen, also where planning fails."""
        try:
            await self._plan([None])
        finally:
            try:
                await self._sending.take()
            finally:
                await self._watch()

    async def _plan_asked(self) -> None:
        asked, self._asked = self._asked, set()
        await self._plan([None] if None in asked else sorted(one for one in asked if one))

    async def _plan(self, period_ids: Sequence[UUID | None]) -> None:
        now, started = self._office.clock(), time.monotonic()
        async with self._office.database.transaction() as session:
            changed = [
                await plan_reminders(session, period_id=period_id, now=now)
                for period_id in period_ids
            ]
            await plan_summaries(session, now=now, domain=self._office.domain)
        if period_ids == [None]:
            await self._note("planning", started, counts=changed[0]._asdict())

    async def _send(self) -> None:
        started = time.monotonic()
        sent = await send_due(self._office)
        if any(sent[:3]) or not sent.reachable:
            await self._note("sending", started, counts=sent._asdict())

    async def _watch(self) -> None:
        now = self._office.clock()
        async with self._office.database.transaction() as session:
            rules = await read_rules(session, now=now)
            await watch(session, rules, now=now, domain=self._office.domain)

    async def _note(self, work: str, started: float, *, counts: dict[str, int]) -> None:
        async with self._office.database.transaction() as session:
            await note_run(
                session,
                work,
                now=self._office.clock(),
                seconds=time.monotonic() - started,
                counts=counts,
            )


def build(settings: Settings, database: Database) -> Work:
    reminding = Reminding(
        Office(
            database=database,
            mailer=SmtpMailer(
                settings.smtp_url.get_secret_value(),
                # With half of the claim for starting a mail, it ends before another may take it over.
                timeout=min(TIMEOUT, settings.claim_seconds * 0.4),
            ),
            clock=lambda: datetime.now(UTC),
            mail_from=settings.mail_from,
            public_url=settings.public_url,
            claim=timedelta(seconds=settings.claim_seconds),
            links=load_links(
                settings.link_key_file,
                settings.link_key.get_secret_value() if settings.link_key else None,
            ),
        )
    )
    return Work(
        queue="notifier",
        tasks={"remind_period": reminding.on_event},
        sweep=reminding.sweep,
        loops={**bounce_loops(settings, database), **webhook_work(settings, database)},
    )
