"""What refusals say in Vietnamese, and what the library's checks say in either language."""

import re
from collections.abc import Mapping
from typing import Any

from services.api import patterns
from shared.text import halves

TITLES_VI = {
    400: "Yêu cầu không đọc được",
    401: "Chưa đăng nhập",
    403: "Không có quyền",
    404: "Không tìm thấy",
    405: "Phương thức không được hỗ trợ",
    406: "Không có dạng được yêu cầu",
    409: "Mâu thuẫn với trạng thái hiện tại",
    410: "Đã hết hiệu lực",
    412: "Nội dung đã thay đổi",
    413: "Quá lớn",
    415: "Loại nội dung không được hỗ trợ",
    416: "Khoảng dữ liệu không có",
    422: "Dữ liệu không hợp lệ",
    428: "Thiếu điều kiện If-Match",
    429: "Quá nhiều yêu cầu",
    500: "Lỗi hệ thống",
    503: "Tạm thời không phục vụ được",
}

# Pydantic's messages are English, and name its own types; what stands in no line here is OTHER_VI.
OTHER_VI = "giá trị không hợp lệ"
MESSAGES_VI = {
    "unknown_code": "{vietnamese}",
    "missing": "thiếu trường bắt buộc",
    "extra_forbidden": "trường không được phép",
    "finite_number": "phải là số hữu hạn",
    "float_type": "phải là số",
    "float_parsing": "phải là số",
    "int_type": "phải là số nguyên",
    "int_parsing": "phải là số nguyên",
    "int_from_float": "phải là số nguyên",
    "bool_type": "phải là true hoặc false",
    "bool_parsing": "phải là true hoặc false",
    "string_type": "phải là chuỗi ký tự",
    "string_too_short": "quá ngắn, ít nhất {min_length} ký tự",
    "string_too_long": "quá dài, nhiều nhất {max_length} ký tự",
    "string_pattern_mismatch": "không đúng dạng, cần là {form}",
    "string_unicode": "không phải chuỗi ký tự Unicode hợp lệ",
    "no_such_day": "không có ngày này trong lịch",
    "timezone_aware": "phải ghi rõ múi giờ, ví dụ 2026-11-23T08:00:00+07:00",
    "datetime_type": "phải là thời điểm, ví dụ 2026-11-23T08:00:00+07:00",
    "datetime_parsing": "phải là thời điểm, ví dụ 2026-11-23T08:00:00+07:00",
    "datetime_from_date_parsing": "phải là thời điểm, ví dụ 2026-11-23T08:00:00+07:00",
    "date_from_datetime_inexact": "phải là ngày dạng NNNN-TT-NN, không kèm giờ",
    "multiple_of": "phải là bội số của {multiple_of}",
    "int_parsing_size": "số quá lớn",
    "none_required": "phải để trống (null)",
    "missing_argument": "thiếu trường bắt buộc",
    "union_tag_invalid": "{discriminator} phải là một trong: {expected_tags}",
    "union_tag_not_found": "thiếu {discriminator}",
    "uuid_version": "không phải mã định danh hợp lệ",
    "less_than_equal": "phải nhỏ hơn hoặc bằng {le}",
    "greater_than_equal": "phải lớn hơn hoặc bằng {ge}",
    "less_than": "phải nhỏ hơn {lt}",
    "greater_than": "phải lớn hơn {gt}",
    "too_long": "quá nhiều phần tử, nhiều nhất {max_length}",
    "too_short": "quá ít phần tử, ít nhất {min_length}",
    "literal_error": "phải là một trong: {expected}",
    "enum": "phải là một trong: {expected}",
    "uuid_type": "không phải mã định danh hợp lệ",
    "uuid_parsing": "không phải mã định danh hợp lệ",
    "date_from_datetime_parsing": "phải là ngày dạng NNNN-TT-NN",
    "date_parsing": "phải là ngày dạng NNNN-TT-NN",
    "date_type": "phải là ngày dạng NNNN-TT-NN",
    "json_invalid": "JSON không hợp lệ",
    "model_type": "phải là một đối tượng JSON",
    "model_attributes_type": "phải là một đối tượng JSON",
    "dict_type": "phải là một đối tượng JSON",
    "list_type": "phải là một danh sách",
}

NO_SUCH_DAY_EN = "this day does not exist in the calendar"
_OUT_OF_CALENDAR = re.compile(r"^(day|month) value is outside expected range|^year 0 is out")
_PYTHON_DAY = re.compile(
    r"datetime\.date(?:time)?\((\d+), (\d+), (\d+)[^()]*(?:\([^()]*\))?[^()]*\)"
)


def in_vietnamese(entry: Mapping[str, Any]) -> str:
    """Say what one of Pydantic's errors says, never in the library's own words."""
    kind, facts = entry["type"], entry.get("ctx", {})
    if kind == "value_error":
        return _said(entry)[1]
    if isinstance(entry.get("input"), str):
        # A text is as long as it has characters, also where the limit stands beside its type.
        kind = {"too_short": "string_too_short", "too_long": "string_too_long"}.get(kind, kind)
    if _is_no_day(entry):
        kind = "no_such_day"
    told = {"form": patterns.told(facts["pattern"])[1]} if "pattern" in facts else {}
    told |= {name: _days(str(value)).replace(" or ", " hoặc ") for name, value in facts.items()}
    return MESSAGES_VI.get(kind, OTHER_VI).format_map(told)


def in_english(entry: Mapping[str, Any]) -> str:
    """Say what one of Pydantic's errors says; of our own, which are in both languages, the English half."""
    if entry["type"] == "value_error":
        return _said(entry)[0]
    if _is_no_day(entry):
        return NO_SUCH_DAY_EN
    if entry["type"] == "string_pattern_mismatch":
        return f"must be {patterns.told(entry['ctx']['pattern'])[0]}"
    return _days(str(entry["msg"]))


def _is_no_day(entry: Mapping[str, Any]) -> bool:
    """Tell a day that no calendar has, such as 30 February, from text that is no date."""
    return _OUT_OF_CALENDAR.search(str(entry.get("ctx", {}).get("error", ""))) is not None


def _days(text: str) -> str:
    """Write days as ISO has them where the library writes them as Python does."""
    return _PYTHON_DAY.sub(lambda day: f"{day[1]}-{day[2]:0>2}-{day[3]:0>2}", text)


def _said(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Part what our own checks say (``English / Vietnamese``)."""
    return halves(str(entry["msg"]).removeprefix("Value error, "))
