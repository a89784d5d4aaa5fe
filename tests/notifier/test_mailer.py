"""SMTP as networks have it: several relays, servers that refuse, delay, hang up and lie in wait."""

import asyncio
import gc
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from services.notifier.mail.wire import OnTheWire
from services.notifier.smtp import mailer as module
from services.notifier.smtp.mailer import (
    DeferredError,
    DisconnectedError,
    MailError,
    RefusedError,
    SmtpConnection,
    SmtpMailer,
    UnreachableError,
)
from services.notifier.smtp.relays import Relay as Server
from services.notifier.smtp.relays import relays
from tests.bench.sink import Sink
from tests.notifier.relay import DROP, SECRET, SILENCE, STAGES, USER, Relay, certificate

SENDER, TO = "pii@pii.example.vn", "hoa@gddt.example.vn"
MAIL = OnTheWire(
    b"From: <pii@pii.example.vn>\r\nSubject: =?utf-8?q?=C4=90=C3=B4n_=C4=91=E1=BB=91c?=\r\n\r\nhello\r\n"
)
# How a mail's content goes out: made so by the library, as it is, or in one exchange.
BY_LIBRARY, AS_IT_IS, IN_ONE = "by the library", "as it is", "in one exchange"
WAYS = (BY_LIBRARY, AS_IT_IS, IN_ONE)
LOGIN = f"{USER}:{quote(SECRET)}@"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return certificate(tmp_path_factory.mktemp("ca"))


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    async with Relay() as relay:
        yield relay


async def send(connection: SmtpConnection, to: str = TO, message: bytes = MAIL) -> None:
    await connection.send(message, sender=SENDER, to=to)


async def tried(
    urls: str, *, within: float = 2, to: str = TO, message: bytes = MAIL
) -> MailError | None:
    """Send one mail; tell how it ended, within any limit that a person would set."""
    mailer = SmtpMailer(urls, timeout=within, keep=0)
    try:
        async with asyncio.timeout(5), mailer.connect() as connection:
            await send(connection, to, message)
    except MailError as error:
        return error
    return None


