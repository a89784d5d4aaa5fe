"""Why a reminder was not sent: what the ledger shows people, Vietnamese first."""

DUTY_DONE = "Nhiệm vụ đã hoàn thành hoặc đang chờ duyệt. / The duty is done or under review."
DEADLINE_MOVED = "Hạn đã thay đổi. / The deadline has moved."
PERIOD_CLOSED = "Kỳ báo cáo không mở. / The period is not open."
PASSED_ON = "Nhiệm vụ đã chuyển cho cơ quan khác. / The duty has passed to another body."
CONTACT_CHANGED = (
    "Đầu mối không còn hoặc đã đổi địa chỉ. / The contact has ended or has another address."
)
STEP_OFF = "Bước nhắc này không còn áp dụng cho người nhận. / This step no longer applies to the recipient."
NEWER_STEP = "Đã đến bước nhắc mới hơn. / A newer step is due."
