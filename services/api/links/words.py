"""The words of a link's page: Vietnamese, and English below it."""

from collections.abc import Mapping
from typing import NamedTuple


class Both(NamedTuple):
    vi: str
    en: str


DUTIES: Mapping[str, Both] = {
    "figure": Both("Nộp số liệu và minh chứng", "Figure and evidence"),
    "report": Both("Báo cáo nhiệm vụ, giải pháp", "Report on measures"),
    "explanation": Both("Giải trình", "Explanation"),
}
TOPICS: Mapping[str, Both] = {
    "due": Both("Nhiệm vụ đến hạn", "A deadline"),
    "returned": Both("Số liệu bị trả lại", "A figure was returned"),
    "rejected": Both("Số liệu không được chấp nhận", "A figure was rejected"),
    "accepted": Both("Số liệu đã được tiếp nhận", "A figure was accepted"),
    "reopened": Both("Số liệu được mở lại", "A figure was reopened"),
    "extension_asked": Both("Đề nghị gia hạn", "An extension was asked for"),
    "extension_granted": Both("Đã đồng ý gia hạn", "An extension was granted"),
    "extension_refused": Both("Không đồng ý gia hạn", "An extension was refused"),
    "explanation_asked": Both("Yêu cầu giải trình", "An explanation is asked for"),
    "explanation_answered": Both("Đã có giải trình", "An explanation was given"),
    "deputy_named": Both("Ủy quyền", "A deputy was named"),
    "handed_over": Both("Bàn giao nhiệm vụ", "Duties were handed over"),
}
ROLES: Mapping[str, Both] = {
    "lead": Both("chủ trì", "lead"),
    "joint_lead": Both("đồng chủ trì", "joint lead"),
    "cooperating": Both("phối hợp", "cooperating"),
    "requested": Both("được đề nghị phối hợp", "requested"),
}
STATES: Mapping[str, Both] = {
    "open": Both("Chưa nộp", "Not handed in"),
    "returned": Both("Bị trả lại, cần sửa và nộp lại", "Returned: correct it and hand it in again"),
    "submitted": Both("Đã nộp, đang chờ duyệt", "Handed in, waits for a decision"),
    "accepted": Both("Đã tiếp nhận", "Accepted"),
    "nil": Both("Đã tiếp nhận: không phát sinh", "Accepted: nil"),
    "excused": Both("Được miễn", "Excused"),
    "asked": Both("Chưa trả lời", "Not answered"),
    "answered": Both("Đã trả lời", "Answered"),
    "closed": Both("Đã đóng", "Closed"),
}
UNTITLED = Both("Liên kết không dùng được", "This link cannot be used")
TITLES: Mapping[int, Both] = {
    404: Both("Không tìm thấy", "Not found"),
    409: Both("Chưa thực hiện được", "Not possible now"),
    410: Both("Đã hết hiệu lực", "No longer valid"),
    422: Both("Chưa đúng, xin sửa lại", "Please correct it"),
    503: Both("Tạm thời không phục vụ được", "Not reachable at the moment"),
}
DONE: Mapping[str, Both] = {
    "acknowledged": Both("Đã ghi nhận: đã nhận được", "Noted: received"),
    "already": Both("Việc nhận đã được ghi nhận trước đó", "It had been noted before"),
    "asked": Both("Đã gửi đề nghị gia hạn", "The extension has been asked for"),
    "named": Both("Đã ghi nhận ủy quyền", "The deputy has been named"),
    "release": Both("Đã cho gửi đợt thư", "The run has been released"),
    "discard": Both("Đã hủy đợt thư", "The run has been discarded"),
}
HOLDS: Mapping[str, Both] = {
    "too_many": Both("Nhiều thư hơn bình thường", "More mails than usual"),
    "calendar": Both("Lịch làm việc chưa được xác nhận", "The working calendar is not confirmed"),
}
HOLD_STATES: Mapping[str, Both] = {
    "waiting": Both("Đang chờ quyết định", "Waits for a decision"),
    "released": Both("Đã cho gửi", "Released"),
    "discarded": Both("Đã hủy", "Discarded"),
}
# What a held run was found to be, in the order in which it is shown.
HELD: Mapping[str, Both] = {
    "mails": Both("Số thư trong đợt", "Mails in the run"),
    "recipients": Both("Số người nhận", "Recipients"),
    "limit": Both("Mức cho phép một đợt", "Most mails of a run"),
    "usual": Both("Ngày gửi nhiều nhất trong 30 ngày qua", "Greatest day of the last 30"),
    "year": Both("Năm chưa có lịch xác nhận", "Year without a confirmed calendar"),
}
# The same names as in the mails (services/notifier/mail/words).
ALARMS: Mapping[str, Both] = {
    "no_contact": Both("Cơ quan chưa có đầu mối nhận thư", "Body with nobody to write to"),
    "address_dead": Both("Địa chỉ thư không còn dùng được", "Address that takes no mail"),
    "mail_failed": Both("Thư không gửi được", "Mail that could not be sent"),
    "index_not_calculated": Both("Chưa tính được chỉ số", "Index that cannot be calculated"),
    "planning_silent": Both("Chưa lập được kế hoạch nhắc việc", "No planning of reminders"),
    "unsent": Both("Thư đến giờ chưa gửi được", "Mail that is due was not sent"),
    "webhook_disabled": Both("Webhook bị ngừng", "Webhook disabled"),
    "hold": Both("Đợt gửi thư đang tạm giữ", "Run of mails that is held"),
}
OTHER_ALARM = Both("Việc cần xem", "Something to look at")
# Columns of the board, as in the weekly summary.
BOARD: Mapping[str, Both] = {
    "expected": Both("Phải nộp", "Expected"),
    "received": Both("Đã nộp", "Received"),
    "accepted": Both("Đã tiếp nhận", "Accepted"),
    "late": Both("Nộp muộn", "Late"),
    "overdue": Both("Quá hạn chưa nộp", "Overdue"),
    "excused": Both("Được miễn", "Excused"),
}
PASSED: Mapping[str, Both] = {
    "duty": Both(
        "Nhiệm vụ này đã chuyển cho cơ quan khác hoặc không còn do bạn phụ trách.",
        "This has passed to another body, or is no longer with you.",
    ),
    "person": Both(
        "Bạn không còn là đầu mối đang hoạt động của cơ quan này.",
        "You are no longer an active contact of this body.",
    ),
}


