"""What the local system remembers between starts, and who else may be running it: ``.local/``."""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from deploy.processes import StartError


class AlreadyRunningError(Exception):
    """Somebody runs this checkout already."""


def make_folder(folder: Path) -> None:
    """Make ``.local/``, private but for root: there PostgreSQL's account must pass through."""
    mode = 0o711 if os.geteuid() == 0 else 0o700
    try:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
        folder.chmod(mode)
    except PermissionError:
        raise StartError(
            f"{folder} belongs to another user, who started the system here before: start as "
            f"that user, or hand it over with `sudo chown -R $(id -u) {folder}`."
        ) from None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder; the kernel lets go of it however we end."""
    with (folder / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError from None
        yield


def read_state(folder: Path) -> dict[str, Any]:
    """Return what was written last, or nothing when there is none or it cannot be read."""
    with suppress(OSError, ValueError):
        found = json.loads((folder / "state.json").read_text())
        return found if isinstance(found, dict) else {}
    return {}


def write_state(folder: Path, state: dict[str, Any]) -> None:
    number, name = tempfile.mkstemp(dir=folder, prefix="state-")  # mode 0600
    with os.fdopen(number, "w") as file:
        json.dump(state, file, indent=2)
    Path(name).rename(folder / "state.json")
