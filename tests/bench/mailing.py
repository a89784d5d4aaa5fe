"""How fast mails leave over one connection, against a bare loop of the library and the same server beside it.

Near the server it shows what our own code costs; far from it, whether a mail takes one exchange too many.
"""

import time
from collections.abc import Iterator
from statistics import median

import aiosmtplib
import uvloop

from services.notifier.mail.wire import OnTheWire
from services.notifier.smtp.mailer import SmtpMailer
from tests.bench.row import Row
from tests.bench.sink import Sink

SENDER, TO = "pii@pii.example.vn", "hoa@gddt.example.vn"
# As long as a digest: two parts in base64.
MAIL = (
    b"From: <pii@pii.example.vn>\r\nTo: <hoa@gddt.example.vn>\r\n\r\n" + b"QUJDREVG" * 9 + b"\r\n"
)
MAIL = OnTheWire(MAIL + (b"QUJDREVG" * 9 + b"\r\n") * 120)
MAILS = 1_000
FAR, FAR_MAILS = 0.005, 100  # seconds before each answer
NEAR = 0.85  # of the library's rate
FAR_OFF = 1.2  # as ours takes three exchanges and the library's four
FLOOR = 300  # mails per second beside the server


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


async def _rates(rounds: int, mails: int, delay: float) -> tuple[float, float]:
    """Take turns, so that what else the machine does falls on both."""
    own, library = [], []
    async with Sink(delay=delay) as sink:
        for _ in range(rounds):
            own.append(await ours(sink, mails))
            library.append(await the_librarys(sink, mails))
    return median(own), median(library)


def mailing(rounds: int) -> Iterator[Row]:
    """Compare mails per second, beside the server and at some distance from it."""
    for place, mails, delay, share in (
        ("here", MAILS, 0, NEAR),
        ("5 ms away", FAR_MAILS, FAR, FAR_OFF),
    ):
        own, library = uvloop.run(_rates(rounds, mails, delay))  # as the notifier is run
        floor = 0 if delay else FLOOR
        yield Row(
            f"mails over one connection, server {place}",
            f"≥ {share:.0%} of the library's{f', ≥ {floor}/s' if floor else ''}",
            f"{own:.0f}/s, {own / library:.0%} of the library's {library:.0f}/s",
            own >= max(share * library, floor),
            {"own": own, "library": library},
        )