class Moment:
    """A clock that stands until it is told to sleep."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


EXPECTED = {
    "connect": UnreachableError,
    "EHLO": UnreachableError,
    "STARTTLS": UnreachableError,
    "AUTH": UnreachableError,
    "MAIL": DeferredError,
    "RCPT": DeferredError,
    "DATA": DeferredError,
    "content": DisconnectedError,
    "QUIT": None,
}


def sent_so(way: str) -> tuple[tuple[str, ...], bytes]:
    """Say what a server must offer for it, and what is handed over."""
    offered = (*Relay().extensions, *(("CHUNKING",) if way == IN_ONE else ()))
    return offered, bytes(MAIL) if way == BY_LIBRARY else MAIL


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", [DROP, SILENCE])
@pytest.mark.parametrize("stage", STAGES)
async def test_whatever_stage_a_server_fails_at_the_outcome_is_known_up_to_the_content(
    tls: tuple[Path, ssl.SSLContext], stage: str, how: str, way: str
) -> None:
    ca, context = tls
    offered, message = sent_so(way)
    async with Relay({stage: how}, offered, auth="PLAIN", tls=context) as relay:
        url = f"smtp://{LOGIN}{relay.name}?tls=starttls&ca={ca}"
        outcome = await tried(url, within=0.3, message=message)
        expected = EXPECTED[stage]
        if stage == "DATA" and way == IN_ONE:
            expected = None  # it is never said
        if stage == "DATA" and way == BY_LIBRARY:
            expected = DisconnectedError  # the library does not tell DATA from what follows it
        assert type(outcome) is (expected or type(None)), outcome
        assert len(relay.mails) == (expected is None)


async def test_a_handshake_that_never_ends_holds_nobody_up(
    tls: tuple[Path, ssl.SSLContext],
) -> None:
    ca, context = tls
    async with Relay({"handshake": SILENCE}, tls=context) as relay:
        outcome = await tried(f"{relay.url}?tls=starttls&ca={ca}", within=0.2)
        assert isinstance(outcome, UnreachableError)
    async with Relay({"connect": SILENCE}) as relay:
        outcome = await tried(f"smtps://{relay.name}?ca={ca}", within=0.2)
        assert isinstance(outcome, UnreachableError)


async def test_a_server_that_reads_nothing_holds_nobody_up_and_gets_no_more_of_it_later(
    relay: Relay,
) -> None:
    relay.answers["reading"] = SILENCE
    mailer = SmtpMailer(relay.url, timeout=1)
    async with asyncio.timeout(5), mailer.connect() as connection:
        with pytest.raises(DisconnectedError):
            await send(connection, message=MAIL + (b"x" * 998 + b"\r\n") * 12_000)
        assert connection.broken
    relay.wake()
    await asyncio.sleep(0.5)
    assert relay.mails == []


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "content"])
async def test_a_server_that_says_421_did_not_take_the_mail_and_costs_the_connection(
    relay: Relay, stage: str
) -> None:
    relay.answers[stage] = "421 4.3.2 shutting down"
    async with SmtpMailer(relay.url, timeout=1).connect() as connection:
        with pytest.raises(DeferredError, match=r"421: 4\.3\.2") as deferred:
            await send(connection)
        assert type(deferred.value) is DeferredError
        assert connection.broken
    assert relay.mails == []


@pytest.mark.parametrize(
    ("stage", "answer", "dead"),
    [
        ("RCPT", "550 5.1.1 no such user", True),
        ("RCPT", "550 5.1.10 RESOLVER.ADR.RecipientNotFound", True),
        ("RCPT", "553 5.1.2 no such domain", True),
        ("RCPT", "550 5.2.1 mailbox disabled", True),
        ("RCPT", "550-5.1.1 The account\r\n550 5.1.1 does not exist", True),
        ("RCPT", "550 User unknown", True),
        ("RCPT", "550 Requested action not taken", False),
        ("RCPT", "554 5.7.1 relaying denied: no such user of ours", False),
        ("RCPT", "552 5.2.2 mailbox full", False),
        ("DATA", "554 5.7.1 no", False),
        ("content", "554 5.7.1 looks like spam", False),
        ("content", "552 5.3.4 too large", False),
        ("MAIL", "552 5.3.4 too large", False),
        ("content", "550 5.1.1 no such user after all", True),
    ],
)
async def test_a_refusal_is_final_and_says_whether_the_address_is_dead(
    relay: Relay, stage: str, answer: str, *, dead: bool
) -> None:
    relay.answers[stage] = answer
    outcome = await tried(relay.url)
    assert isinstance(outcome, RefusedError)
    assert outcome.address_is_dead is dead
    assert str(outcome).startswith(f"SMTP {answer[:3]}: {answer[4:12]}")
    assert "\n" not in str(outcome)


async def test_the_code_that_each_line_repeats_stands_once(relay: Relay) -> None:
    relay.answers["RCPT"] = "550-5.1.1 The account\r\n550-5.1.1 does\r\n550 5.1.1 not exist"
    assert str(await tried(relay.url)) == "SMTP 550: 5.1.1 The account does not exist"


@pytest.mark.parametrize(
    ("stage", "answer"),
    [
        ("RCPT", "450 4.2.0 greylisted"),
        ("content", "452 4.3.1 no space"),
        ("DATA", "451 4.3.0 later"),
        ("MAIL", "550 5.7.1 sender refused: our set-up, not the mail"),
        ("RCPT", "530 5.7.0 must log in first"),
        ("DATA", "503 5.5.1 bad sequence"),
    ],
)
async def test_what_may_work_later_is_deferred_and_the_connection_goes_on(
    relay: Relay, stage: str, answer: str
) -> None:
    async with SmtpMailer(relay.url).connect() as connection:
        relay.answers[stage] = answer
        with pytest.raises(DeferredError, match=answer[:3]) as deferred:
            await send(connection)
        assert type(deferred.value) is DeferredError
        assert not connection.broken
        del relay.answers[stage]
        await send(connection)
    assert relay.connections == 1
    assert [mail.to for mail in relay.mails] == [TO]


async def test_a_refused_mail_does_not_touch_the_next_one(relay: Relay) -> None:
    seen: dict[str, int] = {}

    def greylisting(address: str) -> str:
        seen[address] = seen.get(address, 0) + 1
        return "450 4.2.0 come back" if seen[address] == 1 else "250 OK"

    relay.answers["RCPT"] = greylisting
    async with SmtpMailer(relay.url).connect() as connection:
        for to in ("a@x.vn", "b@x.vn"):
            with pytest.raises(DeferredError, match=r"450: 4\.2\.0"):
                await send(connection, to)
        for to in ("a@x.vn", "b@x.vn"):
            await send(connection, to)
    assert [mail.to for mail in relay.mails] == ["a@x.vn", "b@x.vn"]
    assert relay.words().count("RSET") == 2
    assert relay.connections == 1


@pytest.mark.parametrize("answer", [DROP, SILENCE, "500 what?"])
async def test_a_reset_that_fails_costs_no_mail(relay: Relay, answer: str) -> None:
    relay.answers |= {"RCPT": "450 4.2.0 greylisted", "RSET": answer}
    async with SmtpMailer(relay.url, timeout=0.3).connect() as connection:
        for _ in range(2):
            with pytest.raises(DeferredError) as deferred:
                await send(connection)
            assert type(deferred.value) is DeferredError
    assert relay.mails == []


@pytest.mark.parametrize("answer", ["200 OK", "252 perhaps", "999 what", "hello"])
@pytest.mark.parametrize("way", WAYS)
async def test_an_answer_to_the_content_that_is_neither_yes_nor_no_leaves_it_open(
    way: str, answer: str
) -> None:
    offered, message = sent_so(way)
    async with Relay({"content": answer}, offered) as relay:
        assert type(await tried(relay.url, message=message)) is DisconnectedError


@pytest.mark.parametrize("answer", ["200 OK", "252 perhaps", "999 what", "hello"])
async def test_before_the_content_such_an_answer_means_that_nothing_was_taken(
    relay: Relay, answer: str
) -> None:
    relay.answers["DATA"] = answer
    assert type(await tried(relay.url)) is DeferredError


@pytest.mark.parametrize("way", WAYS)
async def test_a_content_that_is_refused_is_known_to_be_and_costs_the_next_one_nothing(
    way: str,
) -> None:
    offered, message = sent_so(way)
    async with (
        Relay({"content": "554 5.7.1 spam"}, offered) as relay,
        SmtpMailer(relay.url).connect() as connection,
    ):
        with pytest.raises(RefusedError, match=r"SMTP 554: 5\.7\.1 spam"):
            await send(connection, message=message)
        relay.answers.clear()
        await send(connection, message=message)
        assert not connection.broken
    assert [mail.content for mail in relay.mails] == [MAIL]
    assert relay.words().count("RSET") == 1


async def test_what_a_server_says_can_always_be_written_down(relay: Relay) -> None:
    relay.answers["RCPT"] = "550-5.1.1 bo\udceete\x00 inconnue\r\n550 5.1.1 " + "x" * 4000
    words = str(await tried(relay.url))
    assert words.encode().decode().startswith("SMTP 550: 5.1.1 bo\ufffdte  inconnue xxx")
    assert len(words) < 1100


@pytest.mark.parametrize(
    "address",
    ["không-phải-địa-chỉ", "a@b.vn\r\nRCPT TO:<all@example.vn>", "đầu.mối@x.vn", "@x.vn", "a b@x.vn",
     "a@", "a>@x.vn", "a@" + "x" * 300, "root,b@x.vn", "a:root@x.vn", "a@b.vn@c.vn", "a@[", "a@hà..nội.vn"],
)  # fmt: skip
async def test_an_address_that_smtp_cannot_carry_is_dead_and_nothing_is_sent(
    relay: Relay, address: str
) -> None:
    outcome = await tried(relay.url, to=address)
    assert isinstance(outcome, RefusedError)
    assert outcome.address_is_dead
    assert {"MAIL", "RCPT"}.isdisjoint(relay.words())


async def test_a_sender_that_smtp_cannot_carry_is_our_fault_not_the_recipients(
    relay: Relay,
) -> None:
    async with SmtpMailer(relay.url).connect() as connection:
        with pytest.raises(DeferredError, match="sent from"):
            await connection.send(MAIL, sender="không phải", to=TO)
        assert not connection.broken
    assert "MAIL" not in relay.words()


async def test_a_vietnamese_domain_goes_as_punycode(relay: Relay) -> None:
    assert await tried(relay.url, to="hoa@hànội.vn") is None
    domain = relay.mails[0].to.partition("@")[2]
    assert domain.startswith("xn--")
    assert domain.encode().decode("idna") == "hànội.vn"


@pytest.mark.parametrize(
    ("message", "arrives"),
    [
        (b"A: b\r\n\r\n.one\r\n..two\r\n.\r\nend", b"A: b\r\n\r\n.one\r\n..two\r\n.\r\nend\r\n"),
        (b"A: b\n\nbare\n.\nMAIL FROM:<x@y>\n", b"A: b\r\n\r\nbare\r\n.\r\nMAIL FROM:<x@y>\r\n"),
        (b"A: b\r\n\r\ncr\rlf\r\n", b"A: b\r\n\r\ncr\r\nlf\r\n"),
        (b".", b".\r\n"),
        (b"", b"\r\n"),
        ("A: b\r\n\r\nĐôn đốc\r\n".encode(), "A: b\r\n\r\nĐôn đốc\r\n".encode()),
    ],
)
async def test_what_was_written_is_what_the_server_takes(
    relay: Relay, message: bytes, arrives: bytes
) -> None:
    async with SmtpMailer(relay.url).connect() as connection:
        await send(connection, message=message)
        await send(connection)
    assert [mail.content for mail in relay.mails] == [arrives, MAIL]
    told = next(command for command in relay.commands if command.startswith("MAIL"))
    assert ("BODY=8BITMIME" in told) is not message.isascii()


async def test_a_server_that_knows_only_helo_is_spoken_to_in_its_words(relay: Relay) -> None:
    relay.answers["EHLO"] = "502 5.5.2 what?"
    assert await tried(relay.url) is None
    assert relay.words()[:5] == ["EHLO", "HELO", "MAIL", "RCPT", "DATA"]
    assert relay.commands[2] == f"MAIL FROM:<{SENDER}>"


async def test_what_bounces_must_say_is_asked_for_where_the_server_can(relay: Relay) -> None:
    relay.extensions = ("DSN",)
    assert await tried(relay.url, to="a+b@x.vn") is None
    assert await tried(f"{relay.url}?notify=delivered") is None
    mail, rcpt = relay.commands[1:3]
    assert mail.endswith("> RET=HDRS")
    assert rcpt.endswith("> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb@x.vn")
    assert await tried(relay.url, to='"a b"@x.vn') is None
    asked = [command for command in relay.commands if command.startswith("RCPT")]
    assert "NOTIFY=SUCCESS,FAILURE,DELAY" in asked[1]
    assert asked[2].endswith('ORCPT=rfc822;"a+20b"@x.vn')


async def test_a_garbled_or_endless_answer_ends_the_connection() -> None:
    endless = "\r\n".join(["250-more"] * 10_000)
    for answer in ("hello", "25", "999 what", "250-" + "x" * 100_000, endless):
        async with Relay({"MAIL": answer}, ()) as relay:
            assert type(await tried(relay.url)) is DeferredError, answer[:20]


# --- Connections -----------------------------------------------------------------------------


async def test_a_connection_serves_one_batch_after_the_other(relay: Relay) -> None:
    mailer = SmtpMailer(relay.url)
    for _ in range(3):
        async with mailer.connect() as connection:
            assert connection.relay == relay.name
            await send(connection)
    mailer.close()
    assert relay.connections == 1
    assert relay.words().count("NOOP") == 2
    assert len(relay.mails) == 3


async def test_a_connection_that_waited_long_enough_is_closed_politely(relay: Relay) -> None:
    mailer = SmtpMailer(relay.url, keep=0.05)
    async with mailer.connect() as connection:
        await send(connection)
    await asyncio.sleep(0.15)
    assert relay.words()[-1] == "QUIT"
    async with mailer.connect() as connection:
        await send(connection)
    mailer.close()
    assert relay.connections == 2


async def test_a_mailer_that_is_dropped_hangs_up(relay: Relay) -> None:
    mailer = SmtpMailer(relay.url)
    async with mailer.connect() as connection:
        await send(connection)
    del mailer, connection
    gc.collect()
    await asyncio.sleep(0.02)
    assert relay.words()[-1] == "QUIT"


@pytest.mark.parametrize("last", ["", "421 4.4.2 idle for too long\r\n"])
async def test_a_server_that_hung_up_between_batches_or_mails_is_called_again(
    relay: Relay, last: str
) -> None:
    mailer = SmtpMailer(relay.url)
    async with mailer.connect() as connection:
        await send(connection)
        relay.hang_up(last)
        await asyncio.sleep(0.02)
        await send(connection)
        assert not connection.broken
    relay.hang_up(last)
    await asyncio.sleep(0.02)
    async with mailer.connect() as connection:
        await send(connection)
    mailer.close()
    assert relay.connections == 3
    assert len(relay.mails) == 3


async def test_a_kept_connection_that_has_gone_deaf_is_replaced(relay: Relay) -> None:
    mailer = SmtpMailer(relay.url, timeout=0.2)
    async with mailer.connect() as connection:
        await send(connection)
    relay.answers["NOOP"] = SILENCE
    async with mailer.connect() as connection:
        await send(connection)
    mailer.close()
    assert relay.connections == 2
    assert len(relay.mails) == 2


async def test_a_connection_takes_no_more_mails_than_servers_like() -> None:
    async with Sink() as sink:
        mailer = SmtpMailer(sink.url)
        opened = set()
        async with mailer.connect() as connection:
            for _ in range(2 * module.MAX_MAILS + 1):
                await send(connection)
                opened.add(id(connection.opened.session))
        mailer.close()
        assert sink.mails == 2 * module.MAX_MAILS + 1
        assert len(opened) == 3


async def test_a_mail_that_was_stopped_half_way_leaves_no_connection_behind(relay: Relay) -> None:
    relay.answers["content"] = SILENCE
    mailer = SmtpMailer(relay.url)
    async with mailer.connect() as connection:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await send(connection)
        assert connection.broken
    del relay.answers["content"]
    async with mailer.connect() as connection:
        await send(connection)
    mailer.close()
    assert relay.connections == 2


# --- Several relays --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answers",
    [{"connect": "421 4.3.2 too busy"}, {"connect": "450 later"}, {"connect": DROP},
     {"connect": "554 no"}, {"connect": SILENCE}, {"AUTH": "535 5.7.8 wrong"}, {"AUTH": "454 4.7.0 later"}],
)  # fmt: skip
async def test_the_second_relay_takes_over_and_the_first_rests_a_minute(
    answers: dict[str, str],
) -> None:
    clock = Moment()
    async with Relay(answers, auth="PLAIN") as first, Relay() as second:
        urls = f"smtp://{LOGIN}{first.name}, {second.url}"
        mailer = SmtpMailer(urls, timeout=1, keep=0, clock=clock)

        async def relay_of_one_mail() -> str:
            async with mailer.connect() as connection:
                await send(connection)
                return connection.relay

        assert await relay_of_one_mail() == second.name
        first.answers.clear()
        clock.now += 59
        assert await relay_of_one_mail() == second.name
        assert first.connections == 1
        clock.now += 1
        assert await relay_of_one_mail() == first.name
        assert (len(first.mails), len(second.mails)) == (1, 2)


async def test_a_relay_that_is_not_there_at_all_is_passed_over(relay: Relay) -> None:
    assert await tried(f"smtp://127.0.0.1:1\n{relay.url}") is None


async def test_a_relay_that_breaks_in_the_middle_is_left_for_the_other_one() -> None:
    async with Relay({"MAIL": DROP}) as first, Relay() as second:
        mailer = SmtpMailer(f"{first.url} {second.url}", keep=0)
        async with mailer.connect() as connection:
            with pytest.raises(DeferredError):
                await send(connection)
        async with mailer.connect() as connection:
            assert connection.relay == second.name
            await send(connection)


async def test_where_none_works_it_says_what_each_answered_and_goes_on_trying_one() -> None:
    clock = Moment()
    async with Relay({"connect": "554 5.3.2 no"}) as first, Relay({"EHLO": DROP}) as second:
        mailer = SmtpMailer(f"{first.url} {second.url}", timeout=1, clock=clock)
        with pytest.raises(UnreachableError) as nobody:
            await mailer.dial()
        assert f"{first.name}: SMTP 554: 5.3.2 no" in str(nobody.value)
        assert f"{second.name}: SMTP: Unexpected EOF received" in str(nobody.value)
        first.answers.clear()
        clock.now += 10
        async with mailer.connect() as connection:
            assert connection.relay == first.name
        mailer.close()
        assert second.connections == 1


async def test_no_more_mails_leave_in_a_second_than_the_relay_likes() -> None:
    clock = Moment()
    async with Sink() as sink:
        mailer = SmtpMailer(f"{sink.url}&rate=4", clock=clock, sleep=clock.sleep)
        start = clock.now
        async with mailer.connect() as connection:
            for _ in range(9):
                await send(connection)
        mailer.close()
        assert clock.now - start == pytest.approx(2.0)
        assert clock.slept == [pytest.approx(0.25)] * 8
        clock.now += 60
        async with mailer.connect() as connection:  # what was not used is not saved up
            for _ in range(3):
                await send(connection)
        mailer.close()
        assert len(clock.slept) == 10


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.vn", Server("mail.vn", 25)),
        ("smtp://127.0.0.1:2525?tls=none", Server("127.0.0.1", 2525, start_tls=False)),
        ("smtp://[::1]:2525", Server("::1", 2525)),
        (
            "smtp://pii:p%40s%2Fs@mail.vn:587",
            Server("mail.vn", 587, "pii", "p@s/s", start_tls=True),
        ),
        (
            "smtp://pii:x@localhost:25?tls=none",
            Server("localhost", 25, "pii", "x", start_tls=False),
        ),
        ("smtp://pii:x@localhost:25", Server("localhost", 25, "pii", "x")),
        ("smtp://mail.vn:587?tls=starttls", Server("mail.vn", 587, start_tls=True)),
        ("smtps://mail.vn", Server("mail.vn", 465, use_tls=True, start_tls=False)),
        ("smtp://mail.vn?tls=tls", Server("mail.vn", 465, use_tls=True, start_tls=False)),
        (
            "smtp://mail.vn?rate=0.5&ca=/etc/ca.pem&notify=delivered",
            Server("mail.vn", 25, ca="/etc/ca.pem", rate=0.5, notify=True),
        ),
    ],
)
def test_an_smtp_url_says_where_and_how(url: str, expected: Server) -> None:
    assert relays(url) == (expected,)


@pytest.mark.parametrize(
    "url",
    ["", "  ,", "http://mail.vn", "smtp://", "smtp://mail.vn?tls=maybe", "smtp://mail.vn?ssl=1",
     "smtps://m.vn?tls=none", "smtp://pii:geheim@mail.vn?tls=none", "smtp://m.vn?rate=0",
     "smtp://m.vn?rate=fast", "smtp://m.vn?rate=nan", "smtp://m.vn?notify=all",
     "smtp://m.vn?tls=none&ca=/x", "smtp://pii:geh/eim@m.vn", "smtp://m.vn smtp://"],
)  # fmt: skip
def test_a_url_that_says_something_else_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP_URL") as refused:
        relays(url)
    assert "geh" not in str(refused.value)


def test_an_authority_that_cannot_be_read_is_told_at_the_start(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()
    for path in (tmp_path / "nothing.pem", empty):
        with pytest.raises(ValueError, match="cannot be read"):
            SmtpMailer(f"smtp://mail.vn?ca={path}")


def test_a_password_is_never_shown() -> None:
    assert "geheim" not in repr(relays("smtp://pii:geheim@mail.vn"))


# --- Trust -----------------------------------------------------------------------------------


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("auth", ["PLAIN LOGIN", "LOGIN"])
async def test_it_logs_in_over_tls_with_an_authority_of_ones_own(
    tls: tuple[Path, ssl.SSLContext], auth: str, *, implicit: bool
) -> None:
    ca, context = tls
    async with Relay(tls=context, implicit=implicit, auth=auth) as relay:
        scheme = "smtps" if implicit else "smtp"
        assert await tried(f"{scheme}://{LOGIN}{relay.name}?ca={ca}") is None
        assert len(relay.mails) == 1
        assert ("STARTTLS" in relay.words()) is not implicit
        assert "AUTH" in relay.words()


@pytest.mark.parametrize("options", ["", "?tls=starttls"])
async def test_a_certificate_that_nobody_vouches_for_is_never_taken(
    tls: tuple[Path, ssl.SSLContext], options: str
) -> None:
    async with Relay(tls=tls[1]) as relay:
        outcome = await tried(relay.url + options)
        assert isinstance(outcome, UnreachableError)
        assert "certificate verify failed" in str(outcome)
        assert relay.mails == []


async def test_a_certificate_of_another_machine_is_not_taken(tmp_path: Path) -> None:
    ca, context = certificate(tmp_path, "mail.example.vn")
    async with Relay(tls=context) as relay:
        outcome = await tried(f"{relay.url}?tls=starttls&ca={ca}")
        assert "certificate verify failed" in str(outcome)


async def test_it_never_does_without_tls_where_tls_is_wanted(relay: Relay) -> None:
    outcome = await tried(f"{relay.url}?tls=starttls")
    assert "STARTTLS extension not supported" in str(outcome)
    assert relay.words() == ["EHLO"]


async def test_words_put_into_the_servers_mouth_before_tls_are_not_listened_to(
    tls: tuple[Path, ssl.SSLContext],
) -> None:
    ca, context = tls
    injected = "220 go\r\n250-relay.test\r\n250 DSN"
    async with Relay({"STARTTLS": injected}, tls=context) as relay:
        assert await tried(f"{relay.url}?tls=starttls&ca={ca}") is None
        assert relay.words()[:4] == ["EHLO", "STARTTLS", "EHLO", "MAIL"]
        assert "RET=" not in relay.commands[3]


async def test_a_wrong_password_is_said_without_the_password(relay: Relay) -> None:
    relay.auth = "PLAIN"
    outcome = await tried(f"smtp://{USER}:geheim@{relay.name}")
    assert isinstance(outcome, UnreachableError)
    assert str(outcome) == f"{relay.name}: SMTP 535: 5.7.8 wrong"


# --- Speed -----------------------------------------------------------------------------------


async def test_a_mail_takes_four_exchanges_and_a_connection_one(relay: Relay) -> None:
    async with SmtpMailer(relay.url).connect() as connection:
        for _ in range(3):
            await send(connection)
    assert relay.words() == ["EHLO", *(["MAIL", "RCPT", "DATA"] * 3)]


async def test_where_the_server_takes_chunks_it_is_three() -> None:
    offered, message = sent_so(IN_ONE)
    async with (
        Relay(extensions=offered) as relay,
        SmtpMailer(relay.url).connect() as connection,
    ):
        await send(connection, message=message)
        await send(connection, message=bytes(message))  # of which nobody knows that it is fit
    assert relay.words() == ["EHLO", "MAIL", "RCPT", "BDAT", "MAIL", "RCPT", "DATA"]
    assert relay.commands[3] == f"BDAT {len(MAIL)} LAST"
    assert [mail.content for mail in relay.mails] == [MAIL, MAIL]
