"""Rules that no linter knows."""

import ast
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import services
import shared

SOURCES = sorted(
    path for folder in ("services", "shared", "deploy") for path in Path(folder).rglob("*.py")
)
MODULES = sorted(
    found.name
    for package in (services, shared)
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
)
COMMIT = {"commit", "rollback"}
BELOW_EDGES = re.compile(r"(commands|queries|schedule|calendar|figures|summary|wanted|states)\.py$")


def calls(path: Path) -> list[tuple[str, int]]:
    """List the called names, dotted, with their lines."""
    return [
        (ast.unparse(found.func), found.lineno)
        for found in ast.walk(ast.parse(path.read_text()))
        if isinstance(found, ast.Call)
    ]


def test_only_the_edge_commits_or_rolls_back() -> None:
    found = [
        f"{path}:{line} {name}"
        for path in SOURCES
        if path != Path("shared/db.py")
        for name, line in calls(path)
        if "." in name and name.rpartition(".")[2] in COMMIT
    ]
    assert found == []


def test_no_clock_and_no_environment_below_an_edge() -> None:
    found = [
        f"{path}:{line} {name}"
        for path in SOURCES
        if BELOW_EDGES.search(path.name)
        for name, line in calls(path)
        if name in {"datetime.now", "date.today", "time.time", "datetime.utcnow", "os.getenv"}
    ]
    found += [
        str(path)
        for path in SOURCES
        if BELOW_EDGES.search(path.name) and "os.environ" in path.read_text()
    ]
    assert found == []


def test_http_errors_are_raised_nowhere_but_in_the_api() -> None:
    found = [
        path
        for path in SOURCES
        if path.parts[0] != "deploy" and path.parts[1] != "api"
        if "HTTPException" in path.read_text()
    ]
    assert found == []


def test_every_table_names_its_writer() -> None:
    unnamed = []
    for path in Path("shared/models").glob("*.py"):
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            if line.startswith("class ") and not lines[number - 1].startswith("# Written by "):
                unnamed.append(f"{path}:{number + 1} {line}")
    assert unnamed == []


def test_files_are_short_enough_to_be_read() -> None:
    lengths = {
        str(path): len(path.read_text().splitlines())
        for path in SOURCES
        if path.parts[0] != "deploy"
    }
    assert {path: length for path, length in lengths.items() if length > 320} == {}


def test_there_is_something_to_check() -> None:
    assert len(SOURCES) > 80
    assert len(MODULES) > 70


def test_importing_a_module_does_nothing(tmp_path: Path) -> None:
    """Without settings, servers or network: no engine, no client, no file, no output."""
    imports = "\n".join(f"import {name}" for name in MODULES if not name.endswith("__main__"))
    script = f"import asyncio, threading\n{imports}\nassert threading.active_count() == 1\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env={
            "PYTHONPATH": str(Path.cwd()),
            "PATH": os.environ.get("PATH", ""),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(120)
def test_the_import_rules_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout
