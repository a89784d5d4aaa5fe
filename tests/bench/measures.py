"""One function for each figure: what is measured, against what, and what is to be reached."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import count
from statistics import median
from typing import Any

from httpx import AsyncClient

from tests.bench.filling import City, Duty, checked
from tests.bench.load import Figures, Plan, Step, in_own_process
from tests.bench.row import Row
from tests.bench.system import System

FIGURES_OF_A_PERIOD = 40
CLIENTS = 16
LIMIT = 50


@dataclass(frozen=True)
class Effort:
    """How long and how often to measure."""

    rounds: int
    seconds: float
    acceptances: int
    periods: int


FULL = Effort(rounds=5, seconds=4, acceptances=60, periods=8)
QUICK = Effort(rounds=3, seconds=1.5, acceptances=20, periods=4)


@dataclass(frozen=True)
class Bench:
    system: System
    client: AsyncClient
    city: City
    effort: Effort
    numbers: Iterator[int] = field(default_factory=count)

    async def new_period(self) -> tuple[str, list[Duty]]:
        code = f"bench-{next(self.numbers)}"
        return code, await self.city.open_period(code)

    async def newest_index(self, period: str) -> Any:
        headers = self.city.people.coordinator
        return checked(await self.client.get(f"/v1/index?period={period}", headers=headers))

    async def fresh_index(self, period: str) -> Any:
        """Wait until the index has seen all that is accepted."""
        async with asyncio.timeout(20):
            while (index := await self.newest_index(period))["stale"]:  # noqa: ASYNC110 it is another process
                await asyncio.sleep(0.002)
        return index

    async def load(self, port: int, scripts: list[list[Step]], seconds: float | None) -> Figures:
        return await in_own_process(Plan(port, scripts, CLIENTS, seconds))


async def visible(bench: Bench) -> AsyncIterator[Row]:
    """From sending an acceptance until ``GET /v1/index`` shows it, one after another, nothing else going on."""
    period, duties = await bench.new_period()
    await bench.fresh_index(period)
    took = []
    for turn in range(bench.effort.acceptances):
        (submission,) = await bench.city.submitted([duties[turn % FIGURES_OF_A_PERIOD]])
        before = (await bench.newest_index(period))["run"]["number"]
        started = time.perf_counter()
        await bench.city.call("POST", f"/v1/submissions/{submission}/accept")
        assert (await bench.fresh_index(period))["run"]["number"] == before + 1
        took.append((time.perf_counter() - started) * 1000)
    took.sort()
    p95 = took[int(len(took) * 0.95)]
    reached = f"p50 {median(took):.0f} ms, p95 {p95:.0f} ms"
    yield Row("accept → visible", "p95 ≤ 150 ms", reached, p95 <= 150, {"ms": took})


async def burst(bench: Bench) -> AsyncIterator[Row]:
    """200 acceptances by 16 clients: in five periods at once, and in one period, revision after revision."""
    periods, steps = [], []
    for _ in range(5):
        code, duties = await bench.new_period()
        periods.append(code)
        submissions = await bench.city.submitted(duties[:FIGURES_OF_A_PERIOD])
        steps += [[bench.city.accept_step(submission)] for submission in submissions]
    # Clients take turns between the periods.
    steps = [
        steps[i * FIGURES_OF_A_PERIOD + n] for n in range(FIGURES_OF_A_PERIOD) for i in range(5)
    ]
    yield await _burst(bench, "200 acceptances, 5 periods", periods, steps)
    code, duties = await bench.new_period()
    accept = Step("POST", "{location}/accept", bench.city.people.coordinator)
    scripts = [
        [bench.city.create_step(duty, submit=True), accept]
        for _ in range(5)
        for duty in duties[:FIGURES_OF_A_PERIOD]
    ]
    yield await _burst(bench, "200 acceptances, 1 period", [code], scripts)


async def _burst(bench: Bench, name: str, periods: list[str], scripts: list[list[Step]]) -> Row:
    before = [(await bench.fresh_index(period))["run"]["number"] for period in periods]
    figures = await bench.load(bench.system.port, scripts, None)
    ended = time.perf_counter()
    after = [(await bench.fresh_index(period))["run"]["number"] for period in periods]
    final = time.perf_counter() - ended
    runs = sum(after) - sum(before)
    good = final <= 2 and runs <= 20 and not figures.errors
    reached = (
        f"{final:.2f} s, {runs} runs; {figures.scripts_per_second:.0f}/s, {figures.errors} errors"
    )
    return Row(name, "final index ≤ 2 s, ≤ 20 runs", reached, good, asdict(figures))


async def reads(bench: Bench) -> AsyncIterator[Row]:
    """Compare lists and index, signed in, 16 connections: our requests per second over the peer's, same bytes."""
    period, duties = await bench.new_period()
    (submission,) = await bench.city.submitted(duties[:1])
    await bench.city.call("POST", f"/v1/submissions/{submission}/accept")
    await bench.fresh_index(period)
    paths = {
        "GET /v1/index": f"/v1/index?period={period}",
        "GET /v1/indicators": f"/v1/indicators?limit={LIMIT}",
        "GET /v1/assignments": f"/v1/assignments?limit={LIMIT}",
    }
    headers = bench.city.people.coordinator
    await _tell_cursors(bench, headers)
    for name, path in paths.items():
        await _same_bytes(bench, path, headers)
        step = Step("GET", path, headers)
        yield await _ratio(bench, name, 200, step, step)


