import re
import unicodedata
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tinyhtml5.parser import HTMLParser

from services.notifier.mail.headers import fit, fit_lines, one_line
from services.notifier.mail.letter import Letter, Line, WhomToCall
from services.notifier.mail.words.numbers import day_en, day_vi, number_en, number_vi
from services.notifier.mail.writing import UnusableAddressError, subject_of, write
from tests.notifier.letters import (
    CALL,
    COMING,
    FROM,
    LETTER,
    LETTERS,
    LINE,
    LINK,
    NOTICES,
    NOW,
    OVERDUE,
    QUESTION,
    REPORT,
    SUMMARY,
    duty,
    variants,
)
from tests.notifier.written import as_the_library_would, bodies, calendar_of, raw, received

TYPED = st.text(
    st.one_of(
        st.sampled_from("<>&\"'{}%=?;,\\/\r\n\x00\u202e\u2066\u200fĐệữ "), st.characters()
    ),
    max_size=60,
) | st.sampled_from(
    ["<script>alert(1)</script>", '"><b onclick="x">', "{{ 7 * 7 }}", "{% for %}", "{# #}", "&lt;",
     "x" * 400, "</table></td>", "<!--", "]]>", "§row¦a¦b", "\x1erow\x1fa\x1fb"]
)  # fmt: skip
WORDS_OF_A_LINE = [
    found.name
    for found in fields(Line)
    if found.type is str and found.name not in {"kind", "topic", "duty", "audience", "role"}
]


def subject(letter: Letter, *, now: datetime = NOW) -> str:
    return str(received(letter, now=now)["Subject"])


def test_a_reminder_names_duty_basis_deadline_what_is_missing_and_whom_to_call() -> None:
    for body in bodies(received(LETTER)):
        for words in (
            "Kính gửi: Sở Giáo dục và Đào tạo – Nguyễn Thị Hoa",
            "2.1.1 Điểm thi tốt nghiệp THPT",
            "Cung cấp số liệu kèm tài liệu minh chứng",
            "Kỳ báo cáo năm 2026",
            "Mục II.4.3 Kế hoạch 234/KH-UBND ngày 06/8/2024",
            "23:59:59 ngày 10/12/2026 (quá hạn 3 ngày)",
            "số liệu, tài liệu minh chứng",
            LINK,
            "Sở Khoa học và Công nghệ, Trần Văn Bình, điện thoại 024 3943 1111, thư điện tử binh@khcn.example.vn",
            "3 days overdue; still missing: the figure, evidence",
        ):
            assert words in body
        assert "MINH HỌA" not in body


def test_its_headers_say_who_why_and_which() -> None:
    message = received(LETTER)
    assert message["From"].addresses[0].addr_spec == "pii@pii.example.vn"
    assert message["To"].addresses[0].addr_spec == "hoa@gddt.example.vn"
    assert message["Reply-To"].addresses[0].addr_spec == "binh@khcn.example.vn"
    assert message["Message-ID"] == "<pii.1@pii.example.vn>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-PII-Trace-Id"] == "ab" * 16
    assert message["X-PII-Mail"] == str(LETTER.mail_id)
    assert message["Date"].datetime == NOW
    assert not [name for name in message.keys() if name.lower().startswith("list-")]  # noqa: SIM118 a mail repeats keys


def threads(message: EmailMessage) -> list[str]:
    return str(message["References"] or "").split()


def test_a_duty_is_one_thread_over_reminders_notices_and_explanations() -> None:
    thread = f"<pii.thread.{UUID(int=9)}@pii.example.vn>"
    for line in (COMING, NOTICES["returned"], QUESTION):
        message = received(
            replace(LETTER, kind="notice" if line.kind == "notice" else "separate", lines=(line,))
        )
        assert threads(message) == [thread]
        assert message["In-Reply-To"] == thread


