"""A receipt as a page to print on A4 and sign: it stands alone, loads nothing, and all that people wrote is escaped."""

from collections.abc import Mapping
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.api.deps.clock import HANOI

KINDS = {
    "merge": "Sáp nhập",
    "split": "Chia, tách",
    "transfer": "Chuyển giao nhiệm vụ",
    "rename": "Đổi tên",
    "reversal": "Bàn giao trở lại",
}
THINGS = {
    "organisation": ("Cơ quan", "Bodies"),
    "responsibility": ("Phân công", "Responsibilities"),
    "assignment": ("Nhiệm vụ trong kỳ", "Duties"),
    "submission": ("Bản số liệu đang xử lý", "Submissions on their way"),
    "contact": ("Đầu mối liên hệ", "Contacts"),
    "membership": ("Tài khoản", "Accounts"),
    "explanation": ("Yêu cầu giải trình chưa trả lời", "Questions that wait for an answer"),
    "review_rule": ("Quy tắc duyệt", "Rules of review"),
    "deadline": ("Hạn riêng", "Deadlines"),
    "policy": ("Quy tắc nhắc việc", "Reminder policies"),
    "feed": ("Lịch theo dõi", "Calendar feeds"),
    "webhook": ("Webhook", "Webhooks"),
    "deputy": ("Ủy quyền", "Deputies"),
}
ACTIONS = {
    "moved": "Chuyển",
    "in_place": "Chuyển nguyên trạng",
    "joined": "Gộp vào mục đã có",
    "began": "Bắt đầu lại",
    "ended": "Kết thúc",
}
# In this order, as far as they are known of a thing.
_TOLD = (
    "code",
    "framework",
    "period",
    "node",
    "node_name_vi",
    "name_vi",
    "title",
    "review",
    "reviewer",
    "name",
    "login",
    "role",
    "due_on",
)
_ROLES = {
    "lead": "chủ trì",
    "joint_lead": "đồng chủ trì",
    "cooperating": "phối hợp",
    "requested": "được đề nghị phối hợp",
}
_REVIEWS = {"second_reviewer": "hai người duyệt", "reviewing_body": "có cơ quan duyệt"}
_WORDS = {"role": _ROLES, "review": _REVIEWS}


def _day(value: date | str) -> str:
    return f"{date.fromisoformat(str(value)[:10]):%d/%m/%Y}"


def _moment(value: datetime) -> str:
    return f"{value.astimezone(HANOI):%H:%M:%S ngày %d/%m/%Y}"


def _told(facts: Mapping[str, Any]) -> str:
    """Say what a thing is called, as far as it is known."""
    known = [(name, facts[name]) for name in _TOLD if facts.get(name) not in {None, ""}]
    return ", ".join(_said(name, value) for name, value in known)


def _said(name: str, value: Any) -> str:
    if name == "due_on":
        return f"hạn {_day(value)}"
    return _WORDS.get(name, {}).get(str(value), str(value))


_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.filters |= {"day": _day, "moment": _moment, "told": _told}


def receipt_page(receipt: Mapping[str, Any], *, made_up: bool) -> bytes:
    """Write the receipt as HTML, Vietnamese first; the same receipt makes the same bytes."""
    order = list(THINGS)
    items = sorted(receipt["items"], key=lambda item: (order.index(item["kind"]), item["number"]))
    parts = [(kind, list(found)) for kind, found in groupby(items, lambda item: item["kind"])]
    page = _PAGES.get_template("receipt.html.j2").render(
        **{name: receipt[name] for name in ("handover", "trace_id", "stays")},
        parts=parts,
        made_up=made_up,
        kinds=KINDS,
        things=THINGS,
        actions=ACTIONS,
    )
    return page.encode()
