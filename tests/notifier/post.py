"""A mail server on loopback that keeps what it takes, and answers as it is told."""

import asyncio
from collections.abc import Callable
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any, Self

from aiosmtpd.smtp import SMTP


class PostOffice:
    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.rcpt_answer: Callable[[str], str] = lambda _address: "250 OK"
        self.data_answer = "250 OK"
        self.mail_answer = "250 OK"
        self.connections = 0
        self.taken = asyncio.Event()
        self.hold: asyncio.Event | None = None
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"smtp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def to(self) -> list[str]:
        return sorted(mail["To"].addresses[0].addr_spec for mail in self.mails)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(
            self._protocol, "127.0.0.1", 0
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    def _protocol(self) -> Any:
        self.connections += 1
        return SMTP(self, hostname="post.test", enable_SMTPUTF8=False)

    async def handle_MAIL(  # noqa: N802 aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.mail_answer

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        answer = self.rcpt_answer(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.data_answer == "hang up":
            server.transport.close()
            return "451 gone"
        if self.data_answer.startswith("250"):
            parsed = BytesParser(policy=default).parsebytes(envelope.content)
            assert isinstance(parsed, EmailMessage)
            self.mails.append(parsed)
            self.raw.append(envelope.content)
            self.taken.set()
        if self.hold is not None:
            await self.hold.wait()
        return self.data_answer
