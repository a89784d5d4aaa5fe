import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest

from services.notifier.mail import POLICY
from services.notifier.mailer import SmtpMailer, SmtpServer
from services.notifier.sending import Office, send_due
from tests.notifier.cast import OFFICER, Clock, World, at
from tests.notifier.post import PostOffice


@pytest.fixture
async def due(world: World) -> World:
    await world.duty("so-gddt")
    await world.policy(0)
    await world.plan(at(-15))
    return world


@pytest.fixture
async def silent_server() -> AsyncIterator[str]:
    """Listen, and never say a word."""
    ended = asyncio.Event()

    async def wait(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    ended.set()
    server.close()


async def test_a_refused_recipient_is_final_and_says_why(
    due: World, office: Office, post: PostOffice
) -> None:
    post.rcpt_answer = lambda _address: "550 5.1.1 no such user"
    assert (await send_due(office)).failed == 1
    (row,) = await due.ledger()
    assert row.state == "failed"
    assert row.reason == "SMTP 550: 5.1.1 no such user"
    assert row.attempts == 1
    assert (await send_due(office)).failed == 0


async def test_refused_content_is_final(due: World, office: Office, post: PostOffice) -> None:
    post.data_answer = "554 5.7.1 looks like spam"
    await send_due(office)
    assert await due.states() == [(0, "failed")]


@pytest.mark.parametrize(
    ("attribute", "answer"),
    [
        ("rcpt_answer", lambda _address: "450 4.2.0 greylisted"),
        ("data_answer", "452 4.3.1 no space"),
        ("mail_answer", "550 5.7.1 sender refused: our set-up, not the mail"),
    ],
)
async def test_a_temporary_error_is_tried_again_after_a_pause(
    due: World, office: Office, post: PostOffice, clock: Clock, attribute: str, answer: object
) -> None:
    kind = getattr(post, attribute)
    setattr(post, attribute, answer)
    assert (await send_due(office)).failed == 1
    (row,) = await due.ledger()
    assert (row.state, row.attempts) == ("planned", 1)
    assert timedelta(seconds=48) <= row.send_at - clock.now <= timedelta(minutes=1)
    assert row.reason is not None
    assert row.reason.startswith("SMTP 4" if attribute != "mail_answer" else "SMTP 550")
    setattr(post, attribute, kind)
    assert (await send_due(office)).sent == 0
    clock.now += timedelta(minutes=1)
    assert (await send_due(office)).sent == 1
    assert post.to() == [OFFICER]
    (row,) = await due.ledger()
    assert (row.state, row.attempts, row.reason) == ("sent", 2, None)


async def test_it_gives_up_after_ten_temporary_errors(
    due: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    post.rcpt_answer = lambda _address: "451 later"
    for _ in range(12):
        await send_due(office)
        clock.now += timedelta(hours=1)
    (row,) = await due.ledger()
    assert (row.state, row.attempts) == ("failed", 10)


async def test_one_bad_address_holds_up_nobody(
    due: World, office: Office, post: PostOffice
) -> None:
    await due.contact("so-gddt", "không-phải-địa-chỉ")
    await due.contact("so-gddt", "a@b.vn\r\nBcc: all@example.vn")
    await due.contact("so-gddt", "đầu.mối@gddt.example.vn")
    await due.plan(at(-15))
    result = await send_due(office)
    assert (result.sent, result.failed) == (1, 3)
    assert post.to() == [OFFICER]
    assert all(row.reason for row in await due.ledger(state="failed"))


async def test_nothing_is_lost_or_counted_while_the_server_is_away(
    due: World, office: Office, post: PostOffice
) -> None:
    away = replace(office, mailer=SmtpMailer("smtp://127.0.0.1:1", timeout=1))
    for _ in range(3):
        assert not (await send_due(away)).reachable
    (row,) = await due.ledger()
    assert (row.state, row.attempts, row.claimed_at) == ("planned", 0, None)
    assert (await send_due(office)).sent == 1
    assert len(post.mails) == 1


async def test_a_server_that_says_nothing_is_left_after_the_time_limit(
    due: World, office: Office, silent_server: str
) -> None:
    async with asyncio.timeout(2):
        result = await send_due(replace(office, mailer=SmtpMailer(silent_server, timeout=0.2)))
    assert not result.reachable
    assert await due.states() == [(0, "planned")]


async def test_a_server_that_falls_silent_over_a_mail_is_left_at_once(
    due: World, office: Office, post: PostOffice
) -> None:
    post.hold = asyncio.Event()
    async with asyncio.timeout(1):
        result = await send_due(replace(office, mailer=SmtpMailer(post.url, timeout=0.3)))
    post.hold.set()
    assert (result.failed, result.reachable) == (1, False)
    assert [(row.state, row.attempts) for row in await due.ledger()] == [("planned", 1)]


async def test_a_connection_that_breaks_ends_the_round_and_gives_back_the_rest(
    due: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    await due.many_duties("so-gddt", 3)
    await due.plan(at(-15))
    post.data_answer = "hang up"
    result = await send_due(office)
    assert (result.failed, result.reachable) == (1, False)
    assert sorted(row.attempts for row in await due.ledger(state="planned")) == [0, 0, 0, 1]
    post.data_answer = "250 OK"
    clock.now += timedelta(minutes=1)
    assert (await send_due(office)).sent == 4


async def test_a_broken_connection_is_never_a_reason_to_give_up(
    due: World, office: Office, post: PostOffice, clock: Clock
) -> None:
    post.data_answer = "hang up"
    for _ in range(12):
        await send_due(office)
        clock.now += timedelta(hours=1)
    assert [(row.state, row.attempts) for row in await due.ledger()] == [("planned", 12)]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.vn", SmtpServer("mail.vn", 25, None, None, use_tls=False, start_tls=None)),
        (
            "smtp://127.0.0.1:2525?tls=none",
            SmtpServer("127.0.0.1", 2525, None, None, use_tls=False, start_tls=False),
        ),
        (
            "smtp://pii:p%40ss@mail.vn:587",
            SmtpServer("mail.vn", 587, "pii", "p@ss", use_tls=False, start_tls=True),
        ),
        (
            "smtp://pii:x@localhost:25",
            SmtpServer("localhost", 25, "pii", "x", use_tls=False, start_tls=None),
        ),
        (
            "smtp://mail.vn:587?tls=starttls",
            SmtpServer("mail.vn", 587, None, None, use_tls=False, start_tls=True),
        ),
        ("smtps://mail.vn", SmtpServer("mail.vn", 465, None, None, use_tls=True, start_tls=False)),
        (
            "smtp://mail.vn?tls=tls",
            SmtpServer("mail.vn", 465, None, None, use_tls=True, start_tls=False),
        ),
    ],
)
def test_an_smtp_url_says_where_and_how(url: str, expected: SmtpServer) -> None:
    assert SmtpServer.parse(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.vn",
        "smtp://",
        "smtp://mail.vn?tls=maybe",
        "smtp://mail.vn?ssl=1",
        "smtps://m.vn?tls=none",
    ],
)
def test_a_url_that_says_something_else_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP_URL"):
        SmtpServer.parse(url)


async def test_what_was_written_is_what_the_server_takes_byte_for_byte(post: PostOffice) -> None:
    subject = "[PII] Đôn đốc: quá hạn 2 ngày – 6.1.2 Đơn đăng ký giống cây trồng/10.000 dân"
    message = EmailMessage(policy=POLICY)
    message["From"] = "PII <pii@pii.example.vn>"
    message["To"] = "hoa@gddt.example.vn"
    message["Subject"] = subject
    message.set_content("Kính gửi", cte="base64")
    async with SmtpMailer(post.url, timeout=2).connect() as connection:
        await connection.send(message, to="hoa@gddt.example.vn")
    assert post.raw[0].rstrip() == message.as_bytes().rstrip()
    assert post.mails[0]["Subject"] == subject
