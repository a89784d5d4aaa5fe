"""Files written for one test, and what is said about them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.exchange.errors import FileError

TWO_LEAVES: list[dict[str, Any]] = [
    {"code": "index", "parent": None},
    {"code": "A", "parent": "index", "goalposts": [0, 100]},
    {"code": "B", "parent": "index", "goalposts": [0, 100]},
]
GOALPOSTS = {"normalisation": {"kind": "goalposts"}}


def framework_file(folder: Path, **members: Any) -> Path:
    """Write two leaves between goalposts, or what is given."""
    document = {"nodes": TWO_LEAVES, "method": GOALPOSTS, **members}
    return written(folder / "framework.json", json.dumps(document))


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def said(read: Callable[[], object]) -> list[str]:
    """Return what a refusal says, without the file's folder."""
    with pytest.raises(FileError) as caught:
        read()
    folder = str(Path(caught.value.file).parent)
    return [line.removeprefix(folder).removeprefix("/") for line in caught.value.lines()]
