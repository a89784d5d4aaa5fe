"""Clears a PostgreSQL data folder after a crash, so that a new server may start on it."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from deploy.processes import send

POLL = 0.02
ATTEMPTS = 500


async def end_orphan(data: Path) -> None:
    """End a server that still runs on ``data``; call it only when it cannot be anybody's.

    PostgreSQL itself forgives a ``postmaster.pid`` whose process has gone. It does not when that
    server is still stopping, nor when a new process was given the same number.
    """
    lock = data / "postmaster.pid"
    pid = _first_number(lock)
    if pid is None or not _is_alive(pid):
        return
    if not _works_in(pid, data):
        lock.unlink(missing_ok=True)
        return
    send(pid, signal.SIGQUIT)
    for _ in range(ATTEMPTS):
        if not _is_alive(pid):
            return
        await asyncio.sleep(POLL)


def _first_number(lock: Path) -> int | None:
    with suppress(OSError, ValueError, IndexError):
        return int(lock.read_text().split()[0])
    return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _works_in(pid: int, data: Path) -> bool:
    """Tell a server of this folder from a stranger: PostgreSQL never leaves its data folder."""
    if sys.platform != "linux":
        return True
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == data.resolve()
    except PermissionError:
        return False
    except OSError:
        return True  # it is just ending
