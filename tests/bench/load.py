"""A load generator that costs a fraction of the servers it measures: plain sockets and ready-made bytes.

It runs as a process of its own, ``python -m tests.bench.load``: a plan as JSON comes in, figures go out.
A script is a list of requests that one client sends one after another. With ``seconds`` every client
repeats the scripts for that long; without, each script is carried out once.
"""

import asyncio
import json
import sys
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any

import uvloop

HEAD_END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length: "
LOCATION = b"\r\nlocation: "
NO_BODY = frozenset({204, 304})
LONGEST = 120.0  # seconds; a plan without ``seconds`` ends by itself
CHILD = (sys.executable, "-m", "tests.bench.load")


@dataclass(frozen=True)
class Step:
    """One request; ``{location}`` in ``path`` is the Location that the script was given last."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    def encoded(self) -> bytes:
        content = self.body.encode()
        headers = {"host": "bench", **self.headers}
        if content:
            headers |= {"content-type": "application/json"}
        if self.method != "GET":
            headers |= {"content-length": str(len(content))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self.method} {self.path} HTTP/1.1\r\n{lines}\r\n".encode() + content


@dataclass(frozen=True)
class Plan:
    port: int
    scripts: list[list[Step]]
    connections: int = 16
    seconds: float | None = None


@dataclass(frozen=True)
class Figures:
    """What was reached; latencies in milliseconds."""

    requests: int
    scripts: int
    seconds: float
    per_second: float
    scripts_per_second: float
    p50: float
    p95: float
    p99: float
    errors: int
    statuses: dict[str, int]


class Run:
    """What all clients share: the scripts that are left and what has been measured."""

    def __init__(self, plan: Plan) -> None:
        self.scripts = [[step.encoded() for step in script] for script in plan.scripts]
        self.waiting = deque(self.scripts)
        self.repeat = plan.seconds is not None
        self.latencies: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.finished = 0
        self.lost = 0

    def next_script(self) -> list[bytes] | None:
        if not self.waiting:
            return None
        script = self.waiting.popleft()
        if self.repeat:
            self.waiting.append(script)
        return script


class Client(asyncio.Protocol):
    """One connection: sends a request, waits for the whole answer, sends the next."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._script: list[bytes] = []
        self._place = 0
        self._buffer = b""
        self._missing = 0
        self._status = 0
        self._location = b""
        self._sent = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._send()

    def connection_lost(self, _exc: Exception | None) -> None:
        if not self.done.done():
            self._run.lost += 1
            self.done.set_result(None)

    def stop(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        self._transport.close()

    def _send(self) -> None:
        if self._place == len(self._script):
            script = self._run.next_script()
            if script is None:
                self.stop()
                return
            self._script, self._place = script, 0
        request = self._script[self._place]
        if b"{location}" in request:
            request = request.replace(b"{location}", self._location)
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        else:
            if self._buffer:
                data = self._buffer + data
            end = data.find(HEAD_END)
            if end < 0:
                self._buffer = data
                return
            self._buffer = b""
            self._missing = self._read_head(data, end) - (len(data) - end - len(HEAD_END))
        if not self._missing:
            self._finish()

    def _read_head(self, data: bytes, end: int) -> int:
        """Return the length of the body."""
        self._status = int(data[9:12])
        if self._status == 201:  # the only answer whose Location is used
            start = data.find(LOCATION, 0, end) + len(LOCATION)
            self._location = data[start : data.find(b"\r\n", start)]
        if self._status in NO_BODY:
            return 0
        start = data.index(LENGTH, 0, end) + len(LENGTH)
        return int(data[start : data.index(b"\r\n", start)])

    def _finish(self) -> None:
        run = self._run
        run.latencies.append(time.perf_counter() - self._sent)
        run.statuses[self._status] += 1
        self._place += 1
        if self._status >= 400:
            self._place = len(self._script)  # what would follow depends on it
        elif self._place == len(self._script):
            run.finished += 1
        if not self.done.done():
            self._send()


async def load(plan: Plan) -> Figures:
    run = Run(plan)
    loop = asyncio.get_running_loop()
    clients: list[Client] = []
    started = time.perf_counter()
    for _ in range(plan.connections):
        _, client = await loop.create_connection(lambda: Client(run), "127.0.0.1", plan.port)
        clients.append(client)
    await asyncio.wait([client.done for client in clients], timeout=plan.seconds or LONGEST)
    seconds = time.perf_counter() - started
    for client in clients:
        client.stop()
    return _figures(run, seconds)


def _figures(run: Run, seconds: float) -> Figures:
    latencies = sorted(run.latencies) or [0.0]

    def percentile(share: float) -> float:
        return round(latencies[min(int(len(latencies) * share), len(latencies) - 1)] * 1000, 2)

    bad = sum(count for status, count in run.statuses.items() if status >= 400)
    return Figures(
        requests=len(run.latencies),
        scripts=run.finished,
        seconds=round(seconds, 3),
        per_second=round(len(run.latencies) / seconds, 1),
        scripts_per_second=round(run.finished / seconds, 1),
        p50=percentile(0.5),
        p95=percentile(0.95),
        p99=percentile(0.99),
        errors=bad + run.lost,
        statuses={str(status): count for status, count in sorted(run.statuses.items())},
    )


async def in_own_process(plan: Plan) -> Figures:
    """Carry the plan out in another process, so that nobody's loop waits for anybody else's."""
    child = await asyncio.create_subprocess_exec(
        *CHILD, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await child.communicate(json.dumps(asdict(plan)).encode())
    if child.returncode:
        raise RuntimeError("the load generator failed")
    return Figures(**json.loads(output))


def main() -> None:
    given = json.load(sys.stdin)
    given["scripts"] = [[Step(**step) for step in script] for script in given["scripts"]]
    json.dump(asdict(uvloop.run(load(Plan(**given)))), sys.stdout)


if __name__ == "__main__":
    main()