def test_a_mail_of_many_duties_refers_to_twenty_and_answers_none() -> None:
    lines = tuple(duty(n, f"1.{n}", "x", date(2026, 12, 20)) for n in range(1, 26))
    message = received(replace(LETTER, kind="digest", lines=lines))
    assert len(threads(message)) == 20
    assert message["In-Reply-To"] is None
    assert received(LETTERS["test"])["References"] is None


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (5, "[PII] Nhắc việc: còn 5 ngày – 2.1.1 Điểm thi tốt nghiệp THPT"),
        (10, "[PII] Nhắc việc: đến hạn hôm nay – 2.1.1 Điểm thi tốt nghiệp THPT"),
        (13, "[PII] Đôn đốc: quá hạn 3 ngày – 2.1.1 Điểm thi tốt nghiệp THPT"),
    ],
)
def test_the_subject_says_how_urgent_it_is(day: int, expected: str) -> None:
    now = datetime(2026, 12, day, 1, tzinfo=UTC)
    assert subject(LETTER, now=now) == expected == subject_of(LETTER, now=now)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("digest.vi", "[PII] Đôn đốc: 1 quá hạn, 1 đến hạn hôm nay, 2 sắp đến hạn – Sở Giáo dục và Đào tạo"),
        ("digest.en", "[PII] Urgent reminder: 1 overdue, 1 due today, 2 coming – Department of Education and Training"),
        ("digest_coordinator.vi", "[PII] Theo dõi: 2 quá hạn, 1 đến hạn hôm nay"),
        ("separate_asked.vi", "[PII] Đề nghị phối hợp: đã qua 3 ngày – 1.1.2 Thiết chế pháp lý và an ninh trật tự"),
        ("notice_extension_granted.vi", "[PII] Đồng ý gia hạn đến 28/12/2026: 3.2.1 Cơ sở hạ tầng cơ bản – Hạ tầng viễn thông"),
        ("notice_extension_asked.vi", "[PII] Xin gia hạn: 3.2.1 Cơ sở hạ tầng cơ bản – Hạ tầng viễn thông – Sở Giáo dục và Đào tạo"),
        ("notice_several.vi", "[PII] Thông báo: Trả lại để bổ sung (1), Đã tiếp nhận (1)"),
        ("summary.vi", "[PII] Tình hình tuần 07/12/2026 – 13/12/2026: đã nộp 940/1.071, quá hạn 118"),
        ("hold_too_many.en", "[PII] A run of mails is held: 2,400 mails"),
        ("summary.vi.made_up", "[DỮ LIỆU MINH HỌA] [PII] Tình hình tuần 07/12/2026 – 13/12/2026: đã nộp 940/1.071, quá hạn 118"),
    ],
)  # fmt: skip
def test_subjects(name: str, expected: str) -> None:
    assert subject(variants()[name]) == expected


def test_the_deadline_day_ends_at_midnight_in_hanoi() -> None:
    assert "đến hạn hôm nay" in subject(LETTER, now=datetime(2026, 12, 10, 16, 59, 59, tzinfo=UTC))
    assert "quá hạn 1 ngày" in subject(LETTER, now=datetime(2026, 12, 10, 17, 0, 0, tzinfo=UTC))


def test_a_digest_goes_from_overdue_to_coming_and_within_by_period_deadline_and_code() -> None:
    lines = tuple(
        duty(n, code, "x", date(2026, 12, day), period=period)
        for n, (code, day, period) in enumerate(
            [("9.1", 20, "Kỳ B"), ("1.10", 20, "Kỳ A"), ("1.2", 20, "Kỳ A"), ("7.1", 13, "Kỳ B"),
             ("6.1", 12, "Kỳ A"), ("5.1", 1, "Kỳ A"), ("3.1", 19, "Kỳ A")], start=1,
        )
    )  # fmt: skip
    plain, _ = bodies(received(replace(LETTER, kind="digest", lines=lines)))
    first = plain.partition("\n--\n")[0]
    assert re.findall(r"^\* (\S+)", first, re.MULTILINE) == [
        "5.1", "6.1", "7.1", "3.1", "1.2", "1.10", "9.1",
    ]  # fmt: skip
    headings = [
        "Quá hạn – Kỳ A",
        "Đến hạn hôm nay – Kỳ B",
        "Sắp đến hạn – Kỳ A",
        "Sắp đến hạn – Kỳ B",
    ]
    assert re.findall(r"^(.+)\n-{5,}$", first, re.MULTILINE) == headings


