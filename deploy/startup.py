"""Starts every part of the local system in the order of need and remembers where each one is."""

import asyncio
import os
import sys
import time
from asyncio import TaskGroup
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.console import Console
from deploy.embedded import (
    POSTGRES_PORT,
    REDIS_PORT,
    EmbeddedPostgres,
    EmbeddedRedis,
    EmbeddedServer,
)
from deploy.ports import Ports
from deploy.processes import GRACE, Part, StartError, explain, make_private, run_once
from deploy.state import read_state, write_state
from deploy.supervisor import Supervisor
from deploy.variables import environment, reachable_host

CHECKOUT = Path(__file__).parents[1]
SERVICES = ("api", "scoring", "notifier")
READY_LIMIT = 60.0
POLL = 0.1
FEWEST_TRIES = 3
LOOPBACK = "127.0.0.1"
KEY_FILES = {
    "AUDIT_KEY_FILE": "audit-key.pem",
    "LINK_KEY_FILE": "link-key",
}  # made by `pii prepare`


@dataclass(frozen=True, kw_only=True)
class System:
    """What is run and where; tests put stand-ins in the place of the services."""

    state: Path
    prepare: tuple[str, ...]
    services: Mapping[str, tuple[str, ...]]
    environ: Mapping[str, str] = field(repr=False)
    grace: float = GRACE


def system_of(checkout: Path, environ: Mapping[str, str]) -> System:
    state = checkout / ".local"
    pii = str(Path(sys.executable).with_name("pii"))
    return System(
        state=state,
        prepare=(pii, "prepare", "--accounts", str(state / "accounts.json")),
        services={name: (sys.executable, "-m", f"services.{name}") for name in SERVICES},
        environ=environ,
    )


