"""Starts and ends one child process such that nothing of it can be left behind."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

LEASH = Path(__file__).with_name("leash.py")
GRACE = 10.0
LAST_WORD = 1.0
LOG_LIMIT = 10_000_000


@dataclass(frozen=True)
class Account:
    """The user a child runs as."""

    uid: int
    gid: int


async def nothing() -> None:
    """Do what most parts need before they start."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One child process: how it is started and how it is ended."""

    name: str
    argv: tuple[str, ...]
    log: Path
    env: Mapping[str, str] = field(repr=False)
    cwd: Path = Path("/")
    stop_with: signal.Signals = signal.SIGTERM
    dies_with: signal.Signals = signal.SIGKILL
    account: Account | None = None
    before: Callable[[], Awaitable[None]] = nothing


class StartError(Exception):
    """A part cannot be started; the message says why and what to do next."""


async def spawn(part: Part) -> Process:
    await part.before()
    account = part.account or Account(-1, -1)
    leash = (sys.executable, "-I", "-S", str(LEASH), os.getpid(), part.dies_with.value)
    words = (*leash, account.uid, account.gid, *part.argv)
    log = open_log(part.log)
    try:
        return await asyncio.create_subprocess_exec(
            *map(str, words),
            stdin=DEVNULL,
            stdout=log,
            stderr=STDOUT,
            cwd=part.cwd,
            env=dict(part.env),
            start_new_session=True,  # Ctrl-C of the terminal reaches the supervisor alone
        )
    finally:
        os.close(log)


async def end(
    process: Process, part: Part, *, grace: float = GRACE, hurry: asyncio.Event | None = None
) -> int:
    """Ask, wait for ``grace`` seconds or until ``hurry`` is set, then kill its process group."""
    if process.returncode is None:
        send(process.pid, part.stop_with)
        await _first(process, hurry or asyncio.Event(), grace)
    if process.returncode is None:
        send(process.pid, part.dies_with)
        await _first(process, asyncio.Event(), LAST_WORD)
    kill_group(process.pid)
    return await process.wait()


async def _first(process: Process, hurry: asyncio.Event, limit: float) -> None:
    waiters = {asyncio.ensure_future(process.wait()), asyncio.ensure_future(hurry.wait())}
    await asyncio.wait(waiters, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
    for waiter in waiters:
        waiter.cancel()


async def run_once(part: Part, *, advice: str) -> None:
    """Run a part that ends by itself; show the end of its log when it fails."""
    process = await spawn(part)
    try:
        code = await process.wait()
    finally:
        await end(process, part)
    if code:
        raise StartError(explain(part, f"{part.name} ended with {exit_text(code)}", advice))


def send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def exit_text(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def explain(part: Part, what: str, advice: str) -> str:
    lines = [f"  | {line}" for line in tail(part.log)]
    return "\n".join([f"{what}. The end of {part.log}:", *lines, advice])


def tail(log: Path, count: int = 20) -> list[str]:
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 20_000))
        return file.read().decode("utf-8", "replace").splitlines()[-count:]
    return []


def make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def open_log(path: Path) -> int:
    make_private(path.parent)
    limit_log(path)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def limit_log(path: Path) -> None:
    """Keep one older piece. The writer appends, so it goes on in the emptied file."""
    if not path.exists() or path.stat().st_size < LOG_LIMIT:
        return
    older = path.with_suffix(path.suffix + ".1")
    with path.open("rb") as file:
        file.seek(-LOG_LIMIT // 2, os.SEEK_END)
        content = file.read(LOG_LIMIT)
    older.touch(mode=0o600)
    older.write_bytes(content)
    os.truncate(path, 0)
