"""How duties are counted: each in exactly one part, so that the parts always add up; pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


class Fact(NamedTuple):
    """A duty as it stands: its status, if what stands came late, if its last day is past, if its body is asked only."""

    status: str
    late: bool
    past_due: bool
    requested: bool = False


class BoardError(Exception):
    """The parts of the board do not add up."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of duties. Both equations below hold for every tally, or it is not made."""

    expected: int = 0
    # What stands: expected = accepted + nil + waiting + returned + missing + asked + excused
    accepted: int = 0
    nil: int = 0
    waiting: int = 0
    returned: int = 0
    missing: int = 0
    asked: int = 0
    excused: int = 0
    # In time or not: expected = on_time + late + overdue + not_yet_due + asked + excused
    on_time: int = 0
    late: int = 0
    overdue: int = 0
    not_yet_due: int = 0

    def __post_init__(self) -> None:
        not_owed = self.asked + self.excused
        standing = self.received + self.returned + self.missing + not_owed
        timing = self.on_time + self.late + self.overdue + self.not_yet_due + not_owed
        if not self.expected == standing == timing or self.received != self.on_time + self.late:
            raise BoardError(repr(self))

    @property
    def received(self) -> int:
        return self.accepted + self.nil + self.waiting

    def shown(self) -> dict[str, Any]:
        due = self.on_time + self.late + self.overdue
        owed = self.expected - self.excused - self.asked
        return {
            **{name: getattr(self, name) for name in self.__slots__},
            "received": self.received,
            "received_share": self.received / owed if owed else None,
            "on_time_share": self.on_time / due if due else None,
        }


_PARTS = {
    "accepted": "accepted",
    "nil": "nil",
    "submitted": "waiting",
    "returned": "returned",
    "open": "missing",
    "excused": "excused",
}
_UNFINISHED = frozenset({"open", "returned"})


def _places(fact: Fact) -> tuple[str, ...]:
    """Name the one part of what stands, and the one of being in time, in which such a duty is counted."""
    if fact.status == "excused":
        return ("excused",)
    if fact.requested and fact.status in _UNFINISHED:
        return ("asked",)
    if fact.status in _UNFINISHED:
        timing = "overdue" if fact.past_due else "not_yet_due"
    else:
        timing = "late" if fact.late and not fact.requested else "on_time"
    return _PARTS[fact.status], timing


def total(facts: Mapping[Fact, int]) -> Tally:
    """Count duties by how they stand."""
    counts: Counter[str] = Counter(expected=sum(facts.values()))
    for fact, number in facts.items():
        for place in _places(fact):
            counts[place] += number
    return Tally(**counts)


EQUATIONS = (
    "expected = accepted + nil + waiting + returned + missing + asked + excused",
    "expected = on_time + late + overdue + not_yet_due + asked + excused",
    "received = accepted + nil + waiting = on_time + late",
)
DEFINITIONS = {
    "expected": (
        "Số nhiệm vụ được giao trong kỳ, kể cả của cơ quan chưa làm gì.",
        "Duties of the period, those of bodies that never did anything among them.",
    ),
    "received": (
        "Đã nhận: đã tiếp nhận, báo không có số liệu được tiếp nhận, hoặc đang chờ duyệt.",
        "Received: accepted, an accepted nil return, or waiting for a decision.",
    ),
    "accepted": ("Đã tiếp nhận, có nội dung.", "Accepted, with a figure or a report."),
    "nil": (
        "Đã tiếp nhận báo cáo không có số liệu, có lý do.",
        "A nil return with its reason was accepted.",
    ),
    "waiting": ("Đã gửi, đang chờ quyết định.", "Submitted and waiting for a decision."),
    "returned": (
        "Đã trả lại và chưa gửi lại.",
        "Returned for correction and not submitted again.",
    ),
    "missing": (
        "Chưa có gì được gửi mà còn giá trị: chưa gửi, đã rút hoặc bị từ chối.",
        "Nothing stands: never submitted, withdrawn, or rejected.",
    ),
    "asked": (
        "Cơ quan được đề nghị phối hợp (ngoài hệ thống điều hành của thành phố) chưa trả lời hoặc đang được đề nghị bổ sung; không tính là thiếu, muộn hay quá hạn.",
        "Bodies outside the city's line of command that have not answered, or were asked again; never missing, late or overdue.",
    ),
    "excused": (
        "Được miễn theo quyết định có lý do; không tính đúng hạn hay quá hạn.",
        "Excused by a decision with its reason; neither in time nor overdue.",
    ),
    "on_time": (
        "Bản đã nhận được gửi chậm nhất vào ngày hạn (kể cả hạn được gia hạn), đến 23:59:59 giờ Hà Nội; của cơ quan được đề nghị thì khi nào cũng tính.",
        "What was received was submitted by the last day, extensions included, until 23:59:59 in Hanoi; from a body that is asked, whenever it came.",
    ),
    "late": (
        "Bản đã nhận được gửi sau ngày hạn.",
        "What was received was submitted after the last day.",
    ),
    "overdue": (
        "Đã qua ngày hạn mà chưa nhận được; tính là không đúng hạn.",
        "The last day is past and nothing is received; counts as not in time.",
    ),
    "not_yet_due": (
        "Chưa nhận được và chưa đến hạn.",
        "Not received, and the last day is not past.",
    ),
    "received_share": (
        "Đã nhận / (được giao − được miễn − đang đề nghị).",
        "received / (expected − excused − asked).",
    ),
    "on_time_share": (
        "Đúng hạn / (đúng hạn + muộn + quá hạn): nhiệm vụ quá hạn nằm trong mẫu số.",
        "on_time / (on_time + late + overdue): what is overdue stands in the denominator.",
    ),
}
