import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.mail import (
    Letter,
    UnusableAddressError,
    WhomToCall,
    domain_of,
    message_id,
    one_line,
    write,
)

CALL = WhomToCall(
    "Sở Khoa học và Công nghệ", "Trần Văn Bình", "024 3943 1111", "binh@khcn.example.vn"
)
LETTER = Letter(
    assignment_id=UUID(int=7),
    due_on=date(2026, 12, 10),
    kind="figure",
    step_days=3,
    audience="officer",
    recipient="hoa@gddt.example.vn",
    recipient_name="Nguyễn Thị Hoa",
    message_id="<reminder.1@pii.example.vn>",
    trace_id="ab" * 16,
    period="Kỳ báo cáo năm 2026",
    made_up=False,
    indicator_code="2.1.1",
    indicator="Điểm thi tốt nghiệp THPT",
    component="",
    organisation="Sở Giáo dục và Đào tạo",
    organisation_en="",
    role="lead",
    legal_basis="Mục II.4.3 Kế hoạch 234/KH-UBND ngày 06/8/2024",
    returned_because="",
)
VIETNAMESE = st.text(
    st.sampled_from('aăâbcdđeêghiklmnoôơpqrstuưvxyỷệữộấĐÔ 0123.–,():;"<>@[]=?_%&'), max_size=90
)


def received(
    letter: Letter = LETTER, *, call: WhomToCall | None = CALL, day: int = 13
) -> EmailMessage:
    """Write it, put it on the wire, and read it as a mail program does."""
    message = write(
        letter,
        call=call,
        mail_from="PII Hà Nội <pii@pii.example.vn>",
        public_url="https://pii.example.vn/",
        now=datetime(2026, 12, day, 1, tzinfo=UTC),
    )
    parsed = message_from_bytes(message.as_bytes(), policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def bodies(message: EmailMessage) -> tuple[str, str]:
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content(), html.get_content()


def test_it_names_duty_basis_deadline_days_late_what_to_do_and_whom_to_call() -> None:
    for body in bodies(received()):
        for words in (
            "Kính gửi:",
            "Sở Giáo dục và Đào tạo",
            "2.1.1 Điểm thi tốt nghiệp THPT",
            "Cung cấp số liệu kèm tài liệu minh chứng",
            "Kỳ báo cáo năm 2026",
            "Mục II.4.3 Kế hoạch 234/KH-UBND ngày 06/8/2024",
            "23:59:59 ngày 10/12/2026",
            "quá hạn 3 ngày",
            "Đính kèm tài liệu minh chứng",
            "https://pii.example.vn/v1/assignments/00000000-0000-0000-0000-000000000007",
            "Sở Khoa học và Công nghệ",
            "Trần Văn Bình",
            "024 3943 1111",
            "binh@khcn.example.vn",
            "3 days overdue",
        ):
            assert words in body
        assert "MINH HỌA" not in body


def test_its_headers_say_who_why_and_which() -> None:
    message = received()
    assert str(message["From"]) == "PII Hà Nội <pii@pii.example.vn>"
    assert str(message["To"]) == "Nguyễn Thị Hoa <hoa@gddt.example.vn>"
    assert message["Reply-To"].addresses[0].addr_spec == "binh@khcn.example.vn"
    assert message["Message-ID"] == "<reminder.1@pii.example.vn>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-PII-Trace-Id"] == "ab" * 16
    assert message["X-PII-Assignment"] == str(UUID(int=7))
    assert message["X-PII-Step"] == "3"
    assert message["Date"].datetime == datetime(2026, 12, 13, 1, tzinfo=UTC)
    assert not [name for name in message.keys() if name.lower().startswith("list-")]  # noqa: SIM118 a mail repeats keys


@pytest.mark.parametrize(
    ("day", "subject"),
    [
        (5, "[PII] Nhắc việc: còn 5 ngày – 2.1.1 Điểm thi tốt nghiệp THPT"),
        (10, "[PII] Nhắc việc: đến hạn hôm nay – 2.1.1 Điểm thi tốt nghiệp THPT"),
        (13, "[PII] Đôn đốc: quá hạn 3 ngày – 2.1.1 Điểm thi tốt nghiệp THPT"),
    ],
)
def test_the_subject_says_how_urgent_it_is(day: int, subject: str) -> None:
    assert received(day=day)["Subject"] == subject