async def unchanged(bench: Bench) -> AsyncIterator[Row]:
    """Compare a 304 to ``If-None-Match`` with a static Starlette response that has the same headers."""
    period, _ = await bench.new_period()
    await bench.fresh_index(period)
    path = f"/v1/index?period={period}"
    headers = bench.city.people.coordinator
    # Events of the opening may still be on their way.
    await asyncio.sleep(1.5)
    etag = (await bench.client.get(path, headers=headers)).headers["etag"]
    ours = Step("GET", path, {**headers, "if-none-match": etag})
    yield await _ratio(bench, "304", 304, ours, Step("GET", "/static", ours.headers))


async def _tell_cursors(bench: Bench, headers: dict[str, str]) -> None:
    cursors = {
        noun: (await bench.city.call("GET", f"/v1/{noun}?limit={LIMIT}"))["next_cursor"]
        for noun in ("indicators", "assignments")
    }
    url = f"http://127.0.0.1:{bench.system.peer_port}/cursors"
    (await bench.client.put(url, json=cursors, headers=headers)).raise_for_status()


async def _same_bytes(bench: Bench, path: str, headers: dict[str, str]) -> None:
    ours = await bench.client.get(path, headers=headers)
    theirs = await bench.client.get(
        f"http://127.0.0.1:{bench.system.peer_port}{path}", headers=headers
    )
    assert ours.content == theirs.content, f"{path} differs:\n{ours.text}\n{theirs.text}"


async def _ratio(bench: Bench, name: str, status: int, our_step: Step, peer_step: Step) -> Row:
    """Alternate between the two, so that a busy moment of the machine meets both; take medians."""
    ours: list[Figures] = []
    theirs: list[Figures] = []
    for turn in range(bench.effort.rounds + 1):
        seconds = bench.effort.seconds if turn else 1.0
        for port, step, figures in (
            (bench.system.port, our_step, ours),
            (bench.system.peer_port, peer_step, theirs),
        ):
            found = await bench.load(port, [[step]], seconds)
            assert set(found.statuses) == {str(status)}, found.statuses
            if turn:  # the first warms up
                figures.append(found)
    mine = median(figures.per_second for figures in ours)
    peer = median(figures.per_second for figures in theirs)
    ratio = median(a.per_second / b.per_second for a, b in zip(ours, theirs, strict=True))
    errors = sum(figures.errors for figures in ours)
    p95 = median(figures.p95 for figures in ours)
    reached = f"{ratio:.2f} = {mine:.0f}/s of {peer:.0f}/s; p95 {p95:.1f} ms"
    details = {"ours": [asdict(f) for f in ours], "peer": [asdict(f) for f in theirs]}
    return Row(name, "≥ 0.60 of the peer", reached, ratio >= 0.6 and not errors, details)


async def writes(bench: Bench) -> AsyncIterator[Row]:
    """Figures created and submitted by 16 clients, in one request and in two, everything on this machine."""
    for name, submit_at_once in (("in one request", True), ("in two requests", False)):
        duties = [
            duty for _ in range(bench.effort.periods) for duty in (await bench.new_period())[1]
        ]
        scripts = [
            [bench.city.create_step(duty, submit=True)]
            if submit_at_once
            else [bench.city.create_step(duty, submit=False), bench.city.submit_step(duty)]
            for duty in duties
        ]
        await asyncio.sleep(2)  # what the opening set off is done
        figures = await bench.load(bench.system.port, scripts, None)
        reached = (
            f"{figures.scripts_per_second:.0f}/s of {figures.scripts}, {figures.errors} errors; "
            f"p95 {figures.p95:.0f} ms"
        )
        good = figures.scripts_per_second >= 150 and not figures.errors
        yield Row(
            f"created and submitted {name}", "≥ 150/s, no error", reached, good, asdict(figures)
        )


async def memory(bench: Bench) -> AsyncIterator[Row]:
    """Resident memory (RSS) of each process after all that went before."""
    await asyncio.sleep(1)
    for name, megabytes in bench.system.memory().items():
        limit = 130 if name == "api" else 110
        yield Row(f"memory of {name}", f"≤ {limit} MB", f"{megabytes:.0f} MB", megabytes <= limit)


async def uploads(bench: Bench) -> AsyncIterator[Row]:
    """100 MB of documents sent at once; the greatest resident memory of the API while they come in."""
    _, duties = await bench.new_period()
    content = b"%PDF-1.7\n" + bytes(12_500_000)
    peak, done = 0.0, asyncio.Event()

    async def watch() -> None:
        nonlocal peak
        while not done.is_set():
            peak = max(peak, bench.system.memory()["api"])
            await asyncio.sleep(0.02)

    async def upload(duty: Duty) -> None:
        headers = bench.city.people.officers[duty.organisation]
        path = f"/v1/assignments/{duty.id}/submissions"
        draft = checked(await bench.client.post(path, json=duty.content, headers=headers))
        files = {"file": ("bao-cao.pdf", content)}
        path = f"/v1/submissions/{draft['id']}/evidence"
        checked(await bench.client.post(path, files=files, headers=headers))

    watching = asyncio.create_task(watch())
    started = time.perf_counter()
    await asyncio.gather(*(upload(duty) for duty in duties[:8]))
    seconds = time.perf_counter() - started
    done.set()
    await watching
    reached = f"{peak:.0f} MB, {seconds:.1f} s"
    yield Row("memory of api, 100 MB of uploads", "≤ 200 MB", reached, peak <= 200)


Measure = Callable[[Bench], AsyncIterator[Row]]
# In this order: memory is looked at after the burst.
MEASURES: dict[str, Measure] = {
    "visible": visible,
    "reads": reads,
    "unchanged": unchanged,
    "writes": writes,
    "burst": burst,
    "memory": memory,
    "uploads": uploads,
}
