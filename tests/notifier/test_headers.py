from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default
from email.utils import parseaddr
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.mail.headers import (
    UnusableAddressError,
    encoded,
    fit,
    fit_lines,
    mailbox,
    one_line,
    pieces,
)
from shared.names import domain_of, thread_id

VIETNAMESE = st.text(
    st.sampled_from('aăâbcdđeêghiklmnoôơpqrstuưvxyỷệữộấĐÔ 0123.–,():;"<>@[]=?_%&'), max_size=120
)
NAMES = ("From", "Subject", "X-PII-Trace-Id")


@given(VIETNAMESE.map(one_line), st.sampled_from(NAMES))
def test_a_text_arrives_as_it_was_written(text: str, name: str) -> None:
    raw = f"{name}: {encoded(text, name)}\r\n\r\n".encode("ascii")
    arrived = message_from_bytes(raw)[name].replace("\r\n", "")
    assert str(make_header(decode_header(arrived))) == text
    if not text.isascii():
        assert max(len(line) for line in raw.split(b"\r\n")) <= 76


def test_the_accents_of_a_subject_arrive() -> None:
    text = one_line("Đôn đốc: quá hạn 3 ngày – Tỷ lệ chi cho nghiên cứu, phát triển trên GRDP")
    raw = f"Subject: {encoded(text, 'Subject')}\r\n\r\n".encode("ascii")
    assert message_from_bytes(raw, policy=default)["Subject"] == text


@given(st.text(max_size=60))
def test_one_line_is_one_line_that_cannot_be_shown_another_way(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert "=?" not in line
    assert one_line(line) == line
    for mark in "\u202e\u2066\u200f\u2028\r\n\x00":
        assert mark not in one_line(f"{mark}=\u200e?{text}{mark}")
        assert "=?" not in one_line(f"={mark}?{text}")


def test_longer_words_keep_their_lines_and_other_words_do_not() -> None:
    typed = "  Bảng 3\r\nvà\x00 bảng\u202e 4\u00a0sai\n"
    assert fit_lines(typed) == "Bảng 3\nvà bảng 4 sai"
    assert fit("một\r\nhai\tba") == "một hai ba"


@given(st.text(max_size=60), st.integers(4, 20), st.integers(4, 20))
def test_pieces_are_whole_characters_and_add_up(text: str, first: int, rest: int) -> None:
    data = text.encode(errors="ignore")
    found = list(pieces(data, first, rest))
    assert b"".join(found) == data
    assert len(found[0]) <= first
    assert all(len(piece) <= rest for piece in found[1:])
    assert "".join(piece.decode() for piece in found) == data.decode()


@given(VIETNAMESE)
def test_a_name_arrives_beside_its_address(name: str) -> None:
    raw = f"To: {mailbox(name, 'hoa@gddt.example.vn', 'To')}\r\n\r\n".encode("ascii")
    shown, address = parseaddr(str(message_from_bytes(raw)["To"]).replace("\r\n", ""))
    assert address == "hoa@gddt.example.vn"
    assert str(make_header(decode_header(shown))) == one_line(name)[:120].rstrip()


@pytest.mark.parametrize(
    "name",
    [
        "Hoa\r\nBcc: all@example.vn\r\n\r\nxin chào",
        "=?utf-8?q?=0ABcc:_all@example.vn=0A=0AHello?=",
        "=\u200e?utf-8?b?CkJjYzogYQo=?=",
        'a" <b@c.vn>, "d',
        "a\\",
        "<script>, (b)",
        "x" * 5000,
    ],
)
def test_a_name_makes_no_header_and_no_second_address(name: str) -> None:
    raw = f"To: {mailbox(name, 'hoa@gddt.example.vn', 'To')}\r\n\r\n".encode("ascii")
    parsed = message_from_bytes(raw, policy=default)
    assert list(parsed.keys()) == ["To"]
    assert [found.addr_spec for found in parsed["To"].addresses] == ["hoa@gddt.example.vn"]
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


@pytest.mark.parametrize(
    "address",
    ["", "hoa", "@x.vn", "a@", "a@b.vn\r\nBcc: c@d.vn", "a@b.vn, c@d.vn", "a b@c.vn", "hoà@b.vn",
     "a@b.vn\n", "<a@b.vn>", "a@[", f"{'a' * 250}@b.vn"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(UnusableAddressError):
        mailbox("Hoa", address, "To")


@pytest.mark.parametrize("address", ["hoa@b", "o'hara@b.vn", "a.b+c@d-e.gov.vn"])
def test_a_rare_address_is_taken(address: str) -> None:
    assert mailbox("", address, "To") == address


def test_a_thread_is_named_by_its_duty() -> None:
    assert thread_id(UUID(int=7), domain="x.vn") == f"<pii.thread.{UUID(int=7)}@x.vn>"


def test_the_domain_is_that_of_our_own_address() -> None:
    assert domain_of("PII Hà Nội <pii@so.hanoi.gov.vn>") == "so.hanoi.gov.vn"
    assert domain_of("pii") == "localhost"