def test_the_deadline_day_ends_at_midnight_in_hanoi() -> None:
    def subject(now: datetime) -> str:
        return str(
            write(LETTER, call=CALL, mail_from="p@x.vn", public_url="http://x", now=now)["Subject"]
        )

    assert "đến hạn hôm nay" in subject(datetime(2026, 12, 10, 16, 59, 59, tzinfo=UTC))
    assert "quá hạn 1 ngày" in subject(datetime(2026, 12, 10, 17, 0, 0, tzinfo=UTC))


def test_subject_and_bodies_are_nfc_whatever_was_typed() -> None:
    typed = replace(
        LETTER,
        indicator=unicodedata.normalize("NFD", LETTER.indicator),
        organisation=unicodedata.normalize("NFD", LETTER.organisation),
    )
    message = received(typed)
    for text in (message["Subject"], *bodies(message)):
        assert unicodedata.is_normalized("NFC", text)
    assert "Điểm thi tốt nghiệp THPT" in message["Subject"]


@given(VIETNAMESE, VIETNAMESE)
def test_headers_arrive_as_they_were_written(indicator: str, name: str) -> None:
    written = write(
        replace(LETTER, indicator=indicator, recipient_name=name),
        call=CALL,
        mail_from="PII Hà Nội <pii@pii.example.vn>",
        public_url="http://x",
        now=datetime(2026, 12, 13, 1, tzinfo=UTC),
    )
    raw = written.as_bytes()
    parsed = message_from_bytes(raw, policy=default)
    assert one_line(parsed["Subject"]) == one_line(
        f"[PII] Đôn đốc: quá hạn 3 ngày – 2.1.1 {indicator}"
    )
    # The newer parser puts spaces between the encoded words of a name; RFC 2047 and mail programs do not.
    line = str(message_from_bytes(raw)["To"]).replace("\r\n", "")
    shown, address = parseaddr(line)
    assert str(make_header(decode_header(shown))) == one_line(name)
    assert address == LETTER.recipient
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert raw.isascii()


def test_a_very_long_name_is_shortened_in_the_subject_only() -> None:
    long = "Tỷ lệ " + "rất dài " * 40
    message = received(replace(LETTER, indicator=long))
    assert len(message["Subject"]) <= 160
    assert message["Subject"].endswith("…")
    assert long.strip() in bodies(message)[0]


def test_made_up_data_is_marked_in_the_subject_and_at_the_top_of_both_bodies() -> None:
    message = received(replace(LETTER, made_up=True))
    assert message["Subject"].startswith("[DỮ LIỆU MINH HỌA] [PII] ")
    plain, html = bodies(message)
    assert plain.startswith("*** DỮ LIỆU MINH HỌA")
    assert html.index("DỮ LIỆU MINH HỌA") < html.index("Kính gửi")


def test_a_body_outside_the_line_of_command_is_asked_and_not_ordered() -> None:
    message = received(replace(LETTER, role="requested", organisation="Tòa án Nhân dân thành phố"))
    assert message["Subject"].startswith("[PII] Đề nghị phối hợp: ")
    for body in bodies(message):
        assert "trân trọng đề nghị Tòa án Nhân dân thành phố phối hợp" in body
        assert "Kính mong Quý cơ quan quan tâm phối hợp" in body
        assert "đôn đốc" not in body.lower()
        assert "Việc cần làm" not in body
        assert "is kindly asked to help" in body


def test_a_report_asks_for_measures_and_not_for_a_figure() -> None:
    for body in bodies(received(replace(LETTER, kind="report"))):
        assert "Báo cáo kết quả theo dõi và nhiệm vụ, giải pháp" in body
        assert "số liệu kèm" not in body


def test_a_component_and_the_reason_of_a_return_are_named() -> None:
    message = received(
        replace(LETTER, component="Hạ tầng viễn thông", returned_because="Thiếu bảng 3 & 4")
    )
    plain, html = bodies(message)
    assert "Hạng mục: Hạ tầng viễn thông" in plain
    assert "Lý do trả lại: Thiếu bảng 3 & 4" in plain
    assert "Thiếu bảng 3 &amp; 4" in html
    assert message["Subject"].endswith("– Hạ tầng viễn thông")


def test_the_coordinator_is_told_of_another_body_and_given_nothing_to_submit() -> None:
    message = received(replace(LETTER, audience="coordinator"))
    assert message["Subject"].startswith("[PII] Theo dõi: quá hạn 3 ngày")
    plain, _ = bodies(message)
    assert "Kính gửi: Sở Khoa học và Công nghệ" in plain
    assert "Sở Giáo dục và Đào tạo chưa hoàn thành" in plain
    assert "Việc cần làm" not in plain