def days_told(days: int) -> Both:
    """Say how far off a deadline is; ``days`` are left, or late where negative."""
    if days < 0:
        return Both(f"quá hạn {-days} ngày", f"{-days} days late")
    if days == 0:
        return Both("hạn là hôm nay", "due today")
    return Both(f"còn {days} ngày", f"{days} days left")


def share(value: float | None) -> Both:
    """Write a share from 0 to 1 in percent, as each language writes its numbers."""
    if value is None:
        return Both("chưa có", "none yet")
    written = f"{value * 100:.1f}".removesuffix(".0")
    return Both(f"{written.replace('.', ',')}%", f"{written}%")


def score(value: float | None) -> Both:
    """Write a score with two digits, as scores are published."""
    if value is None:
        return Both("chưa tính được", "not to be computed yet")
    written = f"{value:.2f}"
    return Both(written.replace(".", ","), written)


def change(value: float) -> Both:
    """Write what a score rose or fell by; what is rounded to nothing has no sign."""
    written = f"{value:+.2f}".replace("-", "−")
    written = "0.00" if written[1:] == "0.00" else written
    return Both(f"{written.replace('.', ',')} so với một tuần trước", f"{written} since a week ago")


def rank(value: int | None, units: int) -> str:
    """Write a rank with how many were ranked."""
    return "–" if value is None else f"{value}/{units}"