def test_own_duties_and_others_stand_apart() -> None:
    plain, _ = bodies(received(LETTERS["digest_mixed"]))
    assert plain.index("nhắc Sở Khoa học và Công nghệ") < plain.index("Hệ thống báo để theo dõi")
    assert "Hệ thống theo dõi PII nhắc Sở Khoa học và Công nghệ" in plain  # it does not urge itself


def test_whoever_follows_up_is_given_nothing_to_submit() -> None:
    for name in ("digest_coordinator", "digest_leadership"):
        message = received(LETTERS[name])
        plain, _ = bodies(message)
        assert "chưa hoàn thành 3 nhiệm vụ" in plain
        assert "Việc cần làm" not in plain
        assert not calendar_of(message)


def test_a_very_long_list_is_brief_and_small_enough_to_be_shown_whole() -> None:
    lines = tuple(
        duty(
            n,
            f"1.{n}",
            "Tỷ lệ học sinh trung học có nghiên cứu khoa học",
            date(2026, 12, 1 + n % 28),
            legal_basis=f"{LINE.legal_basis}, dòng {n % 3}",
        )
        for n in range(1, 401)
    )
    for many, more in ((30, 0), (31, 0), (250, 0), (400, 150)):
        plain, html = bodies(received(replace(LETTER, kind="digest", lines=lines[:many])))
        assert len(html.encode()) < 102_000  # Gmail cuts there
        assert (f"và {more} nhiệm vụ khác" in plain) == bool(more)
        first, _, second = plain.partition("\n--\n")
        assert len(re.findall(r"^[-*] 1\.\d+ ", first, re.MULTILINE)) == many - more
        listed = len(re.findall(r"^- 1\.\d+ ", second, re.MULTILINE))
        assert listed == min(many, 100)
        assert (f"and {many - listed} more" in second) == (many > listed)


def test_a_basis_that_all_have_is_said_once_in_a_list() -> None:
    plain, _ = bodies(received(LETTERS["digest_brief"]))
    first, _, second = plain.partition("\n--\n")
    assert first.count(LINE.legal_basis) == 1
    assert LINE.legal_basis not in second
    assert second.count("7 days left") == 40


def test_whoever_is_called_by_others_is_not_told_to_call_himself() -> None:
    for name in ("digest_coordinator", "digest_mixed", "notice_extension_asked"):
        message = received(LETTERS[name])
        assert "Reply-To" not in message
        for body in bodies(message):
            assert CALL.phone not in body
    assert received(LETTER)["Reply-To"].addresses[0].addr_spec == CALL.email


def test_the_english_half_has_english_names() -> None:
    for name, words in {
        "digest": (
            "Department of Science and Technology urges",
            "2.1.1 Upper secondary graduation",
        ),
        "digest_coordinator": ("1.1.2 Legal institutions and public order",),
        "notice_handed_over": ("from Department of Information and Communications to Department",),
        "summary": ("Department of Industry and Trade – 3.2.1 Basic infrastructure: 34 days",),
        "alarm": ("Department of Civil Judgment Enforcement: Nobody can be written to",),
    }.items():
        second = bodies(received(LETTERS[name]))[0].partition("\n--\n")[2]
        for word in words:
            assert word in second, (name, second)
        assert "Sở " not in second


def test_an_alarm_has_a_name_and_each_half_its_own_language() -> None:
    first, _, second = bodies(received(LETTERS["alarm"]))[0].partition("\n--\n")
    assert "Cơ quan chưa có đầu mối nhận thư – Cục Thi hành án dân sự" in first
    assert "Nobody can be written to" not in first
    assert "Chưa có đầu mối nào" not in second
    for kind in ("no_contact", "unsent"):
        assert kind not in first + second