def test_the_coordinating_body_does_not_urge_itself() -> None:
    plain, _ = bodies(received(replace(LETTER, organisation=CALL.organisation)))
    assert "Hệ thống theo dõi PII đôn đốc Sở Khoa học và Công nghệ" in plain


def test_without_a_named_officer_only_the_coordinating_body_is_given() -> None:
    message = received(call=WhomToCall("Sở Khoa học và Công nghệ", "", "", ""))
    assert message["Reply-To"] is None
    assert "xin liên hệ: Sở Khoa học và Công nghệ." in bodies(message)[0]
    assert "Cơ quan điều phối" in bodies(received(call=None))[0]


def test_the_html_takes_nothing_typed_for_markup_and_nothing_from_outside() -> None:
    evil = "<script>alert(1)</script>"
    message = received(
        replace(LETTER, organisation=evil, indicator=evil, legal_basis=evil, period=evil,
                returned_because=evil, component=evil),
        call=WhomToCall(evil, evil, evil, "a@b.vn"),
    )  # fmt: skip
    plain, html = bodies(message)
    assert evil in plain
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    for outside in ("<img", "src=", "url(", "<link", "@import"):
        assert outside not in html
    assert "max-width:640px" in html


def test_line_ends_in_names_make_no_headers() -> None:
    evil = "Hoa\r\nBcc: all@example.vn\r\n\r\nxin chào\x00\u2028"
    message = received(
        replace(LETTER, recipient_name=evil, indicator=evil, trace_id=evil),
        call=replace(CALL, name=evil),
    )
    assert message["Bcc"] is None
    assert len(message["To"].addresses) == 1
    assert message["To"].addresses[0].addr_spec == "hoa@gddt.example.vn"
    assert message["Subject"].endswith("Hoa Bcc: all@example.vn xin chào")


@pytest.mark.parametrize(
    "word", ["=?utf-8?q?=0ABcc:_all@example.vn=0A=0AHello?=", "=?utf-8?b?CkJjYzogYQo=?=", "=?="]
)
def test_an_encoded_word_in_a_name_is_not_decoded_into_our_headers(word: str) -> None:
    letter = replace(LETTER, recipient_name=word, indicator=word)
    message = write(
        letter,
        call=replace(CALL, name=word),
        mail_from="PII Hà Nội <pii@pii.example.vn>",
        public_url="https://pii.example.vn/",
        now=datetime(2026, 12, 13, 1, tzinfo=UTC),
    )
    head, _, _ = message.as_bytes().partition(b"\r\n\r\n")
    names = [line.split(b":")[0] for line in head.split(b"\r\n") if line[:1] not in (b" ", b"\t")]
    assert b"Bcc" not in names
    assert b"Subject" in names
    assert b"X-PII-Step" in names
    assert b"\n" not in head.replace(b"\r\n", b"")
    assert received(letter)["Bcc"] is None


@pytest.mark.parametrize(
    "address", ["", "hoa", "@x.vn", "a@b.vn\r\nBcc: c@d.vn", "a@b.vn, c@d.vn", "a b@c.vn"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(UnusableAddressError):
        received(replace(LETTER, recipient=address))


def test_a_message_id_is_a_function_of_the_ledgers_key() -> None:
    day = date(2026, 12, 10)
    one = message_id(UUID(int=1), day, 3, "a@b.vn", domain="x.vn")
    assert one == message_id(UUID(int=1), day, 3, "a@b.vn", domain="x.vn")
    others = {
        message_id(UUID(int=2), day, 3, "a@b.vn", domain="x.vn"),
        message_id(UUID(int=1), date(2026, 12, 11), 3, "a@b.vn", domain="x.vn"),
        message_id(UUID(int=1), day, 4, "a@b.vn", domain="x.vn"),
        message_id(UUID(int=1), day, 3, "c@b.vn", domain="x.vn"),
    }
    assert len(others | {one}) == 5


def test_a_long_message_id_stays_on_one_line() -> None:
    identity = message_id(UUID(int=1), date(2026, 1, 1), 0, "a@b.vn", domain="mail." * 12 + "vn")
    raw = write(
        replace(LETTER, message_id=identity),
        call=None, mail_from="p@x.vn", public_url="http://x", now=datetime(2026, 1, 1, tzinfo=UTC),
    ).as_bytes()  # fmt: skip
    assert f"Message-ID: {identity}\r\n".encode() in raw


def test_the_domain_is_that_of_our_own_address() -> None:
    assert domain_of("PII Hà Nội <pii@so.hanoi.gov.vn>") == "so.hanoi.gov.vn"
    assert domain_of("pii") == "localhost"
