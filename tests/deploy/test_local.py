"""The supervisor as a process of its own, with stand-ins in the place of the services."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from deploy.local import PATIENCE
from deploy.processes import LOG_LIMIT, limit_log
from deploy.startup import CHECKOUT
from deploy.variables import environment

API = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer((os.environ["API_HOST"], int(os.environ["API_PORT"])), Handler).serve_forever()
"""
IDLE = "import time; time.sleep(1000)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {STUBBORN!r}])"
BROKEN = "import sys; sys.exit('this is why')"
SUPERVISOR = """
import json, os, sys
from pathlib import Path
from deploy.console import Console
from deploy.local import main
from deploy.startup import System
state, prepare, services = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
def python(code):
    return (sys.executable, "-S", "-c", code)
system = System(
    state=state,
    prepare=python(prepare),
    services={name: python(code) for name, code in services.items()},
    environ=os.environ,
    grace=float(sys.argv[4]),
)
sys.exit(main(system, Console()))
"""
IN_A_TERMINAL = "import pty, sys; pty.spawn(sys.argv[1:])"
# Like make: hears of the closed terminal, tells nobody and goes on waiting for its child.
LEADER = """
import signal, subprocess, sys
signal.signal(signal.SIGHUP, lambda *_: None)
subprocess.run(sys.argv[1:])
"""
SERVICES = {"api": API, "scoring": IDLE, "notifier": IDLE}
ELSEWHERE = {
    "DATABASE_URL": "postgresql://elsewhere.test/pii",
    "REDIS_URL": "redis://elsewhere.test",
    "SMTP_URL": "smtp://elsewhere.test",
}


