"""The notifier: plan and send when told, and by the sweep whatever was missed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from services.notifier import commands
from services.notifier.mail import domain_of
from services.notifier.mailer import TIMEOUT, SmtpMailer
from services.notifier.sending import Office, send_due
from services.notifier.webhooks.work import webhook_work
from shared.db import Database
from shared.settings import Settings
from shared.tasks import Work

PLANNING_REST = (
    0.3  # seconds; a mail may wait that long, and a burst of submissions is planned together
)


class Turns:
    """Coalesces: one runs, one waits for it, and whoever comes meanwhile leaves it to the waiting one.

    The waiting one reads what is true when its turn comes, so it covers them all. After each there is
    a rest, so that a burst of events makes few of them.
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
            await asyncio.sleep(self._rest)
        finally:
            self._turn.release()


class Reminding:
    """Plans at once, and sends in turns: a long queue of mails keeps nobody from planning."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._domain = domain_of(office.mail_from)
        self._asked: set[UUID] = set()
        self._planning = Turns(self._plan_asked, rest=PLANNING_REST)
        self._sending = Turns(partial(send_due, office))

    async def on_event(self, period_id: UUID) -> None:
        self._asked.add(period_id)
        await self._planning.take()
        await self._sending.take()

    async def sweep(self) -> None:
        await self._plan([None])
        await self._sending.take()

    async def _plan_asked(self) -> None:
        asked, self._asked = self._asked, set()
        await self._plan(sorted(asked))

    async def _plan(self, period_ids: Sequence[UUID | None]) -> None:
        now = self._office.clock()
        async with self._office.database.transaction() as session:
            for period_id in period_ids:
                await commands.plan_reminders(
                    session, period_id=period_id, now=now, domain=self._domain
                )
            await commands.watch_reachability(session, now=now)


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
        )
    )
    return Work(
        queue="notifier",
        tasks={"remind_period": reminding.on_event},
        sweep=reminding.sweep,
        loops=webhook_work(settings, database),
    )
