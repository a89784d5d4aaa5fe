"""Numbers, states, acts and fields as people are told of them, in English and in Vietnamese. Pure."""

import math
from collections.abc import Iterable, Mapping

from services.api.deps.digits import exact_en, exact_vi, rounded

STATES: Mapping[str, str] = {
    "draft": "Bản nháp",
    "submitted": "Đã nộp, chờ duyệt",
    "returned": "Bị trả lại",
    "accepted": "Đã tiếp nhận",
    "rejected": "Bị từ chối",
    "withdrawn": "Đã rút lại",
    "superseded": "Đã được thay thế",
    "reopened": "Đã mở lại",
}
ANSWERS: Mapping[str, str] = {
    "value": "Có số liệu",
    "nil": "Không có số liệu",
    "not_applicable": "Không áp dụng",
    "central_source": "Nguồn trung ương",
}
ACTS: Mapping[str, str] = {
    "edit": "sửa",
    "submit": "nộp",
    "withdraw": "rút lại",
    "accept": "tiếp nhận",
    "return": "trả lại",
    "reject": "từ chối",
    "reopen": "mở lại",
    "first_accept": "tiếp nhận bước một",
    "supersede": "thay thế",
}
FIELDS: Mapping[str, tuple[str, str]] = {
    "answer": ("the kind of answer", "loại trả lời"),
    "value": ("the figure", "số liệu"),
    "numerator": ("the numerator", "tử số"),
    "denominator": ("the denominator", "mẫu số"),
    "nil_reason": ("the reason why there is no figure", "lý do không có số liệu"),
    "note": ("the note", "ghi chú"),
    "source": ("the source", "nguồn số liệu"),
    "evidence": ("the evidence", "tài liệu minh chứng"),
}


def states_vi(states: Iterable[str]) -> str:
    """Name states in the middle of a sentence."""
    return " hoặc ".join(f"“{STATES[state].lower()}”" for state in sorted(states))


def fields_told(names: Iterable[str]) -> tuple[str, str]:
    """Name the fields of a submission in words, in English and in Vietnamese."""
    english, vietnamese = zip(*(FIELDS[name] for name in names), strict=True)
    return ", ".join(english), ", ".join(vietnamese)


def en(number: float | None) -> str:
    if number is None:
        return "any"
    return exact_en(rounded(number)) if math.isfinite(number) else "infinitely many"


def vi(number: float | None) -> str:
    if number is None:
        return "bất kỳ"
    if not math.isfinite(number):
        return "vô cùng"
    return exact_vi(rounded(number))