def test_what_is_accepted_is_called_what_it_is() -> None:
    plain, _ = bodies(received(LETTERS["notice_accepted_nil"]))
    assert (
        "đã tiếp nhận báo cáo không phát sinh số liệu của Sở Giáo dục và Đào tạo (bản thứ 2)"
        in plain
    )
    assert "accepted the nil return of Department of Education and Training (revision 2)" in plain


def test_whoever_is_asked_is_given_a_day_and_no_second() -> None:
    for name in ("digest_asked", "separate_asked", "notice_returned_asked"):
        message = received(LETTERS[name])
        assert "23:59:59" not in bodies(message)[0] + calendar_of(message).decode()


def test_made_up_data_is_marked_in_the_subject_and_at_the_top_of_both_bodies() -> None:
    message = received(replace(LETTER, lines=(replace(LINE, made_up=True),)))
    assert message["Subject"].startswith("[DỮ LIỆU MINH HỌA] [PII] ")
    plain, html = bodies(message)
    assert plain.startswith("*** DỮ LIỆU MINH HỌA")
    assert html.index("DỮ LIỆU MINH HỌA – ") < html.index("Kính gửi")


def test_real_duties_beside_made_up_ones_are_not_called_made_up() -> None:
    lines = (OVERDUE, replace(COMING, made_up=True, period="Kỳ thử"))
    message = received(replace(LETTER, kind="digest", lines=lines))
    assert message["Subject"].startswith("[CÓ DỮ LIỆU MINH HỌA] [PII] ")
    plain, _ = bodies(message)
    assert "Kỳ thử (minh họa)" in plain
    assert "Kỳ báo cáo năm 2026 (minh họa)" not in plain


@pytest.mark.parametrize("topic", NOTICES)
def test_a_notice_says_what_happened_why_and_who(topic: str) -> None:
    line = NOTICES[topic]
    plain, _ = bodies(received(LETTERS[f"notice_{topic}"]))
    for fact in (*line.words.split("\n"), line.by, line.question, line.person, line.from_body):
        assert fact in plain
    if line.until:
        assert day_vi(line.until) in plain


def test_an_extension_tells_the_new_or_the_kept_deadline() -> None:
    assert (
        "Thời hạn mới: 23:59:59 ngày 28/12/2026"
        in bodies(received(LETTERS["notice_extension_granted"]))[0]
    )
    assert (
        "Thời hạn giữ nguyên: 23:59:59 ngày 20/12/2026"
        in bodies(received(LETTERS["notice_extension_refused"]))[0]
    )


def test_the_one_link_is_the_signed_one_and_never_in_the_calendar() -> None:
    signed = "https://pii.example.vn/mo?t=" + "a" * 200
    message = received(replace(LETTERS["digest"], link=signed))
    for body in bodies(message):
        assert signed in body
    assert b"mo?t=" not in calendar_of(message)


@pytest.mark.parametrize("letter", variants().values(), ids=variants())
def test_no_mail_and_no_calendar_leads_anywhere_else(letter: Letter) -> None:
    message = received(letter)
    for body in bodies(message):
        assert set(re.findall(r"https?://[^\s\"<]+", body)) == {letter.link} - {""}
    assert not re.search(rb"https?:|^URL", calendar_of(message), re.MULTILINE)


def test_the_calendar_has_each_deadline_that_is_still_to_come_once() -> None:
    lines = (OVERDUE, REPORT, COMING, replace(COMING, audience="head"), QUESTION)
    message = received(replace(LETTER, kind="digest", lines=lines))
    (part,) = message.iter_attachments()
    assert part.get_content_type() == "text/calendar"
    assert part.get_filename() == "han-nop.ics"
    assert part.get_param("method") == "PUBLISH"
    read = icalendar.Calendar.from_ical(calendar_of(message))
    found = {(event["UID"], event.start, event.end) for event in read.events}
    assert found == {
        (f"{kind}-{UUID(int=number)}@pii.example.vn", day, day + timedelta(days=1))
        for kind, number, day in (
            ("duty", 8, date(2026, 12, 13)),
            ("duty", 9, date(2026, 12, 20)),
            ("explanation", 55, date(2026, 12, 18)),
        )
    }
    assert len(read.events) == 3
    assert {event["SUMMARY"] for event in read.events} >= {"Hạn nộp: 3.2.1 Cơ sở hạ tầng cơ bản"}


