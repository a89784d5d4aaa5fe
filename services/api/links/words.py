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
