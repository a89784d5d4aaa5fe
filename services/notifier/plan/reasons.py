"""Why a reminder was not sent: what the ledger shows people, Vietnamese first."""

from typing import Any

from sqlalchemy import ColumnElement, or_

from shared.holds import was_discarded

DUTY_DONE = "Nhiệm vụ đã hoàn thành hoặc đang chờ duyệt. / The duty is done or under review."
DEADLINE_MOVED = "Hạn đã thay đổi. / The deadline has moved."
PERIOD_CLOSED = "Kỳ báo cáo không mở. / The period is not open."
PASSED_ON = "Nhiệm vụ đã chuyển cho cơ quan khác. / The duty has passed to another body."
CONTACT_CHANGED = (
    "Đầu mối không còn hoặc đã đổi địa chỉ. / The contact has ended or has another address."
)
STEP_OFF = "Bước nhắc này không còn áp dụng cho người nhận. / This step no longer applies to the recipient."
NEWER_STEP = "Đã đến bước nhắc mới hơn. / A newer step is due."
# Of steps that a newer one overtook: why nobody could have sent them in their time.
BEFORE_DUTY = "Bước nhắc này rơi vào trước khi giao nhiệm vụ hoặc yêu cầu. / This step fell before the duty or the request was there."
BEFORE_DEADLINE = "Bước nhắc này rơi vào trước khi đặt thời hạn này. / This step fell before this deadline was set."
ADDRESS_DEAD = (
    "Địa chỉ thư đã ngừng gửi vì không nhận được thư. / The address takes no mail any more."
)
NO_LONGER_SO = "Sự việc đã thay đổi trước khi gửi. / The matter changed before it was told."
MERGED = "Được gộp vào thư mới hơn. / Merged into a newer mail."
NOTHING_LEFT = "Không còn nội dung nào để gửi. / Nothing was left to be told."


def is_for_good(reason: Any) -> ColumnElement[bool]:
    """Make the condition that a row is not planned again, whatever becomes true."""
    overtaken = (NEWER_STEP, BEFORE_DUTY, BEFORE_DEADLINE)
    return or_(reason.in_(overtaken), was_discarded(reason))