@pytest.mark.parametrize(
    ("topic", "has"),
    [("returned", True), ("extension_granted", True), ("explanation_asked", True),
     ("accepted", False), ("rejected", False), ("extension_asked", False), ("handed_over", False)],
)  # fmt: skip
def test_a_notice_brings_the_deadline_that_it_leaves(topic: str, *, has: bool) -> None:
    assert bool(calendar_of(received(LETTERS[f"notice_{topic}"]))) == has


def test_without_a_named_officer_only_the_coordinating_body_is_given() -> None:
    nobody = WhomToCall("Sở Khoa học và Công nghệ", "", "", "")
    message = received(replace(LETTER, call=nobody))
    assert message["Reply-To"] is None
    assert "xin liên hệ: Sở Khoa học và Công nghệ." in bodies(message)[0]
    assert "Cơ quan điều phối" in bodies(received(replace(LETTER, call=None)))[0]


def test_a_very_long_name_is_shortened_in_the_subject_only() -> None:
    long = "Tỷ lệ " + "rất dài " * 40
    message = received(replace(LETTER, lines=(replace(LINE, indicator=long),)))
    assert len(message["Subject"]) <= 160
    assert message["Subject"].endswith("…")
    assert long.strip() in bodies(message)[0]


def test_subject_and_bodies_are_nfc_whatever_was_typed() -> None:
    typed = replace(LINE, indicator=unicodedata.normalize("NFD", LINE.indicator))
    message = received(replace(LETTER, lines=(typed,)))
    assert "Điểm thi tốt nghiệp THPT" in message["Subject"]
    for text in bodies(message):
        assert unicodedata.is_normalized("NFC", text)


@pytest.mark.parametrize("name", LETTERS)
def test_it_travels_as_ascii_in_short_lines(name: str) -> None:
    written = raw(LETTERS[name])
    assert written.isascii()
    assert max(len(line) for line in written.split(b"\r\n")) <= 998
    assert b"\n" not in written.replace(b"\r\n", b"")
    assert b"\r" not in written.replace(b"\r\n", b"")
    message = received(LETTERS[name])
    assert not message.defects
    for part in message.walk():
        assert not part.defects
        if not part.is_multipart():
            assert part["Content-Transfer-Encoding"] == "base64"
            assert part.get_content_charset() == "utf-8"


def test_a_mail_that_is_written_twice_is_the_same_mail() -> None:
    assert raw(LETTERS["digest"]) == raw(LETTERS["digest"])


def _with(letter: Letter, typed: list[str]) -> Letter:
    """Give the letter with these words in every field that people type into."""
    words: dict[str, Any] = {name: typed[n % len(typed)] for n, name in enumerate(WORDS_OF_A_LINE)}
    lines = tuple(replace(line, **words) for line in letter.lines)
    facts = _typed(letter.facts, typed[0]) if letter.facts else {}
    call = WhomToCall(typed[0], typed[0], typed[0], "a@b.vn")
    return replace(
        letter, lines=lines, facts=facts, call=call, recipient_name=typed[0], trace_id=typed[0]
    )


FREE = {
    "period",
    "organisation",
    "indicator",
    "indicator_code",
    "address",
    "reason",
    "detail",
    "by",
}


def _typed(value: Any, words: str, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _typed(held, words, key) for key, held in value.items()}
    if isinstance(value, list):
        return [_typed(held, words, name or "unreachable") for held in value]
    return words if isinstance(value, str) and (name in FREE or name == "unreachable") else value