@dataclass
class Run:
    state_folder: Path
    process: subprocess.Popen[str]
    seen: set[psutil.Process] = field(default_factory=set)

    @property
    def state(self) -> dict[str, Any]:
        with suppress(OSError):
            found: dict[str, Any] = json.loads((self.state_folder / "state.json").read_text())
            return found
        return {}

    def wait_until_ready(self) -> None:
        wait_until(lambda: self.state.get("ready") and self.state["pid"] in self._tree())
        self.seen = set(self._tree().values()) - {psutil.Process(self.process.pid)}

    def _tree(self) -> dict[int, psutil.Process]:
        root = psutil.Process(self.process.pid)
        return {one.pid: one for one in (root, *root.children(recursive=True))}

    def end(self, number: signal.Signals) -> str:
        self.process.send_signal(number)
        return self.process.communicate(timeout=15)[0]

    def left(self) -> list[psutil.Process]:
        """Return what still runs; a zombie only waits for a slow init."""
        alive = psutil.wait_procs(self.seen, timeout=0)[1]
        return [process for process in alive if not _is_gone(process)]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that PostgreSQL's account can reach; those of pytest are private."""
    with tempfile.TemporaryDirectory(prefix="pii-test-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@contextmanager
def running(
    folder: Path,
    *,
    services: dict[str, str] = SERVICES,
    prepare: str = "",
    variables: dict[str, str] = ELSEWHERE,
    grace: float = 0.5,
    inside: tuple[str, ...] = (),
) -> Iterator[Run]:
    words = [*inside, sys.executable, "-c", SUPERVISOR, str(folder / "state"), prepare]
    words += [json.dumps(services), str(grace)]
    own = ("DATABASE_URL", "REDIS_URL", "SMTP_URL", "API_PORT", "EVIDENCE_URL")
    env = {key: value for key, value in os.environ.items() if key not in own}
    with subprocess.Popen(
        words,
        cwd=CHECKOUT,
        env={"API_PORT": "26000", **env, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield Run(folder / "state", process)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(15)


def wait_until(condition: Callable[[], Any], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_everything_starts_says_where_it_is_stops_at_ctrl_c_and_leaves_nothing(
    folder: Path,
) -> None:
    with running(folder, variables={}) as run:
        run.wait_until_ready()
        state = run.state
        assert set(state["pids"]) == {"postgres", "redis", "mailbox", *SERVICES}
        output = run.end(signal.SIGINT)
        assert run.left() == []
        assert run.process.returncode == 0
    for url in (state["urls"]["api"], state["urls"]["docs"], state["urls"]["mail"]):
        assert url in output
    assert run.state["pid"] is None
    with running(folder, variables={}) as again:
        again.wait_until_ready()
        # The servers' ports are also wanted by other tests, which run at the same time.
        for name in ("api", "mail", "smtp"):
            assert again.state["ports"][name] == state["ports"][name]
        same, before = (urlsplit(s["urls"]["database"]) for s in (again.state, state))
        assert (same.username, same.password, same.path) == (
            before.username,
            before.password,
            before.path,
        )


def _is_gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_killed_supervisor_takes_every_part_with_it(folder: Path) -> None:
    with running(folder, variables={}) as run:
        run.wait_until_ready()
        assert len(run.seen) > len(SERVICES) + 3  # PostgreSQL has processes of its own
        run.process.kill()
        wait_until(lambda: not run.left(), seconds=5)
    with running(folder, variables={}) as again:
        again.wait_until_ready()


def test_a_part_that_dies_is_started_again(folder: Path) -> None:
    with running(folder, variables={}) as run:
        run.wait_until_ready()
        before = run.state["pids"]
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: len(run.state["pids"]) == len(before))
        wait_until(lambda: not set(run.state["pids"].values()) & set(before.values()))
        output = run.end(signal.SIGTERM)
    for name in before:
        assert f"{name} ended with signal SIGKILL; it starts again in 0.2 s" in output


def test_a_part_that_ignores_the_request_to_stop_is_killed_with_its_children(folder: Path) -> None:
    with running(folder, services={**SERVICES, "notifier": PARENT}) as run:
        run.wait_until_ready()
        notifier = psutil.Process(run.state["pids"]["notifier"])
        wait_until(notifier.children)
        run.seen |= set(notifier.children())
        run.end(signal.SIGINT)
        assert run.left() == []


def test_a_second_ctrl_c_does_not_wait(folder: Path) -> None:
    services = {**SERVICES, "notifier": STUBBORN}
    with running(folder, services=services, grace=30) as run:
        run.wait_until_ready()
        run.process.send_signal(signal.SIGINT)
        wait_until(lambda: set(run.state["pids"]) == {"notifier"})
        time.sleep(PATIENCE)
        run.end(signal.SIGINT)
        assert run.left() == []


def test_closing_the_terminal_stops_everything(folder: Path) -> None:
    python = (sys.executable, "-c")
    with running(folder, inside=(*python, IN_A_TERMINAL, *python, LEADER)) as run:
        run.wait_until_ready()
        run.process.kill()
        wait_until(lambda: not run.left(), seconds=5)
    assert run.state["pids"] == {}


def test_a_second_start_says_that_it_runs_already_and_where(folder: Path) -> None:
    with running(folder) as run:
        run.wait_until_ready()
        with running(folder) as second:
            output = second.process.communicate(timeout=10)[0]
        assert second.process.returncode == 1
        assert "already running" in output
        assert run.state["urls"]["api"] in output
        assert run.process.poll() is None


def test_a_taken_port_is_passed_over_and_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(folder, variables={**ELSEWHERE, "API_PORT": str(port)}) as run:
            run.wait_until_ready()
            assert run.state["ports"]["api"] > port
            assert f"port {port} is taken" in run.end(signal.SIGINT)


def test_servers_that_the_user_names_are_used_and_none_is_started(folder: Path) -> None:
    with running(folder) as run:
        run.wait_until_ready()
        assert set(run.state["pids"]) == set(SERVICES)
        assert run.state["environment"].items() >= ELSEWHERE.items()


@pytest.mark.parametrize(
    ("prepare", "services"), [(BROKEN, SERVICES), ("", {**SERVICES, "api": BROKEN})]
)
def test_a_start_that_fails_shows_why_and_leaves_nothing(
    folder: Path, prepare: str, services: dict[str, str]
) -> None:
    with running(folder, prepare=prepare, services=services) as run:
        output = run.process.communicate(timeout=15)[0]
    assert run.process.returncode == 1
    assert "this is why" in output
    assert "Traceback" not in output
    assert run.state["pids"] == {}


def test_passwords_are_told_in_a_file_and_the_state_is_private(folder: Path) -> None:
    accounts = {"coordinator": {"login": "dieu-phoi", "password": "s3cret"}, "admin": {}}
    code = f"import json; open({str(folder / 'state/accounts.json')!r}, 'w').write({json.dumps(accounts)!r})"
    with running(folder, prepare=code) as run:
        run.wait_until_ready()
        assert (folder / "state" / "state.json").stat().st_mode & 0o077 == 0
        output = run.end(signal.SIGINT)
    assert "dieu-phoi" in output
    assert "s3cret" not in output  # this is no terminal, its output may be kept


def test_a_log_is_kept_small_while_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    with log.open("a") as writer:
        writer.write("x" * LOG_LIMIT)
        writer.flush()
        limit_log(log)
        writer.write("the newest line")
    assert log.read_text() == "the newest line"
    assert (tmp_path / "api.log.1").stat().st_size <= LOG_LIMIT


def test_services_learn_from_their_environment_where_the_others_are() -> None:
    variables = environment(
        database_url="d", redis_url="r", smtp_url="s", evidence_url="e", api_host="::"
    )
    assert variables["DATABASE_URL"] == "d"
    assert variables["PUBLIC_URL"] == "http://127.0.0.1:8000"
