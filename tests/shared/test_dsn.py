"""What real servers send back is read for what it says; nothing that anybody can send is an error."""

import time
from email import message_from_bytes
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import dsn
from shared.dsn import ACTIONS, LIMIT, MOST, Report, reports
from shared.status import is_dead, status_in
from tests.shared import returned
from tests.shared.returned import OURS, TO


def only(raw: bytes) -> Report:
    (report,) = reports(raw)
    assert report.message_ids[0] == OURS
    return report


@pytest.mark.parametrize(
    ("raw", "status", "words"),
    [
        (returned.postfix(), "5.1.1", "Recipient address rejected: User unknown"),
        (returned.exchange(), "5.1.10", "RESOLVER.ADR.RecipientNotFound"),
        (returned.gmail(), "5.1.1", "The email account that you tried to reach does not exist."),
        (returned.qmail(), "5.1.1", "Sorry, no mailbox here by that name."),
        (returned.encoded(), "5.2.1", "Hộp thư đã bị khóa"),
    ],
)
def test_a_bounce_names_the_mail_the_recipient_and_the_reason(
    raw: bytes, status: str, words: str
) -> None:
    for written in (raw, raw.replace(b"\r\n", b"\n")):
        report = only(written)
        assert (report.recipient, report.action, report.status) == (TO, "failed", status)
        assert words in report.diagnostic
        assert "\n" not in report.diagnostic
        assert is_dead(report.status, report.diagnostic)


def test_a_bounce_for_people_is_read_up_to_the_copy_of_our_own_mail() -> None:
    first, second = reports(returned.exim_in_prose())
    assert first.message_ids == second.message_ids == (OURS,)
    assert (first.recipient, first.status, first.action) == (TO, "5.1.1", "failed")
    assert (second.recipient, second.status) == ("other@gddt.example.vn", "5.0.0")
    assert is_dead(second.status, second.diagnostic)


def test_a_delay_is_no_failure() -> None:
    assert only(returned.exim_waits())[1:5] == (TO, "", "delayed", "4.0.0")
    delayed = returned.postfix(action="delayed", status="4.4.1", said="connect timed out")
    assert only(delayed)[3:5] == ("delayed", "4.4.1")


def test_a_delivery_is_told_too() -> None:
    report = only(returned.postfix(action="delivered", status="2.0.0", said="250 2.0.0 OK"))
    assert (report.action, report.status) == ("delivered", "2.0.0")


def test_a_domain_in_vietnamese_comes_as_it_is_written() -> None:
    report = only(returned.global_report())
    assert report.recipient == "hoa@hànội.vn"
    assert report.diagnostic == "550 không có tên miền này"


def test_each_recipient_has_his_own_outcome() -> None:
    raw = returned.several(
        "Final-Recipient: rfc822; a@x.vn\nAction: failed\nStatus: 5.1.1",
        "Final-Recipient: rfc822; b@x.vn\nAction: delivered\nStatus: 2.1.5",
        "Final-Recipient: RFC822;c@y.vn\nOriginal-Recipient: rfc822;c@x.vn\nAction: Relayed (to a fax)\nStatus: 2.0.0",
        "FINAL-RECIPIENT : x400; d@x.vn\nACTION: EXPANDED\nSTATUS: 2.0.0 (list)",
        "Action: failed\nStatus: 5.1.1",
    )
    assert [report[1:5] for report in reports(raw)] == [
        ("a@x.vn", "", "failed", "5.1.1"),
        ("b@x.vn", "", "delivered", "2.1.5"),
        ("c@y.vn", "c@x.vn", "relayed", "2.0.0"),
        ("d@x.vn", "", "expanded", "2.0.0"),
    ]


@pytest.mark.parametrize(
    ("fields", "action", "status"),
    [
        ("Action: failed", "failed", "5.0.0"),
        ("Status: 5.7.1", "failed", "5.7.1"),
        ("Status: 4.2.2", "delayed", "4.2.2"),
        ("Action: bounced\nStatus: 5.1.1", "failed", "5.1.1"),
        ("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 5.1.1 x", "failed", "5.1.1"),
        ("Action: failed\nStatus: 4.0.0\nDiagnostic-Code: smtp; 550 5.1.1 x", "failed", "4.0.0"),
        ("Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.7.1 x", "failed", "5.1.1"),
        ("Action: failed\nDiagnostic-Code: smtp; 452 4.2.2 full", "failed", "4.2.2"),
        ("Action: failed\nDiagnostic-Code: smtp; 554 no", "failed", "5.0.0"),
        ("Action: failed\nDiagnostic-Code: 550 5.4.310 DNS", "failed", "5.4.310"),
    ],
)
def test_what_a_server_leaves_out_is_taken_from_what_it_says_elsewhere(
    fields: str, action: str, status: str
) -> None:
    report = only(returned.several(f"Final-Recipient: rfc822; {TO}\n{fields}"))
    assert (report.action, report.status) == (action, status)


@pytest.mark.parametrize(
    "raw", [returned.ABSENT, returned.READ_RECEIPT, b"", b"\r\n\r\n", b"hello"]
)
def test_an_answer_an_absence_and_a_receipt_are_no_bounces(raw: bytes) -> None:
    assert reports(raw) == []