def _tags(html: str) -> list[tuple[str, tuple[str, ...]]]:
    parser = HTMLParser(namespace_html_elements=False)
    tree = parser.parse(html)
    assert parser.errors == []
    return [
        (found.tag, tuple(sorted(found.attrib)))
        for found in tree.iter()
        if isinstance(found.tag, str) and found.tag != "br"
    ]


def _harmless(typed: list[str]) -> list[str]:
    """Give plain words for these: as many lines of each, and the same where they are the same."""
    seen = [fit(text) for text in typed]
    lines = [sum(map(bool, fit_lines(text).split("\n"))) for text in typed]
    return [
        "\n".join([f"x{seen.index(text)}"] + ["x"] * (count - 1))
        for text, count in zip(seen, lines, strict=True)
    ]


@settings(deadline=None)
@given(
    st.sampled_from(sorted(set(LETTERS) - {"digest_brief"})),
    st.lists(TYPED.map(lambda text: f"x{text}"), min_size=1, max_size=4),
)
def test_nothing_typed_becomes_markup_or_a_header(name: str, typed: list[str]) -> None:
    letter = _with(LETTERS[name], typed)
    message = received(letter)
    # Nor a line by which the mail would end, or another begin.
    assert as_the_library_would(raw(letter)) == raw(letter)
    harmless = received(_with(LETTERS[name], _harmless(typed)))
    assert list(message.keys()) == list(harmless.keys())
    assert _tags(bodies(message)[1]) == _tags(bodies(harmless)[1])
    assert len(message["To"].addresses) == 1
    assert message["To"].addresses[0].addr_spec == letter.recipient
    assert one_line(message["Subject"]) == message["Subject"] == subject_of(letter, now=NOW)


def test_words_that_look_like_ours_stay_words() -> None:
    evil = "{{ 7 * 7 }} {% raw %} <b>&amp;</b> §row¦a \x1erow\x1fb"
    letter = replace(LETTER, lines=(replace(LINE, organisation=evil, words=evil),))
    plain, html = bodies(received(letter))
    assert "{{ 7 * 7 }} {% raw %} <b>&amp;</b> §row¦a  row b" in plain
    assert "{{ 7 * 7 }} {% raw %} &lt;b&gt;&amp;amp;&lt;/b&gt; §row¦a  row b" in html


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(UnusableAddressError):
        received(replace(LETTER, recipient="a@b.vn, c@d.vn"))


def test_an_address_of_the_coordinator_that_is_none_keeps_no_mail_back() -> None:
    message = received(replace(LETTER, call=replace(CALL, email="binh@")))
    assert message["Reply-To"] is None
    assert message["To"].addresses[0].addr_spec == LETTER.recipient


def test_the_envelope_has_the_bare_address_of_the_sender() -> None:
    written = write(LETTER, mail_from=FROM, now=NOW)
    assert written.sender == "pii@pii.example.vn"
    assert written.subject == received(LETTER)["Subject"]


def test_a_long_message_id_stays_on_one_line() -> None:
    identity = f"<pii.{UUID(int=1)}@{'mail.' * 12}vn>"
    assert f"Message-ID: {identity}\r\n".encode() in raw(replace(LETTER, message_id=identity))


def test_numbers_and_days_are_written_as_people_write_them() -> None:
    assert [number_vi(value) for value in (1234.5, 1234567, 0, 87.65)] == [
        "1.234,5",
        "1.234.567",
        "0",
        "87,7",
    ]
    assert number_en(1234.5) == "1,234.5"
    assert day_vi("2026-11-24") == day_vi(date(2026, 11, 24)) == "24/11/2026"
    assert day_en("2026-11-04") == "4 November 2026"


def test_a_summary_shows_every_count_of_its_periods() -> None:
    plain, _ = bodies(received(LETTERS["summary"]))
    first = plain.partition("\n--\n")[0]
    for period in SUMMARY["periods"]:
        for name in ("expected", "received", "accepted", "late", "overdue", "asked", "excused"):
            assert f": {number_vi(period[name])}\n" in first
    assert "Tỷ lệ đúng hạn: 87,7%" in first
    assert "Tỷ lệ đúng hạn: chưa có" in first