class LocalSystem:
    """One run of the system, from the first port to the last process."""

    def __init__(self, system: System, console: Console, ports: Ports) -> None:
        self._system = system
        self._console = console
        self._ports = ports
        self._last_ports: dict[str, Any] = read_state(system.state).get("ports", {})
        self._urls: dict[str, str] = {}
        self.supervisor = Supervisor(tell=console.warn, changed=self.remember, grace=system.grace)
        self.state: dict[str, Any] = {
            "pid": os.getpid(),
            "ready": False,
            "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "urls": self._urls,
            "ports": {},
            "accounts": str(system.state / "accounts.json"),
            "logs": str(system.state / "logs"),
            "environment": {},
        }

    async def start(self) -> None:
        """Return when the API says that it is ready."""
        make_private(self._system.state / "evidence")
        async with TaskGroup() as group:
            group.create_task(self._start_postgres())
            group.create_task(self._start_redis())
            group.create_task(self._start_mailbox())
        variables = self._variables()
        self.state["environment"] = variables
        self.remember()
        with self._console.step("Tables, plan and first accounts"):
            await run_once(
                self._part("prepare", self._system.prepare, variables),
                advice="No service was started and nothing that was stored is lost.",
            )
        await self._start_services(variables)
        self.state["ready"] = True
        self.remember()

    async def stop(self) -> None:
        await self.supervisor.stop()
        self.state.update(pid=None, ready=False)
        self.remember()

    def remember(self) -> None:
        """Write what the demo, a second start and a person with curl want to know."""
        try:
            write_state(self._system.state, {**self.state, "pids": self.supervisor.pids})
        except OSError as error:  # a full disk is no reason to stop what runs
            self._console.warn(f"state.json cannot be written: {error}")

    async def _start_postgres(self) -> None:
        if not self._given("DATABASE_URL", "PostgreSQL"):
            port = self._port("postgres", POSTGRES_PORT)
            folder = self._system.state / "postgres"
            server = EmbeddedPostgres(folder, port, log=self._log("postgres"))
            await self._start_server("PostgreSQL", server)
            self._urls["database"] = server.url

    async def _start_redis(self) -> None:
        if not self._given("REDIS_URL", "Redis"):
            port = self._port("redis", REDIS_PORT)
            server = EmbeddedRedis(self._system.state / "redis", port, log=self._log("redis"))
            await self._start_server("Redis", server)
            self._urls["redis"] = server.url

    async def _start_server(self, name: str, server: EmbeddedServer) -> None:
        with self._console.step(f"{name} on port {server.port}"):
            await server.create()
            if server.note:
                self._console.line(server.note)
            part = server.part()
            await self.supervisor.start(part)
            await server.ready(lambda: self._has_hope(part))

    async def _start_mailbox(self) -> None:
        if self._given("SMTP_URL", "Mail server"):
            return
        folder = self._system.state / "mail"
        make_private(folder)
        smtp = self._port("smtp", 2525, "MAILBOX_SMTP_PORT")
        page = self._port("mail", 8025, "MAILBOX_PORT")
        words = ("--directory", folder, "--smtp-port", smtp, "--http-port", page)
        argv = (sys.executable, "-m", "deploy.mailbox", *map(str, words))
        part = self._part("mailbox", argv, {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"})
        with self._console.step(f"Mail box on port {page}, for mails to port {smtp}"):
            await self.supervisor.start(part)
            await self._answer(part, LOOPBACK, page, "/api/mails?limit=1")
        self._urls["smtp"] = f"smtp://{LOOPBACK}:{smtp}?tls=none"
        self._urls["mail"] = f"http://{LOOPBACK}:{page}"

    async def _start_services(self, variables: Mapping[str, str]) -> None:
        parts = [self._part(name, argv, variables) for name, argv in self._system.services.items()]
        host, port = variables["API_HOST"], int(variables["API_PORT"])
        with self._console.step(f"API on port {port}, scoring, notifier"):
            await self.supervisor.start(*parts)
            await self._answer(parts[0], reachable_host(host), port, "/readyz?all=true")
        self._urls["api"] = f"http://{reachable_host(host)}:{port}"
        self._urls["docs"] = f"{self._urls['api']}/docs"

    async def _answer(self, part: Part, host: str, port: int, path: str) -> None:
        deadline = time.monotonic() + READY_LIMIT
        while await http_status(host.strip("[]"), port, path) != 200:  # noqa: PLR2004 - OK
            if time.monotonic() > deadline or not self._has_hope(part):
                what = f"{part.name} did not get ready on port {port}"
                raise StartError(explain(part, what, "Correct what it says and start again."))
            await asyncio.sleep(POLL)

    def _has_hope(self, part: Part) -> bool:
        return self.supervisor.deaths[part.name] < FEWEST_TRIES

    def _variables(self) -> dict[str, str]:
        environ = self._system.environ
        host = environ.get("API_HOST") or LOOPBACK
        evidence = (self._system.state / "evidence").absolute().as_uri()
        return environment(
            database_url=self._urls["database"],
            redis_url=self._urls["redis"],
            smtp_url=self._urls["smtp"],
            evidence_url=environ.get("EVIDENCE_URL") or evidence,
            api_host=host,
            api_port=self._port("api", 8000, "API_PORT", host=host),
            public_url=environ.get("PUBLIC_URL"),
            key_files={
                variable: environ.get(variable) or str((self._system.state / file).absolute())
                for variable, file in KEY_FILES.items()
            },
        )

    def _given(self, variable: str, name: str) -> bool:
        """Use the server that the user named instead of one of ours."""
        url = self._system.environ.get(variable)
        if url:
            self._urls[variable.removesuffix("_URL").lower()] = url
            self._console.line(f"  {name}: the server of {variable}")
        return bool(url)

    def _port(
        self, name: str, usual: int, variable: str | None = None, *, host: str = LOOPBACK
    ) -> int:
        """Take the port asked for, else the last one used here, else the usual one or one near."""
        asked = self._system.environ.get(variable, "") if variable else ""
        wanted = int(asked or self._last_ports.get(name) or usual)
        port = self._ports.take(wanted, host)
        if port != wanted and variable:
            self._console.warn(f"port {wanted} is taken: {name} uses {port}")
        self.state["ports"][name] = port
        return port

    def _log(self, name: str) -> Path:
        return self._system.state / "logs" / f"{name}.log"

    def _part(self, name: str, argv: tuple[str, ...], variables: Mapping[str, str]) -> Part:
        env = {**self._system.environ, **variables}
        return Part(name=name, argv=argv, env=env, cwd=CHECKOUT, log=self._log(name))


async def http_status(host: str, port: int, path: str) -> int | None:
    """Return the status of a GET, or nothing while nobody answers."""
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
                writer.write(request.encode())
                words = (await reader.readline()).split()
            finally:
                writer.close()
        return int(words[1])
    except (OSError, TimeoutError, ValueError, IndexError):
        return None
