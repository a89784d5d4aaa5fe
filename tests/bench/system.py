"""The whole system on this machine, as ``make up`` runs it, and the peer beside it; all gone afterwards."""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from deploy.embedded import EmbeddedPostgres, EmbeddedRedis
from deploy.ports import Ports
from deploy.processes import Part, end, explain, run_once, spawn
from deploy.startup import http_status
from deploy.variables import environment

CHECKOUT = Path(__file__).parents[2]
SERVICES = ("api", "scoring", "notifier")
READY_LIMIT = 30.0  # seconds
API_PORT, PEER_PORT = 18_000, 18_500


@dataclass(frozen=True)
class System:
    """Where everything is: two ports, the processes by name, the first passwords."""

    port: int
    peer_port: int
    database_url: str
    accounts: Path
    pids: dict[str, int] = field(default_factory=dict)

    def memory(self) -> dict[str, float]:
        """Resident memory of each process of ours in MB (10^6 bytes)."""
        return {
            name: round(psutil.Process(pid).memory_info().rss / 1e6, 1)
            for name, pid in self.pids.items()
        }


def passable_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="pii-bench-"))
    folder.chmod(0o711)  # the account that PostgreSQL runs as must pass
    return folder


@asynccontextmanager
async def running_system() -> AsyncIterator[System]:
    folder = passable_folder()
    try:
        async with AsyncExitStack() as stack:
            yield await _start(stack, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _start(stack: AsyncExitStack, folder: Path) -> System:
    ports = stack.enter_context(Ports())
    postgres = EmbeddedPostgres(folder / "postgres", durable=True, log=folder / "postgres.log")
    redis = EmbeddedRedis(folder / "redis", log=folder / "redis.log")
    for server in (postgres, redis):
        stack.push_async_callback(server.stop)
        await server.start()
    system = System(
        port=ports.take(API_PORT),
        peer_port=ports.take(PEER_PORT),
        database_url=postgres.url,
        accounts=folder / "accounts.json",
    )
    env = {
        **os.environ,
        **environment(
            database_url=postgres.url,
            redis_url=redis.url,
            smtp_url="smtp://127.0.0.1:1?tls=none",  # no mail is due before the bench ends
            evidence_url=(folder / "evidence").as_uri(),
            api_port=system.port,
        ),
    }
    pii = str(Path(sys.executable).with_name("pii"))
    prepare = (pii, "prepare", "--accounts", str(system.accounts))
    await run_once(_part("prepare", prepare, folder, env), advice="See above.")
    for name in SERVICES:
        argv = (sys.executable, "-m", f"services.{name}")
        system.pids[name] = await _run(stack, _part(name, argv, folder, env))
    peer = (sys.executable, "-m", "tests.bench.peer")
    peer_env = {**env, "API_PORT": str(system.peer_port)}
    await _run(stack, _part("peer", peer, folder, peer_env))
    await _answers(system.port, "/readyz", folder / "api.log")
    await _answers(system.peer_port, "/static", folder / "peer.log")
    return system


def _part(name: str, argv: tuple[str, ...], folder: Path, env: dict[str, str]) -> Part:
    return Part(name=name, argv=argv, log=folder / f"{name}.log", env=env, cwd=CHECKOUT)


async def _run(stack: AsyncExitStack, part: Part) -> int:
    process = await spawn(part)
    stack.push_async_callback(end, process, part)
    return process.pid


async def _answers(port: int, path: str, log: Path) -> None:
    try:
        async with asyncio.timeout(READY_LIMIT):
            while await http_status("127.0.0.1", port, path) not in {200, 304}:  # noqa: ASYNC110 it is another process
                await asyncio.sleep(0.1)
    except TimeoutError:
        part = Part(name=log.stem, argv=(), log=log, env={})
        raise SystemExit(explain(part, f"{log.stem} does not answer", "Is it there?")) from None
