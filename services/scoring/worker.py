"""The scoring worker: recalculate when told, and whenever the truth says that a period is stale."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from services.scoring.commands import recalculate
from services.scoring.queries import stale_periods
from shared.db import Database
from shared.log import new_trace_id, trace_id
from shared.settings import Settings
from shared.tasks import Work


class Recalculation:
    """Coalesces: many events of a period in a short while make one run.

    The first event after a quiet time runs at once. After a run the next waits until ``interval``
    has passed, and the events that come meanwhile leave it to that one: it reads what is accepted
    when it starts, so it covers them all.
    """

    def __init__(self, database: Database, *, interval: float) -> None:
        self._database = database
        self._interval = interval  # seconds
        self._last: dict[UUID, float] = {}
        self._waiting: set[UUID] = set()

    async def on_event(self, period_id: UUID) -> None:
        await self._run(period_id, trigger="event")

    async def sweep(self) -> None:
        async with self._database.transaction() as session:
            stale = await stale_periods(session)
        for period_id in stale:
            trace_id.set(new_trace_id())
            await self._run(period_id, trigger="sweep")

    async def _run(self, period_id: UUID, *, trigger: str) -> None:
        if period_id in self._waiting:
            return
        clock = asyncio.get_running_loop().time
        self._waiting.add(period_id)
        try:
            pause = self._last.get(period_id, float("-inf")) + self._interval - clock()
            if pause > 0:
                await asyncio.sleep(pause)
        finally:
            self._waiting.discard(period_id)
        self._last[period_id] = clock()
        async with self._database.transaction() as session:
            await recalculate(session, period_id, now=datetime.now(UTC), trigger=trigger)


def build(settings: Settings, database: Database) -> Work:
    recalculation = Recalculation(database, interval=settings.run_interval)
    return Work(
        queue="scoring",
        name="recalculate_period",
        handle=recalculation.on_event,
        sweep=recalculation.sweep,
    )
