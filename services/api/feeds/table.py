"""Deadlines as a calendar (RFC 5545) that others subscribe to; pure.

An entry lasts all day on the last day, which is the same day in every zone. What is done drops out, and so
it leaves the reader's calendar. It says what is owed and on what basis, never a figure.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from shared.names import entry_uid

MEDIA_TYPE = "text/calendar"
FORM = 2  # another number where the same deadlines are written in another way
REFRESH = timedelta(hours=1)
MADE_UP = "[DỮ LIỆU GIẢ ĐỊNH / MADE-UP DATA]"
KINDS = {"figure": "số liệu và minh chứng", "report": "báo cáo nhiệm vụ, giải pháp"}
ROLES = {
    "lead": "chủ trì",
    "joint_lead": "đồng chủ trì",
    "cooperating": "phối hợp",
    "requested": "được đề nghị phối hợp",
}

Row = Mapping[str, Any]


class _Entry(NamedTuple):
    kind: str  # duty, explanation
    subject_id: UUID
    due_on: date
    title: str
    detail: tuple[str, ...]
    changed_at: datetime
    sequence: int
    made_up: bool


def _indicator(row: Row) -> str:
    parent = f"{row['parent']}: " if row["node_kind"] == "component" and row["parent"] else ""
    return f"{row['code']} {parent}{row['name']}"


def _duty(row: Row) -> _Entry:
    asked = row["role"] == "requested"
    head = "Đề nghị phối hợp" if asked else "Hạn nộp"
    return _Entry(
        "duty",
        row["id"],
        row["due_on"],
        f"{head}: {_indicator(row)}",
        (
            f"Nội dung: {KINDS.get(row['kind'], row['kind'])}",
            f"Cơ quan: {row['organisation']} ({ROLES.get(row['role'], row['role'])})",
            f"Kỳ báo cáo: {row['period']}",
            f"Căn cứ: {row['legal_basis'] or '(chưa cập nhật)'}",
        ),
        row["changed_at"],
        row["moves"],
        row["made_up"],
    )


def _explanation(row: Row) -> _Entry:
    return _Entry(
        "explanation",
        row["id"],
        row["due_on"],
        f"Hạn giải trình: {_indicator(row)}",
        (
            f"Câu hỏi: {row['question']}",
            f"Người hỏi: {row['asked_by_name']}",
            f"Cơ quan: {row['organisation']}",
            f"Kỳ báo cáo: {row['period']}",
        ),
        row["changed_at"],
        0,
        row["made_up"],
    )


def _event(entry: _Entry, *, domain: str) -> Any:
    mark = (MADE_UP,) if entry.made_up else ()
    last = f"Hạn: hết ngày {entry.due_on:%d/%m/%Y} (giờ Hà Nội)"
    from icalendar import Event  # noqa: PLC0415 as below

    event = Event()
    event.add("uid", entry_uid(entry.kind, entry.subject_id, domain=domain))
    # When it was last changed, not when it was read: what stays the same is the same to the byte.
    event.add("dtstamp", entry.changed_at.astimezone(UTC))
    event.add("last-modified", entry.changed_at.astimezone(UTC))
    event.add("sequence", entry.sequence)
    event.add("dtstart", entry.due_on)
    event.add("dtend", entry.due_on + timedelta(days=1))
    event.add("summary", " ".join((*mark, entry.title)))
    event.add("description", "\n".join((*mark, *entry.detail, last)))
    event.add("status", "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    return event


def calendar(
    duties: Iterable[Row],
    explanations: Iterable[Row],
    *,
    name: str,
    domain: str,
) -> bytes:
    """Write the calendar: the same deadlines give the same bytes."""
    from icalendar import Calendar, vDuration, vText  # noqa: PLC0415 two megabytes, for who subscribes

    made = Calendar()
    made.add("prodid", "-//PII//Lịch hạn nộp//VI")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    made.add("name", vText(f"PII: {name}"))
    made.add("x-wr-calname", vText(f"PII: {name}"))
    made.add("x-wr-timezone", "Asia/Ho_Chi_Minh")
    made.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", vDuration(REFRESH))
    entries = [*map(_duty, duties), *map(_explanation, explanations)]
    for entry in sorted(entries, key=lambda each: (each.due_on, str(each.subject_id))):
        made.add_component(_event(entry, domain=domain))
    content: bytes = made.to_ical()
    return content
