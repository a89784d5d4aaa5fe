"""What the ledger's words say to people: Vietnamese and English; pure."""

import re
from typing import NamedTuple

_STEP = re.compile(r"([+-]?\d+)([wc])")


class Said(NamedTuple):
    vi: str
    en: str


STATES = {
    "planned": Said("Dự kiến", "Planned"),
    "held": Said("Bị giữ", "Held"),
    "claimed": Said("Đang gửi", "Being sent"),
    "sent": Said("Đã gửi", "Sent"),
    "delivered": Said("Đã đến", "Delivered"),
    "failed": Said("Không gửi được", "Failed"),
    "skipped": Said("Không gửi", "Not sent"),
}
AUDIENCES = {
    "officer": Said("Cán bộ đầu mối", "Officer"),
    "deputy": Said("Người được ủy quyền", "Deputy"),
    "head": Said("Lãnh đạo đơn vị", "Head"),
    "coordinator": Said("Đầu mối điều phối", "Coordinator"),
    "leadership": Said("Lãnh đạo thành phố", "Leadership"),
}
TOPICS = {
    "due": Said("Nhắc hạn", "Deadline"),
    "returned": Said("Bị trả lại", "Returned"),
    "rejected": Said("Bị từ chối", "Rejected"),
    "accepted": Said("Được tiếp nhận", "Accepted"),
    "reopened": Said("Được mở lại", "Reopened"),
    "extension_asked": Said("Đề nghị gia hạn", "Extension asked for"),
    "extension_granted": Said("Được gia hạn", "Extension granted"),
    "extension_refused": Said("Không được gia hạn", "Extension refused"),
    "explanation_asked": Said("Yêu cầu giải trình", "Explanation asked for"),
    "explanation_answered": Said("Đã giải trình", "Explanation answered"),
    "deputy_named": Said("Ủy quyền", "Deputy named"),
    "handed_over": Said("Bàn giao", "Handed over"),
}
EXTENSIONS = {
    "asked": Said("chờ quyết định", "waiting"),
    "granted": Said("đồng ý", "granted"),
    "refused": Said("không đồng ý", "refused"),
    "withdrawn": Said("đã rút", "withdrawn"),
}
STATUSES = {
    "open": Said("chưa nộp", "open"),
    "submitted": Said("đã nộp, chờ duyệt", "submitted"),
    "accepted": Said("đã tiếp nhận", "accepted"),
    "returned": Said("bị trả lại", "returned"),
    "excused": Said("được miễn", "excused"),
    "asked": Said("chờ giải trình", "asked"),
    "answered": Said("đã giải trình", "answered"),
    "closed": Said("đã đóng", "closed"),
}
ROLES = {
    "lead": Said("chủ trì", "lead"),
    "joint_lead": Said("đồng chủ trì", "joint lead"),
    "cooperating": Said("phối hợp", "co-operating"),
    "requested": Said("được đề nghị", "requested"),
}
HELD = Said(
    "Lượt gửi đang chờ điều phối quyết định.", "The run waits for the coordinator's decision."
)
NOT_TOLD = {
    "done": Said(
        "Nhiệm vụ đã hoàn thành hoặc đang chờ duyệt.", "The duty is done or under review."
    ),
    "excused": Said("Nhiệm vụ được miễn.", "The duty is excused."),
    "paused": Said("Việc gửi thư đang tạm dừng.", "Sending is paused."),
    "held": HELD,
    "failed": Said("Thư không gửi được.", "The mail could not be sent."),
    "skipped": Said("Bước nhắc đã bị bỏ qua.", "The step was left out."),
    "policy_silent": Said(
        "Không chính sách nào nhắc nhiệm vụ này.", "No policy reminds of this duty."
    ),
    "no_contact": Said("Cơ quan không có đầu mối để gửi thư.", "The body has nobody to write to."),
    "suppressed_address": Said(
        "Mọi địa chỉ của cơ quan đã ngừng nhận thư.", "All addresses of the body are suppressed."
    ),
    "not_a_working_day": Said("Không phải ngày làm việc.", "It is not a working day."),
    "no_step_that_day": Said("Không có bước nhắc trong ngày này.", "No step falls on that day."),
    "beyond_horizon": Said(
        "Bước nhắc tiếp theo chưa đến kỳ lập kế hoạch.",
        "The next step lies beyond what is planned.",
    ),
}


def both(text: str) -> Said:
    """Take a reason apart that the ledger keeps as "Vietnamese / English"; of one language it is both."""
    parts = text.split(" / ")
    half, odd = divmod(len(parts), 2)
    if odd:
        return Said(text, text)
    return Said(" / ".join(parts[:half]), " / ".join(parts[half:]))


def why(state: str, reason: str | None, mail_reason: str | None) -> Said | None:
    """Say why somebody was not told, or not yet; nothing where he was."""
    if reason:
        return both(reason)
    if state == "held":
        return HELD
    if mail_reason and state in {"planned", "claimed", "failed", "skipped"}:
        return both(mail_reason)
    return None


def step_said(step: str) -> Said:
    """Say "-5w" in words; a notice has none, and what is written otherwise stays as it is."""
    written = _STEP.fullmatch(step)
    if not written:
        return Said(step, step)
    days, unit = int(written[1]), written[2]
    worked = Said("ngày làm việc", "working days") if unit == "w" else Said("ngày", "days")
    if not days:
        return Said("ngày đến hạn", "the day itself")
    when = Said("trước hạn", "before") if days < 0 else Said("sau hạn", "after")
    return Said(f"{abs(days)} {worked.vi} {when.vi}", f"{abs(days)} {worked.en} {when.en}")
