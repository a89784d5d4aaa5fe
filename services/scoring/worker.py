"""The scoring worker: recalculate when told, and whenever the truth says that a period is stale."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import structlog

from services.scoring.alarms import alarm_of_period, clear_alarm
from services.scoring.analyses import Analyses
from services.scoring.commands import recalculate
from services.scoring.queries import stale_periods
from shared.db import Database
from shared.models import Run
from shared.settings import Settings
from shared.tasks import Work, is_transient

LONGEST_REST = 1.0  # seconds; with the run itself, the newest index is never two seconds behind
log = structlog.get_logger()


class Recalculation:
    """Coalesces: many events of a period in a short while make few runs.

    An event after a quiet time runs at once. The more figures a run found new, the longer the next one
    rests: figures that are accepted one by one are each shown at once, a burst of them is taken
    together. Events that come meanwhile leave it to the run that waits: it reads what is accepted when
    it starts, so it covers them all.
    """

    def __init__(self, database: Database, *, interval: float) -> None:
        self._database = database
        self._interval = interval  # seconds of rest for each figure that came with another
        self._seen: dict[UUID, frozenset[UUID]] = {}
        self._rests_until: dict[UUID, float] = {}
        self._waiting: set[UUID] = set()

    async def on_event(self, period_id: UUID) -> None:
        await self._run(period_id, trigger="event")

    async def sweep(self) -> None:
        async with self._database.transaction() as session:
            stale = await stale_periods(session)
        for period_id in stale:
            try:
                await self._run(period_id, trigger="sweep")
            except Exception as error:  # noqa: BLE001 one period must not hold up the others
                log.warning("period_not_swept", period_id=str(period_id), error=repr(error))

    async def _run(self, period_id: UUID, *, trigger: str) -> None:
        if period_id in self._waiting:
            return
        clock = asyncio.get_running_loop().time
        self._waiting.add(period_id)
        try:
            # Again, because a run that was under way may have prolonged the rest.
            while (pause := self._rests_until.get(period_id, 0.0) - clock()) > 0:  # noqa: ASYNC110 a time is waited for, not a state
                await asyncio.sleep(pause)
        finally:
            self._waiting.discard(period_id)
        run = await self._recalculated(period_id, trigger=trigger)
        if run is not None:
            self._rests_until[period_id] = clock() + self._rest_after(period_id, run)

    async def _recalculated(self, period_id: UUID, *, trigger: str) -> Run | None:
        """Make the run; what trying again cannot mend is told to a person and left to the next event or sweep."""
        now = datetime.now(UTC)
        try:
            async with self._database.transaction() as session:
                run = await recalculate(session, period_id, now=now, trigger=trigger)
                if (
                    run is not None
                ):  # an update of nothing would tell every reader that something changed
                    await clear_alarm(session, period_id, now=now)
        except Exception as error:
            if is_transient(error):
                raise
            async with self._database.transaction() as session:
                new = await alarm_of_period(session, period_id, error=error, now=now)
            if new:
                log.exception("index_not_calculated", period_id=str(period_id))
            else:
                log.warning("index_not_calculated", period_id=str(period_id), error=repr(error))
            return None
        return run

    def _rest_after(self, period_id: UUID, run: Run) -> float:
        before = self._seen.get(period_id, frozenset())
        self._seen[period_id] = now = frozenset(run.submission_ids)
        return min(self._interval * max(len(now - before) - 1, 0), LONGEST_REST)


def build(settings: Settings, database: Database) -> Work:
    recalculation = Recalculation(database, interval=settings.run_interval)
    analyses = Analyses(database, pause=settings.sweep_seconds)
    return Work(
        queue="scoring",
        tasks={"recalculate_period": recalculation.on_event, "analyse": analyses.wake},
        sweep=recalculation.sweep,
        loops={"analyses": analyses.forever},
    )
