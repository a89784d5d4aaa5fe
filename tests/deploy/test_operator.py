"""``pii`` says in a line what it lacks, and finds the system that runs in its folder."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.embedded import Servers
from tests.conftest import copied_database

ROOT = Path(__file__).parents[2]


def pii(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    bare = {
        name: value for name, value in os.environ.items() if not name.endswith(("_URL", "_FILE"))
    }
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli", *words],
        cwd=folder,
        env={**bare, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("words", [("audit", "verify"), ("accounts", "reset", "x"), ("migrate",)])
def test_without_a_database_it_says_what_to_set(tmp_path: Path, words: tuple[str, ...]) -> None:
    said = pii(tmp_path, *words)
    assert said.returncode == 2
    assert said.stderr.splitlines()[0] == "error: DATABASE_URL: field required"
    assert "make up" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_database_that_is_away_is_told_in_a_line(tmp_path: Path) -> None:
    said = pii(tmp_path, "audit", "verify", DATABASE_URL="postgresql://a:b@127.0.0.1:1/c")
    assert said.returncode == 2
    assert said.stderr.startswith("error: the database cannot be reached: ")
    assert "Traceback" not in said.stderr


async def test_beside_make_up_it_needs_no_variable(
    tmp_path: Path, servers: Servers, template: str
) -> None:
    folder = tmp_path / ".local"
    folder.mkdir()
    async with copied_database(servers, template) as url:
        state = json.dumps({"environment": {"DATABASE_URL": url}})
        (folder / "state.json").write_text(state)
        said = await asyncio.to_thread(pii, tmp_path, "seed")
    assert said.returncode == 0, said.stderr
    assert "nothing new" in said.stdout


def test_the_key_is_made_without_any_server(tmp_path: Path) -> None:
    said = pii(tmp_path, "audit", "key")
    assert said.returncode == 0, said.stderr
    assert "BEGIN PUBLIC KEY" in said.stdout
    assert (tmp_path / ".local/audit-key.pem").exists()