def test_a_bounce_that_was_cut_off_is_read_as_far_as_it_goes() -> None:
    raw = returned.postfix()
    cut = raw[: raw.index(b"Content-Description: Undelivered")]
    (report,) = reports(cut)
    assert (report.recipient, report.status, report.message_ids) == (TO, "5.1.1", ())


def test_the_returned_mail_comes_before_the_thread() -> None:
    raw = b"In-Reply-To: <thread@x>\r\nReferences: <older@x> <thread@x>\r\n" + returned.postfix()
    (report,) = reports(raw)
    assert report.message_ids == (OURS, "<thread@x>", "<older@x>")


def test_a_mail_without_end_is_bounded_in_what_it_says_and_costs() -> None:
    block = (
        "Final-Recipient: rfc822; a@x.vn\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; "
    )
    raw = returned.several(*[block + "x" * 2_000] * 1_000)
    found = reports(raw)
    assert 1 <= len(found) <= MOST
    assert all(len(report.diagnostic) <= 500 for report in found)
    ids = b"References: " + b" ".join(b"<%d@x>" % n for n in range(10_000)) + b"\r\n"
    assert all(len(report.message_ids) <= MOST for report in reports(ids + returned.postfix()))


@pytest.mark.parametrize(
    "raw",
    [
        b"From: mailer-daemon@x\n\n" + b"a@x\n" * 250_000,
        b"From: mailer-daemon@x\n\n" + b"-" * 1_000_000,
        b"From: mailer-daemon@x\n\n" + b"\n \n" * 300_000,
        b"From: mailer-daemon@x\n\n" + b"message-id:" * 90_000,
        b"X-Failed-Recipients: " + b"(" * 500_000 + b"\n\na@x\n",
        b"X-Failed-Recipients: " + b"a@x, " * 100_000 + b"\n\na@x\n",
        b"Content-Type: message/delivery-status\n\n" + b"Final-Recipient: a@x\n\n" * 40_000,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\nContent-Type: message/rfc822\n\n" * 30_000,
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(9_000)),
        b"Subject: " + b"=?utf-8?q?" * 100_000,
        b"References: " + b"<" * 1_000_000,
    ],
    ids=[str(number) for number in range(11)],
)  # fmt: skip
def test_a_mail_that_was_made_to_be_slow_is_not(raw: bytes) -> None:
    started = time.process_time()
    reports(raw)
    assert time.process_time() - started < 4
    assert len(raw) <= 2 * LIMIT


LINES = st.one_of(
    st.sampled_from(
        [line for raw in (returned.postfix(), returned.exchange(), returned.encoded(),
                          returned.exim_in_prose(), returned.global_report())
         for line in raw.split(b"\r\n")]
    ),
    st.binary(max_size=30),
    st.builds(
        lambda name, value: name + b": " + value,
        st.sampled_from([b"Status", b"Action", b"Final-Recipient", b"Content-Type", b"Message-ID",
                         b"Content-Transfer-Encoding", b"X-Failed-Recipients", b"From"]),
        st.binary(max_size=40),
    ),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, max_size=60), st.sampled_from([b"\r\n", b"\n"]))
def test_whatever_comes_it_is_read_without_an_error(lines: list[bytes], end: bytes) -> None:
    for report in reports(end.join(lines)):
        well_formed(report)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_bounce_is_read_without_an_error(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from([returned.postfix(), returned.gmail()])))
    for place in data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=12)):
        raw[place] = data.draw(st.integers(0, 255))
    for report in reports(bytes(raw)):
        well_formed(report)


def well_formed(report: Report) -> None:
    assert report.action in ACTIONS
    assert report.recipient
    assert status_in(report.status) == report.status
    for text in (*report.message_ids, report.recipient, report.original, report.diagnostic):
        assert "\0" not in text
        text.encode()  # a database takes it


def test_the_library_s_own_faults_are_rare_enough_to_see_ours() -> None:
    """What ``reports`` hides is looked at here: no bounce of the corpus needs it to."""
    for raw in (returned.postfix(), returned.exchange(), returned.exim_in_prose(), returned.gmail(),
                returned.qmail(), returned.encoded(), returned.global_report(),
                returned.ABSENT, returned.READ_RECEIPT):  # fmt: skip
        list(dsn._reports(message_from_bytes(raw, policy=dsn._AS_IT_IS)))  # noqa: SLF001


@pytest.mark.parametrize(
    ("status", "words", "dead"),
    [
        *((status, "x", True) for status in ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4")),
        *((status, "no such user", False) for status in ("5.7.1", "5.2.2", "5.3.4", "4.1.1", "5.1.8")),
        ("5.0.0", "User unknown", True),
        ("5.0.0", "unknown reason", False),
        (None, "Recipient address rejected: User unknown in virtual mailbox table", True),
        (None, "no such user", True),
        (None, "The user you are trying to contact is receiving mail too quickly", False),
        (None, "sender address rejected by policy", False),
    ],
)  # fmt: skip
def test_an_address_is_dead_where_nobody_will_ever_read_it(
    status: str | None, words: str, *, dead: bool
) -> None:
    assert is_dead(status, words) is dead


def test_a_code_stands_in_front_and_is_no_date() -> None:
    assert status_in("5.1.1 no such user") == "5.1.1"
    assert status_in("5.1.10") == "5.1.10"
    for words, after in product(
        ("see 5.1.1", "5.1.2027", "5.1.1.1", "15.1.1", "3.1.1", ""), (" x",)
    ):
        assert status_in(words + after) is None
