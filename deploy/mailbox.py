"""A mail server for trying out: keeps every mail as a file, shows it on a page and sends nothing."""

import argparse
import asyncio
import hashlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.mailbox_page import create_app
from deploy.mails import message_id_of

SIZE_LIMIT = 10_000_000
LOOPBACK = "127.0.0.1"


class MailFolder:
    """One file for each Message-ID, named such that names sort by arrival."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._known = {path.stem.rpartition("-")[2]: path.name for path in folder.glob("*.eml")}

    def keep(self, content: bytes, *, now: datetime) -> None:
        """Return when the mail is safe on disk. One that is known is counted, not kept twice."""
        message_id = message_id_of(content)
        digest = hashlib.sha1(message_id.encode() or content, usedforsecurity=False).hexdigest()
        if digest in self._known:
            with (self._folder / "duplicates.log").open("a") as log:
                log.write(f"{now.isoformat()} {self._known[digest]} {message_id}\n")
            return
        name = f"{now:%Y%m%dT%H%M%S.%fZ}-{digest}.eml"
        write_safely(self._folder / name, content)
        self._known[digest] = name


def write_safely(path: Path, content: bytes) -> None:
    """Make the file whole or not at all, also when the machine stops now."""
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class Receiver:
    """Answers for a mail only once it is kept; the sender tries again otherwise."""

    def __init__(self, folder: MailFolder) -> None:
        self._folder = folder
        self._lock = asyncio.Lock()

    async def handle_DATA(  # noqa: N802 - the name is aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        async with self._lock:  # two deliveries of one mail at the same moment are one mail
            await asyncio.to_thread(self._folder.keep, envelope.content, now=datetime.now(UTC))
        return "250 kept"


class Server(uvicorn.Server):
    """A web server that leaves signals to us: the mail server beside it has to end as well."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(directory: Path, *, smtp_port: int, http_port: int) -> None:
    loop = asyncio.get_running_loop()
    receiver = Receiver(MailFolder(directory))
    smtp = await loop.create_server(
        # A host name, or it asks DNS for one.
        lambda: SMTP(
            receiver,
            data_size_limit=SIZE_LIMIT,
            enable_SMTPUTF8=True,
            hostname="localhost",
            ident="local mail box",
            loop=loop,
        ),
        LOOPBACK,
        smtp_port,
    )
    config = uvicorn.Config(
        create_app(directory),
        host=LOOPBACK,
        port=http_port,
        access_log=False,
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = Server(config)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, setattr, server, "should_exit", True)  # noqa: FBT003
    async with smtp:
        await server.serve()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.mailbox", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where the mails are kept")
    parser.add_argument("--smtp-port", type=int, default=2525)
    parser.add_argument("--http-port", type=int, default=8025)
    words = parser.parse_args()
    asyncio.run(serve(words.directory, smtp_port=words.smtp_port, http_port=words.http_port))


if __name__ == "__main__":
    main()
