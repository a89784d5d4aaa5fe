"""What people read in a pack: Vietnamese words, numbers as 1.234,56 and dates as 24/11/2026; pure."""

import re
from collections.abc import Mapping
from datetime import date, datetime

from services.api.deps.clock import HANOI
from services.api.deps.digits import exact_vi
from services.api.deps.levels import LEVELS as WORDS_OF_LEVELS

MADE_UP = "SỐ LIỆU GIẢ ĐỊNH · MADE-UP DATA"
ANSWERS: Mapping[str, str] = {
    "value": "Số liệu",
    "nil": "Không có số liệu",
    "not_applicable": "Không áp dụng",
    "central_source": "Do cơ quan trung ương công bố",
}
ROLES: Mapping[str, str] = {"lead": "chủ trì", "joint_lead": "đồng chủ trì"}
LEVELS: Mapping[str, str] = {level: words[0] for level, words in WORDS_OF_LEVELS.items()}
PRESENCE: Mapping[str, str] = {
    "in_pack": "có trong gói",
    "link": "đường dẫn, không có tệp",
    "quarantined": "đang chờ quét vi-rút, không kèm tệp",
    "infected": "nhiễm vi-rút, không kèm tệp",
    "missing": "tệp không còn trong kho lưu trữ",
}
GAPS: Mapping[str, str] = {
    "no_figure": "Chưa có số liệu được tiếp nhận",
    "excused": "Được miễn",
    "nil": "Báo không có số liệu",
    "not_applicable": "Báo không áp dụng",
    "central_source": "Báo số liệu do cơ quan trung ương công bố",
    "newer_waits": "Có bản mới hơn đang chờ duyệt",
    "no_evidence": "Số liệu không có tài liệu minh chứng",
    "not_signed": "Minh chứng yếu: không có bản có chữ ký",
    "evidence_not_accepted": "Minh chứng không đúng loại mà chỉ số yêu cầu",
    "stated_differs": "Số liệu khác con số nêu trong minh chứng",
    "quarantined": "Minh chứng đang chờ quét vi-rút, không kèm tệp",
    "infected": "Minh chứng nhiễm vi-rút, không kèm tệp",
    "missing": "Tệp minh chứng không còn trong kho lưu trữ",
    "leads_disagree": "Các cơ quan đồng chủ trì báo số liệu khác nhau",
}
STATUSES: Mapping[str, str] = {
    "open": "chưa nộp",
    "submitted": "đã nộp, đang chờ duyệt",
    "returned": "đã bị trả lại",
}
# What an XML document may hold; the rest cannot stand in XLSX and DOCX.
_ILLEGIBLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def legible(text: str) -> str:
    """Leave out what no document can hold, so that all forms of a pack hold the same words."""
    return _ILLEGIBLE.sub("", text)


def written(value: float | None) -> str:
    """Write a number as people here do, to the last digit: 1234.5 becomes 1.234,5."""
    return "" if value is None else exact_vi(value)


def day(value: date | str | None) -> str:
    """Write a day, also one that comes as ISO text."""
    if not value:
        return ""
    return f"{date.fromisoformat(value) if isinstance(value, str) else value:%d/%m/%Y}"


def moment(value: datetime) -> str:
    return f"{value.astimezone(HANOI):%d/%m/%Y %H:%M:%S}"
