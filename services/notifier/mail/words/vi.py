"""All Vietnamese words of all mails."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.notifier.mail.letter import (
    LongLate,
    PeriodInShort,
    SignedHead,
    WhomToCall,
)
from services.notifier.mail.page import Entry, Page, Part
from services.notifier.mail.words.numbers import change_vi, day_vi, number_vi, score_vi
from services.notifier.mail.words.vi_terms import VietnameseTerms


class Vietnamese(VietnameseTerms):
    """The language of the plan and of most mails."""

    def day(self, day: date | str) -> str:
        return day_vi(day)

    def number(self, value: float) -> str:
        return number_vi(value)

    def score(self, value: float) -> str:
        return score_vi(value)

    def change(self, value: float) -> str:
        return change_vi(value)

    def share(self, value: float | None) -> str:
        return "chưa có" if value is None else f"{number_vi(value * 100)}%"

    def moment(self, day: date | str) -> str:
        return f"23:59:59 ngày {day_vi(day)}"

    def when(self, e: Entry) -> str:
        asked = e.stance == "asked"
        if e.days_late > 0:
            return f"{'đã qua' if asked else 'quá hạn'} {e.days_late} ngày"
        if e.days_late == 0:
            return "hôm nay" if asked else "đến hạn hôm nay"
        return f"còn {-e.days_late} ngày"

    def deadline(self, e: Entry) -> str:
        assert e.due_on is not None
        return f"{self.last(e, e.due_on)} ({self.when(e)})"

    def office(self, call: WhomToCall) -> str:
        return call.organisation

    def body_of(self, row: Mapping[str, Any]) -> str:
        return str(row["organisation"])

    def same_basis(self, part: Part) -> str:
        return f"{self.LABEL['basis']} (chung cho các nhiệm vụ dưới đây): {part.basis}"

    def intro(self, m: Page, part: Part) -> str:
        who, body, state = self.sender(m, part.body["vi"]), part.body["vi"], self.state(part)
        count = f"{part.total} " if part.total > 1 else ""
        if part.stance == "asked":
            return (
                f"{who} trân trọng đề nghị {body or 'Quý cơ quan'} quan tâm phối hợp thực hiện "
                f"{count}nội dung sau ({state}), phục vụ Bộ chỉ số đổi mới sáng tạo cấp địa phương (PII)."
            )
        body = body or "các cơ quan nêu dưới đây"
        if part.stance == "follow":
            return (
                f"Hệ thống báo để theo dõi: {body} chưa hoàn thành {count}nhiệm vụ sau ({state})."
            )
        if part.counts["overdue"]:
            return (
                f"{who} đôn đốc {body} thực hiện {count}nhiệm vụ sau ({state}); "
                "nhiệm vụ quá hạn cần được thực hiện ngay."
            )
        return f"{who} nhắc {body} thực hiện {count}nhiệm vụ sau đúng thời hạn ({state})."

    def more(self, count: int) -> str:
        return f"và {count} nhiệm vụ khác; danh sách đầy đủ ở trên hệ thống"

    def summary_intro(self, week_from: str, week_to: str) -> str:
        return (
            "Tình hình thực hiện nhiệm vụ theo Bộ chỉ số đổi mới sáng tạo cấp địa phương (PII), "
            f"tuần từ {self.day(week_from)} đến {self.day(week_to)}."
        )

    def summary_subject(self, m: Page, received: str, overdue: str) -> str:
        week = f"{self.day(m.facts['week_from'])} – {self.day(m.facts['week_to'])}"
        return f"{self.KIND['summary']} {week}: đã nộp {received}, quá hạn {overdue}"

    def period_line(self, p: PeriodInShort) -> str:
        due = f" – {self.moment(p['due_on'])}" if p["due_on"] else ""
        return (
            f"{p['period']}{self.made_up(p['made_up'])}{due}: phải nộp {self.number(p['expected'])}, "
            f"đã nộp {self.number(p['received'])}, tiếp nhận {self.number(p['accepted'])}, "
            f"nộp muộn {self.number(p['late'])}, quá hạn {self.number(p['overdue'])}, "
            f"đang đề nghị {self.number(p.get('asked', 0))}, miễn {self.number(p['excused'])}, "
            f"đúng hạn {self.share(p['on_time'])}"
        )

    def long_late(self, late: LongLate) -> str:
        what = f"{late['indicator_code']} {late['indicator']}"
        return f"{late['organisation']} – {what}: {self.number(late['days'])} ngày"

    def head(self, h: SignedHead) -> str:
        return f"Hết ngày {self.day(h['day'])}: mắt xích {h['seq']}, {h['hash']}"

    def mails(self, count: int) -> str:
        return f"{self.number(count)} thư"

    def alarms(self, count: int) -> str:
        return f"{count} việc cần xem"

    def trial(self, by: str) -> str:
        who = f" do {by} gửi" if by else ""
        return (
            f"Đây là thư thử{who} để kiểm tra đường thư. Nếu đọc được đúng dấu tiếng Việt – Ưu điểm, "
            "Đổi mới, Nguyễn – thì thư đi đến nơi nguyên vẹn. Không phải làm gì thêm."
        )
