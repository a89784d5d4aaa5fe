"""The letters that are looked at: every kind, for every kind of reader, on one day in Hanoi."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from services.notifier.mail.letter import Letter, Line, WhomToCall

NOW = datetime(2026, 12, 13, 1, 0, tzinfo=UTC)
FROM = "PII Hà Nội <pii@pii.example.vn>"
LINK = "https://pii.example.vn/l/AWlV7gB4xT0m3cQ2k1ZpUuYw9rNs5hEo8aLdVbGfJi"

CALL = WhomToCall(
    "Sở Khoa học và Công nghệ",
    "Trần Văn Bình",
    "024 3943 1111",
    "binh@khcn.example.vn",
    "Department of Science and Technology",
)
LINE = Line(
    reminder_id=UUID(int=100), kind="step", topic="due", duty="figure", subject_id=UUID(int=7),
    assignment_id=UUID(int=7), explanation_id=None, audience="officer", period="Kỳ báo cáo năm 2026",
    made_up=False, indicator_code="2.1.1", indicator="Điểm thi tốt nghiệp THPT",
    indicator_en="Upper secondary graduation examination score", component="",
    organisation="Sở Giáo dục và Đào tạo", organisation_en="Department of Education and Training",
    role="lead", legal_basis="Mục II.4.3 Kế hoạch 234/KH-UBND ngày 06/8/2024",
    due_on=date(2026, 12, 10), missing=("figure", "evidence"),
)  # fmt: skip
LETTER = Letter(
    mail_id=UUID(int=1), kind="separate", recipient="hoa@gddt.example.vn",
    recipient_name="Nguyễn Thị Hoa", language="vi", message_id="<pii.1@pii.example.vn>",
    trace_id="ab" * 16, call=CALL, lines=(LINE,), link=LINK,
)  # fmt: skip


ENGLISH = {
    "2.1.1": LINE.indicator_en,
    "2.1.3": "Share of secondary students doing research",
    "3.2.1": "Basic infrastructure",
    "1.1.2": "Legal institutions and public order",
}


def duty(number: int, code: str, indicator: str, day: date, **values: Any) -> Line:
    return replace(
        LINE,
        indicator_en=ENGLISH.get(code, ""),
        reminder_id=UUID(int=100 + number),
        subject_id=UUID(int=number),
        assignment_id=UUID(int=number),
        indicator_code=code,
        indicator=indicator,
        due_on=day,
        **values,
    )


OVERDUE = duty(7, "2.1.1", "Điểm thi tốt nghiệp THPT", date(2026, 12, 10))
REPORT = duty(
    8, "2.1.3", "Tỷ lệ học sinh trung học có nghiên cứu khoa học", date(2026, 12, 13),
    duty="report", role="joint_lead", missing=("submission",),
)  # fmt: skip
COMING = duty(
    9, "3.2.1", "Cơ sở hạ tầng cơ bản", date(2026, 12, 20), component="Hạ tầng viễn thông",
    component_en="Telecommunications infrastructure", missing=("revision",), words="Bảng 3 và tài liệu không khớp.\nĐề nghị xem lại số 1.234,5.",
)  # fmt: skip
QUESTION = duty(
    9, "3.2.1", "Cơ sở hạ tầng cơ bản", date(2026, 12, 18), topic="due", duty="explanation",
    explanation_id=UUID(int=55), words="Vì sao giảm so với năm 2025?", missing=("explanation",),
)  # fmt: skip
COURT = "Tòa án Nhân dân thành phố"
REQUESTED = duty(
    12, "1.1.2", "Thiết chế pháp lý và an ninh trật tự", date(2026, 12, 10),
    organisation=COURT, organisation_en="", role="requested",
)  # fmt: skip


def notice(topic: str, **values: Any) -> Line:
    return replace(COMING, **({"kind": "notice", "topic": topic, "missing": ()} | values))


BY = "Trần Văn Bình"
NOTICES = {
    "returned": notice("returned", by=BY, answer="value", revision=2),
    "rejected": notice("rejected", by=BY, words="Không có tài liệu minh chứng nào."),
    "accepted": notice("accepted", by=BY, words="", answer="value", revision=1),
    "reopened": notice("reopened", by=BY, words="Bộ công bố định nghĩa mới."),
    "extension_asked": notice(
        "extension_asked", by="Nguyễn Thị Hoa", audience="coordinator", until=date(2026, 12, 31),
        words="Số liệu của Cục Thống kê đến ngày 25/12 mới có.",
    ),
    "extension_granted": notice(
        "extension_granted", by=BY, words="Hạn cuối cùng.", until=date(2026, 12, 28),
        due_on=date(2026, 12, 28),
    ),
    "extension_refused": notice("extension_refused", by=BY, words="Bộ không lùi hạn."),
    "explanation_asked": notice(
        "explanation_asked", duty="explanation", explanation_id=UUID(int=55), by=BY,
        words="Vì sao giảm so với năm 2025?",
    ),
    "explanation_answered": notice(
        "explanation_answered", duty="explanation", explanation_id=UUID(int=55),
        by="Nguyễn Thị Hoa", question="Vì sao giảm so với năm 2025?",
        words="Do thay đổi cách tính từ tháng 7.", audience="coordinator",
    ),
    "deputy_named": notice(
        "deputy_named", duty="", assignment_id=None, subject_id=UUID(int=71), due_on=None,
        by="Nguyễn Thị Hoa", person="Lê Văn Cường", since=date(2026, 12, 14),
        until=date(2026, 12, 24), words="Đi công tác.", indicator_code="", indicator="",
        indicator_en="", component="", component_en="", legal_basis="", role="",
    ),
    "handed_over": notice(
        "handed_over", duty="", assignment_id=None, subject_id=UUID(int=72), due_on=None,
        from_body="Sở Thông tin và Truyền thông", to_body="Sở Khoa học và Công nghệ", number=14,
        from_body_en="Department of Information and Communications", to_body_en=CALL.organisation_en,
        since=date(2026, 3, 1), legal_basis="Nghị quyết 15/NQ-HĐND ngày 25/02/2026", words="",
        indicator_code="", indicator="", indicator_en="", component="", component_en="", role="", period="",
    ),
}  # fmt: skip

SUMMARY: dict[str, Any] = {
    "week_from": "2026-12-07", "week_to": "2026-12-13",
    "periods": [
        {"period": "Kỳ báo cáo năm 2026", "made_up": False, "due_on": "2026-12-10",
         "expected": 1058, "received": 940, "accepted": 901, "late": 12, "overdue": 118,
         "asked": 2, "excused": 3, "on_time": 0.8767,
         "index": {"score": 62.857, "rank": 1, "units": 63, "change": 0.762, "rank_before": 2, "units_before": 63}},
        {"period": "Kỳ bổ sung tháng 12", "made_up": False, "due_on": "2026-12-28", "expected": 13,
         "received": 0, "accepted": 0, "late": 0, "overdue": 0, "asked": 0, "excused": 0, "on_time": None, "index": None},
    ],
    "changes": {"submitted": 31, "accepted": 25, "returned": 4, "reopened": 1, "extensions": 2, "newly_overdue": 17,
                "handovers": 1, "explanations_asked": 6, "explanations_answered": 5},
    "longest_late": [
        {"organisation": "Sở Công Thương", "indicator_code": "3.2.1", "indicator": "Cơ sở hạ tầng cơ bản", "days": 34,
         "organisation_en": "Department of Industry and Trade", "indicator_en": "Basic infrastructure"},
        {"organisation": "Công an thành phố", "indicator_code": "1.1.2", "indicator": "Thiết chế pháp lý và an ninh trật tự", "days": 1,
         "organisation_en": "City Police", "indicator_en": "Legal institutions and public order"},
    ],
    "unreachable": ["Cục Thi hành án dân sự", "Ban Quản lý các khu công nghiệp và chế xuất"],
    "unreachable_en": ["Department of Civil Judgment Enforcement", "Industrial and Export Processing Zones Authority"],
    "dead_addresses": [{"organisation": "Sở Công Thương", "address": "lan@congthuong.example.vn", "reason": "550 5.1.1 không có người này", "organisation_en": "Department of Industry and Trade"}],
    "holds": [{"kind": "calendar", "mails": 1, "since": "2026-12-12"}],
    "head": {"day": "2026-12-13", "seq": 48211, "hash": "9f2c" * 16},
}  # fmt: skip
TOO_MANY: dict[str, Any] = {
    "hold_id": str(UUID(int=5)), "kind": "too_many", "mails": 2400, "recipients": 1200,
    "limit": 2000, "usual": 310, "year": None,
}  # fmt: skip
NO_CALENDAR: dict[str, Any] = TOO_MANY | {
    "kind": "calendar", "mails": 212, "recipients": 58, "limit": None, "usual": None, "year": 2027,
}  # fmt: skip
ALARMS: dict[str, Any] = {
    "alarms": [
        {"kind": "no_contact", "organisation": "Cục Thi hành án dân sự", "organisation_en": "Department of Civil Judgment Enforcement", "detail": "Chưa có đầu mối nào nhận được thư: 2 nhiệm vụ chưa hoàn thành không gửi được nhắc việc. Đề nghị bổ sung đầu mối. / Nobody can be written to: 2 open duties get no reminders.", "raised_at": "2026-12-13T00:30:00+00:00"},
        {"kind": "unsent", "organisation": "", "organisation_en": "", "detail": "Có thư đến giờ mà chưa gửi được hơn 60 phút; xem máy chủ thư. / Mail has been due for more than 60 min; look at the mail server.", "raised_at": "2026-12-12T23:00:00+00:00"},
    ]
}  # fmt: skip


# Whom others call; he is not told to call himself.
COORDINATOR: dict[str, Any] = {"recipient": CALL.email, "recipient_name": BY}


def _without_lines(kind: str, facts: Mapping[str, Any], **values: Any) -> Letter:
    return replace(
        LETTER, kind=kind, lines=(), facts=facts, recipient="binh@khcn.example.vn",
        recipient_name="Trần Văn Bình", **values,
    )  # fmt: skip


def _followed(audience: str) -> Letter:
    lines = tuple(replace(line, audience=audience) for line in (OVERDUE, REPORT, REQUESTED))
    return replace(
        LETTER,
        kind="digest",
        lines=lines,
        **(COORDINATOR if audience == "coordinator" else {"recipient_name": "Vũ Thu Hà"}),
    )


LETTERS: dict[str, Letter] = {
    "digest": replace(LETTER, kind="digest", lines=(COMING, QUESTION, OVERDUE, REPORT)),
    "digest_asked": replace(
        LETTER, kind="digest", recipient_name="Phạm Thị Lan",
        lines=(REQUESTED, replace(REPORT, organisation=COURT, organisation_en="", role="requested")),
    ),
    "digest_coordinator": _followed("coordinator"),
    "digest_leadership": _followed("leadership"),
    "digest_mixed": replace(
        LETTER, kind="digest", **COORDINATOR,
        lines=(replace(COMING, organisation=CALL.organisation, organisation_en=CALL.organisation_en),
               replace(OVERDUE, audience="coordinator")),
    ),
    "digest_brief": replace(
        LETTER, kind="digest",
        lines=tuple(duty(200 + n, f"2.1.{n}", f"Chỉ số thử {n}", date(2026, 12, 20)) for n in range(40)),
    ),
    "separate": LETTER,
    "separate_asked": replace(LETTER, lines=(REQUESTED,), recipient_name="Phạm Thị Lan"),
    **{
        f"notice_{topic}": replace(
            LETTER, kind="notice", lines=(line,),
            **(COORDINATOR if line.audience == "coordinator" else {}),
        )
        for topic, line in NOTICES.items()
    },
    "notice_returned_asked": replace(
        LETTER, kind="notice", recipient_name="Phạm Thị Lan",
        lines=(replace(NOTICES["returned"], organisation=COURT, organisation_en="", role="requested", due_on=date(2026, 12, 10)),),
    ),
    "notice_accepted_nil": replace(
        LETTER, kind="notice", lines=(replace(NOTICES["accepted"], answer="nil", revision=2),),
    ),
    "notice_several": replace(
        LETTER, kind="notice",
        lines=(NOTICES["accepted"], replace(NOTICES["returned"], assignment_id=UUID(int=8))),
    ),
    "digest_template": replace(
        LETTER, kind="digest",
        lines=(
            replace(
                OVERDUE, template_vi="Đề nghị lãnh đạo cơ quan trực tiếp chỉ đạo.\nXin cảm ơn.",
                template_en="Please take it in hand yourself.",
            ),
            COMING,
        ),
    ),
    "summary": _without_lines("summary", SUMMARY),
    "hold_too_many": _without_lines("hold", TOO_MANY),
    "hold_calendar": _without_lines("hold", NO_CALENDAR),
    "alarm": _without_lines("alarm", ALARMS, call=None),
    "test": _without_lines("test", {"by": "Quản trị viên"}, link=""),
}  # fmt: skip


OF_MADE_UP_PERIODS = (
    "digest", "digest_asked", "digest_coordinator", "separate", "notice_returned", "notice_several",
    "summary",
)  # fmt: skip


def made_up(letter: Letter) -> Letter:
    """Give the same letter of a period that is made up."""
    facts = dict(letter.facts)
    if "periods" in facts:
        facts["periods"] = [period | {"made_up": True} for period in facts["periods"]]
    lines = tuple(replace(line, made_up=True) for line in letter.lines)
    return replace(letter, lines=lines, facts=facts)


def variants() -> dict[str, Letter]:
    """Give every letter in both languages, and of every shape one of a made-up period."""
    found = {}
    for name, letter in LETTERS.items():
        for language in ("vi", "en"):
            one = replace(letter, language=language)
            found[f"{name}.{language}"] = one
            if name in OF_MADE_UP_PERIODS:
                found[f"{name}.{language}.made_up"] = made_up(one)
    return found
