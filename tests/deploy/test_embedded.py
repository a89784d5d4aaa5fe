import os
import signal
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from redis.asyncio import Redis

from deploy.embedded import EmbeddedPostgres, EmbeddedRedis, throwaway_servers
from deploy.orphan import end_orphan
from deploy.ports import Ports
from deploy.processes import Account, StartError
from deploy.unprivileged import find_home, reachable

NOBODY = Account(65_534, 65_534)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that PostgreSQL's account can reach; those of pytest are private."""
    with tempfile.TemporaryDirectory(prefix="pii-test-") as name:
        path = Path(name)
        path.chmod(0o711)
        yield path


@pytest.fixture(scope="module")
async def postgres() -> AsyncIterator[EmbeddedPostgres]:
    async with throwaway_servers() as servers:
        yield servers.postgres


async def ask(server: EmbeddedPostgres, question: str) -> object:
    connection = await asyncpg.connect(server.url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_postgres_keeps_its_data_and_password_when_it_starts_again(
    postgres: EmbeddedPostgres,
) -> None:
    before = postgres.url
    await ask(postgres, "CREATE TABLE kept AS SELECT 42 AS number")
    await postgres.stop()
    await postgres.start()
    assert postgres.url == before
    assert await ask(postgres, "SELECT number FROM kept") == 42


async def test_postgres_has_its_data_again_after_it_was_killed_or_left_behind(folder: Path) -> None:
    killed = EmbeddedPostgres(folder / "postgres")
    left = EmbeddedPostgres(folder / "postgres")
    last = EmbeddedPostgres(folder / "postgres")
    await killed.start()
    await ask(killed, "CREATE TABLE kept AS SELECT 42 AS number")
    assert killed.pid
    os.kill(killed.pid, signal.SIGKILL)
    await left.start()
    await last.start()
    try:
        assert await ask(last, "SELECT number FROM kept") == 42
        assert not await left.answers()
    finally:
        for server in (killed, left, last):
            await server.stop()


async def test_a_process_that_only_has_the_old_number_is_left_alone(tmp_path: Path) -> None:
    lock = tmp_path / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n/somewhere\n")
    await end_orphan(tmp_path)
    assert not lock.exists()


async def test_postgres_knows_vietnamese_letters_and_lets_nobody_in_without_password(
    postgres: EmbeddedPostgres,
) -> None:
    assert await ask(postgres, "SELECT lower('ĐỔI MỚI')") == "đổi mới"
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(host="127.0.0.1", port=postgres.port, user="pii", password="guess")


async def test_the_password_is_for_the_account_only_and_that_is_never_root(
    postgres: EmbeddedPostgres,
) -> None:
    password = (postgres.directory / "password").stat()
    assert stat.S_IMODE(password.st_mode) == 0o600
    assert postgres.pid
    assert psutil.Process(postgres.pid).uids().effective == password.st_uid != 0


async def test_a_start_that_fails_shows_the_log_and_what_to_do(folder: Path) -> None:
    broken = EmbeddedPostgres(folder / "postgres")
    find_home(folder / "postgres")
    (folder / "postgres" / "data").mkdir()
    (folder / "postgres" / "password").write_text("known")
    with pytest.raises(StartError, match=r"(?s)postgresql.conf.*DATABASE_URL"):
        await broken.start()


async def test_redis_answers_and_starts_again(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path / "redis")
    for _ in range(2):
        await server.start()
        client = Redis.from_url(server.url)
        assert await client.ping()
        await client.aclose()
        await server.stop()


def test_a_port_that_is_taken_is_passed_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, Ports() as ports:
        port = taken.getsockname()[1]
        assert ports.take(port) > port


def test_two_checkouts_never_take_the_same_port_before_anybody_listens() -> None:
    with Ports() as ours, Ports() as theirs:
        assert ours.take(23_456) != theirs.take(23_456)


async def test_a_server_given_a_taken_port_chooses_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = EmbeddedRedis(tmp_path, port)
        await server.start()
        assert server.port != port
        await server.stop()


def test_a_private_folder_on_the_way_is_not_reachable(folder: Path) -> None:
    inner = folder / "private" / "inner"
    inner.mkdir(parents=True)
    assert reachable(inner, NOBODY)
    inner.parent.chmod(0o700)
    assert not reachable(inner, NOBODY)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_data_that_the_account_cannot_reach_lives_elsewhere_until_its_folder_is_removed(
    folder: Path, tmp_path: Path
) -> None:
    wanted = tmp_path / "postgres"  # in a private folder of pytest
    home = find_home(wanted, elsewhere=folder)
    assert home.note
    assert home.account
    assert reachable(home.directory, home.account)
    (home.directory / "data").mkdir()
    assert (find_home(wanted, elsewhere=folder).directory / "data").exists()
    (wanted / "moved-to").unlink()
    assert not (find_home(wanted, elsewhere=folder).directory / "data").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_a_folder_that_somebody_else_made_among_the_shared_ones_is_refused(
    folder: Path, tmp_path: Path
) -> None:
    find_home(tmp_path / "first", elsewhere=folder)
    (made,) = folder.iterdir()
    os.chown(made, NOBODY.uid, NOBODY.gid)
    with pytest.raises(StartError, match="is not ours"):
        find_home(tmp_path / "second", elsewhere=folder)
