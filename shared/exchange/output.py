"""A file appears whole or not at all."""

import os
import secrets
from pathlib import Path

from shared.exchange.errors import FileError, Mistake


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file at once; one that is there stays as it was if that fails (``FileError``)."""
    # Through a link to what it names; a device or a pipe cannot be replaced, only written to.
    target = path.resolve()
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(content)
        else:
            _replace(target, content)
    except OSError as error:
        what = f"The file cannot be written: {error.strerror}."
        raise FileError(str(path), [Mistake(what)]) from error


def _replace(target: Path, content: bytes) -> None:
    # A name by chance: another run's file must neither be in the way nor be taken away.
    beside = target.with_name(f".pii-{secrets.token_hex(8)}.new")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
