"""The forms that text must have, and how each is told to whoever sent something else."""

from collections.abc import Mapping

LOGIN = r"^[a-z0-9][a-z0-9._@-]{1,63}$"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# A dot-atom before the sign (RFC 5322, 3.2.3).
EMAIL = rf"^(?:{_ATOM}(?:\.{_ATOM})*)@{_LABEL}(?:\.{_LABEL})*$"
PHONE = r"^(\+?[0-9][0-9 .()-]{4,30})?$"
CODE = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
CODES = r"^[A-Za-z0-9._-]+(,[A-Za-z0-9._-]+)*$"
TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
WEB_ADDRESS = r"^https?://[^\s\x00-\x1f<>\"\\]+$"
MESSAGE_ID = r"^<[!-;=?-~]{3,300}>$"
MAIL_STATUS = r"^[245]\.[0-9]{1,3}\.[0-9]{1,3}$"
TRACE_ID = r"^[0-9a-f]{32}$"

# In English, and in Vietnamese.
TOLD: Mapping[str, tuple[str, str]] = {
    LOGIN: (
        "a login: 2 to 64 small letters, digits or . _ - @, first a letter or digit, e.g. nguyen.van.a",
        "tên đăng nhập: 2 đến 64 chữ thường không dấu, chữ số hoặc . _ - @, đầu là chữ hoặc số, ví dụ nguyen.van.a",
    ),
    EMAIL: (
        "an email address, e.g. van-thu@example.org",
        "địa chỉ thư điện tử, ví dụ van-thu@example.org",
    ),
    PHONE: (
        "a telephone number of digits, spaces and . ( ) -, e.g. 024 3825 1234 or +84 24 3825 1234",
        "số điện thoại gồm chữ số, dấu cách và . ( ) -, ví dụ 024 3825 1234 hoặc +84 24 3825 1234",
    ),
    CODE: (
        "a code: letters without marks, digits or . _ -, first a letter or digit, e.g. 2.1.1 or ky-2026",
        "mã: chữ không dấu, chữ số hoặc . _ -, đầu là chữ hoặc số, ví dụ 2.1.1 hoặc ky-2026",
    ),
    CODES: ("codes parted by commas, e.g. 2.1.1,2.1.2", "các mã cách nhau bằng dấu phẩy, ví dụ 2.1.1,2.1.2"),
    TIME: ("a time of day from 00:00 to 23:59, e.g. 08:00", "giờ trong ngày từ 00:00 đến 23:59, ví dụ 08:00"),
    WEB_ADDRESS: (
        "a web address that begins with http:// or https:// and has no spaces",
        "địa chỉ web bắt đầu bằng http:// hoặc https://, không có dấu cách",
    ),
    MESSAGE_ID: (
        "a mail's Message-ID in angle brackets, e.g. <a1b2@pii.example.vn>",
        "Message-ID của thư trong ngoặc nhọn, ví dụ <a1b2@pii.example.vn>",
    ),
    MAIL_STATUS: (
        "an enhanced status code of RFC 3463, e.g. 5.1.1",
        "mã trạng thái thư theo RFC 3463, ví dụ 5.1.1",
    ),
    TRACE_ID: (
        "a trace id of 32 digits and letters a to f",
        "mã trace gồm 32 chữ số hoặc chữ từ a đến f",
    ),
}  # fmt: skip


def told(pattern: str) -> tuple[str, str]:
    """Say in words which form is wanted, in English and in Vietnamese; one that has no words is shown as it is."""
    return TOLD.get(pattern, (pattern, pattern))
