"""How fast mails leave over one connection, against the library's loop and the same server beside it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from statistics import median

import aiosmtplib

from services.notifier.mailer import SmtpMailer
from tests.bench.row import Row
from tests.bench.sink import Sink

SENDER, TO = "pii@pii.example.vn", "hoa@gddt.example.vn"
# As long as a digest: two parts in base64.
MAIL = (
    b"From: <pii@pii.example.vn>\r\nTo: <hoa@gddt.example.vn>\r\n\r\n" + b"QUJDREVG" * 9 + b"\r\n"
)
MAIL += (b"QUJDREVG" * 9 + b"\r\n") * 120
MAILS = 1_000
FAR, FAR_MAILS = 0.005, 100  # seconds before each answer

Sending = Callable[[Sink, int], Awaitable[float]]


async def ours(sink: Sink, mails: int) -> float:
    mailer = SmtpMailer(sink.url)
    async with mailer.connect() as connection:
        started = time.perf_counter()
        for _ in range(mails):
            await connection.send(MAIL, sender=SENDER, to=TO)
        took = time.perf_counter() - started
    mailer.close()
    return mails / took


async def the_librarys(sink: Sink, mails: int) -> float:
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=sink.port, start_tls=False)
    await client.connect()
    started = time.perf_counter()
    for _ in range(mails):
        await client.sendmail(SENDER, [TO], MAIL)
    took = time.perf_counter() - started
    client.close()
    return mails / took


async def _rates(send: Sending, rounds: int, mails: int, delay: float) -> float:
    async with Sink(delay=delay) as sink:
        return median([await send(sink, mails) for _ in range(rounds)])


def mailing(rounds: int) -> Iterator[Row]:
    """Compare mails per second, beside the server and at some distance from it."""
    for place, mails, delay in (("here", MAILS, 0), ("5 ms away", FAR_MAILS, FAR)):
        own = asyncio.run(_rates(ours, rounds, mails, delay))
        library = asyncio.run(_rates(the_librarys, rounds, mails, delay))
        floor = 300 if not delay else 0
        yield Row(
            f"mails over one connection, server {place}",
            f"≥ the library's{f', ≥ {floor}/s' if floor else ''}",
            f"{own:.0f}/s, the library's {library:.0f}/s",
            own >= max(library, floor),
            {"own": own, "library": library},
        )
