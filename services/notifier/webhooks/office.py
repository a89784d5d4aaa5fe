"""Carries out what is due: many at once, few to each, and nothing in the database open meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from services.notifier.webhooks.deliveries import Busy, Claimed, claim
from services.notifier.webhooks.sender import Sender
from services.notifier.webhooks.settling import Outcome, settle
from services.notifier.webhooks.signing import headers, message_id
from shared.db import Database
from shared.outbox import FAULTS

log = structlog.get_logger()

MOST = 200  # claimed at once
MOST_EACH = 10  # on the wire to one endpoint
MOST_SLOW = 2  # to one that took long of late
AHEAD = 50  # claimed for one that answers quickly, so that it never waits for the database
SLOW, QUICK = 2_000, 1_000  # milliseconds
CLAIM = timedelta(seconds=60)  # far longer than a try may take
SETTLED_AT_ONCE = 200
REST = 0.02  # seconds between two looks at what is due, in which tries come to an end


@dataclass(frozen=True)
class Limits:
    most: int = MOST
    each: int = MOST_EACH
    slow: int = MOST_SLOW
    ahead: int = AHEAD
    claim: timedelta = CLAIM


class Office:
    """Sends until it is cancelled; what was under way then is sent again, with the same id."""

    def __init__(
        self,
        database: Database,
        sender: Sender,
        *,
        clock: Callable[[], datetime],
        public_url: str,
        limits: Limits | None = None,
    ) -> None:
        self._database = database
        self._sender = sender
        self._clock = clock
        self._public_url = public_url
        self._limits = limits or Limits()
        self._under_way: Counter[UUID] = Counter()
        self._most: dict[UUID, int] = {}
        self._wires: dict[UUID, asyncio.Semaphore] = {}
        self._tries: set[asyncio.Task[None]] = set()
        self._ended: list[Outcome] = []
        self._to_settle = asyncio.Event()
        self.bell = asyncio.Event()

    async def once(self) -> int:
        """Send a batch of what is due and settle it; return how many. For tests and small needs."""
        claimed = await self._claim()
        outcomes = await asyncio.gather(*(self._try(one) for one in claimed))
        if outcomes:
            async with self._database.transaction() as session:
                await settle(session, outcomes, now=self._clock())
        return len(outcomes)

    async def send_forever(self, *, pause: float = 1.0) -> None:
        """Keep sending: woken by the bell or by a try that ended, swept by a timer."""
        try:
            while True:
                self.bell.clear()
                try:
                    started = await self._start_due()
                except FAULTS as error:
                    log.warning("webhooks_failed", error=repr(error), next="tries again")
                    await asyncio.sleep(pause)
                    continue
                await asyncio.sleep(REST)
                if started < self._limits.each:
                    try:
                        async with asyncio.timeout(pause):
                            await self.bell.wait()
                    except TimeoutError:
                        pass
        finally:
            for one in self._tries:
                one.cancel()
            await asyncio.gather(*self._tries, return_exceptions=True)

    async def _start_due(self) -> int:
        claimed = await self._claim()
        for one in claimed:
            self._under_way[one.endpoint_id] += 1
            task = asyncio.create_task(self._run(one))
            self._tries.add(task)
            task.add_done_callback(self._tries.discard)
        return len(claimed)

    async def _claim(self) -> list[Claimed]:
        limits = self._limits
        room = limits.most - self._under_way.total()
        if room <= 0:
            return []
        busy = {
            endpoint: Busy(self._under_way[endpoint], self._most.get(endpoint, limits.each))
            for endpoint in {*self._under_way, *self._most}
        }
        async with self._database.transaction() as session:
            return await claim(
                session,
                now=self._clock(),
                expires=limits.claim,
                busy=busy,
                most_each=limits.each,
                room=room,
                public_url=self._public_url,
            )

    async def _run(self, one: Claimed) -> None:
        """Try one; its room is free again when the answer is there, and is written a moment later."""
        wire = self._wires.setdefault(one.endpoint_id, asyncio.Semaphore(self._limits.each))
        try:
            async with wire:
                # Of one that turned slow what waited for long is left to whoever claims it anew.
                if self._clock() - one.claimed_at < self._limits.claim / 2:
                    self._ended.append(await self._try(one))
                    self._to_settle.set()
        finally:
            self._under_way[one.endpoint_id] -= 1
            if self._under_way[one.endpoint_id] <= 0:
                del self._under_way[one.endpoint_id], self._wires[one.endpoint_id]
            self.bell.set()

    async def _try(self, one: Claimed) -> Outcome:
        started = self._clock()
        signed = headers(one.keys, message_id(one.event_id), one.body, now=started)
        answer = await self._sender.send(one.url, one.body, signed)
        self._remember(one.endpoint_id, answer.ms)
        return Outcome(one, started, answer, self._clock())

    def _remember(self, endpoint: UUID, ms: float) -> None:
        """Give more room to one that answers quickly, and less to one that took long."""
        limits = self._limits
        if ms > SLOW:
            self._most[endpoint] = limits.slow
        elif ms < QUICK:
            self._most[endpoint] = limits.ahead
        else:
            self._most.pop(endpoint, None)

    async def settle_forever(self, *, pause: float = 1.0) -> None:
        """Write down what ended, together with all that ended meanwhile."""
        while True:
            await self._to_settle.wait()
            self._to_settle.clear()
            while self._ended:
                batch = self._ended[:SETTLED_AT_ONCE]
                try:
                    async with self._database.transaction() as session:
                        await settle(session, batch, now=self._clock())
                except FAULTS as error:
                    # Written late it still counts, unless the claim has expired.
                    log.warning("webhooks_not_settled", error=repr(error), next="tries again")
                    await asyncio.sleep(pause)
                    continue
                del self._ended[: len(batch)]
