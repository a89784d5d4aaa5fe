"""Nothing is sent to what stands inside: not by name, not by number, not on the second look-up."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.webhooks.sender import READ_LIMIT, Sender
from shared.outward import Outward, is_open, resolve_host
from tests.webhooks.conftest import LOOPBACK
from tests.webhooks.receiver import Got, Receiver, Reply, always

CLOSED = [
    "0.0.0.1", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.168.1.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255", "168.63.129.16",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::808:808",
    "64:ff9b:1::1", "100::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%1", "fec0::1", "ff02::1",
    "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1",
]  # fmt: skip
OPEN = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:4700::1111"]


class Names:
    """A resolver that answers each look-up in turn, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.asked: list[str] = []
        self._answers = list(answers)

    async def __call__(self, host: str, _port: int) -> Sequence[str]:
        self.asked.append(host)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@pytest.mark.parametrize("address", CLOSED)
async def test_no_address_inside_is_open_by_number_or_by_name(address: str) -> None:
    nothing = Outward()
    assert not is_open(ipaddress.ip_address(address))
    assert not nothing.permits("hooks.example.org", address)
    by_name = await nothing.fault("https://hooks.example.org/", Names([address]))
    mixed = await nothing.fault("https://hooks.example.org/", Names(["1.1.1.1", address]))
    assert (by_name, mixed) == ("address", "address")
    sender = Sender(nothing, resolve=Names([address]))
    answer = await sender.send("https://hooks.example.org/", b"{}", {})
    await sender.close()
    assert (answer.status, answer.error) == (None, "address refused")


@pytest.mark.parametrize("address", OPEN)
async def test_the_internet_is_open(address: str) -> None:
    assert is_open(ipaddress.ip_address(address))
    assert await Outward().fault("https://hooks.example.org/", Names([address])) is None


