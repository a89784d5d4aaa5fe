"""Bounces are taken from a maildir or an IMAP box, once, whatever else lies there."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from services.notifier.bounces import boxes
from services.notifier.bounces.boxes import BoxError, ImapBox, Maildir, box_of
from services.notifier.bounces.taking import bounce_loops, look
from shared.settings import Settings
from tests.conftest import UndoneDatabase
from tests.notifier.imap import SECRET, USER, ImapServer, Letter
from tests.notifier.relay import certificate
from tests.shared import returned
from tests.shared.posted import mail_of, posted

LOGIN = f"{USER}:{quote(SECRET)}@127.0.0.1"


@pytest.fixture
def database(connection: AsyncConnection) -> UndoneDatabase:
    """One with the plan in it, whose changes are undone."""
    return UndoneDatabase(connection)


@pytest.fixture
async def sent(database: UndoneDatabase) -> UUID:
    async with database.transaction() as session:
        return await posted(session)


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path


async def state_of(database: UndoneDatabase, mail_id: UUID) -> str:
    async with database.transaction() as session:
        return (await mail_of(session, mail_id)).state


def imap(server: ImapServer, options: str = "") -> str:
    return f"imap://{LOGIN}:{server.port}/INBOX{options}"


async def test_what_lies_in_a_maildir_is_taken_in_and_put_aside(
    database: UndoneDatabase, sent: UUID, maildir: Path
) -> None:
    letters = {
        "1.absent": returned.ABSENT,
        "2.garbage": b"\0\xff" * 1_000,
        "3.bounce": returned.postfix(),
        "4.huge": returned.exchange() + b"x" * 2_000_000,
    }
    for name, content in letters.items():
        (maildir / "new" / name).write_bytes(content)
    (maildir / "tmp" / "5.unfinished").write_bytes(returned.postfix())
    box = box_of(f"maildir:{maildir}")
    assert await look(database, box) == 4
    assert await state_of(database, sent) == "failed"
    assert sorted(path.name for path in (maildir / "cur").iterdir()) == [
        f"{name}:2,S" for name in sorted(letters)
    ]
    assert list((maildir / "new").iterdir()) == []
    assert len(list((maildir / "tmp").iterdir())) == 1
    assert await look(database, box) == 0


async def test_a_full_maildir_is_taken_in_batch_by_batch(
    database: UndoneDatabase, maildir: Path
) -> None:
    for number in range(boxes.MOST + 3):
        (maildir / "new" / f"{number:03}").write_bytes(b"x")
    box = Maildir(maildir)
    assert await look(database, box) == boxes.MOST
    assert await look(database, box) == 3


async def test_what_another_has_taken_meanwhile_is_no_fault(
    database: UndoneDatabase, sent: UUID, maildir: Path
) -> None:
    (maildir / "new" / "1").write_bytes(returned.postfix())

    class Raced(Maildir):
        def fetch(self) -> list[tuple[str, bytes]]:
            found = super().fetch()
            super().put_aside([name for name, _ in found])
            return found

    assert await look(database, Raced(maildir)) == 1
    assert await state_of(database, sent) == "failed"


async def test_a_database_that_is_away_leaves_the_bounce_where_it_is(
    sent: UUID, database: UndoneDatabase, maildir: Path
) -> None:
    class Away(UndoneDatabase):
        def transaction(self) -> object:  # type: ignore[override]
            raise ConnectionResetError

    (maildir / "new" / "1").write_bytes(returned.postfix())
    with pytest.raises(ConnectionResetError):
        await look(Away(database._connection), Maildir(maildir))  # noqa: SLF001
    assert [path.name for path in (maildir / "new").iterdir()] == ["1"]
    assert await look(database, Maildir(maildir)) == 1
    assert await state_of(database, sent) == "failed"


async def test_a_bounce_that_cannot_be_taken_in_holds_up_no_other(
    database: UndoneDatabase, sent: UUID, maildir: Path
) -> None:
    class Wrong(UndoneDatabase):
        tries = 0

        def transaction(self) -> object:  # type: ignore[override]
            self.tries += 1
            if self.tries == 1:
                raise ValueError("a defect")
            return super().transaction()

    (maildir / "new" / "1").write_bytes(returned.exchange())
    (maildir / "new" / "2").write_bytes(returned.postfix())
    assert await look(Wrong(database._connection), Maildir(maildir)) == 2  # noqa: SLF001
    assert list((maildir / "new").iterdir()) == []
    assert await state_of(database, sent) == "failed"


async def test_a_maildir_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BoxError):
        Maildir(tmp_path / "nothing").fetch()


@pytest.mark.parametrize("capabilities", ["IMAP4rev1 AUTH=PLAIN MOVE", "IMAP4rev1 AUTH=PLAIN"])
@pytest.mark.parametrize("move", ["", "?move=Done"])
async def test_unread_mails_of_an_imap_box_are_taken_in_marked_and_moved(
    database: UndoneDatabase, sent: UUID, capabilities: str, move: str
) -> None:
    async with ImapServer(capabilities=capabilities) as server:
        server.put(returned.exchange(), "\\Seen")  # somebody has read it: not ours any more
        server.put(returned.ABSENT)
        server.put(returned.postfix())
        box = box_of(imap(server, move))
        assert await look(database, box) == 2
        assert await state_of(database, sent) == "failed"
        assert await look(database, box) == 0
        if move:
            assert sorted(server.folders["Done"]) == [2, 3]
        if not move:
            assert server.flags() == [{"\\Seen"}] * 3
        elif "MOVE" in capabilities:
            assert sorted(server.folders["INBOX"]) == [1]
        else:
            assert server.flags()[1:] == [{"\\Seen", "\\Deleted"}] * 2
        assert server.commands[-1] == "LOGOUT"


async def test_no_more_of_a_mail_is_fetched_than_is_read() -> None:
    async with ImapServer() as server:
        server.put(returned.postfix() + b"x" * 1_500_000)
        ((_, content),) = await asyncio.to_thread(box_of(imap(server)).fetch)
        assert len(content) == 1_048_576
        assert server.flags() == [set()]  # not read before it has been taken in


async def test_numbers_of_another_time_are_not_used() -> None:
    async with ImapServer() as server:
        server.put(returned.postfix())
        box = box_of(imap(server))
        ((name, _),) = await asyncio.to_thread(box.fetch)
        server.epoch = 8
        server.folders["INBOX"] = {1: Letter(b"another mail")}
        await asyncio.to_thread(box.put_aside, [name])
        assert server.flags() == [set()]


async def test_imap_over_tls_needs_an_authority(tmp_path: Path) -> None:
    ca, context = certificate(tmp_path)
    async with ImapServer(tls=context) as server:
        server.put(b"x")
        url = f"imaps://{LOGIN}:{server.port}/INBOX"
        assert len(await asyncio.to_thread(box_of(f"{url}?ca={ca}").fetch)) == 1
        with pytest.raises(BoxError, match="certificate verify failed"):
            await asyncio.to_thread(box_of(url).fetch)


async def test_a_wrong_password_is_said_without_the_password() -> None:
    async with ImapServer() as server:
        box = box_of(f"imap://{USER}:geheim@127.0.0.1:{server.port}/INBOX")
        with pytest.raises(BoxError) as refused:
            await asyncio.to_thread(box.fetch)
        assert "wrong" in str(refused.value)
        assert "geheim" not in f"{refused.value}{box}"


@pytest.mark.parametrize("word", ["SELECT", "SEARCH", "FETCH"])
async def test_a_refusal_of_the_server_is_said(word: str) -> None:
    async with ImapServer(refuses=word) as server:
        server.put(b"x")
        with pytest.raises(BoxError, match="refused"):
            await asyncio.to_thread(box_of(imap(server)).fetch)


@pytest.mark.parametrize("word", ["AUTHENTICATE", "SELECT", "SEARCH", "FETCH"])
async def test_a_server_that_stalls_is_left(word: str) -> None:
    async with ImapServer(stalls=word) as server:
        server.put(b"x")
        box = box_of(imap(server))
        assert isinstance(box, ImapBox)
        started = time.monotonic()
        with pytest.raises(BoxError, match="timed out"):
            await asyncio.to_thread(replace(box, timeout=0.2).fetch)
        assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "url",
    ["", "/var/mail", "maildir:relative", "imap://host/INBOX", "pop3://u:p@host", "imaps://u:p@",
     "imaps://u:p@h/INBOX?delete=1", "imaps://u:geh/eim@h/INBOX"],
)  # fmt: skip
def test_a_url_that_says_something_else_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="BOUNCE_URL") as refused:
        box_of(url)
    assert "geh" not in str(refused.value)


async def test_a_folder_may_have_a_vietnamese_name() -> None:
    async with ImapServer(
        folders={"INBOX": {}, "Th&AbA- tr&HqM- &-c": {1: Letter(b"x")}}
    ) as server:
        box = box_of(f"imap://{LOGIN}:{server.port}/Thư trả &c")
        assert len(await asyncio.to_thread(box.fetch)) == 1


def test_a_box_is_described_by_its_url() -> None:
    assert box_of("imaps://pii%40x.vn:p%2Fw@mail.vn/Th%C6%B0%20tr%E1%BA%A3?move=Xong") == ImapBox(
        "mail.vn", 993, "pii@x.vn", "p/w", "Thư trả", tls=True, move="Xong"
    )
    assert box_of("maildir:///var/mail/pii") == Maildir(Path("/var/mail/pii"))


class Counted(UndoneDatabase):
    """Tells when its second transaction has ended."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection)
        self.ended = 0
        self.twice = asyncio.Event()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        async with super().transaction() as session:
            yield session
        self.ended += 1
        if self.ended == 2:
            self.twice.set()


async def test_the_loop_outlives_a_box_that_is_away(
    settings: Settings, database: UndoneDatabase, sent: UUID, tmp_path: Path
) -> None:
    assert bounce_loops(settings, database) == {}
    folder = tmp_path / "later"
    told = settings.model_copy(
        update={"bounce_url": SecretStr(f"maildir:{folder}"), "bounce_seconds": 0.05}
    )
    counted = Counted(database._connection)  # noqa: SLF001
    running = asyncio.create_task(bounce_loops(told, counted)["bounces"]())
    await asyncio.sleep(0.1)
    (folder / "new").mkdir(parents=True)
    (folder / "new" / "1").write_bytes(returned.postfix())
    async with asyncio.timeout(5):
        await counted.twice.wait()  # the bounce, and the alarms; then it rests
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await state_of(database, sent) == "failed"
