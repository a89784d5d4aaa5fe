"""Keeps parts running: one that dies is started again, and all end together in reverse order."""

import asyncio
import time
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import Callable

from deploy.processes import GRACE, Part, StartError, end, exit_text, limit_log, spawn

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
LONG_LIFE = 30.0
LOG_CHECK = 10.0


class Supervisor:
    """Owns every running part. Each is a task that ends its process when it is cancelled."""

    def __init__(
        self, *, tell: Callable[[str], None], changed: Callable[[], None], grace: float = GRACE
    ) -> None:
        self.pids: dict[str, int] = {}
        self.deaths: Counter[str] = Counter()
        self.hurry = asyncio.Event()
        self._tell = tell
        self._changed = changed
        self._grace = grace
        self._stages: list[list[asyncio.Task[None]]] = []

    async def start(self, *parts: Part) -> None:
        """Start parts that will also be ended together; their processes run when this returns."""
        running = [asyncio.get_running_loop().create_future() for _ in parts]
        self._stages.append(
            [
                asyncio.create_task(self._keep(part, future), name=part.name)
                for part, future in zip(parts, running, strict=True)
            ]
        )
        await asyncio.gather(*running)

    async def stop(self) -> None:
        """End what was started, last first; set ``hurry`` to kill instead of asking."""
        while self._stages:
            stage = self._stages.pop()
            for task in stage:
                task.cancel()
            await asyncio.gather(*stage, return_exceptions=True)

    async def _keep(self, part: Part, running: "asyncio.Future[None]") -> None:
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            try:
                ended = await self._live(part, running)
            except (OSError, StartError) as error:
                if not running.done():
                    running.set_exception(error)
                    return
                ended = str(error)
            self.deaths[part.name] += 1
            if time.monotonic() - began >= LONG_LIFE:
                pause = FIRST_PAUSE
            self._tell(
                f"{part.name} ended with {ended}; it starts again in {pause:.1f} s ({part.log})"
            )
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _live(self, part: Part, running: "asyncio.Future[None]") -> str:
        """Run the part once; return how it ended."""
        process = await spawn(part)
        try:
            self.pids[part.name] = process.pid
            self._changed()
            if not running.done():
                running.set_result(None)
            return exit_text(await _lifetime(process, part))
        finally:
            await end(process, part, grace=self._grace, hurry=self.hurry)
            del self.pids[part.name]
            self._changed()


async def _lifetime(process: Process, part: Part) -> int:
    waiter = asyncio.create_task(process.wait())
    while not waiter.done():
        await asyncio.wait({waiter}, timeout=LOG_CHECK)
        limit_log(part.log)
    return waiter.result()