@given(st.ip_addresses(v=4))
def test_what_the_registry_calls_private_is_never_open(address: ipaddress.IPv4Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved:
        assert not is_open(address)


@given(st.ip_addresses(v=4))
def test_no_dress_of_an_ipv4_address_is_open(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for dressed in (
        ipaddress.IPv6Address((0xFFFF << 32) | number),
        ipaddress.IPv6Address((0x64FF9B << 96) | number),
        ipaddress.IPv6Address((0x2002 << 112) | (number << 80)),
    ):
        assert not is_open(dressed)


async def test_an_operator_may_allow_blocks_and_hosts() -> None:
    allowed = Outward.of(["10.1.2.0/24", "fd12::/16", "kho.noi-bo.vn", "192.168.0.7"])
    assert allowed.permits("x", "10.1.2.3")
    assert allowed.permits("x", "fd12::1")
    assert allowed.permits("x", "192.168.0.7")
    assert allowed.permits("KHO.noi-bo.vn", "10.9.9.9")
    assert not allowed.permits("khac.noi-bo.vn", "10.9.9.9")
    assert not allowed.permits("x", "10.1.3.1")


async def test_a_name_that_nobody_knows_is_told_as_such() -> None:
    async def unknown(_host: str, _port: int) -> Sequence[str]:
        raise OSError

    assert await Outward().fault("https://khong-co.example.org/", unknown) == "unknown_host"
    assert await Outward().fault("https://khong-co.example.org/", Names([])) == "address"


async def test_plain_http_is_for_who_asked_for_it() -> None:
    names = Names(["1.1.1.1"])
    assert await Outward().fault("http://hooks.example.org/", names) == "scheme"
    assert await Outward(plain_http=True).fault("http://hooks.example.org/", names) is None
    assert await Outward(plain_http=True).fault("file:///etc/passwd", names) == "scheme"


async def test_the_system_resolves_numbers_in_any_dress() -> None:
    for host in ("127.1", "2130706433", "0x7f000001", "0177.0.0.1"):
        assert await resolve_host(host, 80) == ["127.0.0.1"]


async def test_a_name_that_turns_inside_after_it_was_taken_gets_nothing(receiver: Receiver) -> None:
    names = Names(["1.1.1.1"], ["127.0.0.1"])
    url = f"http://hooks.example.org:{receiver.port}/"
    outward = Outward(plain_http=True)
    assert await outward.fault(url, names) is None
    sender = Sender(outward, resolve=names)
    answer = await sender.send(url, b"{}", {})
    await sender.close()
    assert answer.error == "address refused"
    assert receiver.connections == 0


async def test_the_connection_goes_to_the_address_that_was_looked_at(receiver: Receiver) -> None:
    # A second look-up would lead elsewhere: there is none.
    names = Names(["127.0.0.1"], ["192.0.2.1"])
    sender = Sender(LOOPBACK, resolve=names)
    url = f"http://hooks.example.org:{receiver.port}/a?b=c"
    answer = await sender.send(url, b"{}", {})
    await sender.close()
    assert answer.status == 204
    assert names.asked == ["hooks.example.org"]
    assert receiver.got[0].headers["host"] == f"hooks.example.org:{receiver.port}"
    assert receiver.got[0].path == "/a?b=c"


async def test_no_proxy_of_the_environment_is_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    sender = Sender(LOOPBACK)
    assert (await sender.send(receiver.url, b"{}", {})).status == 204
    await sender.close()


def certificates(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    """Make a certificate that vouches for itself, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    ca, private = folder / f"{name}.pem", folder / f"{name}.key"
    ca.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(ca, private)
    return ca, context


async def test_tls_is_verified_for_the_name_though_the_address_is_fixed(tmp_path: Path) -> None:
    ca, context = certificates(tmp_path, "hooks.example.org")
    async with Receiver(tls=context) as receiver:
        sender = Sender(LOOPBACK, ca_file=ca, resolve=Names(["127.0.0.1"]))
        good = await sender.send(f"https://hooks.example.org:{receiver.port}/", b"{}", {})
        # The same server at the same address under another name: a kept connection is not reused.
        other = await sender.send(f"https://other.example.org:{receiver.port}/", b"{}", {})
        await sender.close()
        stranger = Sender(LOOPBACK, resolve=Names(["127.0.0.1"]))
        unknown = await stranger.send(f"https://hooks.example.org:{receiver.port}/", b"{}", {})
        await stranger.close()
    assert good.status == 204
    assert other.status is None
    assert "CERTIFICATE_VERIFY_FAILED" in (other.error or "")
    assert unknown.status is None
    assert "CERTIFICATE_VERIFY_FAILED" in (unknown.error or "")
    assert len(receiver.got) == 1


async def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    async with Receiver() as target:
        receiver.answering = always(302, ("location", target.url))
        sender = Sender(LOOPBACK)
        answer = await sender.send(receiver.url, b"{}", {})
        await sender.close()
        assert answer.status == 302
        assert target.connections == 0


async def test_of_a_long_answer_a_little_is_read_and_less_is_kept(receiver: Receiver) -> None:
    receiver.answering = always(500, body=b"\x00\x1b[31m" + b"x" * (50 * READ_LIMIT))
    sender = Sender(LOOPBACK)
    answer = await sender.send(receiver.url, b"{}", {})
    await sender.close()
    assert answer.status == 500
    assert len(answer.text) == 1_000
    assert answer.text.startswith("\ufffd\ufffd[31mxxx")


async def test_who_takes_too_long_or_is_not_there_is_told_apart(receiver: Receiver) -> None:
    async def never(_got: Got) -> Reply:
        await asyncio.sleep(30)
        return Reply()

    receiver.answering = never
    sender = Sender(LOOPBACK, total=0.2)
    slow = await sender.send(receiver.url, b"{}", {})
    gone = await sender.send("http://127.0.0.1:1/", b"{}", {})
    await sender.close()
    assert slow.error == "timeout"
    assert slow.ms < 2_000
    assert (gone.error or "").startswith("connection")
