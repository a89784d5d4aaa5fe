"""Vietnamese terms of mails: labels, titles, sentences."""

from typing import ClassVar

from services.notifier.mail.words.language import Language
from services.notifier.mail.words.terms import Table


class VietnameseTerms(Language):
    """What is said in the same words each time."""

    language = "vi"

    IN_SHORT = "Tóm tắt bằng tiếng Việt"
    DRAFTED = "đã lập bản nháp, chưa gửi"
    NO_BASIS = "(chưa cập nhật)"
    COORDINATOR = "Cơ quan điều phối"
    SYSTEM = "Hệ thống theo dõi PII"
    OTHER_ALARM = "Việc cần xem"
    LINK_ABOVE = "Đường dẫn ở phần trên."
    DUTY: ClassVar[Table] = {
        "figure": "Cung cấp số liệu kèm tài liệu minh chứng",
        "report": "Báo cáo kết quả theo dõi và nhiệm vụ, giải pháp",
        "explanation": "Giải trình theo yêu cầu",
    }
    THING: ClassVar[Table] = {
        "figure": "bản số liệu",
        "report": "báo cáo",
        "explanation": "bản giải trình",
    }
    ROLE: ClassVar[Table] = {
        "lead": "chủ trì",
        "joint_lead": "đồng chủ trì",
        "cooperating": "phối hợp",
        "requested": "được đề nghị phối hợp",
    }
    MISSING: ClassVar[Table] = {
        "figure": "số liệu",
        "report": "báo cáo",
        "evidence": "tài liệu minh chứng",
        "explanation": "giải trình",
        "revision": "bản sửa gửi lại",
    }
    LABEL: ClassVar[Table] = {
        "what": "Nội dung",
        "component": "Hạng mục",
        "body": "Cơ quan",
        "basis": "Căn cứ",
        "deadline": "Thời hạn",
        "wished": "Ngày đề nghị",
        "missing": "Còn thiếu",
        "state": "Tình trạng",
        "hoped": "Mong nhận được",
        "period": "Kỳ báo cáo",
        "kept": "Thời hạn giữ nguyên",
        "new": "Thời hạn mới",
        "until": "Xin gia hạn đến",
        "by": "Người xử lý",
        "asked_by": "Người đề nghị",
        "answered_by": "Người trả lời",
        "question": "Câu hỏi",
        "person": "Người thay",
        "holder": "Thay cho",
        "validity": "Thời gian",
        "from": "Bên giao",
        "to": "Bên nhận",
        "since": "Từ ngày",
        "number": "Số nhiệm vụ",
        "call": "Khi có khó khăn, vướng mắc, xin liên hệ",
        "phone": "điện thoại",
        "mail": "thư điện tử",
    }
    ANSWER: ClassVar[Table] = {
        "nil": "báo cáo không phát sinh số liệu",
        "not_applicable": "báo cáo chỉ số không áp dụng",
        "central_source": "báo cáo số liệu do cơ quan trung ương công bố",
    }
    WORDS: ClassVar[Table] = {
        "due": "Lý do trả lại",
        "returned": "Lý do trả lại",
        "rejected": "Lý do từ chối",
        "accepted": "Ý kiến",
        "reopened": "Lý do mở lại",
        "extension_asked": "Lý do xin gia hạn",
        "extension_granted": "Ý kiến",
        "extension_refused": "Lý do",
        "explanation_asked": "Nội dung cần giải trình",
        "explanation_answered": "Nội dung trả lời",
        "deputy_named": "Lý do",
        "handed_over": "Ghi chú",
    }
    TOPIC: ClassVar[Table] = {
        "due": "Nhắc việc",
        "returned": "Trả lại để bổ sung",
        "rejected": "Không tiếp nhận",
        "accepted": "Đã tiếp nhận",
        "reopened": "Mở lại để nộp",
        "extension_asked": "Xin gia hạn",
        "extension_granted": "Đồng ý gia hạn",
        "extension_refused": "Không gia hạn",
        "explanation_asked": "Yêu cầu giải trình",
        "explanation_answered": "Đã có giải trình",
        "deputy_named": "Cử người thay",
        "handed_over": "Bàn giao nhiệm vụ",
    }
    KIND: ClassVar[Table] = {
        "summary": "Tình hình tuần",
        "hold": "Đợt gửi thư đang tạm giữ",
        "alarm": "Cảnh báo vận hành",
        "test": "Thư thử",
    }
    HOLD: ClassVar[Table] = {
        "too_many": "quá nhiều thư",
        "calendar": "lịch làm việc chưa xác nhận",
    }
    ALARM: ClassVar[Table] = {
        "no_contact": "Cơ quan chưa có đầu mối nhận thư",
        "address_dead": "Địa chỉ thư không còn dùng được",
        "mail_failed": "Thư không gửi được",
        "index_not_calculated": "Chưa tính được chỉ số",
        "planning_silent": "Chưa lập được kế hoạch nhắc việc",
        "unsent": "Thư đến giờ chưa gửi được",
        "webhook_disabled": "Webhook bị ngừng",
        "hold": "Đợt gửi thư đang tạm giữ",
    }
    OPEN: ClassVar[Table] = {
        "digest": "Mở danh sách nhiệm vụ",
        "separate": "Mở nhiệm vụ",
        "notice": "Xem chi tiết",
        "summary": "Mở bảng theo dõi",
        "hold": "Xem, cho gửi hoặc hủy đợt thư",
        "alarm": "Mở danh sách cảnh báo",
        "test": "Mở hệ thống",
    }
    BOARD: ClassVar[Table] = {
        "expected": "Phải nộp",
        "received": "Đã nộp",
        "accepted": "Đã tiếp nhận",
        "late": "Nộp muộn",
        "overdue": "Quá hạn chưa nộp",
        "asked": "Đang đề nghị phối hợp",
        "excused": "Được miễn",
        "on_time": "Tỷ lệ đúng hạn",
    }
    CHANGES: ClassVar[Table] = {
        "submitted": "Nộp mới",
        "accepted": "Tiếp nhận",
        "returned": "Trả lại",
        "reopened": "Mở lại",
        "extensions": "Gia hạn",
        "newly_overdue": "Mới quá hạn",
        "handovers": "Bàn giao",
        "explanations_asked": "Yêu cầu giải trình",
        "explanations_answered": "Đã giải trình",
    }
    SUMMARY: ClassVar[Table] = {
        "changes": "Thay đổi trong 7 ngày qua",
        "longest": "Quá hạn lâu nhất",
        "nobody": "Không có nhiệm vụ nào quá hạn.",
        "unreachable": "Cơ quan chưa có đầu mối nhận thư",
        "dead": "Địa chỉ không nhận được thư",
        "holds": "Đợt thư đang tạm giữ",
        "head": "Mốc đã ký của nhật ký thay đổi",
    }
    INDEX: ClassVar[Table] = {
        "score": "Điểm PII (ước tính)",
        "rank": "Hạng (ước tính)",
    }
    HELD: ClassVar[Table] = {
        "why": "Lý do",
        "mails": "Số thư trong đợt",
        "recipients": "Số người nhận",
        "limit": "Mức cho phép một đợt",
        "usual": "Ngày gửi nhiều nhất trong 30 ngày qua",
    }
    WHAT_TO_DO: ClassVar[Table] = {
        "figure": "Số liệu: lập bản số liệu trên hệ thống (số liệu, thời điểm, nguồn), đính kèm tài liệu minh chứng khớp với số liệu (số, ngày, cơ quan ban hành), rồi gửi để cơ quan điều phối tiếp nhận.",
        "report": "Báo cáo: lập báo cáo trên hệ thống (kết quả theo dõi chỉ số; nhiệm vụ, giải pháp đã và sẽ thực hiện), đính kèm tài liệu nếu có, rồi gửi để cơ quan điều phối tiếp nhận.",
        "explanation": "Giải trình: trả lời từng nội dung được hỏi trên hệ thống.",
    }
    SOME_THING = "hồ sơ"
    TOPIC_ASKED: ClassVar[Table] = {
        "explanation_asked": "Đề nghị giải trình",
        "returned": "Đề nghị bổ sung",
    }
    SENTENCE: ClassVar[Table] = {
        "returned": "{who} trả lại {thing} của {body}{revision} để bổ sung, chỉnh sửa.",
        "rejected": "{who} không tiếp nhận {thing} của {body}{revision}.",
        "accepted": "{who} đã tiếp nhận {thing} của {body}{revision}.",
        "reopened": "{who} đã mở lại {thing} của {body}{revision} để nộp bản mới.",
        "extension_asked": "{body} xin gia hạn nhiệm vụ này.",
        "extension_granted": "{who} đồng ý gia hạn cho {body}.",
        "extension_refused": "{who} không gia hạn cho {body}; thời hạn được giữ nguyên.",
        "explanation_asked": "{who} yêu cầu {body} giải trình nội dung sau.",
        "explanation_answered": "{body} đã trả lời yêu cầu giải trình.",
        "deputy_named": "{person} được cử làm thay{holder} tại {body}.",
        "due": "{body}: {duty}.",
        "handed_over": "Nhiệm vụ đã được bàn giao từ {from_body} sang {to_body}. Thư này là biên nhận cho hai bên.",
    }
    SENTENCE_ASKED: ClassVar[Table] = {
        "returned": "{Thing} của {body}{revision} đã được xem; kính đề nghị Quý cơ quan bổ sung một số nội dung.",
        "accepted": "{who} đã tiếp nhận {thing} của {body}{revision}. Trân trọng cảm ơn Quý cơ quan.",
        "explanation_asked": "{who} trân trọng đề nghị {body} giải trình nội dung sau.",
    }
    REVISION = " (bản thứ {})"
    HOLDER = " {}"
    SOMEBODY = "Một người"
    NEXT: ClassVar[Table] = {
        "extension_asked": "Đề nghị xem xét, quyết định.",
        "explanation_answered": "Đề nghị xem câu trả lời và kết thúc hoặc hỏi tiếp.",
    }
    NEXT_OWN: ClassVar[Table] = {
        "returned": "Đề nghị chỉnh sửa, bổ sung và gửi lại trong thời hạn.",
        "reopened": "Đề nghị chỉnh sửa, bổ sung và gửi lại trong thời hạn.",
        "explanation_asked": "Đề nghị trả lời trên hệ thống trong thời hạn.",
    }
    NEXT_ASKED: ClassVar[Table] = {
        "returned": "Kính mong Quý cơ quan bổ sung và gửi lại qua hệ thống.",
        "reopened": "Kính mong Quý cơ quan bổ sung và gửi lại qua hệ thống.",
        "explanation_asked": "Kính mong Quý cơ quan trả lời qua hệ thống.",
    }
    ASK: ClassVar[Table] = {
        "follow": "Đề nghị theo dõi, hướng dẫn và hỗ trợ các cơ quan để những nhiệm vụ này được hoàn thành.",
        "asked": "Kính mong Quý cơ quan quan tâm, sắp xếp phối hợp:",
        "own": "Việc cần làm:",
    }
    ACTION: ClassVar[Table] = {
        "follow": "Theo dõi",
        "asked": "Đề nghị phối hợp",
        "urge": "Đôn đốc",
        "remind": "Nhắc việc",
    }
    GROUP: ClassVar[Table] = {
        "overdue": "Quá hạn",
        "today": "Đến hạn hôm nay",
        "coming": "Sắp đến hạn",
        "undated": "Chưa có thời hạn",
    }
    GROUP_ASKED: ClassVar[Table] = {
        "overdue": "Đã qua ngày đề nghị",
        "today": "Đề nghị trong hôm nay",
        "coming": "Sắp đến ngày đề nghị",
        "undated": "Chưa có ngày đề nghị",
    }
    TALLY: ClassVar[Table] = {
        "overdue": "quá hạn",
        "today": "đến hạn hôm nay",
        "coming": "sắp đến hạn",
        "undated": "chưa có thời hạn",
    }
    TALLY_ASKED: ClassVar[Table] = {
        "overdue": "đã qua ngày đề nghị",
        "today": "đề nghị trong hôm nay",
        "coming": "sắp đến ngày đề nghị",
        "undated": "chưa có thời hạn",
    }
    BANNER: ClassVar[Table] = {
        "some": 'CÓ DỮ LIỆU MINH HỌA – kỳ nào ghi "minh họa" là giả định, không phải nhiệm vụ thật',
        "all": "DỮ LIỆU MINH HỌA – kỳ báo cáo giả định, không phải nhiệm vụ thật",
    }
    MARK: ClassVar[Table] = {"some": "[CÓ DỮ LIỆU MINH HỌA] ", "all": "[DỮ LIỆU MINH HỌA] "}
    NEWS = "Thông báo"
    NEWS_OF_DUTIES = "Thông báo về nhiệm vụ"
    DEADLINE = "Hạn nộp"
    DAY_ASKED_FOR = "Ngày đề nghị"
    MADE_UP = " (minh họa)"
    MADE_UP_ENTRY = "[MINH HỌA] "
    HEAD_WHY = "Xin giữ thư này: bản ghi ở nơi khác cho thấy nếu nhật ký bị sửa về sau."
    HOLD_INTRO = (
        "Hệ thống đã tạm giữ một đợt thư nhắc. Chưa thư nào trong đợt này được gửi; "
        "các thư chờ đến khi có người cho gửi hoặc hủy."
    )
    ALARM_INTRO = "Những việc sau cần người vận hành xem và xử lý:"
    GREETING = "Kính gửi"
    NO_SCORE = "chưa tính được"
    SCORE_BEFORE = " (so với tuần trước {})"
    NO_RANK = "chưa xếp được"
    RANK_BEFORE = " (tuần trước {}/{})"
    SINCE = "từ"
    UNTIL = " đến {}"
    HOLD_WHY: ClassVar[Table] = {
        "calendar": "Lịch làm việc năm {year} chưa có quyết định xác nhận, nên ngày nhắc có thể sai.",
        "too_many": "Số thư nhiều hơn bình thường, có thể do nhập nhầm thời hạn hoặc mở nhầm kỳ.",
    }
    HOLD_NEXT: ClassVar[Table] = {
        "calendar": "Xác nhận lịch làm việc, hoặc cho gửi theo lịch hiện có, hoặc hủy đợt thư.",
        "too_many": "Kiểm tra các thư trong đợt, rồi cho gửi hoặc hủy.",
    }
    AUTOMATIC = "Thư này được gửi tự động."
    WITH_CALENDAR = " Lịch hạn nộp kèm theo thư (han-nop.ics)."
    IF_DONE = " Nếu nội dung trên đã hoàn thành, xin bỏ qua thư."
